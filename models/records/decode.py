"""The `document` object of the contract → records. Everything foreign is checked; errors name the JSON path."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, NoReturn

from models.records.amount import parse_amount, parse_percent
from models.records.document import (
    AmountCell,
    Budget,
    Cell,
    Department,
    DepartmentItem,
    Document,
    Indicator,
    InputProblem,
    PlanPoint,
    Project,
    SourceRef,
)

_OPTIONAL = ("operator", "unit", "weight")
_MAY_LACK = ("level1", "level2", "description", "basis")
_PLAIN = ("level1", "level2", "name", "description", "value", "basis")


class DecodeError(Exception):
    """The JSON does not fit the contract. The message is Chinese and names the path."""


def _fail(path: str, wanted: str) -> NoReturn:
    raise DecodeError(f"JSON 中 {path or '顶层'} 应为{wanted}")


def _mapping(value: Any, path: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        _fail(path, "对象")
    return value


def _items(value: Any, path: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        _fail(path, "数组")
    return value


def _string(value: Any, path: str) -> str | None:
    """Return text for text and numbers; null stays None. Booleans and containers are errors."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        _fail(path, "文字、数字或 null")
    number = Decimal(str(value))
    if not number.is_finite():
        _fail(path, "有限的数字")
    return format(number, "f")


def _integer(value: Any, path: str) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    _fail(path, "整数或 null")


def _source(value: Any, path: str) -> SourceRef | None:
    if value is None:
        return None
    data = _mapping(value, path)
    return SourceRef(
        kind=_string(data.get("kind"), f"{path}.kind") or "json",
        part=_string(data.get("part"), f"{path}.part"),
        row=_integer(data.get("row"), f"{path}.row"),
        col=_integer(data.get("col"), f"{path}.col"),
        line=_integer(data.get("line"), f"{path}.line"),
    )


class _Cells:
    """Builds cells of one object with their places and raw texts."""

    def __init__(self, data: Mapping[str, Any], path: str) -> None:
        self.path = path
        self._sources = _mapping(data.get("sources") or {}, f"{path}.sources")
        self._raw = _mapping(data.get("raw") or {}, f"{path}.raw")
        self._filed = _mapping(data.get("filed") or {}, f"{path}.filed")

    def cell(self, key: str, value: Any) -> Cell:
        text = _string(value, f"{self.path}.{key}") or ""
        return Cell(
            text,
            _source(self._sources.get(key), f"{self.path}.sources.{key}"),
            _string(self._raw.get(key), f"{self.path}.raw.{key}"),
        )

    def amount(self, key: str, value: Any, unit: str | None = None) -> AmountCell | None:
        """Return money in `unit`, or a percentage where `unit` is None."""
        if value is None:
            return None
        text = _string(value, f"{self.path}.{key}") or ""
        filed = _string(self._filed.get(key), f"{self.path}.filed.{key}")
        number = parse_percent(text) if unit is None else parse_amount(text, unit)
        return AmountCell(self.cell(key, text if filed is None else filed), number)


def _row(value: Any, path: str) -> Indicator:
    data = _mapping(value, path)
    cells = _Cells(data, path)
    optional = {name: None if data.get(name) is None else cells.cell(name, data[name]) for name in _OPTIONAL}
    extra = _mapping(data.get("extra") or {}, f"{path}.extra")
    absent = frozenset(str(item) for item in _items(data.get("absent"), f"{path}.absent"))
    plain = {name: cells.cell(name, data.get(name)) for name in _PLAIN}
    return Indicator(
        level1=plain["level1"],
        level2=plain["level2"],
        name=plain["name"],
        description=plain["description"],
        operator=optional["operator"],
        value=plain["value"],
        unit=optional["unit"],
        basis=plain["basis"],
        weight=optional["weight"],
        extra=MappingProxyType({str(key): cells.cell(f"extra.{key}", text) for key, text in extra.items()}),
        # A key that is left out stands for a column that the layout lacks; null or "" for an empty cell.
        absent=absent
        | {name for name, cell in optional.items() if cell is None}
        | {name for name in _MAY_LACK if name not in data},
        source=_source(data.get("source"), f"{path}.source"),
    )


def _project(value: Any, path: str) -> Project:
    data = _mapping(value, path)
    cells = _Cells(data, path)
    budget = _mapping(data.get("budget") or {}, f"{path}.budget")
    unit = _string(budget.get("unit"), f"{path}.budget.unit") or "万元"
    if unit not in ("元", "千元", "万元", "亿元"):
        _fail(f"{path}.budget.unit", "元、千元、万元或亿元")
    points = [
        _mapping(item, f"{path}.plan[{k}]") for k, item in enumerate(_items(data.get("plan"), f"{path}.plan"))
    ]
    absent = frozenset(str(item) for item in _items(data.get("absent"), f"{path}.absent"))
    return Project(
        title=cells.cell("title", data.get("title")),
        code=cells.cell("code", data.get("code")),
        name=cells.cell("name", data.get("name")),
        department=cells.cell("department", data.get("department")),
        budget=Budget(
            total=cells.amount("budget.total", budget.get("total"), unit),
            fiscal=cells.amount("budget.fiscal", budget.get("fiscal"), unit),
            other=cells.amount("budget.other", budget.get("other"), unit),
            unit=unit,
            purpose=cells.cell("budget.purpose", budget.get("purpose")),
        ),
        plan=tuple(
            PlanPoint(
                label=cells.cell(f"plan[{k}].label", point.get("label")),
                percent=cells.amount(f"plan[{k}].percent", point.get("percent"))
                or AmountCell(Cell(""), None),
            )
            for k, point in enumerate(points)
        ),
        goals=tuple(
            cells.cell(f"goals[{k}]", goal)
            for k, goal in enumerate(_items(data.get("goals"), f"{path}.goals"))
        ),
        scheme=_string(data.get("scheme"), f"{path}.scheme"),
        rows=tuple(
            _row(row, f"{path}.rows[{k}]") for k, row in enumerate(_items(data.get("rows"), f"{path}.rows"))
        ),
        absent=absent or _absent_blocks(data),
        source=_source(data.get("source"), f"{path}.source"),
    )


def _absent_blocks(data: Mapping[str, Any]) -> frozenset[str]:
    """Blocks that a hand-written object leaves out; a key with an empty value was asked for and left empty."""
    return frozenset(name for name in ("budget", "plan", "goals", "code") if name not in data)


def _department(value: Any, path: str) -> Department | None:
    if value is None:
        return None
    data = _mapping(value, path)
    cells = _Cells(data, path)
    items = [
        _mapping(i, f"{path}.items[{k}]") for k, i in enumerate(_items(data.get("items"), f"{path}.items"))
    ]
    return Department(
        goals=tuple(
            cells.cell(f"goals[{k}]", g) for k, g in enumerate(_items(data.get("goals"), f"{path}.goals"))
        ),
        items=tuple(
            DepartmentItem(
                number=_string(item.get("number"), f"{path}.items[{k}].number") or "",
                **{
                    key: cells.cell(f"items[{k}].{key}", item.get(key))
                    for key in ("name", "goal", "indicator")
                },
            )
            for k, item in enumerate(items)
        ),
        measures=tuple(
            cells.cell(f"measures[{k}]", m)
            for k, m in enumerate(_items(data.get("measures"), f"{path}.measures"))
        ),
    )


def document_from_json(value: Any) -> Document:
    """Return the document of a bare `document` object or of a whole report. Raises DecodeError."""
    data = _mapping(value, "")
    if isinstance(data.get("document"), Mapping):
        data = data["document"]
    if "projects" not in data:
        raise DecodeError("JSON 中没有 projects：请提供报告的 document 对象，或整个报告")
    problems = [
        _mapping(item, f"problems[{k}]") for k, item in enumerate(_items(data.get("problems"), "problems"))
    ]
    return Document(
        title=_Cells(data, "document").cell("title", data.get("title")),
        year=_integer(data.get("year"), "year"),
        department=_department(data.get("department"), "department"),
        projects=tuple(
            _project(item, f"projects[{k}]") for k, item in enumerate(_items(data["projects"], "projects"))
        ),
        problems=tuple(
            InputProblem(
                kind=_string(item.get("kind"), f"problems[{k}].kind") or "unread",
                message=_string(item.get("message"), f"problems[{k}].message") or "",
                source=_source(item.get("source"), f"problems[{k}].source"),
            )
            for k, item in enumerate(problems)
        ),
    )
