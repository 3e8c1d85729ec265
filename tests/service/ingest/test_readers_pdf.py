"""PDF: ruled tables, wrapped texts, tables and rows that a page break tore apart."""

from __future__ import annotations

import zlib

import pytest

from service.errors import InputError

HEAD = ["一级", "二级", "三级", "指标值"]
WIDTHS = [60, 60, 100, 60]


def test_table_with_spans_wraps_and_paragraphs(make):
    rows = [
        ["编制单位：某某灌区管理所", "<", "<", "单位：万元"],
        ["绩效目标", "1.渠系水利用系数提高到设计水平，灌溉保证\n率稳定\n2.末级渠道完好", "<", "<"],
        HEAD,
        ["产出指标", "数量指标", "渠道衬砌长度与配套\n建筑物数量", "≥20公里"],
        ["^", "质量指标", "工程一次性验收合\n格率", "100%"],
    ]
    page = [make.pdf_text(60, 40, "灌区改造绩效目标表"), *make.pdf_table(60, 80, [60, 60, 100, 80], rows)]
    document = make.read(make.pdf([page]))
    assert make.paragraphs(document) == ["灌区改造绩效目标表"]
    (table,) = make.tables(document)
    grid = make.grid(table)
    assert grid[0] == ["编制单位：某某灌区管理所", "<", "<", "单位：万元"]
    assert grid[1][1] == "1.渠系水利用系数提高到设计水平，灌溉保证率稳定\n2.末级渠道完好"
    assert grid[3] == ["产出指标", "数量指标", "渠道衬砌长度与配套建筑物数量", "≥20公里"]
    assert grid[4] == ["^", "质量指标", "工程一次性验收合格率", "100%"]
    assert {cell.source.part for cell in table.cells} == {"page 1"}


def test_table_goes_on_over_the_page_without_its_repeated_head(make):
    first = make.pdf_table(60, 700, WIDTHS, [HEAD, ["产出", "数量", "检修次数", "≥4次"]])
    second = make.pdf_table(60, 60, WIDTHS, [HEAD, ["产出", "质量", "检修合格", "≥98%"]])
    tail = make.pdf_text(60, 300, "填报人签字")
    document = make.read(make.pdf([first, [*second, tail]]))
    (table,) = make.tables(document)
    assert make.grid(table) == [
        HEAD,
        ["产出", "数量", "检修次数", "≥4次"],
        ["产出", "质量", "检修合格", "≥98%"],
    ]
    assert [cell.source.part for cell in table.cells if cell.text.startswith("≥")] == ["page 1", "page 2"]
    assert make.paragraphs(document) == ["填报人签字"]


def test_row_torn_by_the_page_end_is_one_row(make):
    # 9 characters fill the column of 100 points.
    first = make.pdf_table(60, 700, WIDTHS, [HEAD, ["产出指标", "数量指标", "病险水闸除险加固数", "≥3座"]])
    second = make.pdf_table(60, 60, WIDTHS, [["", "", "量", ""], ["", "质量指标", "验收合格", "100%"]])
    (table,) = make.tables(make.read(make.pdf([first, second])))
    assert make.grid(table) == [
        HEAD,
        ["产出指标", "数量指标", "病险水闸除险加固数量", "≥3座"],
        ["", "质量指标", "验收合格", "100%"],
    ]


def test_goals_cell_torn_between_items_is_one_cell(make):
    first = make.pdf_table(
        60, 700, [60, 220], [["单位", "某某水库"], ["绩效目标", "1.大坝安全\n2.灌溉有保障"]]
    )
    second = make.pdf_table(60, 60, [60, 220], [["", "3.下游供水稳定"], ["资金用途", "维修养护"]])
    (table,) = make.tables(make.read(make.pdf([first, second])))
    assert make.grid(table)[1:] == [
        ["绩效目标", "1.大坝安全\n2.灌溉有保障\n3.下游供水稳定"],
        ["资金用途", "维修养护"],
    ]


def test_new_row_with_an_empty_cell_is_not_taken_for_a_rest(make):
    first = make.pdf_table(60, 700, WIDTHS, [HEAD, ["产出", "数量", "巡查次数", "≥4次"]])
    second = make.pdf_table(60, 60, WIDTHS, [["产出", "质量", "巡查到位", ""]])
    (table,) = make.tables(make.read(make.pdf([first, second])))
    assert make.grid(table)[2] == ["产出", "质量", "巡查到位", ""]


def test_merged_cell_over_the_page_end_is_one_cell(make):
    first = make.pdf_table(60, 700, WIDTHS, [HEAD, ["产出", "数量", "甲", "1个"], ["^", "质量", "乙", "2个"]])
    second = make.pdf_table(60, 60, WIDTHS, [["", "时效", "丙", "3天"], ["^", "成本", "丁", "4元"]])
    (table,) = make.tables(make.read(make.pdf([first, second])))
    assert [line[0] for line in make.grid(table)] == ["一级", "产出", "^", "^", "^"]


def test_a_title_between_pages_begins_a_new_table(make):
    first = make.pdf_table(60, 600, WIDTHS, [HEAD, ["产出", "数量", "甲", "1个"]])
    second = [make.pdf_text(60, 90, "2.泵站更新绩效目标表"), *make.pdf_table(60, 120, WIDTHS, [HEAD])]
    document = make.read(make.pdf([first, second]))
    assert len(make.tables(document)) == 2


def test_wrapped_paragraphs_page_numbers_and_running_heads(make):
    pages = []
    for number in (1, 2, 3):
        pages.append(
            [
                make.pdf_text(60, 20, "某某县水务局项目库"),
                make.pdf_text(60, 200, f"第{number}段写满一整行的文字一直写到这里"),
                make.pdf_text(60, 216, "才换行。"),
                make.pdf_text(60, 300, "短段落。"),
                make.pdf_text(280, 815, f"- {number} -"),
            ]
        )
    document = make.read(make.pdf(pages))
    assert make.paragraphs(document) == [
        text
        for number in (1, 2, 3)
        for text in (f"第{number}段写满一整行的文字一直写到这里才换行。", "短段落。")
    ]


@pytest.mark.parametrize("number", ["7", "- 7 -", "第 7 页", "第7页 共9页", "7/9"])
def test_page_number_does_not_cut_a_table_in_two(make, number):
    first = make.pdf_table(60, 700, WIDTHS, [HEAD, ["产出", "数量", "甲", "1个"]])
    second = make.pdf_table(60, 60, WIDTHS, [["产出", "质量", "乙", "2%"]])
    document = make.read(make.pdf([[*first, make.pdf_text(280, 815, number)], second]))
    assert len(make.tables(document)) == 1
    assert make.paragraphs(document) == []


def test_scan_without_text_asks_for_ocr(make):
    with pytest.raises(InputError, match="OCR"):
        make.read(make.pdf([["10 10 100 100 re S"]]))


def test_damaged_stream_is_reported_and_standard_error_stays_clean(make, capfd):
    content = bytearray(
        zlib.compress("\n".join(make.pdf_text(60, 40 + n, f"说明{n}") for n in range(200)).encode())
    )
    content[len(content) // 2 : len(content) // 2 + 40] = b"\xff" * 40
    stream = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(content), bytes(content))
    data = make.pdf([[make.pdf_text(60, 80, "第一行")]], streams=[stream])
    # The page takes its content from both streams: objects 6 (plain) and 8 (damaged).
    data = data.replace(b"/Contents 6 0 R >>", b"/Contents [6 0 R 8 0 R]>>")
    document = make.read(data)
    assert "truncated" in [problem.kind for problem in document.problems]
    assert capfd.readouterr().err == ""


def test_drawing_with_too_many_lines_is_reported_not_searched(make):
    lines = [f"{n % 500} {n % 800} 1 1 re S" for n in range(20_500)]
    document = make.read(make.pdf([[make.pdf_text(60, 40, "说明"), *lines]]))
    assert [problem.kind for problem in document.problems] == ["unread-table"]
