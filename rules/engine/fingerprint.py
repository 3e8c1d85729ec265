"""Identity of a finding that survives moved rows: no row number goes in."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from models.records.document import Document, Project
from models.records.finding import Finding
from nlp.text import normalise
from rules.engine.paths import resolve_cell, split_path


def project_key(project: Project) -> str:
    """Return what identifies a project across files: its code, else its name."""
    return _normal(project.code.text) or _normal(project.name.text) or _normal(project.title.text)


@lru_cache(maxsize=4096)
def _normal(text: str) -> str:
    """Return the text normalised, asked once where many findings lie in one cell."""
    return normalise(text)


def identity(finding: Finding, document: Document) -> tuple[str, ...]:
    """Return the parts of the identity: rule, project, row by class and name, field, filed text, fold level."""
    where = split_path(finding.location.path)
    parts = [finding.code, finding.subcode or "", finding.fold.level if finding.fold else ""]
    if where.project is not None:
        project = document.projects[where.project]
        parts.append(project_key(project))
        if where.row is not None:
            row = project.rows[where.row]
            parts += [_normal(row.level2.text), _normal(row.name.text)]
    parts.append(where.field or where.rest)
    if finding.fold is None:
        cell = resolve_cell(document, finding.location.path)
        parts.append(_normal(cell.text) if cell is not None else "")
    return tuple(parts)


def fingerprinted(findings: Iterable[Finding], document: Document) -> tuple[Finding, ...]:
    """Return the findings with fingerprints; equal identities are told apart by an occurrence counter."""
    seen: Counter[tuple[str, ...]] = Counter()
    begun: dict[tuple[str, ...], hashlib._Hash] = {}
    result = []
    for finding in findings:
        key = identity(finding, document)
        seen[key] += 1
        if key not in begun:
            begun[key] = hashlib.sha256("\x1f".join((*key, "")).encode("utf-8"))
        digest = begun[key].copy()
        digest.update(str(seen[key]).encode("utf-8"))
        result.append(replace(finding, fingerprint=digest.hexdigest()[:20]))
    return tuple(result)
