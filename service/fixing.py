"""Use cases around suggestions: taking them, previewing them, writing the corrected document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from models.records.document import Document
from models.records.finding import Applicability, Edit, Suggestion
from models.records.report import Report
from rules.engine.combine import Combined, Left, Taken, combine, numbered
from rules.engine.context import DocumentContext
from rules.engine.edits import (
    EditError,
    apply,
    check_value,
    difference,
    fill,
    kept_rows,
    open_blanks,
    overlap,
)
from rules.engine.run import run
from rules.engine.verify import Verifier
from service import pipeline
from service.errors import InputError

_ROUNDS: Final = 6
"""Rounds after which taking suggestions stops; two or three are usual."""

Only = Literal["safe", "verified"]
"""safe: what changes no meaning. verified: also what the filer should confirm, as long as nothing has to be filled in."""


@dataclass(frozen=True, slots=True)
class Fixed:
    """A document with suggestions taken, and the reports before and after."""

    document: Document
    edits: tuple[Edit, ...]
    """What changed, in paths of the filed document."""
    before: Report
    after: Report
    taken: tuple[Taken, ...]
    left: tuple[Left, ...]
    """Suggestions that could not be taken beside the others."""


def fix(document: Document, options: pipeline.CheckOptions, *, only: Only = "verified") -> Fixed:
    """Take every suggestion that needs no input, at most one a finding, proven together, until nothing is left to take.

    The graver findings come first. A second run over the result takes nothing.
    """
    before = report = pipeline.check(document, options)
    filed = current = before.document
    rows = {k: {row: row for row in range(len(project.rows))} for k, project in enumerate(filed.projects)}
    taken: list[Taken] = []
    left: tuple[Left, ...] = ()
    for _ in range(_ROUNDS):
        changes = _round(report, options, only)
        left = changes.left
        if not changes.edits:
            break
        taken += changes.taken
        for k, project in enumerate(current.projects):
            step = kept_rows(project, changes.edits, k)
            rows[k] = {old: step[new] for old, new in rows[k].items() if new in step}
        current = apply(current, changes.edits)
        report = pipeline.check(current, options)
    return Fixed(
        document=current,
        edits=difference(filed, current, rows),
        before=before,
        after=report,
        taken=tuple(taken),
        left=left,
    )


def _round(report: Report, options: pipeline.CheckOptions, only: Only) -> Combined:
    document = report.document
    ctx = DocumentContext(document)
    ruleset = pipeline.ruleset_for(options.profile)
    verifier = Verifier(ctx, ruleset, run(document, ruleset, ctx=ctx))
    allowed = (Applicability.SAFE,) if only == "safe" else (Applicability.SAFE, Applicability.CONFIRM)
    wanted = []
    for finding in sorted(report.findings, key=lambda item: item.severity.rank):
        ready = [
            item
            for item in finding.suggestions
            if item.verification == "verified" and item.applicability in allowed
        ]
        if ready:
            wanted.append((finding, ready))
    return combine(document, verifier, wanted)


def preview(
    document: Document,
    suggestions: Sequence[Suggestion],
    values: Sequence[Mapping[str, str]],
    options: pipeline.CheckOptions,
) -> Report:
    """Apply chosen suggestions with the filer's values for their blanks (slot name → text) and check the result.

    Nothing is stored. Raises InputError where an edit is stale, two edits meet or a value does not fit its blank.
    """
    edits: tuple[Edit, ...] = ()
    try:
        for suggestion, given in zip(suggestions, values, strict=True):
            filled = filled_edits(suggestion, given)
            place = overlap(filled, edits)
            if place is not None:
                raise EditError(f"{place} 有两条建议同时修改，请只采用其中一条")
            edits = (*edits, *numbered(document, edits, filled))
        changed = apply(document, edits)
    except EditError as error:
        raise InputError(str(error)) from error
    return pipeline.check(changed, options)


def filled_edits(suggestion: Suggestion, values: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the edits with every blank filled. Raises EditError where a value is missing or does not fit."""
    known = {slot.name for slot in suggestion.slots}
    unknown = sorted(set(values) - known)
    if unknown:
        raise EditError(f"建议中没有待填项 {unknown[0]}")
    texts = {slot.prompt: check_value(slot, values.get(slot.name, "")) for slot in suggestion.slots}
    edits = fill(suggestion.edits, texts)
    left = open_blanks(edits)
    if left:
        raise EditError(f"请填写「{left[0]}」")
    return edits
