"""Runs the rules over a document. A rule that crashes becomes a finding; the others go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from models.records.document import Document
from models.records.finding import Evidence, Finding
from nlp.scheme import choose_scheme
from rules.engine.base import DocumentRule, ProjectRule, RowRule, Rule
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


def run(
    document: Document, ruleset: RuleSet, *, reraise: bool = False, ctx: DocumentContext | None = None
) -> tuple[Finding, ...]:
    """Return every single finding (nothing folded yet), fingerprinted and in document order.

    `reraise` lets a rule's exception through; tests use it so that a crash cannot hide as a finding. `ctx` is the
    document's context where the caller goes on using it.
    """
    ctx = ctx or DocumentContext(document)
    found: list[Finding] = []
    for project in ctx.projects:
        for row in project.rows:
            found += row_findings(row, ruleset.row_rules, reraise=reraise)
        found += project_findings(project, ruleset.project_rules, reraise=reraise)
    found += document_findings(ctx, ruleset.document_rules, reraise=reraise)
    return fingerprinted(sorted(distinct(found), key=order), document)


def row_findings(row: RowContext, rules: Iterable[RowRule], *, reraise: bool = False) -> list[Finding]:
    """Return what the rules say of one row."""
    found: list[Finding] = []
    empty = row.is_filler or row.is_blank
    for rule in rules:
        if empty and not rule.includes_fillers:
            continue
        found += _guarded(rule, rule.check, row, reraise)
    return found


def project_findings(
    project: ProjectContext, rules: Iterable[ProjectRule], *, reraise: bool = False
) -> list[Finding]:
    """Return what the rules say of one project."""
    found: list[Finding] = []
    for rule in rules:
        found += _guarded(rule, rule.check, project, reraise)
    return found


def document_findings(
    ctx: DocumentContext, rules: Iterable[DocumentRule], *, reraise: bool = False
) -> list[Finding]:
    """Return what some document rules say of the document."""
    found: list[Finding] = []
    for rule in rules:
        found += _guarded(rule, rule.check, ctx, reraise)
    return found


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


def distinct(found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield each finding once; two equal ones of one rule at one place are one."""
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
        return [crashed(rule, error, ctx)]


def crashed(rule: Rule, error: Exception, ctx: RowContext | ProjectContext | DocumentContext) -> Finding:
    """Return the finding that a rule broke off. The exception's own text may hold table text, so only its type is shown."""
    return (
        all_rules()[CRASHED]
        .cls()
        .found(
            ctx,
            subcode=rule.code,
            evidence=[Evidence("quote", type(error).__name__)],
            rule=f"{rule.code} {rule.title}",
            error=type(error).__name__,
        )
    )
