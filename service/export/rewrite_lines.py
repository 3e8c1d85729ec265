"""Where the indicator rows of a document stand in the original, and in which columns their fields are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from corpora.store import load_yaml
from models.records.document import ROW_FIELDS, Cell, Document, SourceRef
from models.records.finding import Edit
from nlp.text import normalise
from service.export.rewriting import Cells, Place

_ABOVE = 8
"""Rows above the first indicator in which the header is looked for."""


@dataclass(slots=True)
class Line:
    """One indicator row of the document, where it stands in the original, with the edits that fall on it."""

    project: int
    index: int
    part: str
    number: int
    cells: dict[str, Cell]
    places: dict[str, Place]
    """Field → the cell that holds its text: its own, the first of a merge, or the one above that a blank continues."""
    edits: dict[str, Edit] = field(default_factory=dict)
    removal: Edit | None = None

    def own(self, name: str) -> Place:
        """Return the place of a field in the row itself."""
        return Place(self.part, self.number, self.places[name].col)

    def wanted(self, name: str) -> str:
        """Return what a field is to hold."""
        edit = self.edits.get(name)
        return edit.new if edit is not None and isinstance(edit.new, str) else self.cells[name].text

    @property
    def spread(self) -> bool:
        """Whether every field has a column of its own."""
        columns = [place.col for place in self.places.values()]
        return len(columns) == len(set(columns))

    @property
    def running(self) -> bool:
        """Whether the row was found in running text: one cell holds several of its texts."""
        texts: dict[Place, str] = {}
        for name, place in self.places.items():
            if texts.setdefault(place, self.cells[name].text) != self.cells[name].text:
                return True
        return False


def place_of(source: SourceRef | None) -> Place | None:
    """Return the cell of a source, None for a paragraph or a blank cell that the reader did not see."""
    if source is None or source.part is None or not source.row or not source.col:
        return None
    return Place(source.part, source.row, source.col)


def read_lines(cells: Cells, document: Document) -> list[Line]:
    """Return the indicator rows that stand in tables."""
    lines: list[Line] = []
    for p, project in enumerate(document.projects):
        for k, row in enumerate(project.rows):
            filed = {
                name: cell
                for name in ROW_FIELDS
                if name not in row.absent and (cell := row.cell(name)) is not None
            }
            places = {name: place for name, cell in filed.items() if (place := place_of(cell.source))}
            if places:
                # A merged cell, and a level cell that a blank one continues, stand above the row itself.
                number = max(place.row for place in places.values())
                part = next(iter(places.values())).part
                lines.append(Line(p, k, part, number, filed, places))
    _place_blanks(cells, lines)
    return lines


def _place_blanks(cells: Cells, lines: Sequence[Line]) -> None:
    """Find the cells that readers of worksheets do not report because they are blank: by the column of their field."""
    by_project: dict[tuple[int, str], dict[str, int]] = {}
    by_part: dict[str, dict[str, int]] = {}
    tops: dict[tuple[int, str], int] = {}
    first: dict[str, int] = {}
    for line in lines:
        key = (line.project, line.part)
        tops[key] = min(line.number, tops.get(key, line.number))
        first[line.part] = min(line.number, first.get(line.part, line.number))
        for name, place in line.places.items():
            by_project.setdefault((line.project, line.part), {}).setdefault(name, place.col)
            by_part.setdefault(line.part, {}).setdefault(name, place.col)
    for line in lines:
        known = by_project.setdefault((line.project, line.part), {})
        for name in line.cells:
            if name in line.places:
                continue
            if name not in known:
                taken = set(known.values())
                # Flat layouts have one header for all projects of a sheet.
                rows = (tops[line.project, line.part], first[line.part])
                found = (_header_column(cells, line.part, top, name, taken) for top in rows)
                col = next((col for col in found if col), None) or by_part[line.part].get(name)
                if col is None:
                    continue
                known[name] = col
            line.places[name] = cells.origin(Place(line.part, line.number, known[name]))


@cache
def _header_words(name: str) -> frozenset[str]:
    data = load_yaml("schemes/columns.yml")
    words = [*data["fields"][name], *(word for word, names in data["ambiguous"].items() if name in names)]
    return frozenset(normalise(str(word)) for word in words)


def _header_column(cells: Cells, part: str, top: int, name: str, taken: set[int]) -> int | None:
    """Return the column whose header names a field, where every cell of the field is blank."""
    for number in range(top - 1, max(0, top - _ABOVE), -1):
        for place in cells.row(part, number):
            text = normalise(cells.text(place) or "")
            bare = text.partition("(")[0] or text
            if place.col not in taken and {text, bare} & _header_words(name):
                return place.col
    return None
