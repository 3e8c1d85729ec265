"""The binary parts of a Word 97–2003 file: text pieces, paragraph and character properties."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from service.errors import DamagedInput, EncryptedInput, TooLarge
from service.ingest.ole import CompoundFile
from service.settings import Limits

_MAGIC: Final = 0xA5EC
_WORD97: Final = 0xC1
_ENCRYPTED: Final = 0x0100
_SECOND_TABLE: Final = 0x0200
_BLOB: Final = 0x9A
"""Where the pairs (offset, length) of the file information block begin."""
_CHPX, _PAPX, _CLX = 12, 13, 33
_COUNTS: Final = 0x4C
"""Lengths of main text, footnotes, headers, macros, comments, endnotes, text boxes."""
_COMPRESSED: Final = 1 << 30
_PAGE: Final = 512
_BROKEN: Final = "文件不完整或已损坏，请用 Word、WPS 打开后另存为 docx 再试"
_SYMBOLS: Final = {0xA3: "≤", 0xB3: "≥", 0xB1: "±", 0xB4: "×", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈"}
"""Characters that Word's Insert Symbol takes from the font Symbol."""
_OPERAND: Final = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}
_IN_TABLE, _ROW_END, _DEPTH, _INNER_CELL, _INNER_ROW = 0x2416, 0x2417, 0x6649, 0x244B, 0x244C
_HUGE: Final = (0x6645, 0x6646)
_TABLE_SHAPE: Final = 0xD608
_TABS: Final = 0xC615
_VERTICAL: Final = 0xD62B
_DELETED: Final = 0x0800
_SYMBOL: Final = 0x6A09
_MAX_PIECES: Final = 200_000
"""Pieces of text; a much edited long document has some thousands."""
_MAX_CELLS: Final = 64
"""Word allows 63 columns."""


@dataclass(frozen=True, slots=True)
class Row:
    """Shape of a table row: cell edges in twips, and per cell its merges (0 none, 1 continued, more: begins)."""

    edges: tuple[int, ...]
    right: tuple[int, ...]
    down: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Marks:
    """What the properties of a paragraph say about tables."""

    depth: int = 0
    row_end: bool = False
    inner_cell_end: bool = False
    inner_row_end: bool = False
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """A stretch of the file with deleted text or with one inserted symbol."""

    start: int
    end: int
    symbol: str | None


@dataclass(slots=True)
class _Piece:
    start: int
    length: int
    offset: int
    wide: bool


@dataclass(slots=True)
class _Runs:
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)


class WordStreams:
    """Text and properties of one file. Raises DamagedInput where they do not hold together."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        container = CompoundFile(data)
        self._main = container.stream("WordDocument")
        magic, version = struct.unpack_from("<HH", self._main)
        flags = struct.unpack_from("<H", self._main, 10)[0]
        if magic != _MAGIC or version < _WORD97:
            raise DamagedInput("文件是 Word 95 或更早的版本，请用 Word、WPS 另存为 docx 后重试")
        if flags & _ENCRYPTED:
            raise EncryptedInput("文件设有密码，请去除密码后重试")
        self._table = container.stream("1Table" if flags & _SECOND_TABLE else "0Table")
        self._data = container.stream("Data") if "Data" in container.names else b""
        self.has_macros = any(name in ("Macros", "_VBA_PROJECT") for name in container.names)
        self.pictures = 0
        self._limit = limits.max_unpacked_bytes
        self._pieces = self._text_pieces()
        self._paragraphs = self._runs(_PAPX, paragraphs=True)
        self._marks: dict[bytes, Marks] = {}
        self._special = self._special_runs()
        self._special_starts = [run.start for run in self._special]

    def ranges(self) -> list[tuple[int, int]]:
        """Return (start, length) of the main text and of the text boxes."""
        main, notes, heads, macros, comments, ends, boxes = struct.unpack_from("<7I", self._main, _COUNTS)
        before = main + notes + heads + macros + comments + ends
        return [(0, main), (before, boxes)] if boxes else [(0, main)]

    def characters(self, start: int, length: int) -> Iterator[tuple[str, int]]:
        """Yield the characters of a range with their place in the file, without deleted text."""
        read = 0
        for piece in self._pieces:
            first, last = max(piece.start, start), min(piece.start + piece.length, start + length)
            if first >= last:
                continue
            width = 2 if piece.wide else 1
            at = piece.offset + (first - piece.start) * width
            raw = self._main[at : at + (last - first) * width]
            # Pieces may point at the same bytes again and again.
            read += len(raw)
            if read > self._limit:
                raise TooLarge("文件文字过多，请拆分成较小的文件后重试")
            if len(raw) < (last - first) * width:
                raise DamagedInput(_BROKEN)
            text = raw.decode("utf-16-le" if piece.wide else "cp1252", errors="replace")
            if piece.wide and len(text) != last - first:
                # Characters outside the basic plane take two places; keep places and characters in step.
                text = "".join(chr(unit[0]) for unit in struct.iter_unpack("<H", raw))
            for index, char in enumerate(text):
                place = at + index * width
                run = self._run_at(place)
                if run is None:
                    yield char, place
                elif run.symbol is not None:
                    yield run.symbol, place

    def marks_at(self, place: int) -> Marks:
        """Return the table marks of the paragraph that ends at a place in the file."""
        runs = self._paragraphs
        index = bisect_right(runs.starts, place) - 1
        if index < 0 or place >= runs.ends[index]:
            return Marks()
        properties = runs.properties[index]
        if properties not in self._marks:
            self._marks[properties] = self._read_marks(properties)
        return self._marks[properties]

    def _run_at(self, place: int) -> _Run | None:
        if not self._special:
            return None
        index = bisect_right(self._special_starts, place) - 1
        return self._special[index] if index >= 0 and place < self._special[index].end else None

    def _part(self, number: int) -> bytes:
        offset, length = struct.unpack_from("<II", self._main, _BLOB + 8 * number)
        part = self._table[offset : offset + length]
        if len(part) < length:
            raise DamagedInput(_BROKEN)
        return part

    def _text_pieces(self) -> list[_Piece]:
        clx = self._part(_CLX)
        at = 0
        while at < len(clx) and clx[at] == 1:
            at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
        if at >= len(clx) or clx[at] != 2:
            raise DamagedInput(_BROKEN)
        size = struct.unpack_from("<I", clx, at + 1)[0]
        table = clx[at + 5 : at + 5 + size]
        count = (len(table) - 4) // 12
        bounds = struct.unpack_from(f"<{count + 1}I", table)
        pieces: list[_Piece] = []
        if count > _MAX_PIECES:
            raise DamagedInput(_BROKEN)
        for index in range(count):
            stored = struct.unpack_from("<I", table, 4 * (count + 1) + 8 * index + 2)[0]
            wide = not stored & _COMPRESSED
            offset = stored & (_COMPRESSED - 1)
            length = bounds[index + 1] - bounds[index]
            if length > 0:
                pieces.append(_Piece(bounds[index], length, offset if wide else offset // 2, wide))
        return pieces

    def _runs(self, part: int, *, paragraphs: bool) -> _Runs:
        """Return the stretches of the file that share properties, in order."""
        table = self._part(part)
        count = (len(table) - 4) // 8
        # Each page of properties is named once.
        if count > len(self._main) // _PAGE:
            raise DamagedInput(_BROKEN)
        found: list[tuple[int, int, bytes]] = []
        for index in range(count):
            number = struct.unpack_from("<I", table, 4 * (count + 1) + 4 * index)[0] & 0x3FFFFF
            page = self._main[number * _PAGE : (number + 1) * _PAGE]
            if len(page) < _PAGE:
                raise DamagedInput(_BROKEN)
            runs = page[-1]
            width = 13 if paragraphs else 1
            if 4 * (runs + 1) + width * runs > _PAGE:
                raise DamagedInput(_BROKEN)
            bounds = struct.unpack_from(f"<{runs + 1}I", page)
            for run in range(runs):
                at = page[4 * (runs + 1) + width * run] * 2
                properties = _page_properties(page, at, paragraphs) if at else b""
                found.append((bounds[run], bounds[run + 1], properties))
        found.sort(key=lambda item: item[0])
        return _Runs([item[0] for item in found], [item[1] for item in found], [item[2] for item in found])

    def _special_runs(self) -> list[_Run]:
        runs = self._runs(_CHPX, paragraphs=False)
        special: list[_Run] = []
        for start, end, properties in zip(runs.starts, runs.ends, runs.properties, strict=True):
            for code, operand in _sprms(properties):
                if code == _DELETED and operand[0] & 1:
                    special.append(_Run(start, end, None))
                    break
                if code == _SYMBOL:
                    number = struct.unpack_from("<H", operand, 2)[0]
                    symbol = _SYMBOLS.get(number & 0xFF) if number >= 0xF000 else chr(number)
                    special.append(_Run(start, end, symbol or ""))
                    break
        return special

    def _read_marks(self, properties: bytes) -> Marks:
        marks = Marks()
        down: dict[int, int] = {}
        for code, operand in self._paragraph_sprms(properties):
            if code == _IN_TABLE:
                marks = replace(marks, depth=max(marks.depth, operand[0] & 1))
            elif code == _DEPTH:
                marks = replace(marks, depth=max(struct.unpack("<i", operand)[0], 0))
            elif code == _ROW_END:
                marks = replace(marks, row_end=bool(operand[0]))
            elif code == _INNER_CELL:
                marks = replace(marks, inner_cell_end=bool(operand[0]))
            elif code == _INNER_ROW:
                marks = replace(marks, inner_row_end=bool(operand[0]))
            elif code == _TABLE_SHAPE:
                marks = replace(marks, row=_shape(operand))
            elif code == _VERTICAL and len(operand) >= 3:
                down[operand[1]] = operand[2] & 3
        if down and marks.row is not None:
            cells = tuple(down.get(index, value) for index, value in enumerate(marks.row.down))
            marks = replace(marks, row=replace(marks.row, down=cells))
        return marks

    def _paragraph_sprms(self, properties: bytes) -> Iterator[tuple[int, bytes]]:
        for code, operand in _sprms(properties[2:]):
            if code in _HUGE:
                # Properties too long for their page stand in a stream of their own.
                offset = struct.unpack("<I", operand)[0]
                size = struct.unpack_from("<H", self._data, offset)[0]
                yield from _sprms(self._data[offset + 2 : offset + 2 + size])
            else:
                yield code, operand


def _page_properties(page: bytes, at: int, paragraphs: bool) -> bytes:
    size = page[at]
    if not paragraphs:
        return page[at + 1 : at + 1 + size]
    if size:
        return page[at + 1 : at + 2 * size]
    return page[at + 2 : at + 2 + 2 * page[at + 1]]


def _sprms(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the property changes (code, operand); a broken rest ends the list."""
    at = 0
    while at + 2 < len(raw):
        code = struct.unpack_from("<H", raw, at)[0]
        at += 2
        kind = code >> 13
        if kind != 6:
            size = _OPERAND[kind]
        elif code == _TABLE_SHAPE:
            if at + 2 > len(raw):
                return
            size = struct.unpack_from("<H", raw, at)[0] + 1
        elif code == _TABS and raw[at] == 255:
            # Its length says nothing: two lists, of 4 and of 3 bytes an entry.
            deleted = raw[at + 1] if at + 1 < len(raw) else 0
            added_at = at + 2 + 4 * deleted
            size = 2 + 4 * deleted + 3 * (raw[added_at] if added_at < len(raw) else 0) + 1
        else:
            size = raw[at] + 1
        operand = raw[at : at + size]
        if len(operand) < size:
            return
        yield code, operand
        at += size


def _shape(operand: bytes) -> Row | None:
    count = operand[2] if len(operand) > 2 else 0
    if not 0 < count <= _MAX_CELLS or len(operand) < 3 + 2 * (count + 1):
        return None
    edges = struct.unpack_from(f"<{count + 1}h", operand, 3)
    right, down = [], []
    for index in range(count):
        at = 3 + 2 * (count + 1) + 20 * index
        flags = struct.unpack_from("<H", operand, at)[0] if at + 2 <= len(operand) else 0
        right.append(flags & 3)
        down.append(flags >> 5 & 3)
    return Row(edges, tuple(right), tuple(down))
