"""Taking several suggestions at once: one a cell, never two that meet, and each proven beside those already taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from models.records.document import Document
from models.records.finding import Edit, Finding, Suggestion
from rules.engine.edits import overlap
from rules.engine.paths import split_path
from rules.engine.verify import Verifier


@dataclass(frozen=True, slots=True)
class Taken:
    """A suggestion that was taken, with the finding it answers."""

    finding: Finding
    suggestion: Suggestion


@dataclass(frozen=True, slots=True)
class Left:
    """A suggestion that was not taken, and why."""

    finding: Finding
    suggestion: Suggestion
    why: str


@dataclass(frozen=True, slots=True)
class Combined:
    """What can be taken together. `edits` count in the filed document."""

    edits: tuple[Edit, ...]
    taken: tuple[Taken, ...]
    left: tuple[Left, ...]


def combine(
    document: Document, verifier: Verifier, wanted: Iterable[tuple[Finding, Sequence[Suggestion]]]
) -> Combined:
    """Return what can be taken of the wanted suggestions: for each finding its first one that goes with the others.

    Equal edits of two findings count once; a folded finding is answered cell by cell. Any other suggestion that meets
    a cell already changed, or that brings a new error or warning beside those taken, is left.
    """
    edits: tuple[Edit, ...] = ()
    taken: list[Taken] = []
    left: list[Left] = []
    for finding, suggestions in wanted:
        for suggestion in suggestions:
            new = tuple(edit for edit in suggestion.edits if edit not in edits)
            if finding.fold is not None:
                # Of a systematic change, the cells that nobody else has changed.
                new = tuple(edit for edit in new if overlap((edit,), edits) is None)
            if not new:
                taken.append(Taken(finding, suggestion))
                break
            place = overlap(new, edits)
            together = (*edits, *numbered(document, edits, new))
            why = f"{place} 已由另一条建议修改" if place is not None else verifier.harm(together)
            if why is None:
                edits = together
                taken.append(Taken(finding, suggestion))
                break
            left.append(Left(finding, suggestion, why))
    answered = {id(item.finding) for item in taken}
    return Combined(
        edits=tuple(sorted(edits, key=lambda edit: edit.new is None)),
        taken=tuple(taken),
        left=tuple(item for item in left if id(item.finding) not in answered),
    )


def numbered(document: Document, before: Iterable[Edit], edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return the edits with added rows put behind the rows that others add."""
    count = Counter(map(_adds_to, before))
    out = []
    for edit in edits:
        project = _adds_to(edit)
        if project is not None:
            row = len(document.projects[project].rows) + count[project]
            count[project] += 1
            edit = replace(edit, path=f"projects[{project}].rows[{row}]")
        out.append(edit)
    return tuple(out)


def _adds_to(edit: Edit) -> int | None:
    """Return the project that an edit adds a row to, None for any other edit."""
    where = split_path(edit.path)
    adds = edit.old is None and where.row is not None and where.field is None
    return where.project if adds else None
