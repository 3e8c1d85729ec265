"""Rows and messages of the integrated budget system, by the site's mapping file (corpora/mappings/portal.yml)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from corpora.store import load_yaml
from models.records.amount import convert, parse_amount
from models.records.document import EMPTY, ROW_FIELDS, AmountCell, Budget, Cell, Indicator, Project
from nlp.text import clean
from service.ingest.goals import cell_of, split_goals
from service.ingest.layouts import Row

_CODED: Final = ("operator", "basis", "level1", "level2")


def _key(name: str) -> str:
    return re.sub(r"\s", "", name).upper()


@dataclass(frozen=True, slots=True)
class PortalMapping:
    """The mapping file, ready to use."""

    row: Mapping[str, tuple[str, ...]]
    """Record field → column names, the first filled one counts."""
    codes: Mapping[str, Mapping[str, str]]
    valid: frozenset[str]
    signature: frozenset[str]
    message: Mapping[str, tuple[str, ...]]
    message_row: Mapping[str, tuple[str, ...]]
    money_unit: str
    envelopes: tuple[str, ...]


@cache
def mapping() -> PortalMapping:
    """Return the site's mapping."""
    data = load_yaml("mappings/portal.yml")
    message = {key: value for key, value in data["message"].items() if key not in ("row", "money_unit")}
    return PortalMapping(
        row=_names(data["row"]),
        codes=MappingProxyType(
            {
                name: MappingProxyType({str(code): str(text) for code, text in table.items()})
                for name, table in data["codes"].items()
                if isinstance(table, dict)
            }
        ),
        valid=frozenset(str(code) for code in data["codes"]["valid"]),
        signature=frozenset(_key(str(name)) for name in data["signature"]),
        message=MappingProxyType({key: tuple(map(str, names)) for key, names in message.items()}),
        message_row=MappingProxyType(
            {key: tuple(map(str, names)) for key, names in data["message"]["row"].items()}
        ),
        money_unit=str(data["message"]["money_unit"]),
        envelopes=tuple(map(str, data["envelopes"])),
    )


def _names(table: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType({name: tuple(_key(str(word)) for word in words) for name, words in table.items()})


@dataclass(slots=True)
class _Draft:
    rows: list[Indicator] = field(default_factory=list)
    long: list[Indicator] = field(default_factory=list)
    code: Cell = EMPTY
    name: Cell = EMPTY
    department: Cell = EMPTY
    goal: Cell = EMPTY


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
    drafts: dict[str, _Draft] = {}
    for row in matrix[start + 1 :]:
        cells: dict[str, Cell] = {}
        headers: dict[str, str] = {}
        for index, name in enumerate(names):
            if name and name not in cells:
                cells[name] = cell_of(row[index] if index < len(row) else None)
                headers[name] = shown[index]
        if any(cells.values()):
            _take(drafts, cells, headers)
    absent = {"plan", "budget"}
    if not any(name in names for name in mapping().row["goal"]):
        absent.add("goals")
    return [_project(draft, frozenset(absent)) for draft in drafts.values()]


def _take(drafts: dict[str, _Draft], cells: Mapping[str, Cell], headers: Mapping[str, str]) -> None:
    claimed: set[str] = set()

    def pick(field_name: str) -> Cell | None:
        """Return the first filled column of a field (an empty one if none is filled, None if none exists)."""
        found: Cell | None = None
        for name in mapping().row.get(field_name, ()):
            if name not in cells:
                continue
            if cells[name]:
                claimed.add(name)
                return cells[name]
            found = cells[name] if found is None else found
        return found

    deleted = pick("deleted")
    if deleted and deleted.text not in mapping().valid:
        return
    code, key = pick("project_code") or EMPTY, pick("project_key") or EMPTY
    name, unit = pick("project_name") or EMPTY, pick("department") or EMPTY
    draft = drafts.setdefault(key.text or code.text or name.text, _Draft())
    goal = pick("goal") or pick("goal_annual") or pick("goal_long") or EMPTY
    for attribute, filed in (("code", code), ("name", name), ("department", unit), ("goal", goal)):
        if filed and not getattr(draft, attribute):
            setattr(draft, attribute, filed)
    period = pick("period")
    pick("year")
    values: dict[str, Cell] = {}
    for field_name in ROW_FIELDS:
        cell = pick(field_name)
        if field_name in ("level1", "level2") and not cell:
            cell = _decoded(field_name, pick(f"{field_name}_code"))
        elif field_name in _CODED:
            cell = _decoded(field_name, cell)
        if cell is not None:
            values[field_name] = cell
    if not any(values.values()):
        return
    extra = {headers[name]: cell for name, cell in cells.items() if cell and name not in claimed}
    row = Indicator(
        **values,
        extra=MappingProxyType(extra),
        absent=frozenset(name for name in ROW_FIELDS if name not in values),
        source=(values.get("name") or EMPTY).source,
    )
    is_long = period is not None and mapping().codes.get("period", {}).get(period.text) == "long"
    (draft.long if is_long else draft.rows).append(row)


def _decoded(field_name: str, cell: Cell | None) -> Cell | None:
    """Return a code's meaning, the code itself in `raw`; unknown codes are shown as sent."""
    if cell is None or not cell:
        return cell
    table = mapping().codes.get(field_name, {})
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


def _project(draft: _Draft, absent: frozenset[str]) -> Project:
    rows = merge_periods(draft.rows, draft.long, "总体指标值")
    return Project(
        code=draft.code,
        name=draft.name,
        department=draft.department,
        goals=split_goals(draft.goal.raw or draft.goal.text, draft.goal.source),
        rows=rows,
        absent=absent if draft.code else absent | {"code"},
        source=rows[0].source if rows else None,
    )


def is_message(keys: Sequence[str]) -> bool:
    """Whether the keys of a JSON object are those of a project message."""
    names = mapping().message
    known = {key for group in ("code", "name", "rows", "rows_long", "goal", "total") for key in names[group]}
    lists = {key for group in ("rows", "rows_long") for key in names[group]}
    return bool(lists & set(keys)) or len(known & set(keys)) >= 2


def project_from_message(message: Mapping[str, Cell | list[Mapping[str, Cell]]]) -> Project:
    """Return the project of a message whose leaves are cells already. Amounts in 元 become 万元 here."""
    names = mapping().message

    def text(group: str) -> Cell | None:
        for key in names.get(group, ()):
            value = message.get(key)
            if isinstance(value, Cell):
                return value
        return None

    def rows(group: str) -> list[Indicator]:
        for key in names.get(group, ()):
            value = message.get(key)
            if isinstance(value, list):
                return [row for item in value if (row := _message_row(item)) is not None]
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
        budget=Budget(
            total=_amount(total, mapping().money_unit) if total else None, purpose=text("purpose") or EMPTY
        ),
        goals=split_goals(goal.raw or goal.text, goal.source),
        rows=merge_periods(annual, history, "上年度指标值"),
        absent=frozenset(absent),
        source=(text("name") or EMPTY).source,
    )


def _message_row(item: Mapping[str, Cell]) -> Indicator | None:
    values: dict[str, Cell] = {}
    claimed: set[str] = set()
    for field_name, names in mapping().message_row.items():
        for name in names:
            if name in item and field_name not in values:
                claimed.add(name)
                cell = item[name]
                values[field_name] = (_decoded(field_name, cell) or cell) if field_name in _CODED else cell
    if not any(values.values()):
        return None
    return Indicator(
        **values,
        extra=MappingProxyType({key: cell for key, cell in item.items() if cell and key not in claimed}),
        absent=frozenset(name for name in ROW_FIELDS if name not in values),
        source=(values.get("name") or EMPTY).source,
    )


def _amount(cell: Cell, unit: str) -> AmountCell:
    """Return an amount of a message in 万元, the unit of tables; the original string stays in `raw`."""
    amount = parse_amount(cell.text, unit)
    if amount is None or unit == "万元":
        return AmountCell(cell, amount)
    shown = convert(amount, unit, "万元")
    return AmountCell(Cell(format(shown, "f"), cell.source, cell.text), shown)


def message_year(message: Mapping[str, Cell | list[Mapping[str, Cell]]]) -> str | None:
    """Return the budget year of a message, as sent."""
    for key in mapping().message["year"]:
        value = message.get(key)
        if isinstance(value, Cell) and value:
            return value.text
    return None
