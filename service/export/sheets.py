"""Cells, names and widths of a workbook that cannot run, break or surprise."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from service.export.base import AUTHOR, FIXED_TIME, one_line, reproducible, safe_text

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

Value = str | int | Decimal

MAX_CELL: Final = 32_000
"""Excel holds 32,767 characters in a cell."""
FONT: Final = "宋体"
COLOURS: Final = {"error": "F8CBCB", "warning": "FFE6A8", "info": "D6E6F5"}
HEAD_COLOUR: Final = "DCE3EA"
_RISKY: Final = ("=", "+", "-", "@")
_LINE_POINTS: Final = 14.5
_MAX_HEIGHT: Final = 400.0


def put(cell: Cell, value: Value) -> None:
    """Write a value that no program will run.

    Text is stored as a string whatever it begins with; risky beginnings also get Excel's own quote prefix, so
    that editing the cell keeps it text. The shown text is the same.
    """
    if not isinstance(value, str):
        cell.value = value
        return
    text = safe_text(value)
    if len(text) > MAX_CELL:
        text = text[:MAX_CELL] + "…（过长，已截断）"
    cell.value = text
    cell.data_type = "s"
    if text.lstrip(" \u3000").startswith(_RISKY):
        cell.quotePrefix = True


def at(sheet: Worksheet, row: int, column: int) -> Cell:
    """Return a cell that is not covered by a merge."""
    return cast("Cell", sheet.cell(row, column))


def sheet_name(title: str, taken: set[str]) -> str:
    """Return a legal sheet name not in `taken` (compared without case) and add it there."""
    base = re.sub(r"[\[\]:*?/\\]", "_", one_line(title)).strip("' ") or "工作表"
    if base.lower() == "history":
        base += "_"
    number = 1
    while True:
        suffix = "" if number == 1 else f"({number})"
        name = _cut_units(base, 31 - len(suffix)).strip("' ") + suffix
        if name.lower() not in taken:
            taken.add(name.lower())
            return name
        number += 1


def _cut_units(text: str, units: int) -> str:
    """Cut to a number of UTF-16 units, which is what Excel counts."""
    return text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")


def save(book: Workbook) -> bytes:
    """Return the workbook as bytes that are the same for the same content."""
    book.properties.creator = AUTHOR
    book.properties.lastModifiedBy = AUTHOR
    book.properties.created = FIXED_TIME
    out = io.BytesIO()
    book.save(out)
    return reproducible(out.getvalue())


@cache
def style(name: str) -> Any:
    """Return a shared style object; openpyxl hashes styles, sharing keeps that cheap."""
    from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

    side = Side(style="thin", color="B5BDC6")
    made = {
        "title": Font(name=FONT, size=16, bold=True),
        "head": Font(name=FONT, size=10, bold=True),
        "body": Font(name=FONT, size=10),
        "link": Font(name=FONT, size=10, color="1F5B8F", underline="single"),
        "border": Border(left=side, right=side, top=side, bottom=side),
        "left": Alignment(horizontal="left", vertical="center", wrap_text=True),
        "top": Alignment(horizontal="left", vertical="top", wrap_text=True),
        "centre": Alignment(horizontal="center", vertical="center", wrap_text=True),
    }
    if name in made:
        return made[name]
    return PatternFill("solid", start_color=name, end_color=name)


def start_sheet(
    book: Workbook, name: str, title: str, subtitle: str, head: Sequence[str], widths: Sequence[float]
) -> Worksheet:
    """Add a sheet with a merged title, a line below it and a frozen header in row 3."""
    sheet: Worksheet = book.create_sheet(name)
    last = len(head)
    for row, text, kind, height in ((1, title, "title", 30.0), (2, subtitle, "body", 18.0)):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=last)
        cell = at(sheet, row, 1)
        put(cell, text)
        cell.font = style(kind)
        cell.alignment = style("centre" if row == 1 else "left")
        sheet.row_dimensions[row].height = height
    total = sum(widths)
    sheet.row_dimensions[2].height = max(18.0, _LINE_POINTS * -(-_units(subtitle) // int(total)) + 4)
    for column, (text, width) in enumerate(zip(head, widths, strict=True), start=1):
        cell = at(sheet, 3, column)
        put(cell, text)
        cell.font = style("head")
        cell.fill = style(HEAD_COLOUR)
        cell.alignment = style("centre")
        cell.border = style("border")
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.row_dimensions[3].height = 30
    sheet.freeze_panes = "A4"
    sheet.sheet_view.showGridLines = False
    _page(sheet)
    return sheet


def add_row(
    sheet: Worksheet, row: int, values: Sequence[Value], widths: Sequence[float], centred: frozenset[int]
) -> None:
    """Write one bordered row from column 1, tall enough for its wrapped text."""
    lines = 1
    for column, (value, width) in enumerate(zip(values, widths, strict=True), start=1):
        cell = at(sheet, row, column)
        put(cell, value)
        cell.font = style("body")
        cell.border = style("border")
        cell.alignment = style("centre" if column in centred else "left")
        if isinstance(value, str):
            lines = max(lines, _lines(value, width))
    sheet.row_dimensions[row].height = min(_MAX_HEIGHT, lines * _LINE_POINTS + 6)


def close_table(sheet: Worksheet, last_row: int, columns: int) -> None:
    """Set the filter and the printed header once the number of rows is known."""
    from openpyxl.utils import get_column_letter

    sheet.auto_filter.ref = f"A3:{get_column_letter(columns)}{max(3, last_row)}"
    sheet.print_title_rows = "1:3"


def _page(sheet: Worksheet) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.paperSize = 9
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.75
    sheet.page_margins.footer = 0.35
    sheet.print_options.horizontalCentered = True
    footer = sheet.oddFooter
    if footer is not None:
        footer.center.text = "第 &P 页 共 &N 页"


def _units(text: str) -> int:
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def _lines(text: str, width: float) -> int:
    room = max(2, int(width) - 1)
    return sum(max(1, -(-_units(line) // room)) for line in safe_text(text)[:2000].split("\n"))
