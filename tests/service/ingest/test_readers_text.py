"""txt, csv and html."""

from __future__ import annotations

import pytest

DUMP = (
    "第二部分\n"
    "\n"
    "[bookmark: _Toc_1]1.林区巡护绩效目标表\n"
    "\t420000某某林场\n"
    "\t单位：万元\n"
    "\n"
    "\t绩效目标\n"
    "\t1.巡护道路通畅\n"
    "2.火情及时处置\n"
    "\n"
    "\n"
    "\t产出指标\n"
    "\t数量指标\n"
    "\t巡护里程\n"
    "\n"
    "\t\n"
    "\t质量指标\n"
    "\t巡护到位率\n"
    "\n"
    "\n"
    "2.苗圃管护绩效目标表\n"
    "\t420000某某林场\n"
    "\t单位：万元\n"
)


def test_dump_gives_tables_rows_and_lines(make):
    document = make.read(DUMP.encode())
    assert document.kind == "txt"
    assert make.paragraphs(document) == [
        "第二部分",
        "[bookmark: _Toc_1]1.林区巡护绩效目标表",
        "2.苗圃管护绩效目标表",
    ]
    first, second = make.tables(document)
    assert make.grid(first) == [
        ["420000某某林场", "单位：万元", ""],
        ["绩效目标", "1.巡护道路通畅\n2.火情及时处置", ""],
        ["产出指标", "数量指标", "巡护里程"],
        ["", "质量指标", "巡护到位率"],
    ]
    assert make.grid(second) == [["420000某某林场", "单位：万元"]]
    lines = {cell.text: cell.source.line for cell in first.cells}
    assert lines["420000某某林场"] == 4
    assert lines["1.巡护道路通畅\n2.火情及时处置"] == 8
    assert lines["巡护到位率"] == 18


def test_empty_line_inside_a_numbered_cell_does_not_end_the_table(make):
    text = "\t绩效目标\n\t1.甲渠疏浚\n\n2.乙渠疏浚\n\n\t一级指标\n\t二级指标\n"
    document = make.read(text.encode())
    (table,) = make.tables(document)
    assert make.grid(table) == [["绩效目标", "1.甲渠疏浚\n\n2.乙渠疏浚"], ["一级指标", "二级指标"]]


def test_title_of_the_next_table_is_not_swallowed_by_a_numbered_cell(make):
    text = "\t绩效目标\n\t1.甲渠疏浚\n\n2.乙渠绩效目标表\n\t一级指标\n\t二级指标\n"
    document = make.read(text.encode())
    assert make.paragraphs(document) == ["2.乙渠绩效目标表"]
    assert len(make.tables(document)) == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be"])
def test_plain_text_in_every_encoding(make, encoding):
    text = "项目总体目标：改造供水管网 12 公里。\n漏损率降到 9%。\n"
    assert make.paragraphs(make.read(text.encode(encoding))) == text.strip().split("\n")


def test_indented_prose_is_no_table(make):
    document = make.read("标题\n\t第一段话\n\n\t第二段话\n".encode())
    assert make.paragraphs(document) == ["标题", "第一段话", "第二段话"]
    assert not make.tables(document)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_delimiters_and_encodings(make, encoding, delimiter):
    rows = ["名称|数值|单位", "植树面积|≥30|亩", '"说明第一行\n第二行"|""|"引""号"']
    text = "\r\n".join(rows).replace("|", delimiter)
    document = make.read(text.encode(encoding))
    assert document.kind == "csv"
    (table,) = make.tables(document)
    assert make.grid(table) == [
        ["名称", "数值", "单位"],
        ["植树面积", "≥30", "亩"],
        ["说明第一行\n第二行", "", '引"号'],
    ]
    assert table.cells[-1].source.line == 4


def test_csv_with_an_unclosed_quote_is_read_and_reported(make):
    document = make.read('名称,数值,单位\n"树种,3,个\n面积,5,亩\n'.encode(), "a.csv")
    assert make.grid(make.tables(document)[0])[2] == ["面积", "5", "亩"]
    assert [problem.kind for problem in document.problems] == ["truncated"]


def test_name_only_breaks_the_tie_between_csv_and_text(make):
    text = "名称,数值\n面积,5\n".encode()
    assert make.read(text, "a.csv").kind == "csv"
    assert make.read(text, "a.txt").kind == "txt"
    assert make.read(make.docx(make.para("正文")), "a.csv").kind == "docx"


def test_html_spans_breaks_and_tables_inside_tables(make):
    page = (
        "<html><head><meta charset='gb2312'><title>不读</title><style>p{}</style></head><body>"
        "<h1>水库维护</h1><script>var x</script>"
        "<table><tr><td rowspan='2'>产出<td colspan=2>数量<tr><td>巡查次数<td>≥12次</table>"
        "<p>说明<br>第二行</p>"
        "<table><tr><td>外层标题</td></tr><tr><td><table><tr><td>甲</td><td>乙</td></tr></table></td></tr>"
        "<tr><td>外层落款</td></tr></table></body></html>"
    )
    document = make.read(page.encode("gbk"), "export.xls")
    assert document.kind == "html"
    outer, inner = make.tables(document)
    assert make.grid(outer) == [["产出", "数量", "<"], ["^", "巡查次数", "≥12次"]]
    assert make.grid(inner) == [["甲", "乙"]]
    assert make.paragraphs(document) == ["水库维护", "说明", "第二行", "外层标题", "外层落款"]
    order = [getattr(block, "text", None) for block in document.blocks]
    assert order.index("外层标题") + 1 == document.blocks.index(inner) == order.index("外层落款") - 1


def test_html_form_fields_and_hidden_parts(make):
    page = (
        "<table><tr><td>名称<td><input type=text value='测流次数'><input type=hidden value=17>"
        "<tr><td>类别<td><select><option>质量指标<option selected>数量指标</select>"
        "<tr style='display:none'><td>看不见<td>看不见</table>"
    )
    (table,) = make.tables(make.read(page.encode()))
    assert make.grid(table) == [["名称", "测流次数"], ["类别", "数量指标"]]


def test_mhtml_pages_are_read(make):
    body = "<html><body><table><tr><td>甲<td>乙</table></body></html>"
    mail = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary="x"\r\n\r\n--x\r\n'
        'Content-Type: text/html; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    import base64

    data = mail.encode() + base64.encodebytes(body.encode()) + b"\r\n--x--\r\n"
    document = make.read(data, "form.doc")
    assert make.grid(make.tables(document)[0]) == [["甲", "乙"]]
