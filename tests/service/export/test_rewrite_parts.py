"""What stands around the edited cells: formulas, formats, comments, charts, content controls, and the other parts."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from docx import Document as WordDocument
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import PatternFill
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from rewrite_cases import (
    addition,
    change,
    fill_form,
    flat_xlsx,
    form_docx,
    form_xlsx,
    judged,
    linked,
    parts,
    patched,
    read,
    removal,
    rewrite,
    saved,
    shared,
    texts,
)

from service.export.sheet_shift import Moves, shift_formula, shift_list
from service.export.xlsx_values import show_number
from service.ingest.numfmt import BUILTIN, shown

SHEET = "xl/worksheets/sheet1.xml"
BODY = "word/document.xml"
SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'


def swap(old: str, new: str) -> Callable[[str], str]:
    def run(text: str) -> str:
        assert text.count(old) == 1, (text.count(old), old)
        return text.replace(old, new)

    return run


def office_book() -> bytes:
    """A form as an office fills it: totals, a summary sheet, a comment, a list to choose from, a chart, names."""
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "表 一"
    fill_form(sheet, 1, "道路养护", merged=True)
    sheet["A12"], sheet["H12"], sheet["J1"], sheet["J2"] = "合计", "=SUM(H6:H11)", "=$F$7*2", "=F6"
    sheet["F8"].comment = Comment("请核对", "审核")
    choice = DataValidation(type="list", formula1='"≥,≤"')
    choice.add("E6:E11")
    sheet.add_data_validation(choice)
    sheet.conditional_formatting.add(
        "H6:H11",
        CellIsRule(operator="lessThan", formula=["$H$12"], fill=PatternFill("solid", start_color="FF0000")),
    )
    other = book.create_sheet("汇总")
    other["A1"], other["A2"] = "='表 一'!H12", "=SUM('表 一'!H6:H11)"
    book.defined_names["总分"] = DefinedName("总分", attr_text="'表 一'!$H$12")
    sheet.print_area = "A1:H12"
    chart = BarChart()
    chart.add_data(Reference(sheet, min_col=8, min_row=6, max_row=11))
    sheet.add_chart(chart, "J20")
    return saved(book)


def test_what_refers_to_rows_follows_them() -> None:
    data = office_book()
    document = read(data, "a.xlsx")
    edits = (removal(document, 0), addition(document), addition(document, 1))
    book = load_workbook(io.BytesIO(judged(data, "a.xlsx", *edits)))
    sheet: Any = book["表 一"]
    assert (sheet["A13"].value, sheet["H13"].value) == ("合计", "=SUM(H6:H12)")
    assert (sheet["J1"].value, sheet["J2"].value) == ("=$F$6*2", "=#REF!")
    assert [cell.value for cell in book["汇总"]["A"]] == ["='表 一'!H13", "=SUM('表 一'!H6:H12)"]
    assert sheet["F7"].comment.text == "请核对"
    assert str(sheet.data_validations.dataValidation[0].sqref) == "E6:E12"
    ((formatted, rules),) = sheet.conditional_formatting._cf_rules.items()
    assert (str(formatted.sqref), rules[0].formula) == ("H6:H12", ["$H$13"])
    assert book.defined_names["总分"].attr_text == "'表 一'!$H$13"
    assert sheet.print_area == "'表 一'!$A$1:$H$13"
    assert sheet._charts[0].series[0].val.numRef.f == "'表 一'!$H$6:$H$12"
    assert sorted(map(str, sheet.merged_cells.ranges)) == ["A6:A7", "A8:A9", "B4:H4"]
    heights = [sheet.row_dimensions[row].height for row in range(6, 13)]
    assert heights == [21, 22, 23, 24, 25, 25, 25]
    assert book.calculation.fullCalcOnLoad


def test_other_parts_stay_byte_for_byte() -> None:
    for data, name, path, own in (
        (office_book(), "a.xlsx", "projects[0].rows[3].name", {SHEET, "xl/workbook.xml"}),
        (form_docx(), "a.docx", "projects[0].rows[3].name", {BODY}),
    ):
        before = parts(data)
        after = parts(judged(data, name, change(read(data, name), path, "改写后")))
        assert list(after) == list(before)
        assert {key for key in before if before[key] != after[key]} == own


def test_stored_results_stay_and_the_order_of_calculation_goes() -> None:
    data = patched(office_book(), SHEET, swap("(H6:H11)</f><v></v>", "(H6:H11)</f><v>100</v>"))
    data = linked(data, "calcChain", f"<calcChain {SPACE}/>")
    after = parts(judged(data, "a.xlsx", change(read(data, "a.xlsx"), "projects[0].rows[0].name", "改写后")))
    assert b"<v>100</v>" in after[SHEET]
    assert "xl/calcChain.xml" not in after
    assert b"calcChain" not in after["[Content_Types].xml"] + after["xl/_rels/workbook.xml.rels"]


def test_shared_formulas_are_written_out_before_rows_move() -> None:
    data = patched(office_book(), SHEET, swap("<f>$F$7*2</f>", '<f t="shared" ref="J1:J2" si="0">F6*2</f>'))
    data = patched(data, SHEET, swap("<f>F6</f>", '<f t="shared" si="0"/>'))
    document = read(data, "a.xlsx")
    sheet: Any = load_workbook(io.BytesIO(judged(data, "a.xlsx", removal(document, 0))))["表 一"]
    assert (sheet["J1"].value, sheet["J2"].value) == ("=#REF!*2", "=F6*2")


def test_numbers_stay_numbers_where_their_format_shows_them() -> None:
    data = form_xlsx()
    document = read(data, "a.xlsx")
    edits = (
        change(document, "projects[0].budget.total", "40.25"),
        change(document, "projects[0].budget.fiscal", "30.125"),
        change(document, "projects[0].rows[0].value", "130"),
        change(document, "projects[0].rows[2].value", "97%"),
        change(document, "projects[0].rows[1].value", "12至15"),
        change(document, "projects[0].rows[3].value", "0030"),
        change(document, "projects[0].rows[4].name", "=HYPERLINK(1)"),
        change(document, "projects[0].rows[5].name", "-甲"),
        addition(document, value="15", weight="5"),
    )
    sheet: Any = load_workbook(io.BytesIO(judged(data, "a.xlsx", *edits))).active
    assert [sheet[name].value for name in ("B3", "E3", "F6", "F8", "F7", "F9", "H12")] == [
        *(40.25, 30.125, 130, 0.97, "12至15", "0030", 5),
    ]
    assert (sheet["F8"].number_format, sheet["E3"].number_format) == ("0%", "General")
    assert [(sheet[name].data_type, sheet[name].quotePrefix) for name in ("C10", "C11")] == [("s", True)] * 2
    assert not sheet["C9"].quotePrefix
    plain = rewrite(data, "a.xlsx", [change(document, "projects[0].budget.fiscal", "12.5")])
    assert load_workbook(io.BytesIO(plain.data)).active["E3"].value == 12.5


def test_rich_text_keeps_its_runs_and_escapes() -> None:
    rich = "<r><rPr><b/></rPr><t>养护</t></r><r><t>里程_x000D_</t></r><r><t>_x0007_</t></r><rPh sb='0' eb='1'><t>ヤ</t></rPh>"
    data = shared(form_xlsx(), 养护里程=rich)
    document = read(data, "a.xlsx")
    done = judged(data, "a.xlsx", change(document, "projects[0].rows[0].name", "公路里程_x0041_"))
    content = parts(done)[SHEET].decode()
    assert (
        "<is><r><rPr><b/></rPr><t>公路里程_x005F_x0041_</t></r><r><t>_x000D_</t></r><r><t>_x0007_</t></r></is>"
        in content
    )
    assert "ヤ" not in content


def test_a_text_too_long_for_a_cell_is_handed_back() -> None:
    data = form_xlsx()
    edit = change(read(data, "a.xlsx"), "projects[0].rows[0].name", "长" * 40_000)
    done = rewrite(data, "a.xlsx", [edit])
    assert done.missed == (edit,)
    assert texts(read(done.data, "a.xlsx")) == texts(read(data, "a.xlsx"))


def test_one_cell_for_name_and_description_takes_only_one_text() -> None:
    book: Any = load_workbook(io.BytesIO(form_xlsx()))
    book.active["D6"] = None
    book.active.merge_cells("C6:D6")
    data = saved(book)
    document = read(data, "a.xlsx")
    head = "projects[0].rows[0]"
    alone = change(document, f"{head}.name", "公路里程")
    assert rewrite(data, "a.xlsx", [alone]).missed == (alone,)
    judged(data, "a.xlsx", alone, change(document, f"{head}.description", "公路里程"))
    judged(data, "a.xlsx", removal(document, 0), addition(document, description="说明"))


def test_of_overlapping_merges_the_first_counts() -> None:
    data = patched(
        form_xlsx(),
        SHEET,
        lambda text: text.replace('ref="B6:B7"/>', 'ref="B6:B7"/><mergeCell ref="A7:B7"/>'),
    )
    judged(data, "a.xlsx", change(read(data, "a.xlsx"), "projects[0].rows[1].level2", "质量指标"))


def test_extra_columns_of_new_rows_are_blank_and_heads_stay() -> None:
    data = flat_xlsx("repeated")
    document = read(data, "flat.xlsx")
    sheet: Any = load_workbook(io.BytesIO(judged(data, "flat.xlsx", addition(document, weight="10")))).active
    assert [cell.value for cell in sheet[5]] == [
        *("A001", "道路养护", 12, "满意度指标", "服务对象满意度指标", "新增指标0", "≥90%", 10, None),
    ]


# --- Word ---------------------------------------------------------------------------------------------------------


def test_merges_that_reach_below_the_last_row_are_parted() -> None:
    document: Any = WordDocument(io.BytesIO(form_docx()))
    table = document.tables[0]
    table.add_row()
    table.cell(10, 0).merge(table.cell(11, 0))
    data = saved(document)
    filed = read(data, "a.docx")
    judged(data, "a.docx", addition(filed), addition(filed, 1))
    judged(data, "a.docx", addition(filed), removal(filed, 5))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (">≥</w:t>", '></w:t><w:sym w:font="Symbol" w:char="F0B3"/>'),
        (">养护里</w:t>", ">养护</w:t><w:br/><w:t>里</w:t><w:noBreakHyphen/>"),
        ("<w:r><w:rPr><w:i/></w:rPr>", "<w:r><w:rPr><w:i/></w:rPr><w:t/>"),
    ],
)
def test_odd_runs(old: str, new: str) -> None:
    data = patched(form_docx(), BODY, lambda text: text.replace(old, new))
    document = read(data, "a.docx")
    judged(data, "a.docx", change(document, "projects[0].rows[0].operator", "≤"))
    judged(data, "a.docx", change(document, "projects[0].rows[0].name", "公路里程"), removal(document, 1))


def test_rows_in_content_controls_and_tracked_changes() -> None:
    source: Any = WordDocument(io.BytesIO(form_docx()))
    rows = source.tables[0]._tbl.tr_lst
    body = parts(form_docx())[BODY].decode()
    pieces = body.split("<w:tr>")
    assert len(pieces) - 1 == 2 * len(rows)
    gone = "<w:trPr><w:del w:id='1' w:author='x'/></w:trPr>" + pieces[7]
    last = pieces[11].removesuffix("</w:tr></w:tbl>")
    rest = pieces[11][pieces[11].index("</w:tr>") + 7 :]
    last = pieces[11][: pieces[11].index("</w:tr>")]
    control = (
        f"<w:sdt><w:sdtPr><w:id w:val='7'/></w:sdtPr><w:sdtContent><w:tr>{last}</w:tr></w:sdtContent></w:sdt>"
    )
    made = (
        "<w:tr>".join([*pieces[:7], gone, *pieces[7:11]])
        + control
        + rest
        + "<w:tr>"
        + "<w:tr>".join(pieces[12:])
    )
    data = patched(form_docx(), BODY, lambda _: made)
    document = read(data, "a.docx")
    assert len(document.projects[0].rows) == 6
    judged(data, "a.docx", change(document, "projects[0].rows[5].name", "改写后"), addition(document))
    done = judged(data, "a.docx", removal(document, 5), addition(document))
    assert b"<w:sdt>" not in parts(done)[BODY]


# --- references ---------------------------------------------------------------------------------------------------


def test_references_follow_excel() -> None:
    moves = Moves({4, 9}, {7: 2})
    for text, expected in (
        ("A3+A5", "A3+A4"),
        ("A4", "#REF!"),
        ("SUM(A4:A9)", "SUM(A4:A9)"),
        ("SUM(A5:A7)", "SUM(A4:A8)"),
        ("SUM($A$7)", "SUM($A$6)"),
        ("A8", "A9"),
        ("8:10", "9:10"),
        ("B:B", "B:B"),
        ('Other!A8&"A8"', 'Other!A8&"A8"'),
        ("LOG10(A8)+总分", "LOG10(A9)+总分"),
        ("'S'!A8", "'S'!A9"),
        ('"unclosed', '"unclosed'),
    ):
        assert shift_formula(text, "S", "S", moves) == expected
    assert shift_formula("A8+S!A8", "Other", "S", moves) == "A8+S!A9"
    assert shift_list("A4 B5:B7 C9:C9 D8", moves) == "B4:B8 D9"


def test_numbers_show_as_the_reader_shows_them() -> None:
    for code in ("General", "0", "0.00", "#,##0", "#,##0.00", "0%", "0.0%", "0.00_ ", "0.000"):
        assert code not in ("0", "0.00") or code in BUILTIN.values()
        for value in ("0", "0.5", "0.005", "12", "1234.567", "-3.145", "0.95", "1E+5", "99999999"):
            assert show_number(value, code) == shown(value, code), (value, code)
    assert show_number("45000", "yyyy-mm-dd") is None
