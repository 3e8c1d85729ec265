"""Writes corpora/samples/sample.docx and sample.xlsx from sample.yml: `python -m tests.tools.build_sample`."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import docx
import docx.oxml.ns
import docx.shared
import openpyxl
import yaml
from openpyxl.styles import Alignment, Border, Font, Side

FOLDER = Path(__file__).resolve().parents[2] / "corpora" / "samples"
HEADER = ("一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据")
FIELDS = ("level1", "level2", "name", "description", "value", "basis")
WIDTHS_CM = (2.0, 2.2, 2.8, 3.8, 2.0, 1.6, 1.6)
FIXED = datetime(2027, 1, 1)

Cell = tuple[int, int, int, int, str]
"""row, col, rowspan, colspan, text; counted from 0."""


def layout(project: dict[str, Any]) -> tuple[int, list[Cell]]:
    """Return the number of rows and the cells of a project table, seven columns wide."""
    budget = project["budget"]
    cells: list[Cell] = [
        (0, 0, 1, 1, "项目编码"),
        (0, 1, 1, 2, project["code"]),
        (0, 3, 1, 1, "项目名称"),
        (0, 4, 1, 3, project["name"]),
        (1, 0, 2, 1, "预算规模及资金用途"),
        (1, 1, 1, 1, "预算数"),
        (1, 2, 1, 1, budget["total"]),
        (1, 3, 1, 1, "其中：财政资金"),
        (1, 4, 1, 1, budget["fiscal"]),
        (1, 5, 1, 1, "其他资金"),
        (1, 6, 1, 1, budget["other"]),
        (2, 1, 1, 6, budget["purpose"]),
        (3, 0, 2, 1, "资金支出计划（%）"),
    ]
    for k, (label, percent) in enumerate(project["plan"].items()):
        span = (1, 1, 1, 3)[k]
        cells += [(3, 1 + k, 1, span, label), (4, 1 + k, 1, span, percent)]
    cells += [(5, 0, 1, 1, "绩效目标"), (5, 1, 1, 6, "\n".join(project["goals"]))]
    cells += [(6, c, 1, 2 if c == 5 else 1, text) for c, text in enumerate(HEADER)]
    top = 7
    start = top
    rows = project["rows"]
    for i, row in enumerate(rows):
        if i == 0 or rows[i - 1]["level1"] != row["level1"]:
            start = top + i
            span = sum(1 for other in rows if other["level1"] == row["level1"])
            cells.append((start, 0, span, 1, row["level1"]))
        cells += [(top + i, c, 1, 2 if c == 5 else 1, row[field]) for c, field in enumerate(FIELDS) if c > 0]
    return top + len(rows), cells


def build_docx(data: dict[str, Any]) -> bytes:
    """Return the department file as Word: part one in prose, part two as tables."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name = "宋体"
    style.element.rPr.rFonts.set(docx.oxml.ns.qn("w:eastAsia"), "宋体")
    part = data["department"]
    document.add_paragraph(data["title"])
    document.add_paragraph("第一部分 部门整体绩效目标")
    document.add_paragraph("一、总体绩效目标")
    for goal in part["goals"]:
        document.add_paragraph(goal)
    document.add_paragraph("二、分项绩效目标")
    for item in part["items"]:
        document.add_paragraph(f"{item['number']}{item['name']}")
        document.add_paragraph(f"绩效目标：{item['goal']}")
        document.add_paragraph(f"绩效指标：{item['indicator']}")
    document.add_paragraph("三、工作保障措施")
    for measure in part["measures"]:
        document.add_paragraph(measure)
    document.add_paragraph("第二部分 预算项目绩效目标")
    for project in data["projects"]:
        document.add_paragraph(project["title"])
        document.add_paragraph(f"{project['department']}    单位：万元")
        n_rows, cells = layout(project)
        table = document.add_table(rows=n_rows, cols=7, style="Table Grid")
        table.autofit = False
        for column, width in zip(table.columns, WIDTHS_CM, strict=True):
            column.width = docx.shared.Cm(width)
            for cell in column.cells:
                cell.width = docx.shared.Cm(width)
        for row, col, rowspan, colspan, text in cells:
            cell = table.cell(row, col)
            if rowspan > 1 or colspan > 1:
                cell = cell.merge(table.cell(row + rowspan - 1, col + colspan - 1))
            cell.text = text
    core = document.core_properties
    core.author, core.created, core.modified, core.last_modified_by = "标尺样例", FIXED, FIXED, "标尺样例"
    buffer = io.BytesIO()
    document.save(buffer)
    return _fixed_zip(buffer.getvalue())


def build_xlsx(data: dict[str, Any]) -> bytes:
    """Return the project tables as a workbook, one sheet per project."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    thin = Side(style="thin")
    for project in data["projects"]:
        sheet = book.create_sheet(project["title"].split("绩效目标表")[0][:31])
        for column, width in zip("ABCDEFG", (12, 14, 22, 34, 18, 14, 12), strict=True):
            sheet.column_dimensions[column].width = width
        sheet["A1"], sheet["A1"].font = project["title"], Font(bold=True, size=14)
        sheet.merge_cells("A1:G1")
        sheet["A2"], sheet["G2"] = project["department"], "单位：万元"
        _, cells = layout(project)
        for row, col, rowspan, colspan, text in cells:
            cell = sheet.cell(row + 3, col + 1, text)
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="center")
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
            if rowspan > 1 or colspan > 1:
                sheet.merge_cells(
                    start_row=row + 3,
                    start_column=col + 1,
                    end_row=row + rowspan + 2,
                    end_column=col + colspan,
                )
    book.properties.creator = "标尺样例"
    book.properties.created = book.properties.modified = FIXED
    buffer = io.BytesIO()
    book.save(buffer)
    return _fixed_zip(buffer.getvalue())


def _fixed_zip(data: bytes) -> bytes:
    """Rewrite a zip with fixed timestamps, so that building twice gives equal bytes."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == "docProps/core.xml":
                content = _without_clock(content)
            target.writestr(zipfile.ZipInfo(name, (2027, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _without_clock(content: bytes) -> bytes:
    import re

    return re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>2027-01-01T00:00:00Z", content)


def main() -> None:
    """Build both files."""
    data = yaml.safe_load((FOLDER / "sample.yml").read_text(encoding="utf-8"))
    (FOLDER / "sample.docx").write_bytes(build_docx(data))
    (FOLDER / "sample.xlsx").write_bytes(build_xlsx(data))


if __name__ == "__main__":
    main()
