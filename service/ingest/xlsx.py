"""xlsx and xlsm by streaming over the parts of the container.

An own reader instead of a library: texts must come out as people see them (95 % is stored as 0.95 under a
format), formulas without stored result must be noticed, and a lying dimension must not cost memory.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput
from service.ingest.collect import Collector, Merges, TableBuilder
from service.ingest.grid import RawDocument
from service.ingest.numfmt import BUILTIN, GENERAL, shown
from service.ingest.safe_xml import attribute, main_part, scan
from service.ingest.safe_zip import SafeZip
from service.settings import Limits

_CELL_NAME: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})$")
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_MAX_MERGES: Final = 100_000


@dataclass(slots=True)
class _Sheet:
    name: str
    hidden: bool
    relation: str


@dataclass(slots=True)
class _Book:
    """What the sheets share."""

    sheets: list[_Sheet] = field(default_factory=list)
    date1904: bool = False
    strings: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a workbook; every sheet becomes a table."""
    container = SafeZip(data, limits)
    out = Collector("xlsx", limits)
    if any(name.endswith("vbaproject.bin") for name in container.names):
        out.problem("macro", "文件含有宏，宏未读取也未运行，请核对依赖宏生成的内容")
    workbook = main_part(container, "xl/workbook.xml", limits)
    folder = posixpath.dirname(workbook)
    book = _workbook(container.read(workbook))
    relations = _relations(container, folder, posixpath.basename(workbook))
    for kind, target in relations.values():
        if kind == "sharedStrings" and target in container:
            book.strings = _strings(container.read(target))
        elif kind == "styles" and target in container:
            book.formats = _formats(container.read(target))
    for sheet in book.sheets:
        kind, target = relations.get(sheet.relation, ("", ""))
        if kind != "worksheet":
            message = f"「{sheet.name}」不是普通工作表（图表或宏表），未读取，请核对其中的内容"
            out.problem("unread-part", message)
            continue
        if sheet.hidden:
            out.problem(
                "hidden-sheet",
                f"工作表「{sheet.name}」是隐藏的，已照常读取，请确认是否应当提交",
                SourceRef(kind="xlsx", part=sheet.name),
            )
        _SheetReader(out, book, sheet.name).run(container.read(target))
    return out.document()


def _workbook(data: bytes) -> _Book:
    book = _Book()

    def start(name: str, attrs: dict[str, str]) -> None:
        if name == "sheet":
            hidden = attrs.get("state", "visible") != "visible"
            book.sheets.append(_Sheet(attrs.get("name", ""), hidden, attribute(attrs, "id") or ""))
        elif name == "workbookPr":
            book.date1904 = attrs.get("date1904") in ("1", "true")

    scan(data, start=start, end=_nothing, text=_nothing)
    if not book.sheets:
        raise DamagedInput("工作簿中没有工作表，请用 Excel 或 WPS 打开后重新另存再试")
    return book


def _relations(container: SafeZip, folder: str, name: str) -> dict[str, tuple[str, str]]:
    """Return relation id → (kind, part name)."""
    found: dict[str, tuple[str, str]] = {}

    def start(tag: str, attrs: dict[str, str]) -> None:
        if tag == "Relationship" and attrs.get("TargetMode") != "External":
            target = attrs.get("Target", "").replace("\\", "/")
            path = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            kind = attrs.get("Type", "").rpartition("/")[2]
            found[attrs.get("Id", "")] = (kind, posixpath.normpath(path))

    scan(container.read(f"{folder}/_rels/{name}.rels"), start=start, end=_nothing, text=_nothing)
    return found


def _strings(data: bytes) -> list[str]:
    """Return the shared strings; rich text is joined, phonetic guides are left out."""
    strings: list[str] = []
    parts: list[str] = []
    inside = {"t": False, "rPh": False}

    def start(name: str, _: dict[str, str]) -> None:
        if name == "si":
            parts.clear()
        elif name in inside:
            inside[name] = True

    def end(name: str) -> None:
        if name == "si":
            strings.append(_unescape("".join(parts)))
        elif name in inside:
            inside[name] = False

    def text(chars: str) -> None:
        if inside["t"] and not inside["rPh"]:
            parts.append(chars)

    scan(data, start=start, end=end, text=text)
    return strings


def _formats(data: bytes) -> list[str]:
    """Return the number format of every cell style."""
    own: dict[int, str] = {}
    ids: list[int] = []
    path: list[str] = []

    def start(name: str, attrs: dict[str, str]) -> None:
        path.append(name)
        if name == "numFmt" and "numFmts" in path:
            number = attrs.get("numFmtId", "")
            if number.isdigit():
                own[int(number)] = attrs.get("formatCode", GENERAL)
        elif name == "xf" and "cellXfs" in path[-3:]:
            number = attrs.get("numFmtId", "0")
            ids.append(int(number) if number.isdigit() else 0)

    scan(data, start=start, end=lambda _: path.pop(), text=_nothing)
    return [own.get(number) or BUILTIN.get(number, GENERAL) for number in ids]


class _SheetReader:
    """Streams over one sheet."""

    def __init__(self, out: Collector, book: _Book, name: str) -> None:
        self._out = out
        self._book = book
        self._name = name
        self._builder = TableBuilder(out, name)
        self._merges = Merges()
        self._row = -1
        self._col = -1
        self._kind = "n"
        self._style = 0
        self._value: list[str] = []
        self._inline: list[str] = []
        self._in_value = self._in_text = self._phonetic = self._formula = False
        self._unsaved: list[SourceRef] = []
        self._unsaved_count = 0

    def run(self, data: bytes) -> None:
        scan(data, start=self._start, end=self._end, text=self._text)
        drafts = self._merges.apply(self._out, self._builder.drafts)
        self._out.add_table(drafts, self._name)
        if self._unsaved_count:
            self._out.problem(
                "formula",
                f"工作表「{self._name}」有 {self._unsaved_count} 个公式没有保存计算结果，按空单元格读取，"
                "请用 Excel 或 WPS 打开并保存后重试",
                self._unsaved[0],
            )

    def _start(self, name: str, attrs: dict[str, str]) -> None:
        if name == "c":
            self._open_cell(attrs)
        elif name == "v":
            self._in_value = True
        elif name == "t":
            self._in_text = True
        elif name == "f":
            self._formula = True
        elif name == "rPh":
            self._phonetic = True
        elif name == "row":
            number = attrs.get("r", "")
            self._row = int(number) - 1 if number.isdigit() and len(number) <= 7 else self._row + 1
            self._col = -1
        elif name == "mergeCell" and len(self._merges.ranges) < _MAX_MERGES:
            self._merge(attrs.get("ref", ""))

    def _open_cell(self, attrs: dict[str, str]) -> None:
        place = _CELL_NAME.match(attrs.get("r", ""))
        if place is not None:
            self._row, self._col = int(place[2]) - 1, _column(place[1])
        else:
            self._col += 1
        self._kind = attrs.get("t", "n")
        style = attrs.get("s", "0")
        self._style = int(style) if style.isdigit() and len(style) <= 6 else 0
        self._value, self._inline = [], []
        self._formula = False

    def _text(self, chars: str) -> None:
        if self._in_value:
            self._value.append(chars)
        elif self._in_text and not self._phonetic:
            self._inline.append(chars)

    def _end(self, name: str) -> None:
        if name == "v":
            self._in_value = False
        elif name == "t":
            self._in_text = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            self._close_cell()

    def _close_cell(self) -> None:
        value = "".join(self._value)
        if self._formula and not value and self._kind not in ("str", "inlineStr"):
            self._unsaved_count += 1
            if not self._unsaved:
                self._unsaved.append(self._source())
        text = self._cell_text(value)
        # Styled cells without content are everywhere in real sheets and say nothing.
        if text and self._row >= 0:
            self._builder.add(text, self._col, row=self._row, source=self._source())

    def _source(self) -> SourceRef:
        return SourceRef(kind="xlsx", part=self._name, row=self._row + 1, col=self._col + 1)

    def _cell_text(self, value: str) -> str:
        kind = self._kind
        if kind == "inlineStr":
            return _unescape("".join(self._inline))
        if kind == "s":
            index = int(value) if value.isascii() and value.strip().isdigit() and len(value) < 12 else -1
            if value and not 0 <= index < len(self._book.strings):
                raise DamagedInput("工作簿的文字表不完整，请用 Excel 或 WPS 打开后重新另存再试")
            return self._book.strings[index] if value else ""
        if kind == "str":
            return _unescape(value)
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind == "d":
            return value.replace("T00:00:00", "").replace("T", " ")
        if kind == "e" or not value:
            return value
        return shown(value, self._format(self._book.formats), date1904=self._book.date1904)

    def _format(self, formats: Sequence[str]) -> str:
        return formats[self._style] if self._style < len(formats) else GENERAL

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        start, end = _CELL_NAME.match(first), _CELL_NAME.match(last)
        if start is None or end is None:
            return
        rows = sorted((int(start[2]) - 1, int(end[2]) - 1))
        cols = sorted((_column(start[1]), _column(end[1])))
        self._merges.ranges.append((rows[0], cols[0], rows[1], cols[1]))


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def _unescape(text: str) -> str:
    """Resolve _x000D_ and the like, as the format writes characters that XML cannot hold."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _nothing(*_: object) -> None:
    return None
