"""Edits of the texts outside the indicator rows: titles, names, money, plan and goals."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from models.records.document import Cell, Document
from models.records.finding import Edit
from rules.engine.paths import resolve_cell
from service.export.rewrite_lines import Line, place_of
from service.export.rewriting import Cells, Place, Span, distribute, goal_spans, span_of, squash, whole

_GOAL: Final = re.compile(r"goals\[(\d+)\]")
_REPEATED: Final = ("name", "code", "department", "budget.total")
"""What flat layouts repeat in every row of a project."""
_REACH: Final = 40
"""Rows below its first cell in which the rest of a text filed in several cells may stand."""


@dataclass(frozen=True, slots=True)
class _Change:
    """A stretch of one cell's text to be replaced."""

    span: Span
    new: str
    edit: Edit


class BlockWriter:
    """Collects the changes of all edits first: several may fall into one cell."""

    def __init__(self, cells: Cells, document: Document, lines: Mapping[int, Sequence[Line]]) -> None:
        self._cells = cells
        self._document = document
        self._lines = lines
        self._changes: dict[Place, list[_Change]] = {}

    def take(self, index: int, path: str, edit: Edit) -> bool:
        """Note the edit of a text of a project; return whether its place was found."""
        try:
            cell = resolve_cell(self._document, edit.path)
        except (IndexError, AttributeError):
            return False
        if cell is None or not isinstance(edit.new, str) or cell.text != (edit.old or ""):
            return False
        place = place_of(cell.source) or self._loose(index, path, cell)
        text = self._cells.text(place) if place is not None else None
        if place is None or text is None:
            return False
        span = self._goal(index, path, cell, text) if _GOAL.fullmatch(path) else span_of(text, cell)
        if span is not None:
            self._note(place, _Change(span, edit.new, edit))
            self._repeat(index, path, cell, place, edit)
            return True
        lines = path == "budget.purpose"
        pieces = pieces_of(self._cells, place, cell.text, rows=_REACH if lines else 1)
        if pieces is None:
            return False
        texts = [self._cells.text(piece) or "" for piece in pieces]
        parts = edit.new.split("\n") if lines else distribute([squash(text) for text in texts], edit.new)
        if len(parts) != len(pieces):
            parts = [edit.new, *[""] * (len(pieces) - 1)]
        for piece, text, part in zip(pieces, texts, parts, strict=True):
            if squash(text) != squash(part):
                self._note(piece, _Change(whole(text, text) or (0, len(text)), part, edit))
        return True

    def write(self) -> list[Edit]:
        """Write the changes of each cell from its end, so that earlier spans stay true; return what failed."""
        missed: list[Edit] = []
        for place, changes in self._changes.items():
            kept: list[_Change] = []
            # A name may stand inside the title: then the longer stretch is written.
            for change in sorted(changes, key=lambda item: item.span[0] - item.span[1]):
                over = [
                    item for item in kept if item.span[0] < change.span[1] and change.span[0] < item.span[1]
                ]
                if not over:
                    kept.append(change)
                elif not all(squash(change.new) in squash(item.new) for item in over):
                    missed.append(change.edit)
            for change in sorted(kept, key=lambda item: item.span, reverse=True):
                if not self._cells.replace(place, change.span, change.new):
                    missed.append(change.edit)
        return missed

    def flat(self, index: int) -> bool:
        """Whether the rows of a project name it themselves."""
        project = self._document.projects[index]
        rows = {(line.part, line.number) for line in self._lines.get(index, ())}
        heads = (place_of(cell.source) for cell in (project.code, project.name))
        return any(place is not None and (place.part, place.row) in rows for place in heads)

    def stands_in(self, line: Line) -> bool:
        """Whether a text of the block stands in the row of an indicator (flat layouts repeat it there)."""
        project = self._document.projects[line.project]
        amounts = (project.budget.total, project.budget.fiscal, project.budget.other)
        block = [project.title, project.code, project.name, project.department, project.budget.purpose]
        block += [amount.cell for amount in amounts if amount is not None]
        block += [*project.goals, *(point.percent.cell for point in project.plan)]
        places = [place for cell in block if (place := place_of(cell.source)) is not None]
        here = any((place.part, place.row) == (line.part, line.number) for place in places)
        return here and not self.flat(line.project)

    def _note(self, place: Place, change: _Change) -> None:
        self._changes.setdefault(place, []).append(change)

    def _goal(self, index: int, path: str, cell: Cell, text: str) -> Span | None:
        """Return the stretch of one goal; the goals of a project share a cell."""
        goals = self._document.projects[index].goals
        same = [k for k, other in enumerate(goals) if other.source == cell.source]
        number = int(path[path.index("[") + 1 : -1])
        return goal_spans(text, [goals[k] for k in same])[same.index(number)] or whole(text, cell.text)

    def _loose(self, index: int, path: str, cell: Cell) -> Place | None:
        """Return the paragraph that holds a text: the nearest one above the project's own table.

        The table of contents names every title, too, but stands further away.
        """
        parts = [line.part for line in self._lines.get(index, ())]
        earlier = next((self._lines[k][-1].part for k in range(index - 1, -1, -1) if k in self._lines), None)
        places = self._cells.loose(earlier, parts[0] if parts else None)
        texts = {place: self._cells.text(place) or "" for place in places}
        title = self._document.projects[index].title.text
        exact = [place for place, text in texts.items() if cell and whole(text, cell.text)]
        holding = {place: span for place, text in texts.items() if cell and (span := span_of(text, cell))}
        labelled = [
            place for place, span in holding.items() if texts[place][: span[0]].rstrip().endswith(("：", ":"))
        ]
        titled = [place for place in holding if title and whole(texts[place], title)]
        apart = [place for place in holding if place not in titled]
        order = {"title": [exact], "name": [labelled, titled, apart]}.get(path, [labelled, exact, apart])
        found = next((group for group in order if group), [])
        return found[-1] if len(found) == 1 or (found and parts) else None

    def _repeat(self, index: int, path: str, cell: Cell, place: Place, edit: Edit) -> None:
        """Change the further rows of a flat layout, too: rows with another name would be another project."""
        if path not in _REPEATED or not cell or not self.flat(index):
            return
        for line in self._lines.get(index, ()):
            other = Place(line.part, line.number, place.col)
            if other != place and self._cells.origin(other) == other:
                span = whole(self._cells.text(other) or "", cell.text)
                if span is not None and isinstance(edit.new, str):
                    self._note(other, _Change(span, edit.new, edit))


def pieces_of(cells: Cells, place: Place, wanted: str, *, rows: int = 1) -> list[Place] | None:
    """Return the cells that together hold a text that the reader joined: of one row, or of several."""
    left = squash(wanted)
    found: list[Place] = []
    for row in range(place.row, place.row + rows):
        for other in cells.row(place.part, row):
            text = squash(cells.text(other) or "")
            before = row == place.row and other.col < place.col
            if before or not text or cells.origin(other) != other:
                continue
            if left.startswith(text):
                found.append(other)
                left = left[len(text) :]
                if not left:
                    return found
            elif rows == 1 or not found:
                return None
    return None
