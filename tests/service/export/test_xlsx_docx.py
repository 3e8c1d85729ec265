"""Workbooks and letters, reopened from the written bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable

import docx
import openpyxl
import pytest
from docx.oxml.ns import qn
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from models.records.finding import Finding, Fold, Severity
from models.records.report import Report
from service.export import render
from service.export.letter import chinese_number
from service.export.sheets import sheet_name
from service.export.workbook import FINDING_HEAD

Build = Callable[..., Report]
Make = Callable[..., Finding]

HOSTILE = (
    ("产出指标", "数量指标", "=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)"),
    ("产出指标", "质量指标", "\t=1+1", "\r=2", "红\x1b[31m\x00字\ufffe", "#N/A"),
    ("产出指标", "时效指标", "长" * 40_000, "  =3", "<b>&", "指标"),
)


def book_of(report: Report) -> openpyxl.Workbook:
    (artifact,) = render(report, "xlsx", name="示例.txt")
    return openpyxl.load_workbook(io.BytesIO(artifact.data))


def formulas(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        parts = [name for name in container.namelist() if name.startswith("xl/worksheets/sheet")]
        assert parts
        return [name for name in parts if re.search(rb"<f[ >/]", container.read(name))]


def rows_of(sheet: Worksheet) -> list[dict[str, object]]:
    head = [cell.value for cell in sheet[3]]
    return [dict(zip(head, row, strict=True)) for row in sheet.iter_rows(min_row=4, values_only=True)]


def test_sheets_and_overview(build_report: Build) -> None:
    book = book_of(build_report(2))
    assert book.sheetnames == [
        "复核总览", "文件问题", "1.县乡公路日常养护", "2.桥梁检测与加固", "格式检查", "豁免清单", "说明",
    ]  # fmt: skip
    sheet = book["复核总览"]
    assert [cell.value for cell in sheet[3]] == [
        "序号", "单位", "项目编码", "项目名称", "得分", "等级", "结论", "必须修改", "建议修改", "可优化",
    ]  # fmt: skip
    assert [cell.value for cell in sheet[4]][3:] == ["县乡公路日常养护", 62.5, "中", "完善后通过", 2, 2, 3]
    assert "A1:J1" in [str(area) for area in sheet.merged_cells.ranges]
    assert sheet.freeze_panes == "A4"
    assert sheet.auto_filter.ref == "A3:J5"
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet["D4"].hyperlink.location == "'1.县乡公路日常养护'!A1"
    assert any("结论以人工审核为准" in str(cell.value) for row in book["说明"].iter_rows() for cell in row)


def test_project_sheet_lists_nested_collapsed_and_folded_rows(build_report: Build) -> None:
    book = book_of(build_report(1))
    sheet = book["1.县乡公路日常养护"]
    assert tuple(cell.value for cell in sheet[3]) == FINDING_HEAD
    rows = rows_of(sheet)
    count = {
        code: sum(row["规则"] == code for row in rows)
        for code in ("BC302", "BC101", "BC504", "BC201", "BC512")
    }
    assert count == {"BC302": 1, "BC101": 1, "BC504": 1, "BC201": 8, "BC512": 7}
    first = rows[0]
    assert (first["一级"], first["二级"], first["三级"]) == ("产出指标", "时效指标", "坑槽修补及时率")
    assert (first["字段"], first["原值"], first["严重度"]) == ("指标值", "12万元", "必须修改")
    assert first["审核意见代码"] == "4"
    assert "为金额" in str(first["问题描述"])
    assert "〔待填：坑槽修补及时率，参考养护合同〕" in str(first["建议"])
    assert sheet["J4"].fill.start_color.rgb.endswith("F8CBCB")
    assert {row["规则"] for row in rows_of(book["格式检查"])} == {"BC501", "BC504", "BC512"}


def test_hostile_texts_stay_text(build_report: Build, build_finding: Make) -> None:
    findings = [
        build_finding(
            "BC402", f"projects[0].rows[{n}].{field}", fact="=HYPERLINK(1)", severity=Severity.ERROR
        )
        for n in range(3)
        for field in ("name", "description", "value", "basis")
    ]
    (artifact,) = render(build_report(1, rows=HOSTILE, findings=findings), "xlsx", name="示例.txt")
    assert formulas(artifact.data) == []
    book = openpyxl.load_workbook(io.BytesIO(artifact.data))
    cells = list(book["1.县乡公路日常养护"]["H"][3:])
    assert [cell.data_type for cell in cells] == ["s"] * 12
    values = [str(cell.value) for cell in cells]
    assert values[:4] == ["=cmd|'/c calc'!A0", "+1+1", "-2", "@SUM(A1)"]
    assert all(cell.quotePrefix for cell in cells[:4])
    assert not cells[10].quotePrefix
    assert not any("\x1b" in value or "\x00" in value for value in values)
    assert "红[31m字" in values
    assert "#N/A" in values
    assert max(map(len, values)) < 32_767
    assert any(value.endswith("（过长，已截断）") for value in values)


def test_no_findings_and_three_hundred(build_report: Build, build_finding: Make) -> None:
    empty = book_of(build_report(1, findings=[]))["1.县乡公路日常养护"]
    assert empty["A4"].value == "未发现问题"
    many = [build_finding("BC402", f"projects[0].rows[{n % 8}].value") for n in range(300)]
    assert len(rows_of(book_of(build_report(1, findings=many))["1.县乡公路日常养护"])) == 300
    assert book_of(build_report(0, findings=[])).sheetnames == ["复核总览", "格式检查", "说明"]


def test_sheet_names_are_legal_and_unique(build_report: Build) -> None:
    names = ["[甲]乙:丙*丁?戊/己\\庚" * 5, "'引号'", "", "History"]
    book = book_of(build_report(4, names=names))
    assert len({name.lower() for name in book.sheetnames}) == len(book.sheetnames)
    for name in book.sheetnames:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert not name.startswith("'")
        assert not name.endswith("'")
    taken: set[str] = set()
    assert [sheet_name("同名" * 20, taken), sheet_name("同名" * 20, taken)] == [
        "同名" * 15 + "同",
        "同名" * 14 + "(2)",
    ]
    assert sheet_name("History", set()) != "History"
    assert len(sheet_name("\U00020000" * 40, set()).encode("utf-16-le")) // 2 <= 31


def test_thousands_of_projects_share_one_sheet(build_report: Build) -> None:
    book = book_of(build_report(201, findings=[]))
    assert "问题清单" in book.sheetnames
    assert len(book.sheetnames) < 8


def original_book() -> bytes:
    """A filed workbook that stands where the hand-built report says it does."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = "表一"
    sheet["A1"] = "1.县乡公路日常养护绩效目标表"
    sheet.merge_cells("A1:F1")
    for row, values in (
        (8, ("产出指标", "数量指标", "养护公路里程", "同名", "≥320公里", "计划标准")),
        (10, (None, "时效指标", "坑槽修补及时率", "同名", "12万元", "行业标准")),
    ):
        for column, value in enumerate(values, start=1):
            sheet.cell(row, column, value)
    sheet.merge_cells("A8:A11")
    sheet["H1"] = "=1+1"
    sheet["H2"] = "=SUM(1,2)"
    sheet.column_dimensions["C"].width = 33
    book.create_sheet("复核总览")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_copy_of_the_original_workbook(build_report: Build) -> None:
    report = build_report(1, kind="xlsx", parts=["表一"])
    kwargs = {"original": original_book(), "original_kind": "xlsx", "name": "示例.xlsx"}
    artifacts = render(report, "xlsx", **kwargs)  # type: ignore[arg-type]
    assert [item.filename for item in artifacts][1] == "示例_批注.xlsx"
    data = artifacts[1].data
    assert formulas(data) == []
    assert artifacts == render(report, "xlsx", **kwargs)  # type: ignore[arg-type]
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames[:3] == ["表一", "复核总览", "复核总览(2)"]
    sheet = book["表一"]
    assert {"A1:F1", "A8:A11"} <= {str(area) for area in sheet.merged_cells.ranges}
    assert sheet.column_dimensions["C"].width == 33
    assert sheet["E10"].value == "12万元"
    comment = sheet["E10"].comment
    assert comment is not None
    assert comment.author == "标尺"
    assert "BC302【必须修改】" in comment.text
    assert "建议：" in comment.text
    assert sheet["E10"].fill.start_color.rgb.endswith("F8CBCB")
    assert sheet["C10"].fill.start_color.rgb.endswith("FFE6A8")
    assert sheet["D9"].comment is None, "a folded hint is noted once per project"
    assert sheet["D8"].comment is not None
    assert sheet["D9"].fill.fill_type == "solid"
    assert (sheet["H1"].value, sheet["H2"].data_type) == ("=1+1", "s"), (
        "no stored result: formula shown as text"
    )
    title = sheet["E3"].comment
    assert title is not None
    assert "BC501" in title.text


def test_folded_errors_are_noted_on_every_row(build_report: Build, build_finding: Make) -> None:
    related = [f"projects[0].rows[{n}].value" for n in range(5)]
    finding = build_finding(
        "BC301", "projects[0]", severity=Severity.ERROR, fold=Fold("table", 5, 8), related=related
    )
    report = build_report(1, kind="xlsx", parts=["表一"], findings=[finding])
    _, copy = render(report, "xlsx", original=original_book(), original_kind="xlsx", name="x.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(copy.data))["表一"]
    assert all(sheet.cell(8 + n, 5).comment is not None for n in range(5))


@pytest.mark.parametrize("fmt", ["xlsx", "docx"])
def test_original_that_cannot_be_rewritten_costs_only_the_copy(build_report: Build, fmt: str) -> None:
    artifacts = render(
        build_report(1), fmt, original=b"PK\x03\x04 broken", original_kind=fmt, name=f"x.{fmt}"
    )
    assert len(artifacts) == 1
    assert len(render(build_report(1), fmt, original=b"text", original_kind="txt", name="x.txt")) == 1


def letter_of(report: Report) -> docx.document.Document:
    (artifact,) = render(report, "docx", name="示例.txt")
    return docx.Document(io.BytesIO(artifact.data))


def test_letter_form_and_content(build_report: Build) -> None:
    letter = letter_of(build_report(1))
    texts = [paragraph.text for paragraph in letter.paragraphs]
    body = "\n".join(texts)
    title = letter.paragraphs[0]
    assert title.text == "关于示范县公路养护中心本级项目支出绩效目标的审核意见"

    def fonts(run: object) -> tuple[str, float]:
        size = run.font.size  # type: ignore[attr-defined]
        return run._r.rPr.rFonts.get(qn("w:eastAsia")), size.pt  # type: ignore[attr-defined]

    assert fonts(title.runs[0]) == ("方正小标宋简体", 22)
    heading = next(p for p in letter.paragraphs if p.text == "二、县乡公路日常养护")
    assert fonts(heading.runs[0]) == ("黑体", 16)
    sub = next(p for p in letter.paragraphs if "）完整性" in p.text)
    assert fonts(sub.runs[0])[0] == "楷体_GB2312"
    assert "规定内容是否填报完整" in sub.text
    opinion = next(p for p in letter.paragraphs if "BC302" in p.text)
    assert fonts(opinion.runs[0]) == ("仿宋_GB2312", 16)
    assert opinion.runs[0].font.name == "Times New Roman"
    assert opinion.paragraph_format.line_spacing.pt == 30  # type: ignore[union-attr]
    assert "；依据" in opinion.text
    for name in (
        "相关性",
        "适当性",
        "可行性",
        "结论以人工审核为准。条文未经人工核对，仅列文号。",
    ):
        assert name in body
    assert "其余问题1条未逐条列示：BC504（可优化）1条" in body
    assert "绩效目标第2条未说明可衡量的结果" not in body
    assert "审核单位（盖章）：＿" in body
    assert [cell.text for cell in letter.tables[0].rows[1].cells] == ["62.5", "中", "80", "75.5", "40", "90"]


def test_letter_holds_hostile_and_many(build_report: Build, build_finding: Make) -> None:
    many = [
        build_finding("BC402", f"projects[0].rows[{n % 3}].value", fact="坏\x00\x1b字") for n in range(300)
    ]
    letter = letter_of(build_report(1, rows=HOSTILE, findings=many))
    assert sum("BC402" in paragraph.text for paragraph in letter.paragraphs) == 300
    assert (
        letter_of(build_report(0, findings=[]))
        .paragraphs[0]
        .text.startswith("关于示范县公路养护中心绩效目标表")
    )


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "一"),
        (10, "十"),
        (14, "十四"),
        (20, "二十"),
        (101, "一百零一"),
        (110, "一百一十"),
        (1005, "一千零五"),
    ],
)
def test_chinese_numbers(number: int, words: str) -> None:
    assert chinese_number(number) == words


def original_letter() -> bytes:
    """A filed Word document: title paragraph, then a table at the places of the hand-built report."""
    document = docx.Document()
    document.add_paragraph("1.县乡公路日常养护绩效目标表")
    table = document.add_table(rows=15, cols=6)
    table.cell(6, 1).text = "1.完成县乡公路320公里日常养护"
    table.cell(6, 1).add_paragraph("2.保障群众出行安全")
    table.cell(6, 1).merge(table.cell(6, 5))
    table.cell(9, 2).text = "坑槽修补及时率"
    run = table.cell(9, 4).paragraphs[0].add_run("12万元")
    run.bold = True
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_copy_of_the_original_document(build_report: Build) -> None:
    report = build_report(1, kind="docx")
    artifacts = render(report, "docx", original=original_letter(), original_kind="docx", name="示例.docx")
    assert artifacts[1].filename == "示例_批注.docx"
    again = render(report, "docx", original=original_letter(), original_kind="docx", name="示例.docx")
    assert artifacts[1].data == again[1].data
    copy = docx.Document(io.BytesIO(artifacts[1].data))
    comments = {comment.comment_id: comment for comment in copy.comments}
    assert {comment.author for comment in comments.values()} == {"标尺"}
    cell = copy.tables[0].cell(9, 4)
    (start,) = cell._tc.iter(qn("w:commentRangeStart"))
    text = comments[int(start.get(qn("w:id")))].text
    assert text.startswith("BC302【必须修改】")
    assert "参考修改" in text
    assert cell.paragraphs[0].runs[0].bold
    assert cell.text == "12万元"
    goal = next(c for c in comments.values() if c.text.startswith("BC504"))
    marked = [
        p for p in copy.tables[0]._tbl.iter(qn("w:p"))
        for s in p.iter(qn("w:commentRangeStart")) if int(s.get(qn("w:id"))) == goal.comment_id
    ]  # fmt: skip
    assert "".join(t.text or "" for t in marked[0].iter(qn("w:t"))) == "2.保障群众出行安全"
    ends = len(list(copy.element.body.iter(qn("w:commentRangeEnd"))))
    assert ends == len(comments) > 6
