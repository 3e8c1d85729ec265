"""Paths of the report, resolved to cells and said in words (表「…」第9行「指标值」列)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from models.records.document import (
    AmountCell,
    Cell,
    Department,
    DepartmentItem,
    Document,
    Indicator,
    Project,
    SourceRef,
)
from models.records.finding import Location
from rules.engine.context import FIELD_LABELS
from service.export.base import one_line

_PROJECT_LABELS: Final = {
    "title": "标题",
    "code": "项目编码",
    "name": "项目名称",
    "department": "单位",
    "rows": "绩效指标",
    "goals": "绩效目标",
    "plan": "资金支出计划",
    "budget": "预算",
    "budget.total": "预算数",
    "budget.fiscal": "财政资金",
    "budget.other": "其他资金",
    "budget.unit": "金额单位",
    "budget.purpose": "资金用途",
}
_DEPARTMENT_LABELS: Final = {
    "goals": "总体绩效目标",
    "items": "分项绩效目标",
    "measures": "工作保障措施",
}
_SHEET_KINDS: Final = frozenset({"xlsx", "xls", "xml2003"})
_TABLE_KINDS: Final = frozenset({"docx", "html", "pdf", "csv"})
_WHOLE_FILE: Final = "整个文件"


@dataclass(frozen=True, slots=True)
class Ref:
    """A parsed path. `part` is the block (rows, goals, plan …), `index` and `field` lie inside it."""

    project: int | None = None
    department: bool = False
    part: str = ""
    index: int | None = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in words. `where` names the source place in full, `near` without the table."""

    where: str
    near: str
    what: str

    @property
    def short(self) -> str:
        """「三级指标「…」的指标值（第412行）」."""
        return f"{self.what}（{self.near}）" if self.near else self.what


def parse(path: str) -> Ref:
    """Parse a path of the report; a path of no known form is the whole document."""
    head = re.fullmatch(r"(?:projects\[(\d+)\]|(department))(?:\.(.*))?", path, re.S)
    if head is None:
        return Ref()
    project = None if head[1] is None else int(head[1])
    rest = re.fullmatch(r"(\w+)(?:\[(\d+)\])?(?:\.(.+))?", head[3] or "", re.S)
    if rest is None:
        return Ref(project=project, department=head[2] is not None)
    return Ref(
        project=project,
        department=head[2] is not None,
        part=rest[1],
        index=None if rest[2] is None else int(rest[2]),
        field=rest[3] or "",
    )


def project_of(document: Document, ref: Ref) -> Project | None:
    """Return the project that the path lies in."""
    if ref.project is None or ref.project >= len(document.projects):
        return None
    return document.projects[ref.project]


def row_of(document: Document, ref: Ref) -> Indicator | None:
    """Return the indicator row that the path lies in."""
    project = project_of(document, ref)
    if project is None or ref.part != "rows" or ref.index is None or ref.index >= len(project.rows):
        return None
    return project.rows[ref.index]


def cell_of(document: Document, ref: Ref) -> Cell | None:
    """Return the cell at the path; for a whole row its name cell, for a whole project its name."""
    project = project_of(document, ref)
    if project is not None:
        row = row_of(document, ref)
        return _row_cell(row, ref.field) if row is not None else _project_cell(project, ref)
    if ref.department and document.department is not None:
        return _department_cell(document.department, ref)
    return None


def _row_cell(row: Indicator, field: str) -> Cell | None:
    if not field:
        return row.name
    if field in FIELD_LABELS:
        return row.cell(field)
    return row.extra.get(field.removeprefix("extra."))


def _project_cell(project: Project, ref: Ref) -> Cell | None:
    if ref.part in ("goals", "plan") and ref.index is not None:
        if ref.part == "goals":
            return project.goals[ref.index] if ref.index < len(project.goals) else None
        if ref.index >= len(project.plan):
            return None
        point = project.plan[ref.index]
        return point.label if ref.field == "label" else point.percent.cell
    if ref.part == "budget":
        value = getattr(project.budget, ref.field, None) if ref.field else project.budget.total
        if isinstance(value, AmountCell):
            return value.cell
        return value if isinstance(value, Cell) else None
    if ref.part in ("", "name", "title", "code", "department"):
        cell: Cell = getattr(project, ref.part or "name")
        return cell
    return None


def _department_cell(department: Department, ref: Ref) -> Cell | None:
    items: tuple[Cell | DepartmentItem, ...] = getattr(department, ref.part, ())
    if ref.index is None or ref.index >= len(items):
        return None
    item = items[ref.index]
    if isinstance(item, Cell):
        return item
    named: Cell = getattr(item, ref.field or "name", item.name)
    return named or item.goal or item.indicator


def field_label(ref: Ref) -> str:
    """Return the name of the column or block that the path is about."""
    if ref.department:
        return _DEPARTMENT_LABELS.get(ref.part, "部门整体绩效目标")
    if ref.project is None:
        return _WHOLE_FILE
    if ref.part == "rows" and ref.index is not None:
        return FIELD_LABELS.get(ref.field, ref.field.removeprefix("extra.")) if ref.field else "整行"
    dotted = f"{ref.part}.{ref.field}" if ref.field else ref.part
    return _PROJECT_LABELS.get(dotted) or _PROJECT_LABELS.get(ref.part) or "整表"


def what(document: Document, ref: Ref) -> str:
    """Say in words what the path is about, without its place in the source."""
    label = field_label(ref)
    if ref.department:
        cell = cell_of(document, ref)
        return f"{label}「{one_line(cell.text, 24)}」" if cell else label
    if ref.part == "rows" and ref.index is not None:
        row = row_of(document, ref)
        named = one_line(row.name.text, 24) if row is not None else ""
        head = f"三级指标「{named}」" if named else f"第{ref.index + 1}行指标"
        return head if ref.field in ("", "name") else f"{head}的{label}"
    if ref.part in ("goals", "plan") and ref.index is not None:
        return f"{label}第{ref.index + 1}{'条' if ref.part == 'goals' else '项'}"
    return label


def title_of(project: Project, index: int) -> str:
    """Return the name a project is known by in a report."""
    return one_line(project.name.text or project.title.text) or f"第{index + 1}个项目"


def place_of(document: Document, location: Location) -> Place:
    """Say a location in words."""
    ref = parse(location.path)
    project = project_of(document, ref)
    source = location.source or _source_of(document, ref)
    table = one_line(project.title.text or project.name.text, 40) if project is not None else ""
    thing = what(document, ref)
    if source is None:
        if project is None or ref.project is None:
            return Place(where=thing, near="", what=thing)
        return Place(where=f"项目「{title_of(project, ref.project)}」{thing}", near="", what=thing)
    near = _source_words(source, field_label(ref), cell_is_column=ref.part == "rows" and bool(ref.field))
    if source.kind in _TABLE_KINDS and table:
        return Place(where=f"表「{table}」{near}", near=near, what=thing)
    if source.kind in _SHEET_KINDS and source.part:
        return Place(where=f"工作表「{one_line(source.part)}」{near}", near=near, what=thing)
    return Place(where=near or thing, near=near, what=thing)


def _source_of(document: Document, ref: Ref) -> SourceRef | None:
    row = row_of(document, ref)
    cell = cell_of(document, ref)
    if cell is not None and cell.source is not None:
        return cell.source
    if row is not None:
        return row.source or row.name.source
    project = project_of(document, ref)
    return project.source if project is not None else None


def _source_words(source: SourceRef, label: str, *, cell_is_column: bool) -> str:
    if source.kind in _SHEET_KINDS:
        return f"单元格 {column_letters(source.col)}{source.row}" if source.row and source.col else ""
    if source.kind in _TABLE_KINDS:
        page = re.search(r"page\s*(\d+)", source.part or "")
        words = f"第{page[1]}页" if page else ""
        if source.row:
            words += f"第{source.row}行"
            words += f"「{label}」列" if cell_is_column else ""
        elif source.line:
            words += f"第{source.line}行"
        return words
    return f"第{source.line}行" if source.line else ""


def column_letters(col: int | None) -> str:
    """Return the letters of a column that counts from 1 (28 → AB)."""
    letters, rest = "", col or 0
    while rest > 0:
        rest, digit = divmod(rest - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters
