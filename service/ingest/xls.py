"""xls (Excel 97–2003, also Excel 95) by walking its records.

An own reader: the library of choice does not tell number formats (95 % would come out as 0.95) and reserves
memory for whatever extent a sheet claims.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput, EncryptedInput
from service.ingest.collect import Collector, Merges, TableBuilder
from service.ingest.grid import RawDocument
from service.ingest.numfmt import BUILTIN, GENERAL, shown
from service.ingest.ole import CompoundFile
from service.settings import Limits

_BOF: Final = 0x0809
_EOF: Final = 0x000A
_FILEPASS: Final = 0x002F
_BOUNDSHEET: Final = 0x0085
_DATEMODE: Final = 0x0022
_FORMATS: Final = (0x041E, 0x001E)
_XF: Final = 0x00E0
_SST: Final = 0x00FC
_CONTINUE: Final = 0x003C
_MERGED: Final = 0x00E5
_NUMBER: Final = 0x0203
_RK: Final = 0x027E
_MULRK: Final = 0x00BD
_LABELSST: Final = 0x00FD
_LABELS: Final = (0x0204, 0x00D6)
_BOOLERR: Final = 0x0205
_FORMULAS: Final = (0x0006, 0x0206, 0x0406)
_STRING: Final = 0x0207
_BIFF8: Final = 0x0600
_ERRORS: Final = {
    0: "#NULL!",
    7: "#DIV/0!",
    15: "#VALUE!",
    23: "#REF!",
    29: "#NAME?",
    36: "#NUM!",
    42: "#N/A",
}
_BROKEN: Final = "文件不完整或已损坏，请用 Excel 或 WPS 打开后重新另存再试"

_Record = tuple[int, bytes]


@dataclass(slots=True)
class _Book:
    """What the sheets share."""

    wide: bool = True
    """BIFF8: strings are Unicode; before, they are bytes of the code page."""
    date1904: bool = False
    sheets: list[tuple[str, int, bool, int]] = field(default_factory=list)
    """Name, offset, hidden, type."""
    strings: list[str] = field(default_factory=list)
    own: dict[int, str] = field(default_factory=dict)
    xf: list[int] = field(default_factory=list)

    def format(self, index: int) -> str:
        number = self.xf[index] if index < len(self.xf) else 0
        return self.own.get(number) or BUILTIN.get(number, GENERAL)


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a workbook; every sheet becomes a table."""
    container = CompoundFile(data)
    out = Collector("xls", limits)
    if any(name.upper().startswith("_VBA_PROJECT") for name in container.names):
        out.problem("macro", "文件含有宏，宏未读取也未运行，请核对依赖宏生成的内容")
    name = next((item for item in ("Workbook", "WORKBOOK", "Book", "BOOK") if item in container.names), "")
    stream = container.stream(name)
    try:
        book = _globals(stream)
        for title, offset, hidden, kind in book.sheets:
            if kind == 6:
                continue
            if kind != 0:
                message = f"「{title}」不是普通工作表（图表或宏表），未读取，请核对其中的内容"
                out.problem("unread-part", message)
                continue
            if hidden:
                out.problem(
                    "hidden-sheet",
                    f"工作表「{title}」是隐藏的，已照常读取，请确认是否应当提交",
                    SourceRef(kind="xls", part=title),
                )
            _Sheet(out, book, title).run(_records(stream, offset))
    except (struct.error, IndexError) as error:
        raise DamagedInput(_BROKEN) from error
    return out.document()


def _records(stream: bytes, at: int) -> Iterator[_Record]:
    """Yield the records of one substream, without those of charts embedded in it."""
    depth = 0
    while at + 4 <= len(stream):
        code, size = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if len(body) < size:
            raise DamagedInput(_BROKEN)
        if code == _BOF:
            depth += 1
        elif code == _EOF:
            depth -= 1
        if depth <= 1:
            yield code, body
        if code == _EOF and depth <= 0:
            return
    raise DamagedInput(_BROKEN)


def _globals(stream: bytes) -> _Book:
    book = _Book()
    segments: list[bytes] = []
    previous = 0
    for code, body in _records(stream, 0):
        if code == _BOF and previous == 0:
            book.wide = struct.unpack_from("<H", body)[0] == _BIFF8
        elif code == _FILEPASS:
            raise EncryptedInput("文件设有密码，请去除密码后重试")
        elif code == _BOUNDSHEET:
            offset, state, kind = struct.unpack_from("<IBB", body)
            name = _short_string(body[6:], book.wide)
            book.sheets.append((name, offset, state & 3 != 0, kind))
        elif code == _DATEMODE:
            book.date1904 = struct.unpack_from("<H", body)[0] == 1
        elif code in _FORMATS:
            number: int = struct.unpack_from("<H", body)[0]
            book.own[number] = _long_string(body[2:], True) if book.wide else _short_string(body[2:], False)
        elif code == _XF:
            book.xf.append(struct.unpack_from("<H", body, 2)[0])
        elif code == _SST or (code == _CONTINUE and previous == _SST):
            segments.append(body)
            code = _SST
        previous = code
    if segments:
        book.strings = _shared_strings(segments)
    if not book.sheets:
        raise DamagedInput("工作簿中没有工作表，请用 Excel 或 WPS 打开后重新另存再试")
    return book


def _plain(raw: bytes) -> str:
    return raw.decode("gb18030", errors="replace")


def _short_string(body: bytes, wide: bool) -> str:
    """Return a string with a one-byte length."""
    length = body[0]
    if not wide:
        return _plain(body[1 : 1 + length])
    return _characters(body[2:], length, body[1] & 1 != 0)


def _long_string(body: bytes, wide: bool) -> str:
    """Return a string with a two-byte length."""
    length = struct.unpack_from("<H", body)[0]
    if not wide:
        return _plain(body[2 : 2 + length])
    flags = body[2]
    start = 3 + (2 if flags & 8 else 0) + (4 if flags & 4 else 0)
    return _characters(body[start:], length, flags & 1 != 0)


def _characters(raw: bytes, length: int, double: bool) -> str:
    if double:
        return raw[: 2 * length].decode("utf-16-le", errors="replace")
    return raw[:length].decode("latin-1")


class _Segments:
    """Reads over the seams of a record and its continuations."""

    def __init__(self, segments: list[bytes]) -> None:
        self._segments = segments
        self._index = 0
        self._at = 0

    def _settle(self) -> None:
        while self._at >= len(self._segments[self._index]):
            self._at -= len(self._segments[self._index])
            self._index += 1
            if self._index >= len(self._segments):
                raise DamagedInput(_BROKEN)

    def take(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size > 0:
            self._settle()
            piece = self._segments[self._index][self._at : self._at + size]
            parts.append(piece)
            self._at += len(piece)
            size -= len(piece)
        return b"".join(parts)

    def characters(self, length: int, double: bool) -> str:
        """Read characters; each continuation says anew whether its characters have one byte or two."""
        parts: list[str] = []
        while length > 0:
            if self._at >= len(self._segments[self._index]):
                self._settle()
                double = self.take(1)[0] & 1 != 0
            left = len(self._segments[self._index]) - self._at
            count = min(length, left // (2 if double else 1))
            if count == 0:
                raise DamagedInput(_BROKEN)
            parts.append(_characters(self.take(count * (2 if double else 1)), count, double))
            length -= count
        return "".join(parts)


def _shared_strings(segments: list[bytes]) -> list[str]:
    reader = _Segments(segments)
    _, count = struct.unpack("<II", reader.take(8))
    strings: list[str] = []
    # A count beyond the data ends in DamagedInput at the first missing byte, so no list is sized by it.
    for _ in range(count):
        length, flags = struct.unpack("<HB", reader.take(3))
        runs = struct.unpack("<H", reader.take(2))[0] if flags & 8 else 0
        extra = struct.unpack("<I", reader.take(4))[0] if flags & 4 else 0
        strings.append(reader.characters(length, flags & 1 != 0))
        reader.take(4 * runs)
        reader.take(extra)
    return strings


class _Sheet:
    """Reads the cell records of one sheet."""

    def __init__(self, out: Collector, book: _Book, name: str) -> None:
        self._out = out
        self._book = book
        self._name = name
        self._builder = TableBuilder(out, name)
        self._merges = Merges()
        self._pending: tuple[int, int] | None = None
        """Cell of a formula whose text result stands in the next record."""

    def run(self, records: Iterator[_Record]) -> None:
        for code, body in records:
            self._record(code, body)
        self._out.add_table(self._merges.apply(self._out, self._builder.drafts), self._name)

    def _record(self, code: int, body: bytes) -> None:
        book = self._book
        if code == _STRING and self._pending is not None:
            row, col = self._pending
            self._pending = None
            self._put(row, col, _long_string(body, book.wide))
            return
        if code == _MERGED:
            count = struct.unpack_from("<H", body)[0]
            for index in range(count):
                top, bottom, left, right = struct.unpack_from("<4H", body, 2 + 8 * index)
                if top <= bottom and left <= right:
                    self._merges.ranges.append((top, left, bottom, right))
            return
        if code == _MULRK:
            row, first = struct.unpack_from("<HH", body)
            for index in range((len(body) - 6) // 6):
                xf, packed = struct.unpack_from("<HI", body, 4 + 6 * index)
                self._number(row, first + index, xf, _unpack_rk(packed))
            return
        if code not in (_NUMBER, _RK, _LABELSST, _BOOLERR, *_LABELS, *_FORMULAS):
            return
        row, col, xf = struct.unpack_from("<HHH", body)
        if code == _NUMBER:
            self._number(row, col, xf, struct.unpack_from("<d", body, 6)[0])
        elif code == _RK:
            self._number(row, col, xf, _unpack_rk(struct.unpack_from("<I", body, 6)[0]))
        elif code == _LABELSST:
            index = struct.unpack_from("<I", body, 6)[0]
            if index >= len(book.strings):
                raise DamagedInput(_BROKEN)
            self._put(row, col, book.strings[index])
        elif code == _BOOLERR:
            self._put(row, col, _bool_or_error(body[6], body[7] != 0))
        elif code in _LABELS:
            self._put(row, col, _long_string(body[6:], book.wide))
        else:
            self._formula(row, col, xf, body[6:14])

    def _formula(self, row: int, col: int, xf: int, result: bytes) -> None:
        """Take the stored result of a formula; formulas are never evaluated."""
        if result[6:8] != b"\xff\xff":
            self._number(row, col, xf, struct.unpack("<d", result)[0])
        elif result[0] == 0:
            self._pending = (row, col)
        elif result[0] in (1, 2):
            self._put(row, col, _bool_or_error(result[2], result[0] == 2))

    def _number(self, row: int, col: int, xf: int, value: float) -> None:
        self._put(row, col, shown(value, self._book.format(xf), date1904=self._book.date1904))

    def _put(self, row: int, col: int, text: str) -> None:
        if text:
            source = SourceRef(kind="xls", part=self._name, row=row + 1, col=col + 1)
            self._builder.add(text, col, row=row, source=source)


def _unpack_rk(packed: int) -> float:
    """Return the number of a packed cell: 30 bits of an integer or of a double, maybe in hundredths."""
    if packed & 2:
        value = float((packed >> 2) - (1 << 30 if packed & 0x80000000 else 0))
    else:
        value = struct.unpack("<d", b"\x00\x00\x00\x00" + struct.pack("<I", packed & 0xFFFFFFFC))[0]
    return value / 100 if packed & 1 else value


def _bool_or_error(value: int, error: bool) -> str:
    return _ERRORS.get(value, "#N/A") if error else ("TRUE" if value else "FALSE")
