"""Applying edits to a copy of a document, filling blanks, and telling which edits stand in each other's way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from models.records.amount import parse_amount, parse_percent
from models.records.document import ROW_FIELDS, AmountCell, Cell, Document, Indicator, Project
from models.records.finding import Edit, RowCells, Slot
from rules.engine.draft import Blank
from rules.engine.paths import resolve_cell, split_path

_GOAL: Final = re.compile(r"goals\[(\d+)\]")
_PLAN: Final = re.compile(r"plan\[(\d+)\]")
_PLAIN: Final = ("name", "title", "code", "department")
_MONEY: Final = ("budget.total", "budget.fiscal", "budget.other")
MARK: Final = re.compile(r"〔待填：([^〔〕]*)〕")
"""A blank in a text; group 1 is its prompt."""


class EditError(Exception):
    """Edits that cannot be applied. The message is Chinese and says what to do."""


class StaleEdit(EditError):
    """The cell no longer holds what the edit expects."""


def row_cells(row: Indicator) -> RowCells:
    """Return the cells of a row as they stand in an edit: the columns the layout has."""
    cells = ((field, row.cell(field)) for field in ROW_FIELDS)
    return tuple((field, cell.text) for field, cell in cells if cell is not None and field not in row.absent)


def apply(document: Document, edits: Sequence[Edit]) -> Document:
    """Return a copy with all edits made. Paths count in the given document. Raises EditError, StaleEdit."""
    by_project: dict[int, list[Edit]] = {}
    seen: set[str] = set()
    for edit in edits:
        where = split_path(edit.path)
        if where.project is None or where.project >= len(document.projects):
            raise EditError(f"不能修改 {edit.path}：建议只能修改项目表中的内容，请核对路径")
        if edit.path in seen:
            raise EditError(f"对 {edit.path} 有两处修改，请只保留一处")
        seen.add(edit.path)
        by_project.setdefault(where.project, []).append(edit)
    projects = list(document.projects)
    for index, changes in by_project.items():
        projects[index] = _project(document, index, changes)
    return replace(document, projects=tuple(projects))


def kept_rows(project: Project, edits: Iterable[Edit], index: int) -> dict[int, int]:
    """Return row of the filed table → row of the copy, for every row that stays."""
    removed = {
        split_path(edit.path).row
        for edit in edits
        if edit.new is None and split_path(edit.path).project == index and split_path(edit.path).field is None
    }
    kept = [row for row in range(len(project.rows)) if row not in removed]
    return {old: new for new, old in enumerate(kept)}


def difference(before: Document, after: Document, kept: Mapping[int, Mapping[int, int]]) -> tuple[Edit, ...]:
    """Return the edits that turn one document into the other, removals last.

    `kept` maps, for each project, rows of `before` to rows of `after`; rows of `after` that nobody maps to are new.
    """
    edits: list[Edit] = []
    for index, (old, new) in enumerate(zip(before.projects, after.projects, strict=True)):
        if old is new:
            continue
        head = f"projects[{index}]"
        edits += (
            Edit(f"{head}.{field}", _text(old, field), _text(new, field))
            for field in (*_PLAIN, *_MONEY, "budget.purpose", *_lists(old))
            if _text(old, field) != _text(new, field)
        )
        rows = kept[index]
        for k, row in enumerate(old.rows):
            if k not in rows:
                continue
            other = dict(row_cells(new.rows[rows[k]]))
            edits += (
                Edit(f"{head}.rows[{k}].{field}", text, other[field])
                for field, text in row_cells(row)
                if other.get(field, text) != text
            )
        added = [k for k in range(len(new.rows)) if k not in rows.values()]
        edits += (
            Edit(f"{head}.rows[{len(old.rows) + n}]", None, row_cells(new.rows[k]))
            for n, k in enumerate(added)
        )
        edits += (
            Edit(f"{head}.rows[{k}]", row_cells(row), None) for k, row in enumerate(old.rows) if k not in rows
        )
    return tuple(sorted(edits, key=lambda edit: edit.new is None))


def _lists(project: Project) -> list[str]:
    return [
        *(f"goals[{k}]" for k in range(len(project.goals))),
        *(f"plan[{k}]" for k in range(len(project.plan))),
    ]


def _text(project: Project, field: str) -> str:
    goal, point = _GOAL.fullmatch(field), _PLAN.fullmatch(field)
    if goal is not None:
        return project.goals[int(goal[1])].text
    if point is not None:
        return project.plan[int(point[1])].percent.cell.text
    if field == "budget.purpose":
        return project.budget.purpose.text
    if field in _MONEY:
        amount: AmountCell | None = getattr(project.budget, field.removeprefix("budget."))
        return amount.cell.text if amount is not None else ""
    cell: Cell = getattr(project, field)
    return cell.text


def fill(edits: Iterable[Edit], values: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return the edits with blanks replaced; `values` maps a blank's prompt to the filer's text."""

    def text(new: str) -> str:
        return MARK.sub(lambda mark: values.get(mark[1], mark[0]), new)

    def side(new: str | RowCells | None) -> str | RowCells | None:
        if isinstance(new, tuple):
            return tuple((field, text(cell)) for field, cell in new)
        return None if new is None else text(new)

    return tuple(replace(edit, new=side(edit.new)) for edit in edits)


def new_texts(edits: Iterable[Edit]) -> Iterator[str]:
    """Yield every text that the edits write."""
    for edit in edits:
        if isinstance(edit.new, tuple):
            yield from (text for _, text in edit.new)
        else:
            yield edit.new or ""


def used(blanks: Iterable[Blank], edits: Iterable[Edit]) -> tuple[Blank, ...]:
    """Return the blanks that stand in the edits; a column that the layout lacks takes its blank along."""
    text = "\n".join(new_texts(edits))
    return tuple(blank for blank in blanks if str(blank) in text)


def open_blanks(edits: Iterable[Edit]) -> tuple[str, ...]:
    """Return the prompts that still stand in the edits, each once, in order."""
    found: dict[str, None] = {}
    for text in new_texts(edits):
        found.update(dict.fromkeys(MARK.findall(text)))
    return tuple(found)


def overlap(first: Iterable[Edit], second: Iterable[Edit]) -> str | None:
    """Return a path that both change (a removed row contains its cells, added rows count once each), or None."""
    other = list(second)
    for edit in first:
        for against in other:
            if edit.path == against.path and not (edit.old is None and against.old is None):
                return edit.path
            for whole, part in ((edit, against), (against, edit)):
                if whole.new is None and part.path.startswith(whole.path + "."):
                    return part.path
    return None


def check_value(slot: Slot, value: str) -> str:
    """Return the value of a blank, trimmed. Raises EditError where it does not fit the blank's kind."""
    text = value.strip()
    if not text or MARK.search(text):
        raise EditError(f"请填写「{slot.prompt}」")
    if len(text) > 200 or not text.isprintable():
        raise EditError(f"「{slot.prompt}」应为不超过 200 字的一行文字")
    if slot.kind == "number" and re.fullmatch(r"-?[0-9]{1,15}(?:\.[0-9]{1,6})?", text) is None:
        raise EditError(f"「{slot.prompt}」应为数字，如 12 或 95.5，单位已写在后面")
    return text


def _project(document: Document, index: int, edits: Sequence[Edit]) -> Project:
    project = document.projects[index]
    rows = list(project.rows)
    goals, plan, budget = list(project.goals), list(project.plan), project.budget
    plain: dict[str, Cell] = {}
    cells: dict[int, dict[str, Cell]] = {}
    added: dict[int, Indicator] = {}
    removed: set[int] = set()
    for edit in edits:
        where = split_path(edit.path)
        if where.row is not None and where.field is None:
            if edit.old is None:
                added[where.row] = _new_row(project, edit)
            else:
                removed.add(_removed(project, where.row, edit))
            continue
        cell = _changed(document, edit)
        goal, point = _GOAL.fullmatch(where.rest), _PLAN.fullmatch(where.rest)
        if where.row is not None:
            cells.setdefault(where.row, {})[str(where.field)] = cell
        elif goal is not None:
            goals[int(goal[1])] = cell
        elif point is not None:
            k = int(point[1])
            plan[k] = replace(plan[k], percent=AmountCell(cell, parse_percent(cell.text)))
        elif where.rest in _MONEY:
            money = AmountCell(cell, parse_amount(cell.text, budget.unit))
            budget = replace(budget, **{where.rest.removeprefix("budget."): money})  # type: ignore[arg-type]
        elif where.rest == "budget.purpose":
            budget = replace(budget, purpose=cell)
        else:
            plain[where.rest] = cell
    if sorted(added) != list(range(len(rows), len(rows) + len(added))):
        raise StaleEdit("新增行的位置应紧接在最后一行之后，表格已有变动，请重新检查后再采用建议")
    for k, fields in cells.items():
        rows[k] = replace(rows[k], **fields)  # type: ignore[arg-type]
    kept = [row for k, row in enumerate(rows) if k not in removed]
    return replace(
        project,
        rows=(*kept, *(added[k] for k in sorted(added))),
        goals=tuple(goals),
        plan=tuple(plan),
        budget=budget,
        **plain,  # type: ignore[arg-type]
    )


def _changed(document: Document, edit: Edit) -> Cell:
    where = split_path(edit.path)
    if not isinstance(edit.new, str) or isinstance(edit.old, tuple):
        raise EditError(f"{edit.path} 的修改应为文字")
    known = (
        where.field in ROW_FIELDS
        if where.row is not None
        else where.rest in (*_PLAIN, *_MONEY, "budget.purpose")
        or _GOAL.fullmatch(where.rest) is not None
        or _PLAN.fullmatch(where.rest) is not None
    )
    if not known:
        raise EditError(f"不能修改 {edit.path}，请核对路径")
    try:
        cell = resolve_cell(document, edit.path)
    except IndexError:
        raise StaleEdit(_stale(edit.path)) from None
    if where.row is not None and where.field in document.projects[where.project or 0].rows[where.row].absent:
        raise EditError(f"表格没有 {edit.path} 这一栏，不能修改")
    if (cell.text if cell is not None else "") != (edit.old or ""):
        raise StaleEdit(_stale(edit.path))
    return Cell(edit.new, cell.source if cell is not None else None)


def _stale(path: str) -> str:
    return f"{path} 的内容已经改变，建议已过期，请重新检查后再采用"


def _removed(project: Project, row: int, edit: Edit) -> int:
    if row >= len(project.rows) or not isinstance(edit.old, tuple) or edit.new is not None:
        raise StaleEdit(_stale(edit.path))
    if edit.old != row_cells(project.rows[row]):
        raise StaleEdit(_stale(edit.path))
    return row


def _new_row(project: Project, edit: Edit) -> Indicator:
    if not isinstance(edit.new, tuple):
        raise EditError(f"{edit.path} 应为一行指标")
    unknown = [field for field, _ in edit.new if field not in ROW_FIELDS]
    if unknown:
        raise EditError(f"新增行含有未知的栏目 {unknown[0]}")
    like = project.rows[0] if project.rows else None
    absent = like.absent if like is not None else frozenset({"operator", "unit", "weight"})
    texts = dict(edit.new)
    cells: dict[str, Cell | None] = {
        field: Cell(texts.get(field, "")) for field in ROW_FIELDS if field not in absent
    }
    cells |= {field: None for field in ("operator", "unit", "weight") if field in absent}
    return Indicator(**cells, absent=absent)  # type: ignore[arg-type]
