"""Identity of a finding that survives moved rows: no row number goes in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from models.records.document import Document, Project
from models.records.finding import Finding
from nlp.text import normalise
from rules.engine.paths import resolve_cell, split_path


def project_key(project: Project) -> str:
    """Return what identifies a project across files: its code, else its name."""
    return normalise(project.code.text) or normalise(project.name.text) or normalise(project.title.text)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode("utf-8")).hexdigest()[:20]


def identity(finding: Finding, document: Document) -> tuple[str, ...]:
    """Return the parts of the identity: rule, project, row by class and name, field, filed text, fold level."""
    where = split_path(finding.location.path)
    parts = [finding.code, finding.subcode or "", finding.fold.level if finding.fold else ""]
    if where.project is not None:
        project = document.projects[where.project]
        parts.append(project_key(project))
        if where.row is not None:
            row = project.rows[where.row]
            parts += [normalise(row.level2.text), normalise(row.name.text)]
    parts.append(where.field or where.rest)
    if finding.fold is None:
        cell = resolve_cell(document, finding.location.path)
        parts.append(normalise(cell.text) if cell is not None else "")
    return tuple(parts)


def fingerprinted(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """Return the findings with fingerprints; equal identities are told apart by an occurrence counter."""
    seen: Counter[tuple[str, ...]] = Counter()
    result = []
    for finding in findings:
        key = identity(finding, document)
        seen[key] += 1
        result.append(replace(finding, fingerprint=_digest(*key, str(seen[key]))))
    return tuple(result)
