"""Edits of indicator rows: cells that several rows share, rows added, rows removed.

A merged cell, or a blank level cell that continues the one above, holds the text of several rows. An edit of one
of these rows must not change the others, and removing the first must not take their text away: the cell begins
anew at the first row that differs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.records.document import ROW_FIELDS, Document
from models.records.finding import Edit
from rules.engine.paths import split_path
from service.export.rewrite_block import BlockWriter, pieces_of
from service.export.rewrite_lines import Line, place_of, read_lines
from service.export.rewriting import Cells, NewRow, Place, distribute, occurrences, span_of, squash, whole

_Member = tuple[Line, str]


def write_edits(cells: Cells, document: Document, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Write the edits into the cells of an original; return those that could not be written, in the given order."""
    return _Writer(cells, document, edits).run()


@dataclass(slots=True)
class _Segment:
    """Rows in succession that are to show one text of a shared cell."""

    line: Line
    name: str
    wanted: str
    edits: list[Edit]


class _Writer:
    """Writes one list of edits: texts, then what rows share, then new rows, then removals."""

    def __init__(self, cells: Cells, document: Document, edits: Sequence[Edit]) -> None:
        self._cells = cells
        self._document = document
        self._edits = edits
        self._lines = read_lines(cells, document)
        self._of: dict[int, list[Line]] = {}
        for line in self._lines:
            self._of.setdefault(line.project, []).append(line)
        self._block = BlockWriter(cells, document, self._of)
        self._missed: set[str] = set()
        self._added: dict[int, list[Edit]] = {}
        self._anew: set[tuple[int, int, str]] = set()
        """Cells of rows that must begin anew although their text stays: project, row, field."""

    def run(self) -> tuple[Edit, ...]:
        lines = {(line.project, line.index): line for line in self._lines}
        for edit in self._edits:
            if not self._take(edit, lines):
                self._miss(edit)
        self._check_removals()
        self._miss(*self._block.write())
        shared = self._shared()
        several = {at: members for at, members in shared.items() if members[-1][0].number != at.row}
        for project in self._added:
            self._part_below(project, several)
        for place, members in shared.items():
            self._settle(place, members)
        for project in {line.project for line in self._lines if line.removal is not None}:
            self._keep_heads(project)
        for project, added in self._added.items():
            self._add(project, sorted(added, key=lambda edit: split_path(edit.path).row or 0))
        for line in sorted(self._lines, key=lambda item: (item.part, item.number)):
            if line.removal is not None and not self._cells.remove_row(line.part, line.number):
                self._miss(line.removal)
        return tuple(edit for edit in self._edits if edit.path in self._missed)

    def _miss(self, *edits: Edit) -> None:
        self._missed.update(edit.path for edit in edits)

    def _take(self, edit: Edit, lines: Mapping[tuple[int, int], Line]) -> bool:
        """Sort an edit to the project or row that it falls on; return whether there is one."""
        where = split_path(edit.path)
        if where.project is None or where.project >= len(self._document.projects):
            return False
        if where.row is None:
            return self._block.take(where.project, where.rest, edit)
        if where.field is None and edit.old is None and isinstance(edit.new, tuple):
            self._added.setdefault(where.project, []).append(edit)
            return True
        line = lines.get((where.project, where.row))
        if line is None:
            return False
        if where.field is None:
            line.removal = edit
            return edit.new is None
        if where.field not in line.places or not isinstance(edit.new, str):
            return False
        if line.cells[where.field].text != (edit.old or ""):
            return False
        line.edits[where.field] = edit
        return True

    def _check_removals(self) -> None:
        """Refuse removals of table rows that hold more than the one indicator row."""
        staying = {(line.part, line.number) for line in self._lines if line.removal is None}
        for line in self._lines:
            edit = line.removal
            if edit is None:
                continue
            stale = edit.new is not None or edit.old != tuple(
                (name, line.cells[name].text) for name in ROW_FIELDS if name in line.cells
            )
            crowded = (line.part, line.number) in staying
            if stale or crowded or line.running or self._block.stands_in(line):
                self._miss(edit)
                line.removal = None

    # --- cells that rows share ----------------------------------------------------------------------------------

    def _shared(self) -> dict[Place, list[_Member]]:
        """Return the rows of every cell, level cells first: a level-2 cell depends on the level-1 cell beside it."""
        found: dict[Place, list[_Member]] = {}
        for name in ROW_FIELDS:
            for line in sorted(self._lines, key=lambda item: (item.part, item.number)):
                if name in line.places:
                    found.setdefault(line.places[name], []).append((line, name))
        return found

    def _part_below(self, project: int, shared: Mapping[Place, Sequence[_Member]]) -> None:
        """Part the cells that reach from above new rows to rows below them."""
        if project not in self._of:
            return
        last = self._of[project][-1]
        for place, members in shared.items():
            if place.part != last.part or place.row > last.number:
                continue
            below = next((item for item in members if item[0].number > last.number), None)
            if below is not None:
                self._anew.add((below[0].project, below[0].index, below[1]))

    def _settle(self, place: Place, members: Sequence[_Member]) -> None:
        """Give every row of a shared cell the text that it is to show."""
        edits = [line.edits[name] for line, name in members if name in line.edits]
        if len({squash(line.cells[name].text) for line, name in members}) > 1:
            self._write_running(place, members)
            return
        segments: list[_Segment] = []
        for line, name in members:
            if line.removal is not None:
                continue
            texts = {line.wanted(other) for at, other in members if at is line}
            if len(texts) > 1:
                # One cell for name and description cannot hold two texts.
                self._miss(*edits)
                return
            wanted = line.wanted(name)
            if not segments or wanted != segments[-1].wanted or self._begins(line, name, place):
                segments.append(_Segment(line, name, wanted, []))
            segments[-1].edits += [line.edits[name]] if name in line.edits else []
        gone = any(
            line.removal is not None and (line.part, line.number) == (place.part, place.row)
            for line, _ in members
        )
        away = segments if gone else segments[1:]
        # From below, so that the cell still holds its filed text where it is copied.
        for segment in reversed(away):
            self._restart(place, segment)
        if segments and not gone and segments[0].edits:
            self._write(place, segments[0], alone=len(segments) == 1)

    def _begins(self, line: Line, name: str, place: Place) -> bool:
        """Whether a cell has to begin anew at a row although its text stays."""
        if (line.project, line.index, name) in self._anew:
            return True
        if name != "level2" or (line.project, line.index, "level1 anew") not in self._anew:
            return False
        # Readers continue a blank class only where the level-1 cell continues, too.
        return place.row != line.number and self._cells.origin(line.own(name)) == line.own(name)

    def _restart(self, place: Place, segment: _Segment) -> None:
        line, name = segment.line, segment.name
        own = line.own(name)
        done = own == place or self._cells.restart(own, place)
        if name == "level1":
            self._anew.add((line.project, line.index, "level1 anew"))
        if done and segment.edits:
            span = span_of(self._cells.text(own) or "", line.cells[name])
            done = span is not None and self._cells.replace(own, span, segment.wanted)
        if not done:
            self._miss(*segment.edits)

    def _write(self, place: Place, segment: _Segment, *, alone: bool) -> None:
        """Write a text into its cell, or into the several cells that the reader joined."""
        cell = segment.line.cells[segment.name]
        text = self._cells.text(place)
        span = span_of(text, cell) if text is not None else None
        if span is not None:
            if not self._cells.replace(place, span, segment.wanted):
                self._miss(*segment.edits)
            return
        pieces = pieces_of(self._cells, place, cell.text) if alone else None
        if pieces is None:
            self._miss(*segment.edits)
            return
        texts = [self._cells.text(piece) or "" for piece in pieces]
        parts = distribute([squash(item) for item in texts], segment.wanted)
        for piece, old, new in zip(pieces, texts, parts, strict=True):
            span = whole(old, old)
            if squash(old) != squash(new) and not (span and self._cells.replace(piece, span, new)):
                self._miss(*segment.edits)

    def _write_running(self, place: Place, members: Sequence[_Member]) -> None:
        """Write texts that stand together in one cell, each where its filed text stands exactly once."""
        text = self._cells.text(place) or ""
        found = []
        for line, name in members:
            if name in line.edits:
                spans = occurrences(text, line.cells[name].text)
                if len(spans) == 1:
                    found.append((spans[0], line.wanted(name), line.edits[name]))
                else:
                    self._miss(line.edits[name])
        start = len(text)
        for span, new, edit in sorted(found, key=lambda item: item[0], reverse=True):
            if span[1] > start or not self._cells.replace(place, span, new):
                self._miss(edit)
            start = min(start, span[0])

    # --- whole rows ---------------------------------------------------------------------------------------------

    def _keep_heads(self, project: int) -> None:
        """Where rows name their own project, move the head of a removed first row into the first that stays."""
        lines = self._of[project]
        stays = next((line for line in lines if line.removal is None), None)
        if stays is None or not self._block.flat(project):
            return
        claimed = self._claimed(project)
        for line in lines[: lines.index(stays)]:
            for place in self._cells.row(line.part, line.number):
                own = Place(stays.part, stays.number, place.col)
                empty = not squash(self._cells.text(own) or "")
                if place.col not in claimed and squash(self._cells.text(place) or "") and empty:
                    self._cells.restart(own, place)

    def _claimed(self, project: int) -> set[int]:
        """Return the columns of the indicator's own fields, and of what else the header says of it."""
        columns: set[int] = set()
        for line in self._of[project]:
            columns |= {place.col for place in line.places.values()}
            extra = self._document.projects[project].rows[line.index].extra.values()
            columns |= {place.col for cell in extra if (place := place_of(cell.source)) is not None}
            for name, place in line.places.items():
                if line.cells[name] and whole(self._cells.text(place) or "", line.cells[name].text) is None:
                    columns |= {
                        piece.col for piece in pieces_of(self._cells, place, line.cells[name].text) or ()
                    }
        return columns

    def _add(self, project: int, added: Sequence[Edit]) -> None:
        """Add rows below the project's last one, shaped like the last one with a cell for every field."""
        lines = self._of.get(project, [])
        like = next((line for line in reversed(lines) if line.spread), None)
        count = len(self._document.projects[project].rows)
        expected = [split_path(edit.path).row for edit in added] == list(range(count, count + len(added)))
        if like is None or not expected or like.part != lines[-1].part:
            self._miss(*added)
            return
        claimed = self._claimed(project)
        columns = {name: place.col for name, place in like.places.items()}
        flat = self._block.flat(project)
        keep = {
            place.col
            for place in self._cells.row(like.part, like.number)
            if place.col not in claimed and (flat or place.col < min(columns.values()))
        }
        for edit in added:
            filed = edit.new if isinstance(edit.new, tuple) else ()
            texts = {columns[name]: text for name, text in filed if name in columns}
            lost = any(text and name not in columns for name, text in filed)
            new = NewRow(
                like.part, lines[-1].number, like.number, texts, frozenset(keep), frozenset(columns.values())
            )
            if lost or not self._cells.add_row(new):
                self._miss(edit)
