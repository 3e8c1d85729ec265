"""Excel-XML 2003 (SpreadsheetML), often named .xls: ss:Index, merged cells, number formats."""

from __future__ import annotations

import datetime
import re
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput
from service.ingest.collect import Collector, Draft, Merges, TableBuilder
from service.ingest.decode import decode
from service.ingest.grid import RawDocument
from service.ingest.numfmt import GENERAL, shown
from service.ingest.safe_xml import attribute, scan
from service.settings import Limits

_NAMED: Final = {
    "general number": GENERAL,
    "fixed": "0.00",
    "standard": "#,##0.00",
    "currency": "#,##0.00",
    "euro currency": "#,##0.00",
    "percent": "0.00%",
    "scientific": "0.00E+00",
    "general date": "yyyy/m/d h:mm",
    "long date": 'yyyy"年"m"月"d"日"',
    "medium date": "yyyy/m/d",
    "short date": "yyyy/m/d",
    "long time": "h:mm:ss",
    "medium time": "h:mm",
    "short time": "h:mm",
}
"""Formats that the file names by words."""
_EPOCH: Final = datetime.datetime(1899, 12, 30)
_DIGITS: Final = re.compile(r"\d{1,7}$")


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a workbook saved as XML table; every sheet becomes a table."""
    decoded = decode(data, declared=True)
    if decoded is None:
        raise DamagedInput("文件的字符编码无法识别，请用 Excel 或 WPS 打开后另存为 xlsx 再试")
    out = Collector("xml2003", limits)
    if decoded.lost:
        out.problem("truncated", f"文件中有 {decoded.lost} 处字符无法识别，请核对原文件")
    book = _Workbook(out)
    text = decoded.text.removeprefix("\ufeff").lstrip()
    scan(text, start=book.start, end=book.end, text=book.text, mixed=True)
    return out.document()


def _number(attrs: dict[str, str], name: str) -> int | None:
    value = attribute(attrs, name)
    return int(value) if value is not None and _DIGITS.match(value) else None


class _Workbook:
    """State of the walk through one workbook."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._formats: dict[str, str] = {}
        self._parents: dict[str, str] = {}
        self._style = ""
        self._column_styles: dict[int, str] = {}
        self._next_column = 0
        self._sheet = ""
        self._table: TableBuilder | None = None
        self._merges = Merges()
        self._row = self._col = -1
        self._row_style = ""
        self._cell_style = ""
        self._spans = (0, 0)
        self._kind = ""
        self._formula = False
        self._parts: list[str] = []
        self._in_data = self._in_comment = self._in_visible = False
        self._unsaved = 0

    def start(self, name: str, attrs: dict[str, str]) -> None:
        """Take an opening tag."""
        if name == "Cell":
            self._open_cell(attrs)
        elif name == "Data" and not self._in_comment:
            self._in_data = True
            self._kind = attribute(attrs, "Type") or "String"
        elif name == "Comment":
            self._in_comment = True
        elif name == "Row" and self._table is not None:
            index = _number(attrs, "Index")
            self._row = index - 1 if index else self._row + 1
            self._col = -1
            self._row_style = attribute(attrs, "StyleID") or ""
        elif name == "Column":
            self._open_column(attrs)
        elif name == "Worksheet":
            self._sheet = attribute(attrs, "Name") or ""
            self._column_styles, self._next_column, self._row, self._unsaved = {}, 0, -1, 0
        elif name == "Table":
            self._table = TableBuilder(self._out, self._sheet)
            self._merges = Merges()
        elif name == "Style":
            self._style = attribute(attrs, "ID") or ""
            self._parents[self._style] = attribute(attrs, "Parent") or ""
        elif name == "NumberFormat":
            code = attribute(attrs, "Format") or GENERAL
            self._formats[self._style] = _NAMED.get(code.lower(), code)
        elif name == "Visible":
            self._in_visible = True
            self._parts = []

    def text(self, chars: str) -> None:
        """Take character data."""
        if self._in_data or self._in_visible:
            self._parts.append(chars)

    def end(self, name: str) -> None:
        """Take a closing tag."""
        if name == "Data":
            self._in_data = False
        elif name == "Comment":
            self._in_comment = False
        elif name == "Cell":
            self._close_cell()
        elif name == "Visible":
            self._in_visible = False
            if "".join(self._parts).strip() in ("SheetHidden", "SheetVeryHidden"):
                self._out.problem(
                    "hidden-sheet",
                    f"工作表「{self._sheet}」是隐藏的，已照常读取，请确认是否应当提交",
                    SourceRef(kind="xml2003", part=self._sheet),
                )
        elif name == "Table" and self._table is not None:
            self._out.add_table(self._merges.apply(self._out, self._table.drafts), self._sheet)
            self._table = None
            if self._unsaved:
                self._out.problem(
                    "formula",
                    f"工作表「{self._sheet}」有 {self._unsaved} 个公式没有保存计算结果，按空单元格读取，"
                    "请用 Excel 或 WPS 打开并保存后重试",
                    SourceRef(kind="xml2003", part=self._sheet),
                )

    def _open_column(self, attrs: dict[str, str]) -> None:
        index = _number(attrs, "Index")
        first = index - 1 if index else self._next_column
        last = min(first + (_number(attrs, "Span") or 0), self._out.limits.max_columns)
        style = attribute(attrs, "StyleID")
        for col in range(first, last + 1) if style else ():
            self._column_styles[col] = style or ""
        self._next_column = last + 1

    def _open_cell(self, attrs: dict[str, str]) -> None:
        index = _number(attrs, "Index")
        self._col = index - 1 if index else self._col + 1
        self._spans = (_number(attrs, "MergeDown") or 0, _number(attrs, "MergeAcross") or 0)
        self._cell_style = attribute(attrs, "StyleID") or ""
        self._formula = attribute(attrs, "Formula") is not None
        self._parts, self._kind = [], ""

    def _close_cell(self) -> None:
        if self._table is None:
            return
        down, across = self._spans
        value = "".join(self._parts)
        if self._formula and not self._kind:
            self._unsaved += 1
        text = self._shown(value)
        if self._row >= 0 and (text or down or across):
            source = SourceRef(kind="xml2003", part=self._sheet, row=self._row + 1, col=self._col + 1)
            draft: Draft = self._table.add(text, self._col, row=self._row, source=source)
            if down or across:
                self._merges.ranges.append((draft.row, draft.col, draft.row + down, draft.col + across))
        self._col += across

    def _shown(self, value: str) -> str:
        if self._kind == "Number":
            return shown(value.strip(), self._format())
        if self._kind == "DateTime":
            try:
                moment = datetime.datetime.fromisoformat(value.strip()).replace(tzinfo=None)
            except ValueError:
                return value
            code = self._format()
            serial = (moment - _EPOCH).total_seconds() / 86400
            return shown(serial, "yyyy/m/d" if code == GENERAL else code)
        if self._kind == "Boolean":
            return {"1": "TRUE", "0": "FALSE"}.get(value.strip(), value)
        return value

    def _format(self) -> str:
        style = self._cell_style or self._row_style or self._column_styles.get(self._col, "") or "Default"
        # A style may lean on others; twenty steps are more than any file has, and end a ring.
        for _ in range(20):
            if style in self._formats:
                return self._formats[style]
            style = self._parents.get(style, "")
            if not style:
                break
        return GENERAL
