"""A copy of an original workbook with comments and colours on the cells, and the review sheets behind it."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from typing import TYPE_CHECKING, Any, Final, cast

from models.records.document import SourceRef
from models.records.finding import Severity
from service.export import sheets
from service.export.base import AUTHOR
from service.export.notes import notes
from service.export.view import ReportView
from service.export.workbook import add_review_sheets

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.cell.cell import Cell
    from openpyxl.worksheet.worksheet import Worksheet

MAX_ORIGINAL: Final = 4 * 1024 * 1024
"""openpyxl needs about ten seconds a megabyte; above this the copy is not worth the wait."""
_MAX_COMMENT: Final = 8_000
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384

Spot = tuple[str, int, int]


def annotate_workbook(view: ReportView, original: bytes) -> bytes | None:
    """Return the annotated copy, or None where the original cannot be rewritten."""
    if len(original) > MAX_ORIGINAL:
        return None
    # openpyxl is stricter than the readers and raises whatever its parsers raise on a slightly odd workbook.
    # The copy is an extra: a workbook that it cannot open must not cost the user the report.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = _open(original)
    except Exception:
        return None
    _comment(book, view)
    add_review_sheets(book, view, "本文件为原表的批注副本，原表中的公式已替换为其结果")
    return sheets.save(book)


def _open(original: bytes) -> Workbook:
    """Open with stored results in place of formulas; a formula without a result stays visible as text."""
    from openpyxl import load_workbook

    book = load_workbook(io.BytesIO(original), data_only=True, keep_links=False)
    if _has_formulas(original):
        filed = load_workbook(io.BytesIO(original), keep_links=False)
        for sheet in filed.worksheets:
            for row in sheet.iter_rows():
                for cell in cast("tuple[Cell, ...]", row):
                    target: Any = book[sheet.title].cell(cell.row, cell.column)
                    if cell.data_type == "f" and target.value is None:
                        sheets.put(target, _formula_text(cell.value))
    # Without the links kept, names that point into other workbooks would make Excel offer a repair.
    for names in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for key in [key for key, name in names.items() if "[" in (name.attr_text or "")]:
            del names[key]
    return book


def _has_formulas(original: bytes) -> bool:
    with zipfile.ZipFile(io.BytesIO(original)) as container:
        return any(
            re.search(rb"<(?:\w+:)?f[ >/]", container.read(name))
            for name in container.namelist()
            if name.startswith("xl/worksheets/")
        )


def _formula_text(value: object) -> str:
    return str(getattr(value, "text", value) or "")


def _comment(book: Workbook, view: ReportView) -> None:
    texts: dict[Spot, list[str]] = {}
    worst: dict[Spot, Severity] = {}
    for note in notes(view):
        spot = next((found for source in note.sources if (found := _spot(book, source))), None)
        if spot is None:
            continue
        if note.text:
            texts.setdefault(spot, []).append(note.text)
        if spot not in worst or note.severity.rank < worst[spot].rank:
            worst[spot] = note.severity
    for spot, severity in worst.items():
        cell = sheets.at(book[spot[0]], spot[1], spot[2])
        cell.fill = sheets.style(sheets.COLOURS[severity.value])
        if spot in texts:
            _attach(cell, texts[spot])


def _attach(cell: Cell, texts: list[str]) -> None:
    from openpyxl.comments import Comment

    earlier = cell.comment.text.strip() if cell.comment is not None else ""
    text = "\n\n".join([*([f"原批注：{earlier}"] if earlier else []), *texts])
    if len(text) > _MAX_COMMENT:
        text = text[:_MAX_COMMENT] + "…（其余见复核明细）"
    comment = Comment(text, AUTHOR)
    comment.width = 360
    comment.height = min(420, 30 + 17 * sum(1 + len(line) // 26 for line in text.split("\n")))
    cell.comment = comment


def _spot(book: Workbook, source: SourceRef) -> Spot | None:
    """Return sheet, row and column of a place, moved to the first cell of a merged range."""
    row, column = source.row or 0, source.col or 0
    if source.part not in book.sheetnames or not (0 < row <= _LAST_ROW and 0 < column <= _LAST_COLUMN):
        return None
    sheet = book[source.part]
    if sheet not in book.worksheets:
        return None
    return (source.part, *_first_of_merge(sheet, row, column))


def _first_of_merge(sheet: Worksheet, row: int, column: int) -> tuple[int, int]:
    for merged in sheet.merged_cells.ranges:
        if merged.min_row <= row <= merged.max_row and merged.min_col <= column <= merged.max_col:
            return merged.min_row, merged.min_col
    return row, column
