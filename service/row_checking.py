"""Use case: one row while it is being typed, in as much of its project as is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from models.records.document import Document, Project
from models.records.finding import Finding
from nlp.classify import classify
from nlp.scheme import choose_scheme
from rules.engine.base import Rule
from rules.engine.context import DocumentContext, RowContext
from rules.engine.fingerprint import fingerprinted
from rules.engine.run import (
    distinct,
    document_findings,
    order,
    project_findings,
    row_findings,
    run,
)
from rules.engine.suggest import Adviser
from service import classifying
from service.pipeline import ruleset_for

R = TypeVar("R", bound=Rule)

ABOUT_TABLES: Final = frozenset(
    {
        "missing-category",
        "too-many-indicators",
        "too-few-indicators",
        "weights-not-100",
        "slogan-goal",
        "numbering-gap",
        "budget-parts-mismatch",
        "spending-plan",
        "unread-region",
    }
)
"""Rules about the table as a whole, which is not there yet while its rows are being typed."""


@dataclass(frozen=True, slots=True)
class RowCheck:
    """What is to be said of one row."""

    path: str
    """Path of the row; findings count in the same document."""
    scheme: str
    findings: tuple[Finding, ...]
    answer: dict[str, Any] | None
    """The class model's answer by the contract, None for a row without a name or a form without classes."""


def check_row(
    project: Project, position: int, *, profile: str | None = None, suggest: bool = False
) -> RowCheck:
    """Check the row at `position`: its own rules, and those about the project that touch it. Nothing is folded.

    Without suggestions the rules about single rows run on this row only; what an adviser proposes has to be proven
    against everything. Raises SettingsError.
    """
    ruleset = ruleset_for(profile)
    scheme = ruleset.profile.scheme.value
    if scheme == "auto":
        scheme = _scheme(tuple((row.level1.text, row.level2.text) for row in project.rows))
    document = Document(projects=(replace(project, scheme=scheme),))
    ctx = DocumentContext(document)
    row = ctx.projects[0].rows[position]
    _remember(ctx)
    if suggest:
        found = run(document, ruleset, ctx=ctx)
        touching = Adviser(ctx, ruleset, found).advised(item for item in found if _concerns(item, row))
    else:
        single = row_findings(row, ruleset.row_rules)
        single += project_findings(ctx.projects[0], _of_rows(ruleset.project_rules))
        single += document_findings(ctx, _of_rows(ruleset.document_rules))
        own = (item for item in distinct(single) if _concerns(item, row))
        touching = fingerprinted(sorted(own, key=order), document)
    answer = None
    if row.prediction is not None:
        item = classifying.Item(None, row.query)
        # Where the class is the one that was filed, nobody asks why.
        doubtful = row.prediction.abstain or row.prediction.category != row.category
        answer = classifying.answer(item, row.prediction, ctx.projects[0].scheme, reasons=doubtful)
    return RowCheck(row.path, scheme, touching, answer)


def _of_rows(rules: Iterable[R]) -> Iterator[R]:
    return (rule for rule in rules if rule.name not in ABOUT_TABLES)


def _concerns(finding: Finding, row: RowContext) -> bool:
    return finding.name not in ABOUT_TABLES and any(
        place.path == row.path or place.path.startswith(f"{row.path}.")
        for place in (finding.location, *finding.related)
    )


@lru_cache(maxsize=256)
def _scheme(labels: tuple[tuple[str, str], ...]) -> str:
    return choose_scheme(labels).id


def _remember(ctx: DocumentContext) -> None:
    """Tell the context what the class model says of its rows: while one is typed, the others stay as they are."""
    project = ctx.projects[0]
    known = project.scheme.categories
    if known:
        for row in project.live_rows:
            if row.name:
                ctx.answers[row.query, known] = classify(row.query, known)


def with_row(project: Project, position: int | None) -> tuple[Project, int]:
    """Move the last row of a project to `position` (None: it stays the last); return the project and the place."""
    *others, row = project.rows
    place = len(others) if position is None else min(position, len(others))
    return replace(project, rows=(*others[:place], row, *others[place:])), place
