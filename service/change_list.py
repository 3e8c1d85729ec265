"""The list of changes beside a corrected document, as a workbook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from models.records.document import Document
from models.records.finding import Edit
from service.export import paths, sheets
from service.export.suggestions import edit_view as view_of
from service.export.suggestions import edit_words, suggestion_view

if TYPE_CHECKING:
    from service.fixing import Fixed

_HEAD: Final = ("序号", "项目", "位置", "原文", "改为", "说明")
_WIDTHS: Final = (6, 22, 22, 34, 40, 14)
_WHY: Final = ("序号", "问题", "级别", "采用的建议", "说明")
_WHY_WIDTHS: Final = (6, 40, 10, 40, 42)


def change_list(fixed: Fixed, filed: Document, missed: Iterable[Edit] = ()) -> bytes:
    """Return the workbook: every change, why it was made, and what was left open."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    lost = set(missed)
    sheet = sheets.start_sheet(
        book,
        "修改清单",
        "修改清单",
        "由标尺按建议修改，请核实后使用；数字均为表内原有或按所列算式推算",
        _HEAD,
        _WIDTHS,
    )
    row = 4
    for number, edit in enumerate(fixed.edits, 1):
        view = view_of(filed, edit)
        where = paths.parse(edit.path)
        title = (
            paths.title_of(filed.projects[where.project], where.project) if where.project is not None else ""
        )
        note = (
            "未能写入原文件，请手工修改"
            if edit in lost
            else "删除该行"
            if view.removes
            else "新增行"
            if view.adds
            else ""
        )
        values: list[sheets.Value] = [number, title, view.place, view.old, view.new, note]
        sheets.add_row(sheet, row, values, _WIDTHS, frozenset({1}))
        row += 1
    sheets.close_table(sheet, row - 1, len(_HEAD))
    sheet = sheets.start_sheet(book, "修改理由", "修改理由", "每项修改对应的问题", _WHY, _WHY_WIDTHS)
    row = 4
    for number, item in enumerate(fixed.taken, 1):
        said = suggestion_view(filed, item.suggestion)
        values = [number, item.finding.wording.fact, item.finding.severity.label, said.title, said.rationale]
        sheets.add_row(sheet, row, values, _WHY_WIDTHS, frozenset({1, 3}))
        row += 1
    sheets.close_table(sheet, row - 1, len(_WHY))
    sheet = sheets.start_sheet(
        book,
        "尚需填写",
        "尚需填写",
        "修改之后仍有的问题及其建议；〔待填〕处只能由填报人填写",
        _WHY,
        _WHY_WIDTHS,
    )
    row = 4
    for number, finding in enumerate(fixed.after.findings, 1):
        first = finding.suggestions[0] if finding.suggestions else None
        shown = suggestion_view(fixed.document, first) if first is not None else None
        todo = "；".join(edit_words(edit) for edit in shown.edits[:6]) if shown else finding.wording.advice
        line: list[sheets.Value] = [
            number, finding.wording.fact, finding.severity.label, shown.title if shown else "", todo,
        ]  # fmt: skip
        sheets.add_row(sheet, row, line, _WHY_WIDTHS, frozenset({1, 3}))
        row += 1
    sheets.close_table(sheet, row - 1, len(_WHY))
    return sheets.save(book)
