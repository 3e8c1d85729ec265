"""JSON that a portal sends → one document for each project. Strict: what does not fit is named by its place.

Two shapes: the project message with Chinese keys, and records of the system's tables (rows, goals, the project), bare
in an array, in an envelope, or as `{"project": …, "goals": […], "rows": […]}`. Both are understood by the readers of
files (`service.ingest.portal`); here is only what a file does not have to say: types, keys, units.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Final

from models.records.document import Cell, Document, Project, SourceRef
from service.api.errors import Fault, InvalidBody
from service.errors import TooLarge
from service.ingest.goals import make_cell
from service.ingest.portal import Record, is_message, message_year, project_from_message, read_records
from service.portal.mapping import PortalMapping, key_of
from service.settings import Limits

_MOST_FAULTS: Final = 20
_LONGEST_KEY: Final = 200
_MOST_ENVELOPES: Final = 4
_LISTS: Final = ("rows", "rows_long", "rows_past")
_UNFIT: Final = "正文不符合约定，请按 errors 逐项改正"

Known = Mapping[str, str]
"""Compared name → name as the mapping file writes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One project as sent."""

    key: str
    """What the system calls it: MAINGUID or project code; empty where it gives neither."""
    units: frozenset[str]
    """Codes and names of the unit that files it."""
    document: Document


def read_projects(value: Any, limits: Limits, names: PortalMapping, where: str = "") -> tuple[Filed, ...]:
    """Return the projects of one thing that was sent; `where` is its place in the body.

    Raises InvalidBody that names what does not fit, TooLarge.
    """
    value, where = _unwrapped(value, names, where)
    faults = _Faults()
    if isinstance(value, Mapping):
        if _is_message(value, names):
            found = [_message(value, limits, names, where, faults)]
        else:
            found = _bundle(value, limits, names, where, faults)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        if all(_is_message(item, names) for item in value):
            found = [_message(item, limits, names, f"{where}[{k}]", faults) for k, item in enumerate(value)]
        else:
            found = _rows(value, limits, names, [f"{where}[{k}]" for k in range(len(value))], faults)
    else:
        faults.add(where, "应为项目报文（对象），或数据行的数组")
        found = []
    faults.check()
    if not found:
        raise InvalidBody(
            _UNFIT, (Fault(where, "没有有效的指标行或项目内容，请核对 IS_DELETED 等标记与字段名"),)
        )
    return tuple(found)


class _Faults:
    """What does not fit, collected so that a caller sees more than the first."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, path: str, detail: str) -> None:
        self._found.append(Fault(path, detail))
        if len(self._found) >= _MOST_FAULTS:
            self.check()

    def check(self) -> None:
        if self._found:
            raise InvalidBody(_UNFIT, tuple(self._found))


def _unwrapped(value: Any, names: PortalMapping, where: str) -> tuple[Any, str]:
    """Return what is inside of envelopes such as `{"data": […]}`."""
    for _ in range(_MOST_ENVELOPES):
        if not isinstance(value, Mapping) or _is_message(value, names) or _is_bundle(value, names):
            break
        inside = next((key for key in names.envelopes if isinstance(value.get(key), list | Mapping)), None)
        if inside is None:
            break
        value, where = value[inside], f"{where}.{inside}" if where else inside
    return value, where


def _is_message(value: Mapping[str, Any], names: PortalMapping) -> bool:
    known = _message_names(names)
    return is_message([known.get(key_of(sent), sent) for sent in value], names)


def _message_names(names: PortalMapping) -> Known:
    return {key_of(key): key for keys in names.message.values() for key in keys}


def _is_bundle(value: Mapping[str, Any], names: PortalMapping) -> bool:
    """Whether an object holds the rows of one project by kind, and not only one array."""
    rows = any(isinstance(value.get(key), list) for key in names.bundle["rows"])
    others = (key for kind in ("project", "goals") for key in names.bundle.get(kind, ()))
    return rows and any(key in value for key in others)


def _bundle(
    value: Mapping[str, Any], limits: Limits, names: PortalMapping, where: str, faults: _Faults
) -> list[Filed]:
    if not _is_bundle(value, names):
        # One record on its own.
        return _rows([value], limits, names, [where], faults)
    records: list[Mapping[str, Any]] = []
    places: list[str] = []
    for kind in ("project", "goals", "rows"):
        for key in names.bundle.get(kind, ()):
            if value.get(key) is None:
                continue
            place = f"{where}.{key}" if where else key
            part = value[key]
            many = [part] if kind == "project" else part
            if not isinstance(many, list) or not all(isinstance(item, Mapping) for item in many):
                faults.add(place, "应为对象" if kind == "project" else "应为对象的数组")
                continue
            records += many
            places += [place] if kind == "project" else [f"{place}[{k}]" for k in range(len(many))]
    return _rows(records, limits, names, places, faults, single=True)


def _rows(
    values: list[Mapping[str, Any]],
    limits: Limits,
    names: PortalMapping,
    places: list[str],
    faults: _Faults,
    *,
    single: bool = False,
) -> list[Filed]:
    if len(values) > limits.max_rows:
        raise TooLarge(f"数据超过 {limits.max_rows} 行，请拆分后分批检查")
    known = {key_of(name): name for columns in names.row_shown.values() for name in columns}
    records = []
    columns: set[str] = set()
    for value, place in zip(values, places, strict=True):
        cells = dict(_cells(value, known, place, faults, row=_number(place) if len(values) > 1 else 1))
        if value and not known.keys() & {key_of(key) for key in cells}:
            faults.add(place, "没有映射文件中的任何字段，请核对字段名")
        record = Record(
            {key_of(key): cell for key, cell in cells.items()}, {key_of(key): key for key in cells}
        )
        columns |= record.cells.keys()
        records.append(record)
    units: dict[str, set[str]] = {}
    for record in records:
        units.setdefault("" if single else _group(record, names), set()).update(
            record.cells[name].text for name in names.row.get("department", ()) if record.cells.get(name)
        )
    years = {
        cell.text
        for record in records
        for name in names.row.get("year", ())
        if (cell := record.cells.get(name))
    }
    everywhere = frozenset(chain.from_iterable(units.values()))
    return [
        # Rows are grouped by the reader; where the groups cannot be told apart, every unit counts.
        Filed(
            key=_plain(key),
            units=frozenset(units.get(key, everywhere)),
            document=_document(project, years),
        )
        for key, project in read_records(records, names, columns=columns, single=single)
        if project.rows or project.goals or project.code or project.name
    ]


def _number(place: str) -> int:
    """Return which one of its array a record is, from 1."""
    digits = place.rpartition("[")[2].removesuffix("]") if place.endswith("]") else "0"
    return int(digits) + 1


def _group(record: Record, names: PortalMapping) -> str:
    for field in ("project_key", "project_code"):
        for name in names.row.get(field, ()):
            if record.cells.get(name):
                return record.cells[name].text
    return ""


def _message(
    value: Mapping[str, Any], limits: Limits, names: PortalMapping, where: str, faults: _Faults
) -> Filed:
    groups = names.message
    lists = {key for group in _LISTS for key in groups.get(group, ())}
    known = _message_names(names)
    known_rows = {key_of(name): name for columns in names.message_row.values() for name in columns}
    message: dict[str, Cell | list[Mapping[str, Cell]]] = {}
    rest: dict[str, Any] = {}
    for sent, rows in value.items():
        key = known.get(key_of(sent), sent)
        if key not in lists:
            rest[sent] = rows
            continue
        place = f"{where}.{key}" if where else key
        if rows is None:
            rows = []
        if not isinstance(rows, list) or not all(isinstance(item, Mapping) for item in rows):
            faults.add(place, "应为对象的数组")
            continue
        if len(rows) > limits.max_rows:
            raise TooLarge(f"数据超过 {limits.max_rows} 行，请拆分后分批检查")
        message[key] = [
            _named(_cells(row, known_rows, f"{place}[{k}]", faults, row=k + 1, part=f"{key}/"), known_rows)
            for k, row in enumerate(rows)
        ]
    texts = {key: name for key, name in known.items() if name not in lists}
    message |= _named(_cells(rest, texts, where, faults), texts)
    project = project_from_message(message, names)
    units = frozenset(
        cell.text
        for key in groups.get("department", ())
        if isinstance(cell := message.get(key), Cell) and cell
    )
    if not (project.rows or project.name or project.code):
        faults.add(where, "没有项目代码、名称和指标")
    year = message_year(message, names)
    return Filed(
        key=_plain(project.code.text), units=units, document=_document(project, {year} if year else set())
    )


def _named(cells: Iterable[tuple[str, Cell]], known: Known) -> dict[str, Cell]:
    """Return cells under the names that the mapping writes; of two that are the same, a filled one counts."""
    found: dict[str, Cell] = {}
    for sent, cell in cells:
        name = known.get(key_of(sent), sent)
        if not found.get(name):
            found[name] = cell
    return found


def _cells(
    value: Mapping[str, Any],
    known: Known,
    where: str,
    faults: _Faults,
    *,
    row: int | None = None,
    part: str = "",
) -> Iterator[tuple[str, Cell]]:
    """Yield the cells of an object. Fields of the mapping must be texts or numbers; others are taken as they are."""
    for sent, item in value.items():
        key = sent.replace("\0", "")
        if len(key) > _LONGEST_KEY:
            faults.add(where, f"有超过 {_LONGEST_KEY} 字的键")
            continue
        name = known.get(key_of(key))
        is_plain = (
            item is None or isinstance(item, str | int) or (isinstance(item, float) and math.isfinite(item))
        )
        if name is not None and (not is_plain or isinstance(item, bool)):
            faults.add(f"{where}.{name}" if where else name, "应为文字、数字或 null")
        elif is_plain:
            source = SourceRef(kind="json", part=f"{part}{key}", row=row)
            yield key, make_cell(_text(item), source)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        # Without an exponent, and with the digits that were sent.
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    # No database holds NUL.
    return str(value).replace("\0", "")


def _document(project: Project, years: set[str]) -> Document:
    only = next(iter(years))[:4] if len(years) == 1 else ""
    year = int(only) if len(only) == 4 and only.isascii() and only.isdecimal() else None
    return Document(projects=(project,), year=year, input_kind="json")


def _plain(key: str) -> str:
    """Return a key as it can stand in listings and logs."""
    return "".join(char for char in key if char.isprintable())[:_LONGEST_KEY]
