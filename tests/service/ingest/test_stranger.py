"""Files as strangers send them: lost merges, parts beside and behind the table, flat OpenDocument, browser PDFs."""

from __future__ import annotations

import pytest
from ingest_grids import HEADER, ROW, read, table

from models.records.document import Document
from service.errors import InputError, NoTableFound
from service.ingest.collect import Collector
from service.ingest.department_part import DepartmentReader
from service.ingest.grid import Paragraph
from service.ingest.load import load
from service.ingest.pdf_lines import read_char
from service.ingest.sniff import sniff
from service.settings import Limits

NAMED = ["项目编码", "P1", "项目名称", "护林", "", ""]


def unread(document: Document) -> list[str]:
    return [problem.kind for problem in document.problems]


def test_rows_under_a_side_label_stay_its_own_when_an_export_drops_the_empty_cell() -> None:
    project = read(
        table(
            NAMED,
            ["预算规模及资金用途", "预算数", "18.00", "其中：财政资金", "18.00", ""],
            ["-", "护林员补助。", "", "", "", ""],
            ["资金支出计划（%）", "3月底", "6月底", "10月底", "12月底", ""],
            ["-", "25%", "50%", "75%", "100%", ""],
            ["绩效目标", "1.完成巡护", "", "", "", ""],
            HEADER,
            ROW,
        )
    ).projects[0]
    assert project.budget.purpose.text == "护林员补助。"
    assert [point.percent.cell.text for point in project.plan] == ["25%", "50%", "75%", "100%"]
    assert [goal.text for goal in project.goals] == ["1.完成巡护"]


def test_unit_line_with_a_single_blank_names_the_department() -> None:
    document = read("1.护林绩效目标表", "501001清河镇人民政府本级 单位：万元", table(NAMED, HEADER, ROW))
    assert document.projects[0].department.text == "501001清河镇人民政府本级"


def test_tables_side_by_side_are_reported() -> None:
    document = read(table([*NAMED, *NAMED], [*HEADER, *HEADER], [*ROW, *ROW]))
    assert unread(document) == ["unread-table"]


def test_cells_right_of_the_header_are_reported() -> None:
    document = read(table([*NAMED, ""], [*HEADER, ""], [*ROW, ""], [*ROW, "另有指标"]))
    assert unread(document) == ["unread-table"]


def test_rest_of_a_split_table_without_levels_is_reported_and_never_becomes_a_goal() -> None:
    document = read(
        table(NAMED, ["绩效目标", "1.完成巡护", "", "", "", ""], HEADER, ROW),
        "（续表）",
        table(["火灾次数", "全年火灾", "≤2次", "历史标准"]),
    )
    assert [goal.text for goal in document.projects[0].goals] == ["1.完成巡护"]
    assert unread(document) == ["unread-table"]


def test_labels_in_running_text_are_not_called_a_blank_template() -> None:
    with pytest.raises(NoTableFound, match="没有找到"):
        read("1.护林绩效目标表", "501001某某单位    单位：万元", "绩效目标：")


def test_long_runs_of_blanks_are_cut() -> None:
    # Patterns that look for blanks would take quadratic time on them.
    out = Collector("txt", Limits())
    assert out.text("甲" + " \t" * 9_000 + "乙" + "  丙", None) == "甲" + " " * 200 + "乙  丙"


def test_a_page_number_behind_blanks_is_still_an_entry_of_the_contents() -> None:
    reader = DepartmentReader(section="goals")
    assert not reader.feed(Paragraph("一、总体绩效目标" + "." * 300 + " 3"))
    assert reader.feed(Paragraph("做好全部工作。"))


@pytest.mark.parametrize(("mime", "kind"), [("text", "fodt"), ("spreadsheet", "fods")])
def test_flat_open_document_is_recognised(mime: str, kind: str) -> None:
    data = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<office:document '
        'xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        f'office:mimetype="application/vnd.oasis.opendocument.{mime}"/>'
    )
    assert sniff(data.encode(), None, Limits()) == kind


@pytest.mark.parametrize(
    ("shown", "meant"), [("\u2f26", "子"), ("\u2f3e", "户"), ("\u2ea0", "民"), ("\u2ed3", "长"), ("日", "日")]
)
def test_radicals_of_browser_pdfs_become_characters(shown: str, meant: str) -> None:
    place = {"x0": 0.0, "x1": 1.0, "top": 0.0, "bottom": 1.0}
    assert read_char({"text": shown, **place}).text == meant


def test_load_leaves_the_name_to_its_caller() -> None:
    with pytest.raises(InputError) as caught:
        load(b"PK\x03\x04junk", name="a.docx", limits=Limits())
    assert not caught.value.message.startswith("a.docx")
