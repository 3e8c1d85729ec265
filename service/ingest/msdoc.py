"""doc and wps (Word 97–2003) by the piece table and the paragraph properties.

An own reader: LibreOffice loses a table that ends the body, and most machines of offices do not have it. What this
reader cannot take (older versions, broken tables) goes to LibreOffice.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput, EncryptedInput
from service.ingest.collect import Collector, Draft, TableBuilder
from service.ingest.grid import RawDocument, Table
from service.ingest.msdoc_parts import Marks, Row, WordStreams
from service.settings import Limits

_CELL: Final = "\x07"
_PARAGRAPH_ENDS: Final = "\r\x0c\x07"
_NEAR: Final = 40
"""Twips within which two cell edges count as one (less than a millimetre)."""
_MAX_DEPTH: Final = 12


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a binary Word document; hand it to LibreOffice where it is too old or its tables do not hold together."""
    try:
        return _read(data, limits)
    except EncryptedInput:
        raise
    except (DamagedInput, struct.error, IndexError, UnicodeDecodeError) as error:
        from service.ingest.office import find_program
        from service.ingest.office import read as read_by_office

        if find_program() is None:
            raise DamagedInput("文件不完整或版本过旧，请用 Word、WPS 打开后另存为 docx 再试") from error
    return read_by_office(data, limits)


def _read(data: bytes, limits: Limits) -> RawDocument:
    streams = WordStreams(data, limits)
    out = Collector("doc", limits)
    if streams.has_macros:
        out.problem("macro", "文件含有宏，宏未读取也未运行，请核对依赖宏生成的内容")
    emitter = _Emitter(out)
    for start, length in streams.ranges():
        emitter.run(_paragraphs(streams, start, length))
    if streams.pictures and not any(isinstance(block, Table) for block in out.blocks):
        out.problem("unread-part", "文件中有图片，图片中的文字未读取，请改为可编辑的表格后重试")
    return out.document()


@dataclass(slots=True)
class _Piece:
    """A paragraph with the marks of its end."""

    text: str
    end: str
    marks: Marks


def _paragraphs(streams: WordStreams, start: int, length: int) -> Iterator[_Piece]:
    """Yield the paragraphs of a range of the text, without field codes and deleted text."""
    parts: list[str] = []
    # Fields nest: code between 13 and 14 is dropped, the result between 14 and 15 is kept.
    fields: list[bool] = []
    for char, position in streams.characters(start, length):
        if char == "\x13":
            fields.append(True)
        elif char == "\x14":
            if fields:
                fields[-1] = False
        elif char == "\x15":
            if fields:
                fields.pop()
        elif char in _PARAGRAPH_ENDS:
            yield _Piece("".join(parts), char, streams.marks_at(position))
            parts = []
            fields = [False] * len(fields)
        elif any(fields):
            continue
        elif char == "\x0b":
            parts.append("\n")
        elif char == "\x1e":
            parts.append("-")
        elif char >= " " or char == "\t":
            parts.append(char)
        elif char in "\x01\x08":
            streams.pictures += 1
    if parts:
        yield _Piece("".join(parts), "\r", Marks())


@dataclass(slots=True)
class _Cell:
    lines: list[str]
    nested: list[list[_TableRow]]


@dataclass(slots=True)
class _TableRow:
    cells: list[_Cell]
    shape: Row | None


@dataclass(slots=True)
class _Level:
    """An open table; the first level is the body's own table."""

    rows: list[_TableRow] = field(default_factory=list)
    cells: list[_Cell] = field(default_factory=list)
    cell: _Cell = field(default_factory=lambda: _Cell([], []))

    def end_cell(self) -> None:
        self.cells.append(self.cell)
        self.cell = _Cell([], [])

    def end_row(self, shape: Row | None) -> None:
        if self.cells:
            self.rows.append(_TableRow(self.cells, shape))
        self.cells = []
        self.cell = _Cell([], [])

    def close(self) -> list[_TableRow]:
        if self.cell.lines or self.cell.nested:
            self.end_cell()
        self.end_row(None)
        return self.rows


class _Emitter:
    """Puts paragraphs and tables in order."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._tables = 0
        self._levels: list[_Level] = []

    def run(self, pieces: Iterator[_Piece]) -> None:
        for piece in pieces:
            depth = min(piece.marks.depth, _MAX_DEPTH)
            if piece.end == _CELL and depth == 0:
                depth = 1
            self._to_depth(depth)
            if depth == 0:
                self._out.paragraph(piece.text, SourceRef(kind="doc"))
                continue
            level = self._levels[-1]
            ends_row = piece.marks.row_end if depth == 1 else piece.marks.inner_row_end
            ends_cell = piece.end == _CELL if depth == 1 else piece.marks.inner_cell_end
            if ends_row:
                level.end_row(piece.marks.row)
                continue
            self._out.count_cell()
            level.cell.lines.append(piece.text)
            if ends_cell:
                level.end_cell()
        self._to_depth(0)

    def _to_depth(self, depth: int) -> None:
        while len(self._levels) > depth:
            rows = self._levels.pop().close()
            if self._levels:
                self._levels[-1].cell.nested.append(rows)
            else:
                self._table(rows)
        while len(self._levels) < depth:
            self._levels.append(_Level())

    def _table(self, rows: Sequence[_TableRow]) -> None:
        """Add a table. Where cells hold tables of their own, the rows before and after become separate blocks."""
        self._tables += 1
        part = f"table {self._tables}"
        edges = _edges(rows)
        builder = TableBuilder(self._out, part)
        above: dict[int, Draft] = {}
        split = False
        for number, row in enumerate(rows, start=1):
            builder.next_row()
            self._row(row, number, edges, builder, above)
            nested = [table for cell in row.cells for table in cell.nested if table]
            if nested:
                split = True
                builder.finish(as_paragraphs_if_single=True)
                builder, above = TableBuilder(self._out, part), {}
                for table in nested:
                    self._table(table)
        builder.finish(as_paragraphs_if_single=split)

    def _row(
        self,
        row: _TableRow,
        number: int,
        edges: Sequence[int],
        builder: TableBuilder,
        above: dict[int, Draft],
    ) -> None:
        shape = row.shape
        last: Draft | None = None
        for index, cell in enumerate(row.cells):
            text = "\n".join(cell.lines).strip("\n")
            col, span = index, 1
            merged_down = merged_right = starts = False
            if shape is not None and index + 1 < len(shape.edges):
                col = _place(edges, shape.edges[index])
                span = max(_place(edges, shape.edges[index + 1]) - col, 1)
                merged_down, starts = shape.down[index] == 1, shape.down[index] > 1
                merged_right = shape.right[index] == 1
            source = SourceRef(kind="doc", part=builder.part, row=number, col=col + 1)
            upper = above.get(col)
            if merged_right and last is not None:
                last.colspan += span
            elif merged_down and upper is not None and upper.row + upper.rowspan == builder.row:
                upper.rowspan += 1
            else:
                last = builder.add(text, col, colspan=span, source=source)
                if starts or merged_down:
                    above[col] = last
                else:
                    above.pop(col, None)
                continue
            if text.strip():
                self._out.problem("hidden-text", "合并单元格遮盖的文字未读取，请核对", source)


def _edges(rows: Sequence[_TableRow]) -> list[int]:
    """Return the distinct cell edges of a table."""
    edges: list[int] = []
    for value in sorted({edge for row in rows if row.shape is not None for edge in row.shape.edges}):
        if not edges or value - edges[-1] > _NEAR:
            edges.append(value)
    return edges


def _place(edges: Sequence[int], value: int) -> int:
    return max(bisect_left(edges, value + _NEAR + 1) - 1, 0)
