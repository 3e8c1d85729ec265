"""Geometry of PDF pages: ruled cells to grids, page breaks mended."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records.document import SourceRef
from service.ingest.collect import Collector, Draft, TableBuilder
from service.ingest.pdf_lines import (
    PADDING,
    Char,
    Line,
    glue,
    is_break,
    join_lines,
    lines_of,
    starts_item,
    wraps,
)

_NEAR: Final = 3.0
"""Points within which two edges count as one."""

Box = tuple[float, float, float, float]


@dataclass(slots=True)
class Box4:
    """A ruled cell with its characters."""

    x0: float
    top: float
    x1: float
    bottom: float
    chars: list[Char] = field(default_factory=list)

    def lines(self) -> list[Line]:
        """Return the lines of the cell."""
        return lines_of(self.chars)

    def text(self) -> str:
        """Return the text of the cell, wraps undone."""
        return join_lines(self.lines(), self.x0, self.x1)


@dataclass(slots=True)
class Segment:
    """The part of a table on one page."""

    page: int
    boxes: list[Box4]

    def __post_init__(self) -> None:
        self.x0 = min(box.x0 for box in self.boxes)
        self.x1 = max(box.x1 for box in self.boxes)
        self.top = min(box.top for box in self.boxes)
        self.bottom = max(box.bottom for box in self.boxes)
        self._by_top = sorted(self.boxes, key=lambda box: box.top)
        self._tops = [box.top for box in self._by_top]
        self._tallest = max(box.bottom - box.top for box in self.boxes)

    x0: float = field(init=False)
    x1: float = field(init=False)
    top: float = field(init=False)
    bottom: float = field(init=False)
    _by_top: list[Box4] = field(init=False)
    _tops: list[float] = field(init=False)
    _tallest: float = field(init=False)

    def take(self, char: Char) -> bool:
        """Put a character into its cell; False where it stands outside the table."""
        x, y = (char.x0 + char.x1) / 2, (char.top + char.bottom) / 2
        if not (self.x0 <= x <= self.x1 and self.top <= y <= self.bottom):
            return False
        index = bisect_right(self._tops, y) - 1
        while index >= 0 and self._tops[index] >= y - self._tallest:
            box = self._by_top[index]
            if box.x0 <= x <= box.x1 and y <= box.bottom:
                box.chars.append(char)
                return True
            index -= 1
        return False

    def size(self) -> float:
        """Return the area."""
        return (self.x1 - self.x0) * (self.bottom - self.top)


def cells_of(page: int, tables: Sequence[Sequence[Box]]) -> list[Segment]:
    """Return the tables of a page, inner before outer so that a character goes into the innermost cell."""
    segments = [Segment(page, [Box4(*box) for box in boxes]) for boxes in tables if boxes]
    return sorted(segments, key=Segment.size)


def squeezed(text: str) -> str:
    """Return a text without white space, for comparing torn and whole ones."""
    return re.sub(r"\s+", "", text)


def _edges(values: Iterable[float]) -> list[float]:
    """Return the distinct edges; those closer than a few points count as one."""
    edges: list[float] = []
    for value in sorted(values):
        if not edges or value - edges[-1] > _NEAR:
            edges.append(value)
    return edges


def _index(edges: Sequence[float], value: float) -> int:
    return max(bisect_right(edges, value + _NEAR) - 1, 0)


@dataclass(slots=True)
class _Cell:
    """A cell of the joined table."""

    box: Box4
    row: int
    col: int
    rowspan: int
    colspan: int
    page: int
    page_row: int
    text: str


class Flow:
    """Puts paragraphs and tables in reading order and joins what continues on the next page."""

    def __init__(self, out: Collector, known: frozenset[str]) -> None:
        self._out = out
        self._known = known
        self._open: list[Segment] = []
        """Parts of the table that may go on on the next page."""
        self._lines: list[Line] = []
        self._text = ""
        self._page = 1
        self._right = 0.0

    def page(self, number: int, height: float, segments: list[Segment], chars: list[Char]) -> None:
        """Take a page whose table cells hold their characters already; `chars` are those outside tables."""
        lines = lines_of(chars)
        # The longest line shows where the text block ends on the right.
        self._right = max([line.x1 for line in lines if line.size < height] + [self._right])
        items: list[tuple[float, Line | Segment]] = [(line.middle, line) for line in lines]
        items += [(segment.top, segment) for segment in segments]
        first = True
        for _, item in sorted(items, key=lambda pair: pair[0]):
            if isinstance(item, Segment):
                if not (first and self._continues(item)):
                    self._flush()
                self._end_paragraph()
                self._open.append(item)
            else:
                self._flush()
                self._take(item, number)
            first = False

    def end(self) -> None:
        """Hand over what is still open."""
        self._flush()
        self._end_paragraph()

    def _continues(self, segment: Segment) -> bool:
        last = self._open[-1] if self._open else None
        return (
            last is not None
            and not self._text
            and last.page == segment.page - 1
            and abs(last.x0 - segment.x0) <= _NEAR * 2
            and abs(last.x1 - segment.x1) <= _NEAR * 2
        )

    def _take(self, line: Line, page: int) -> None:
        piece = line.text.strip()
        above = self._lines[-1] if self._lines else None
        if above is not None:
            far = page == self._page and line.top - above.bottom > above.size * 1.2
            indented = line.x0 - self._lines[0].x0 > -_NEAR and line.x0 - above.x0 > above.size * 1.5
            if (
                far
                or starts_item(piece)
                or (indented and len(self._lines) > 1)
                or not wraps(above, piece, self._right, 0.0)
            ):
                self._end_paragraph()
        if not self._lines:
            self._page = page
            self._text = piece
        else:
            self._text = glue(self._text, piece)
        self._lines.append(line)

    def _end_paragraph(self) -> None:
        if self._text:
            self._out.paragraph(self._text, SourceRef(kind="pdf", part=f"page {self._page}"))
        self._lines, self._text = [], ""

    def _flush(self) -> None:
        if self._open:
            segments, self._open = self._open, []
            _Join(segments, self._known).emit(self._out)


class _Join:
    """Makes one table of its parts on consecutive pages."""

    def __init__(self, segments: Sequence[Segment], known: frozenset[str]) -> None:
        self._known = known
        self._xs = _edges(x for segment in segments for box in segment.boxes for x in (box.x0, box.x1))
        self._rows: list[list[_Cell]] = []
        for segment in segments:
            self._add(segment)

    def _add(self, segment: Segment) -> None:
        ys = _edges(y for box in segment.boxes for y in (box.top, box.bottom))
        base = len(self._rows)
        rows: list[list[_Cell]] = [[] for _ in range(max(len(ys) - 1, 1))]
        for box in sorted(segment.boxes, key=lambda item: (item.top, item.x0)):
            row, col = _index(ys, box.top), _index(self._xs, box.x0)
            rowspan = max(_index(ys, box.bottom) - row, 1)
            colspan = max(_index(self._xs, box.x1) - col, 1)
            if row < len(rows):
                rows[row].append(
                    _Cell(box, base + row, col, rowspan, colspan, segment.page, row + 1, box.text())
                )
        if base:
            rows = self._mend(rows, base)
        self._rows += rows

    def _mend(self, rows: list[list[_Cell]], base: int) -> list[list[_Cell]]:
        """Join the first rows of a part to the last row of the part before it."""
        dropped = self._repeated_head(rows)
        above = self._last_row(base)
        if not dropped and above and rows and _is_rest(above, rows[0]):
            for cell in rows[0]:
                upper = above.get(cell.col)
                if upper is not None and cell.text:
                    _append(upper, cell)
                    cell.text = ""
            dropped = 1 if all(cell.rowspan == 1 for cell in rows[0]) else 0
        for cell in rows[dropped] if dropped < len(rows) else ():
            upper = above.get(cell.col)
            if upper is not None and upper.colspan == cell.colspan and self._torn(upper.text, cell.text):
                upper.text += cell.text
                upper.rowspan += cell.rowspan
                cell.rowspan = 0
                continue
            # A merged cell that the page break cut in two: the lower half is ruled but empty.
            tall = upper is not None and (upper.rowspan > 1 or cell.rowspan > 1)
            if upper is not None and tall and not cell.text and upper.colspan == cell.colspan:
                upper.rowspan += cell.rowspan
                cell.rowspan = 0
        kept = rows[dropped:]
        for row in kept:
            for cell in row:
                cell.row -= dropped
        return [[cell for cell in row if cell.rowspan] for row in kept]

    def _torn(self, above: str, below: str) -> bool:
        """Say whether two texts are one that a page break tore inside a merged cell.

        The geometry is the same as that of two full cells; only the whole text elsewhere in the file tells.
        """
        return bool(above and below) and squeezed(above + below) in self._known

    def _repeated_head(self, rows: list[list[_Cell]]) -> int:
        """Return how many first rows repeat the head of the table, as Word and Excel print it on each page."""
        count = 0
        for row, head in zip(rows, self._rows, strict=False):
            texts = [cell.text for cell in row]
            words = {text for text in texts if text}
            plain = len(words) >= 3 and not any(char.isdigit() for text in words for char in text)
            if not plain or texts != [cell.text for cell in head] or any(cell.rowspan > 1 for cell in row):
                break
            count += 1
        return count

    def _last_row(self, base: int) -> dict[int, _Cell]:
        """Return the cells that reach the lower end of the rows so far, by column."""
        reach: dict[int, _Cell] = {}
        for row in self._rows:
            for cell in row:
                if cell.row + cell.rowspan >= base:
                    reach[cell.col] = cell
        return reach

    def emit(self, out: Collector) -> None:
        builder = TableBuilder(out, f"page {self._rows[0][0].page}" if self._rows and self._rows[0] else None)
        keep = [any(cell.text for cell in row) for row in self._rows]
        # Rows without any text are gaps between borders or the torn edge of a page.
        number = [0]
        for kept in keep:
            number.append(number[-1] + kept)
        for row in self._rows:
            for cell in row:
                last = min(cell.row + cell.rowspan, len(keep))
                span = number[last] - number[cell.row]
                if span < 1:
                    continue
                source = SourceRef(kind="pdf", part=f"page {cell.page}", row=cell.page_row, col=cell.col + 1)
                draft: Draft = builder.add(
                    cell.text,
                    cell.col,
                    row=number[cell.row],
                    rowspan=span,
                    colspan=cell.colspan,
                    source=source,
                )
                draft.rowspan = span
        builder.finish(as_paragraphs_if_single=True)


def _is_rest(above: dict[int, _Cell], row: Sequence[_Cell]) -> bool:
    """Say whether a row at the top of a page is the rest of the row that ended the page before.

    Every text in it must go on from a full last line above, or with the next item of a list above.
    """
    filled = [cell for cell in row if cell.text]
    if not filled:
        return False
    for cell in filled:
        upper = above.get(cell.col)
        lines = upper.box.lines() if upper is not None else []
        if upper is None or not lines or upper.colspan != cell.colspan:
            return False
        if _next_item(upper.text, cell.text):
            continue
        if starts_item(cell.text) or not wraps(lines[-1], cell.text, upper.box.x1, PADDING):
            return False
    return True


def _next_item(above: str, text: str) -> bool:
    """Say whether a text begins with the number after the last one above."""
    number = re.match(r"\s*[（(]?(\d{1,2})\s*[.．、）)](?!\d)", text)
    numbers = re.findall(r"(?m)^\s*[（(]?(\d{1,2})\s*[.．、）)](?!\d)", above)
    return number is not None and bool(numbers) and int(number[1]) == int(numbers[-1]) + 1


def _append(upper: _Cell, cell: _Cell) -> None:
    lines = upper.box.lines()
    torn = bool(lines) and not is_break(lines[-1], cell.text, upper.box.x0, upper.box.x1)
    upper.text = glue(upper.text, cell.text) if torn else f"{upper.text}\n{cell.text}"
    upper.box.chars = list(cell.box.chars)
    upper.box.x1 = cell.box.x1
