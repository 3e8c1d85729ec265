"""Writing accepted edits back into the original: what all formats share.

A format offers its cells (`Cells`) at the places that the reader gave them; `rewrite_plan` decides what is
written where. Rows keep their filed numbers until everything is done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from models.records.document import Cell
from models.records.finding import Edit
from nlp.fold import is_blank

OPAQUE: Final = "\ufffc"
"""The text of a cell that holds a value whose shown form is unknown here (a date): it matches whatever was read."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The original with the edits made. `missed` are those whose place was not found or could not be written."""

    data: bytes
    missed: tuple[Edit, ...]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A cell by sheet or table and filed row and column; part "" is a paragraph outside tables, counted by row."""

    part: str
    row: int
    col: int


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to add below `after`, shaped like row `like`.

    `texts` are its cells by column, `keep` the columns whose text is copied, `fields` those of the indicator:
    vertical merges never reach into these. All other columns stay blank.
    """

    part: str
    after: int
    like: int
    texts: Mapping[int, str]
    keep: frozenset[int]
    fields: frozenset[int]


class Cells(Protocol):
    """The cells of one original. Every writing method returns whether it could do what was asked."""

    def text(self, place: Place) -> str | None:
        """Return the text of a cell, None where there is no such cell."""

    def origin(self, place: Place) -> Place:
        """Return the first cell of the merge that covers a place, the place itself where none does."""

    def row(self, part: str, row: int) -> Sequence[Place]:
        """Return the cells of a row from left to right."""

    def loose(self, after: str | None, before: str | None) -> Sequence[Place]:
        """Return the paragraphs outside tables between two parts."""

    def replace(self, place: Place, span: Span, new: str) -> bool:
        """Replace a stretch of a cell's text, or fill a blank cell."""

    def restart(self, place: Place, source: Place) -> bool:
        """Let a cell that is blank or covered begin anew at `place`, with a copy of the content of `source`."""

    def add_row(self, new: NewRow) -> bool:
        """Add a row. Several below the same row follow in order."""

    def remove_row(self, part: str, row: int) -> bool:
        """Remove a row; a merge that begins in it begins in the next one."""


def squash(text: str) -> str:
    """Return the text without what the reader's cleaning may have changed: white space and invisible characters."""
    return "".join(char for char in text if not is_blank(char))


def occurrences(text: str, wanted: str) -> list[Span]:
    """Return where `wanted` stands in `text`, whatever the white space in either, from left to right."""
    places = [index for index, char in enumerate(text) if not is_blank(char)]
    short, key = squash(text), squash(wanted)
    found: list[Span] = []
    at = short.find(key) if key else -1
    while at >= 0:
        found.append((places[at], places[at + len(key) - 1] + 1))
        at = short.find(key, at + len(key))
    return found


def whole(text: str, wanted: str) -> Span | None:
    """Return the span of the content of a cell that holds nothing but `wanted`."""
    if text == OPAQUE:
        return (0, len(text))
    if squash(text) != squash(wanted):
        return None
    found = occurrences(text, wanted)
    return found[0] if found else (0, len(text))


def span_of(text: str, cell: Cell) -> Span | None:
    """Return where a filed cell's text stands in the text of its place.

    It may share the place with a label (「项目名称：…」, 「1.…绩效目标表」); then it has to stand there once, or
    else at the end, which is where a label's value stands.
    """
    for wanted in [cell.text] if cell.raw is None else [cell.text, cell.raw]:
        span = whole(text, wanted)
        if span is not None:
            return span
        found = occurrences(text, wanted)
        if len(found) == 1 or (found and not squash(text[found[-1][1] :])):
            return found[-1]
    return None


def goal_spans(text: str, goals: Sequence[Cell]) -> list[Span | None]:
    """Return where the goals of one cell stand in its text; equal goals are told apart by their order."""
    spans: list[Span | None] = []
    at = 0
    for goal in goals:
        options = [goal.text] if goal.raw is None else [goal.text, goal.raw]
        found = [(s + at, e + at) for wanted in options for s, e in occurrences(text[at:], wanted)]
        spans.append(found[0] if found else None)
        at = found[0][1] if found else at
    return spans


def distribute(pieces: Sequence[str], new: str) -> list[str]:
    """Return the new texts of cells that are read as one (≥ | 95 | %): cells that need no change keep theirs."""
    first, last = 0, len(pieces)
    while first < last - 1 and new.startswith(pieces[first]):
        new = new[len(pieces[first]) :]
        first += 1
    while last - 1 > first and pieces[last - 1] and new.endswith(pieces[last - 1]):
        new = new[: -len(pieces[last - 1])]
        last -= 1
    middle = [new, *[""] * (last - first - 1)]
    return [*pieces[:first], *middle, *pieces[last:]]
