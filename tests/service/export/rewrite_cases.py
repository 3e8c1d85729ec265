"""Files to rewrite, and the judge: the reader must see in the rewritten file exactly the edited document."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from docx import Document as WordDocument
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from models.records.document import ROW_FIELDS, Document
from models.records.finding import Edit, RowCells
from rules.engine.edits import apply, row_cells
from service.export.rewrite_docx import rewrite_document
from service.export.rewrite_xlsx import rewrite_workbook
from service.export.rewriting import Rewritten
from service.pipeline import load
from service.settings import Limits

HEAD = ("一级指标", "二级指标", "三级指标", "指标描述", "计算符号", "指标值", "度量单位", "权重")
ROWS: tuple[tuple[Any, ...], ...] = (
    ("产出指标", "数量指标", "养护里程", "里程以合同为准", "≥", 120, "公里", 20),
    (None, None, "养护桥梁", "桥梁数", "≥", 12, "座", 10),
    (None, "质量指标", "验收合格率", "合格÷全部", "≥", 0.95, None, 20),
    ("效益指标", "社会效益指标", "带动就业", "人数", "≥", 30, "人", 20),
    (None, "可持续影响指标", "使用年限", None, "≥", 5, "年", 20),
    ("满意度指标", "服务对象满意度指标", "群众满意度", None, "≥", "90%", None, 10),
)
GOALS = "1.完成里程10公里；\n2.保障出行安全，\n  不出事故\n3.完成里程10公里"


def read(data: bytes, name: str) -> Document:
    return load(data, name=name, limits=Limits())


def texts(document: Document) -> list[Any]:
    """Everything that edits can change, as text."""
    found: list[Any] = []
    for project in document.projects:
        budget = project.budget
        found.append([getattr(project, key).text for key in ("title", "code", "name", "department")])
        found.append([a and (a.cell.text, a.amount) for a in (budget.total, budget.fiscal, budget.other)])
        found.append([budget.purpose.text, *(goal.text for goal in project.goals)])
        found.append([(point.label.text, point.percent.cell.text) for point in project.plan])
        for row in project.rows:
            found.append([cell.text if (cell := row.cell(name)) is not None else None for name in ROW_FIELDS])
    return found


def rewrite(data: bytes, name: str, edits: Sequence[Edit]) -> Rewritten:
    document = read(data, name)
    run = rewrite_document if document.input_kind == "docx" else rewrite_workbook
    return run(data, document, edits)


def judged(data: bytes, name: str, *edits: Edit) -> bytes:
    """Rewrite, let the reader judge, and return the rewritten file."""
    document = read(data, name)
    done = rewrite(data, name, edits)
    assert done.missed == ()
    again = read(done.data, name)
    assert texts(again) == texts(apply(document, edits))
    assert {p.kind for p in again.problems} == {p.kind for p in document.problems}
    assert rewrite(data, name, edits).data == done.data
    return done.data


def change(document: Document, path: str, new: str) -> Edit:
    from rules.engine.paths import resolve_cell

    cell = resolve_cell(document, path)
    return Edit(path, cell.text if cell is not None else "", new)


def removal(document: Document, row: int, project: int = 0) -> Edit:
    return Edit(f"projects[{project}].rows[{row}]", row_cells(document.projects[project].rows[row]), None)


def addition(document: Document, nth: int = 0, project: int = 0, **cells: str) -> Edit:
    rows = document.projects[project].rows
    base = {"level1": "满意度指标", "level2": "服务对象满意度指标", "name": f"新增指标{nth}", "value": "≥90%"}
    new: RowCells = tuple((field, {**base, **cells}.get(field, "")) for field, _ in row_cells(rows[0]))
    return Edit(f"projects[{project}].rows[{len(rows) + nth}]", None, new)


# --- workbooks ----------------------------------------------------------------------------------------------------


def saved(book: Any) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as container:
        return {name: container.read(name) for name in container.namelist()}


def patched(data: bytes, part: str, edit: Callable[[str], str], **more: str) -> bytes:
    """Return the container with one part changed, and with new parts (named with __ for /)."""
    out = io.BytesIO()
    found = parts(data)
    found[part] = edit(found[part].decode()).encode()
    found.update({f"{name.replace('__', '/')}.xml": text.encode() for name, text in more.items()})
    with zipfile.ZipFile(out, "w") as container:
        for name, content in found.items():
            container.writestr(name, content)
    return out.getvalue()


def linked(data: bytes, kind: str, content: str) -> bytes:
    """Return the workbook with one more part beside it (sharedStrings, calcChain)."""
    media = f"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml"
    link = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}"
    type_ = f'<Override PartName="/xl/{kind}.xml" ContentType="{media}"/></Types>'
    relation = f'<Relationship Id="{kind}" Type="{link}" Target="{kind}.xml"/></Relationships>'
    data = patched(data, "[Content_Types].xml", lambda text: text.replace("</Types>", type_))
    rels = "xl/_rels/workbook.xml.rels"
    return patched(
        data, rels, lambda text: text.replace("</Relationships>", relation), **{f"xl__{kind}": content}
    )


def shared(data: bytes, **instead: str) -> bytes:
    """Return the workbook as Excel writes it: texts in a table of their own. `instead` gives rich texts."""
    strings: list[str] = []

    def refer(match: re.Match[str]) -> str:
        text = re.sub(r"&#(\d+);", lambda code: chr(int(code[1])), match[2])
        plain = re.sub(r"<[^>]*>", "", text)
        strings.append(instead.get(plain, text))
        return f'<c {match[1]}t="s"><v>{len(strings) - 1}</v></c>'

    def run(text: str) -> str:
        return re.sub(r'<c ([^>]*)t="inlineStr"><is>(.*?)</is></c>', refer, text, flags=re.DOTALL)

    for name in [name for name in parts(data) if name.startswith("xl/worksheets/sheet")]:
        data = patched(data, name, run)
    items = "".join(f"<si>{item}</si>" for item in strings)
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return linked(data, "sharedStrings", f'<sst xmlns="{space}">{items}</sst>')


def fill_form(sheet: Worksheet, top: int, name: str, *, merged: bool) -> int:
    """Write one project table; return the row below it."""
    sheet.cell(top, 1, f"{name}绩效目标表")
    for col, text in ((1, "项目编码"), (2, f"1399{top}"), (4, "项目名称"), (5, name)):
        sheet.cell(top + 1, col, text)
    for col, value in ((1, "预算数"), (2, 36.5), (4, "其中：财政资金"), (5, 30), (6, "其他资金"), (7, 6.5)):
        sheet.cell(top + 2, col, value).number_format = "#,##0.00" if col == 5 else "General"
    sheet.cell(top + 3, 1, "绩效目标")
    sheet.cell(top + 3, 2, GOALS)
    sheet.merge_cells(start_row=top + 3, start_column=2, end_row=top + 3, end_column=8)
    for col, text in enumerate(HEAD, start=1):
        sheet.cell(top + 4, col, text)
    for k, row in enumerate(ROWS):
        sheet.row_dimensions[top + 5 + k].height = 20 + k
        for col, value in enumerate(row, start=1):
            if value is not None:
                sheet.cell(top + 5 + k, col, value)
    sheet.cell(top + 7, 6).number_format = "0%"
    if merged:
        for first, last, col in ((5, 7, 1), (8, 9, 1), (5, 6, 2)):
            sheet.merge_cells(start_row=top + first, end_row=top + last, start_column=col, end_column=col)
    return top + 5 + len(ROWS)


def form_xlsx(*, merged: bool = True) -> bytes:
    """Two project tables below each other on one sheet."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    below = fill_form(sheet, 1, "道路养护", merged=merged)
    fill_form(sheet, below + 2, "桥梁检测", merged=merged)
    return saved(book)


def flat_xlsx(style: str) -> bytes:
    """Rows that name their own project: in every row, in the first one only, or in merged cells."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.append(
        ["项目编码", "项目名称", "预算数", "一级指标", "二级指标", "三级指标", "指标值", "权重", "备注"]
    )
    for code, name in (("A001", "道路养护"), ("A002", "桥梁检测")):
        start = sheet.max_row + 1
        for k, (first, second) in enumerate(
            (("产出指标", "数量指标"), ("产出指标", "质量指标"), ("效益指标", "社会效益指标"))
        ):
            head = [code, name, 12] if style == "repeated" or k == 0 else [None] * 3
            sheet.append([*head, first, second, f"{name}{k}", f"≥{k + 1}公里", 25, "备注" if k else None])
        if style == "merged":
            for col in (1, 2, 3):
                sheet.merge_cells(start_row=start, end_row=start + 2, start_column=col, end_column=col)
            sheet.merge_cells(start_row=start, end_row=start + 1, start_column=4, end_column=4)
    return saved(book)


def wide_xlsx() -> bytes:
    """One wide header over three value cells, a label beside the rows, a column without any content."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for row in (
        ["道路养护绩效目标表"],
        ["项目名称：道路养护"],
        ["绩效指标", "一级指标", "二级指标", "三级指标", "指标值", None, None, "指标值确定依据"],
        ["绩效指标", "产出指标", "数量指标", "养护里程", "≥", 120, "公里"],
        [None, None, "质量指标", "验收合格率", "≥", 95, "%"],
        [None, "效益指标", "社会效益指标", "带动就业", "≥", 30, "人"],
    ):
        sheet.append(row)
    for merge in ("E3:G3", "A4:A6", "B4:B5"):
        sheet.merge_cells(merge)
    return saved(book)


# --- documents ----------------------------------------------------------------------------------------------------


def form_docx(*, merged: bool = True) -> bytes:
    """The same form in Word between paragraphs, its texts in several runs; a list of titles stands in front."""
    document = WordDocument()
    names = ("道路养护", "桥梁检测")
    for number, name in enumerate(names, start=1):
        document.add_paragraph(f"{number}.{name}绩效目标表")
    for number, name in enumerate(names, start=1):
        document.add_paragraph().add_run(f"{number}.{name}").bold = True
        document.paragraphs[-1].add_run("绩效目标表")
        document.add_paragraph("501001清河镇人民政府本级    单位：万元")
        table = document.add_table(5 + len(ROWS), 8)
        table.style = "Table Grid"
        grid: list[list[Any]] = [[None] * 8 for _ in range(4)]
        grid[0][0:2], grid[0][3:5] = ["项目编码", f"1399{number}"], ["项目名称", name]
        grid[1][0:7] = ["预算数", "36.5", None, "其中：财政资金", "30", "其他资金", "6.5"]
        grid[2][0:2] = ["资金用途", "用于日常养护"]
        grid[3][0:2] = ["绩效目标", GOALS]
        grid += [list(HEAD), *(["95%" if item == 0.95 else item for item in row] for row in ROWS)]
        for first, last, left, right in (
            (3, 3, 1, 7),
            *(((5, 7, 0, 0), (8, 9, 0, 0), (5, 6, 1, 1)) if merged else ()),
        ):
            table.cell(first, left).merge(table.cell(last, right))
        for r, row in enumerate(grid):
            for c, value in enumerate(row):
                if value is None:
                    continue
                cell = table.cell(r, c)
                for k, line in enumerate(str(value).split("\n")):
                    paragraph = cell.paragraphs[0] if k == 0 else cell.add_paragraph()
                    paragraph.add_run(line[:3]).bold = True
                    paragraph.add_run(line[3:]).italic = True
    return saved(document)
