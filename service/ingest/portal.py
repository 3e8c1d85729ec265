"""Rows and messages of the integrated budget system, by the site's mapping file (service/portal/mapping.py)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from models.records.amount import convert, parse_amount
from models.records.document import EMPTY, ROW_FIELDS, AmountCell, Budget, Cell, Indicator, Project
from nlp.text import clean
from service.ingest.goals import cell_of, split_goals
from service.ingest.layouts import Row
from service.portal.mapping import PortalMapping, mapping
from service.portal.mapping import key_of as _key

_CODED: Final = ("operator", "basis", "level1", "level2")
_NOT_CELLS: Final = frozenset({"row_key"})
"""Names of a message's row that are no fields of the record; they stay in `extra`."""


@dataclass(slots=True)
class _Draft:
    rows: list[Indicator] = field(default_factory=list)
    long: list[Indicator] = field(default_factory=list)
    goals: list[Cell] = field(default_factory=list)
    long_goals: list[Cell] = field(default_factory=list)
    key: Cell = EMPTY
    code: Cell = EMPTY
    name: Cell = EMPTY
    department: Cell = EMPTY
    total: Cell = EMPTY
    purpose: Cell = EMPTY


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the system: cells by compared name, and the names as sent."""

    cells: Mapping[str, Cell]
    shown: Mapping[str, str]


def is_portal_table(matrix: Sequence[Row]) -> bool:
    """Whether the first filled row of a table holds field names of the system."""
    for row in matrix[:5]:
        texts = {_key(clean(cell.text)) for cell in row if cell is not None and clean(cell.text)}
        if texts:
            return bool(texts & mapping().signature)
    return False


def read_table(matrix: Sequence[Row]) -> list[Project]:
    """Return the projects of a table of system rows, one project per MAINGUID or project code."""
    start = next(
        i for i, row in enumerate(matrix) if any(cell is not None and clean(cell.text) for cell in row)
    )
    names = [_key(clean(cell.text)) if cell is not None else "" for cell in matrix[start]]
    shown = [clean(cell.text) if cell is not None else "" for cell in matrix[start]]
    records = []
    for row in matrix[start + 1 :]:
        cells: dict[str, Cell] = {}
        headers: dict[str, str] = {}
        for index, name in enumerate(names):
            if name and name not in cells:
                cells[name] = cell_of(row[index] if index < len(row) else None)
                headers[name] = shown[index]
        records.append(Record(cells, headers))
    return [project for _, project in read_records(records, mapping(), columns=names)]


def read_records(
    records: Iterable[Record], names: PortalMapping, *, columns: Iterable[str], single: bool = False
) -> list[tuple[str, Project]]:
    """Return projects with what the system calls them: MAINGUID, else the project code, else nothing.

    All records are of one project where `single`. `columns` are the names that the layout has, filled or not.
    """
    drafts: dict[str, _Draft] = {}
    for record in records:
        if not any(record.cells.values()):
            continue
        pick = _Picker(record, names)
        deleted = pick("deleted")
        if deleted and deleted.text not in names.valid:
            continue
        key = pick("project_key") or EMPTY
        group = key or pick("project_code") or pick("project_name") or EMPTY
        draft = drafts.setdefault("" if single else group.text, _Draft())
        draft.key = draft.key or key
        _take(draft, pick, names)
    there = set(columns)
    absent = {"plan"}
    for block, fields in (("budget", ("total",)), ("goals", ("goal", "goal_annual", "goal_long"))):
        if not any(name in there for item in fields for name in names.row.get(item, ())):
            absent.add(block)
    return [
        (draft.key.text or draft.code.text, _project(draft, frozenset(absent), names))
        for draft in drafts.values()
    ]


class _Picker:
    """Takes fields out of a record and remembers which columns they were."""

    def __init__(self, record: Record, names: PortalMapping) -> None:
        self.record, self._names = record, names
        self._claimed: set[str] = set()

    def __call__(self, field_name: str) -> Cell | None:
        """Return the first filled column of a field (an empty one if none is filled, None if none exists)."""
        found: Cell | None = None
        cells = self.record.cells
        for name in self._names.row.get(field_name, ()):
            if name not in cells:
                continue
            if cells[name]:
                self._claimed.add(name)
                return cells[name]
            found = cells[name] if found is None else found
        return found

    def rest(self) -> dict[str, Cell]:
        """Return the filled columns that no field has taken."""
        cells, shown = self.record.cells, self.record.shown
        return {shown[name]: cell for name, cell in cells.items() if cell and name not in self._claimed}


def _take(draft: _Draft, pick: _Picker, names: PortalMapping) -> None:
    pick("year")
    for attribute, field_name in (
        ("code", "project_code"),
        ("name", "project_name"),
        ("department", "department"),
        ("total", "total"),
        ("purpose", "purpose"),
    ):
        filed = pick(field_name)
        if filed and not getattr(draft, attribute):
            setattr(draft, attribute, filed)
    period = pick("period")
    is_long = period is not None and names.codes.get("period", {}).get(period.text) == "long"
    goal = pick("goal") or pick("goal_annual")
    values = _values(pick, names)
    if not goal:
        later = pick("goal_long")
        # The name of a goal stands for it only in a record of a goal: rows name the goal that they belong to.
        goal = later or (None if values else pick("goal_name"))
        _add_goal(draft.long_goals if is_long or later else draft.goals, goal)
    else:
        _add_goal(draft.long_goals if is_long else draft.goals, goal)
    if not values:
        return
    row = Indicator(
        **values,
        extra=MappingProxyType(pick.rest()),
        absent=frozenset(name for name in ROW_FIELDS if name not in values),
        source=(values.get("name") or EMPTY).source,
    )
    (draft.long if is_long else draft.rows).append(row)


def _values(pick: _Picker, names: PortalMapping) -> dict[str, Cell]:
    """Return the cells of an indicator, none where the record is of something else."""
    values: dict[str, Cell] = {}
    for field_name in ROW_FIELDS:
        cell = pick(field_name)
        if field_name in ("level1", "level2") and not cell:
            cell = _decoded(field_name, pick(f"{field_name}_code"), names)
        elif field_name in _CODED:
            cell = _decoded(field_name, cell, names)
        if cell is not None:
            values[field_name] = cell
    return values if any(values.values()) else {}


def _add_goal(goals: list[Cell], goal: Cell | None) -> None:
    # Systems repeat the goal on every row.
    if goal and all(goal.text != known.text for known in goals):
        goals.append(goal)


def _decoded(field_name: str, cell: Cell | None, names: PortalMapping) -> Cell | None:
    """Return a code's meaning, the code itself in `raw`; unknown codes are shown as sent."""
    if cell is None or not cell:
        return cell
    table = names.codes.get(field_name, {})
    text = table.get(cell.text) or table.get(cell.text.lstrip("0"))
    return cell if text is None else Cell(text, cell.source, cell.text)


def merge_periods(
    rows: Sequence[Indicator], others: Sequence[Indicator], label: str
) -> tuple[Indicator, ...]:
    """Return the annual rows with the other period's value in extra; rows filed only there are kept as rows."""
    if not rows:
        return tuple(others)
    left = list(others)
    merged = []
    for row in rows:
        twin = next(
            (o for o in left if o.name.text == row.name.text and o.level2.text == row.level2.text), None
        )
        if twin is not None:
            left.remove(twin)
            text = "".join(cell.text for cell in (twin.operator, twin.value, twin.unit) if cell is not None)
            if text:
                row = replace(
                    row, extra=MappingProxyType({**row.extra, label: Cell(text, twin.value.source)})
                )
        merged.append(row)
    return (*merged, *left)


def _project(draft: _Draft, absent: frozenset[str], names: PortalMapping) -> Project:
    rows = merge_periods(draft.rows, draft.long, "总体指标值")
    return Project(
        code=draft.code,
        name=draft.name,
        department=draft.department,
        budget=_budget(draft.total, draft.purpose, names.row_money_unit),
        goals=tuple(
            item
            for goal in (draft.goals or draft.long_goals)
            for item in split_goals(goal.raw or goal.text, goal.source)
        ),
        rows=rows,
        absent=absent if draft.code else absent | {"code"},
        source=rows[0].source if rows else None,
    )


def is_message(keys: Sequence[str], names: PortalMapping | None = None) -> bool:
    """Whether the keys of a JSON object are those of a project message."""
    groups = (names or mapping()).message
    present = set(keys)
    lists = {key for group in ("rows", "rows_long") for key in groups.get(group, ())}
    if lists & present:
        return True
    known = {key for group in ("code", "name", "goal", "total") for key in groups.get(group, ())}
    return len(known & present) >= 2


def project_from_message(
    message: Mapping[str, Cell | list[Mapping[str, Cell]]], names: PortalMapping | None = None
) -> Project:
    """Return the project of a message whose leaves are cells already. Amounts in 元 become 万元 here."""
    names = names or mapping()
    groups = names.message

    def text(group: str) -> Cell | None:
        found = [cell for key in groups.get(group, ()) if isinstance(cell := message.get(key), Cell)]
        return next((cell for cell in found if cell), found[0] if found else None)

    def rows(group: str) -> list[Indicator]:
        for key in groups.get(group, ()):
            value = message.get(key)
            if isinstance(value, list):
                return [row for item in value if (row := _message_row(item, names)) is not None]
        return []

    total = text("total")
    goal = text("goal") or text("goal_long") or EMPTY
    absent = {"plan"}
    absent |= {"budget"} if total is None else set()
    absent |= {"code"} if text("code") is None else set()
    absent |= {"goals"} if text("goal") is None and text("goal_long") is None else set()
    annual = merge_periods(rows("rows"), rows("rows_long"), "总体指标值")
    past = {(row.level2.text, row.name.text) for row in annual}
    # Last year's rows are history: a value to compare with, never a row of their own.
    history = [row for row in rows("rows_past") if (row.level2.text, row.name.text) in past]
    return Project(
        code=text("code") or EMPTY,
        name=text("name") or EMPTY,
        department=text("department") or EMPTY,
        budget=_budget(total, text("purpose"), names.money_unit),
        goals=split_goals(goal.raw or goal.text, goal.source),
        rows=merge_periods(annual, history, "上年度指标值"),
        absent=frozenset(absent),
        source=(text("name") or EMPTY).source,
    )


def _message_row(item: Mapping[str, Cell], names: PortalMapping) -> Indicator | None:
    values: dict[str, Cell] = {}
    claimed: set[str] = set()
    for field_name, columns in names.message_row.items():
        if field_name in _NOT_CELLS:
            continue
        for name in columns:
            if name in item and field_name not in values:
                claimed.add(name)
                cell = item[name]
                if field_name in _CODED:
                    cell = _decoded(field_name, cell, names) or cell
                values[field_name] = cell
    if not any(values.values()):
        return None
    return Indicator(
        **values,
        extra=MappingProxyType({key: cell for key, cell in item.items() if cell and key not in claimed}),
        absent=frozenset(name for name in ROW_FIELDS if name not in values),
        source=(values.get("name") or EMPTY).source,
    )


def _budget(total: Cell | None, purpose: Cell | None, unit: str) -> Budget:
    return Budget(total=_amount(total, unit) if total else None, purpose=purpose or EMPTY)


def _amount(cell: Cell, unit: str) -> AmountCell:
    """Return an amount of the system in 万元, the unit of tables; the original string stays in `raw`."""
    amount = parse_amount(cell.text, unit)
    if amount is None or unit == "万元":
        return AmountCell(cell, amount)
    shown = convert(amount, unit, "万元")
    return AmountCell(Cell(format(shown, "f"), cell.source, cell.raw or cell.text), shown)


def message_year(
    message: Mapping[str, Cell | list[Mapping[str, Cell]]], names: PortalMapping | None = None
) -> str | None:
    """Return the budget year of a message, as sent."""
    for key in (names or mapping()).message.get("year", ()):
        value = message.get(key)
        if isinstance(value, Cell) and value:
            return value.text
    return None
