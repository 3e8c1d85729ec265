"""Edits of cells and rows that respect the layout: one value cell or three, columns that the form lacks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from models.records.document import ROW_FIELDS
from models.records.finding import Edit
from models.records.quantity import Quantity
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.edits import row_cells
from rules.engine.paths import resolve_cell, split_path
from rules.support.cells import plain

_ITEM = re.compile(r"department\.items\[(\d+)\]")
GRADES: Final = ("达成预期", "部分达成预期", "未达成预期")
"""Grades of a qualitative target as the budget system lists them, in short."""
_SPOKEN = {"工作日": "个工作日", "月": "个月"}


def cell_edit(ctx: RowContext, field: str, new: str) -> Edit | None:
    """Return the edit of one cell, None where the layout lacks it or nothing changes."""
    if not ctx.has(field) or ctx.text(field) == new:
        return None
    return Edit(f"{ctx.path}.{field}", ctx.text(field), new)


def row_edits(ctx: RowContext, cells: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the edits that bring a row to the given texts, in column order."""
    found = (cell_edit(ctx, field, cells[field]) for field in ROW_FIELDS if field in cells)
    return tuple(edit for edit in found if edit is not None)


def add_edit(project: ProjectContext, cells: Mapping[str, str], *, nth: int = 0) -> Edit:
    """Return the edit that adds a row after the last one (`nth` counts rows added by the same draft)."""
    absent = (
        project.project.rows[0].absent if project.project.rows else frozenset({"operator", "unit", "weight"})
    )
    new = tuple((field, cells.get(field, "")) for field in ROW_FIELDS if field not in absent)
    return Edit(f"{project.path}.rows[{len(project.rows) + nth}]", None, new)


def remove_edit(ctx: RowContext) -> Edit:
    """Return the edit that removes a row."""
    return Edit(ctx.path, row_cells(ctx.row), None)


def class_cells(project: ProjectContext, category: str) -> dict[str, str]:
    """Return the level-1 and level-2 texts of a class as the project's scheme and table write them."""
    scheme = project.scheme
    group = scheme.parent_group(category)
    first, second = scheme.level1_name(group), scheme.level2_name(category)
    # The table's own spelling wins: a neighbour of the class, or of the branch.
    for row in project.rows:
        if row.category == category and row.text("level2"):
            second = row.text("level2")
        if row.group == group and row.text("level1"):
            first = row.text("level1")
    return {"level1": first, "level2": second}


def value_cells(ctx: RowContext | ProjectContext, operator: str, figure: str, unit: str) -> dict[str, str]:
    """Return operator, value and unit as the layout wants them: three cells, two, or one."""
    row = ctx if isinstance(ctx, RowContext) else None
    project = row.project if row is not None else ctx
    assert isinstance(project, ProjectContext)
    like = row or (project.rows[0] if project.rows else None)
    split_operator = like is not None and like.has("operator")
    split_unit = like is not None and like.has("unit")
    unit = _SPOKEN.get(unit, unit)
    cells = {"value": f"{'' if split_operator else operator}{figure}{'' if split_unit else unit}"}
    if split_operator:
        cells["operator"] = operator
    if split_unit:
        cells["unit"] = unit
    return cells


def grade_cells(ctx: RowContext | ProjectContext, grades: tuple[str, ...] = GRADES) -> dict[str, str]:
    """Return a graded qualitative target as the layout wants it."""
    row = ctx if isinstance(ctx, RowContext) else (ctx.rows[0] if ctx.rows else None)
    cells = {"value": "/".join(grades)}
    if row is not None and row.has("operator"):
        cells["operator"] = "定性"
    if row is not None and row.has("unit"):
        cells["unit"] = ""
    return cells


def number_text(number: Decimal) -> str:
    """Return a number for a cell: no exponent, no trailing zeros."""
    return plain(number)


def figure_text(quantity: Quantity) -> str:
    """Return the filed figure as it stands in the cell (「2万」 stays 「2万」), without operator and unit."""
    if quantity.number_span is None:
        return number_text(quantity.number) if quantity.number is not None else ""
    start, end = quantity.number_span
    text = quantity.text[start:end]
    if quantity.unit_span is not None and quantity.scale and quantity.scale not in text:
        return f"{text}{quantity.scale}"
    return text


def unique(edits: Iterable[Edit]) -> tuple[Edit, ...]:
    """Return edits with each path once, the first one, removals last."""
    seen: dict[str, Edit] = {}
    for edit in edits:
        seen.setdefault(edit.path, edit)
    return tuple(sorted(seen.values(), key=lambda edit: edit.new is None))


def row_at(ctx: DocumentContext | ProjectContext, path: str) -> RowContext | None:
    """Return the row that a path points at or into, None for a path elsewhere."""
    where = split_path(path)
    if where.project is None or where.row is None:
        return None
    project = ctx.projects[where.project] if isinstance(ctx, DocumentContext) else ctx
    return project.rows[where.row]


def text_at(ctx: DocumentContext, path: str) -> str:
    """Return the filed text at a path."""
    cell = resolve_cell(ctx.document, path)
    return cell.text if cell is not None else ""


def texts_at(ctx: DocumentContext, path: str) -> tuple[str, ...]:
    """Return the texts at a path; an item of part one has two, its indicator and its goal."""
    found = _ITEM.fullmatch(path)
    department = ctx.document.department
    if found is not None and department is not None:
        item = department.items[int(found[1])]
        return (item.indicator.text, item.goal.text)
    return (text_at(ctx, path),)
