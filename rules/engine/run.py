"""Runs the rules over a document. A rule that crashes becomes a finding; the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from models.records.document import Document
from models.records.finding import Evidence, Finding
from nlp.scheme import choose_scheme
from rules.engine.base import Rule
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.fingerprint import fingerprinted
from rules.engine.paths import natural, split_path
from rules.engine.registry import all_rules
from rules.engine.ruleset import RuleSet

C = TypeVar("C", RowContext, ProjectContext, DocumentContext)

CRASHED = "BC901"


def with_schemes(document: Document, scheme: str) -> Document:
    """Return the document with a scheme on every project: the given pack, or chosen from its labels for `auto`."""
    projects = []
    for project in document.projects:
        chosen = scheme
        if scheme == "auto":
            chosen = choose_scheme([(row.level1.text, row.level2.text) for row in project.rows]).id
        projects.append(replace(project, scheme=chosen))
    return replace(document, projects=tuple(projects))


def run(document: Document, ruleset: RuleSet, *, reraise: bool = False) -> tuple[Finding, ...]:
    """Return every single finding (nothing folded yet), fingerprinted and in document order.

    `reraise` lets a rule's exception through; tests use it so that a crash cannot hide as a finding.
    """
    ctx = DocumentContext(document)
    found: list[Finding] = []
    for project in ctx.projects:
        for row in project.rows:
            for rule in ruleset.row_rules:
                if (row.is_filler or row.is_blank) and not rule.includes_fillers:
                    continue
                found += _guarded(rule, rule.check, row, reraise)
        for project_rule in ruleset.project_rules:
            found += _guarded(project_rule, project_rule.check, project, reraise)
    for document_rule in ruleset.document_rules:
        found += _guarded(document_rule, document_rule.check, ctx, reraise)
    return fingerprinted(sorted(_distinct(found), key=order), document)


def order(finding: Finding) -> tuple[int, int, int, str, str, tuple[int, int]]:
    """Sort key: document first, then projects, project level before rows, then code and place."""
    where = split_path(finding.location.path)
    return (
        -1 if where.project is None else where.project,
        -1 if where.row is None else where.row,
        finding.severity.rank if where.row is None else 0,
        finding.code,
        natural(finding.location.path),
        finding.location.span or (0, 0),
    )


def _distinct(found: Iterable[Finding]) -> Iterator[Finding]:
    seen: set[tuple[object, ...]] = set()
    for finding in found:
        key = (finding.code, finding.location.path, finding.location.span, finding.subcode, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding


def _guarded(rule: Rule, check: Callable[[C], Iterator[Finding]], ctx: C, reraise: bool) -> list[Finding]:
    try:
        return list(check(ctx))
    except Exception as error:  # the rule boundary is the one place where any exception is a result
        if reraise:
            raise
        crashed = all_rules()[CRASHED].cls()
        # The exception's own text may hold table text, so only its type is shown.
        return [
            crashed.found(
                ctx,
                subcode=rule.code,
                evidence=[Evidence("quote", type(error).__name__)],
                rule=f"{rule.code} {rule.title}",
                error=type(error).__name__,
            )
        ]
