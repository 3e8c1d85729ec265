"""JSON and JSON Lines → Document: the contract's document, flat rows, and what the budget system sends."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NoReturn

from models.records.decode import DecodeError, document_from_json
from models.records.document import Cell, Document, SourceRef
from service.errors import DamagedInput, NoTableFound, TooLarge
from service.ingest.assemble import assemble
from service.ingest.grid import GridCell, RawDocument, Table
from service.ingest.portal import is_message, message_year, project_from_message
from service.portal.mapping import mapping
from service.settings import Limits

_MAX_DEPTH: Final = 64
_HALF: Final = re.compile(rb"\\\0*u\0*[dD]")
"""An escape that may be half of a pair, in any encoding of JSON."""


class _BadJson(ValueError):
    """JSON that is well-formed for the parser but not acceptable here; the message is Chinese."""


def read_json(data: bytes, limits: Limits) -> Document:
    """Return the document of JSON or JSON Lines bytes. Raises InputError."""
    value = parse_json(data, limits)
    if _is_project(value):
        value = {"projects": [value]}
    if isinstance(value, Mapping) and ("projects" in value or isinstance(value.get("document"), Mapping)):
        try:
            document = document_from_json(value)
        except DecodeError as error:
            raise DamagedInput(f"{error}，请按接口约定改正后重试") from error
        if not document.projects:
            raise NoTableFound("JSON 的 projects 为空，没有可检查的项目")
        return replace(document, input_kind="json")
    records = _records(value)
    if records and all(is_message(list(record)) for record in records):
        messages = [_cells(record, limits) for record in records]
        years = {year for message in messages if (year := message_year(message))}
        return Document(
            projects=tuple(project_from_message(message) for message in messages),
            year=_year(years),
            input_kind="json",
        )
    if not records:
        raise NoTableFound("JSON 中没有找到项目或指标数据，请提供 document 对象、指标行数组或项目报文")
    return replace(assemble(_as_table(records, limits), limits=limits), input_kind="json")


def parse_json(data: bytes, limits: Limits) -> Any:
    """Return what the JSON says, after its depth, size and texts were measured. Raises InputError."""
    value = _parse(data)
    _measure(value, limits)
    if _HALF.search(data) is not None:
        _must_be_unicode(value)
    return value


def _must_be_unicode(value: Any) -> None:
    """Refuse halves of surrogate pairs: no file and no digest can hold them."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        raise DamagedInput("JSON 中含有不成对的代理字符（\\ud800 一类），请改正后重试") from error


def _is_project(value: Any) -> bool:
    """Whether the value is one project of the contract, not an envelope around rows of a system."""
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("rows"), list)
        and "projects" not in value
        and (
            isinstance(value.get("name"), str)
            or isinstance(value.get("budget"), Mapping)
            or isinstance(value.get("goals"), list)
        )
    )


def _parse(data: bytes) -> Any:
    try:
        text = data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise DamagedInput("JSON 的字符编码无法识别，请另存为 UTF-8 编码后重试") from error
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > 1 and all(line.lstrip().startswith("{") for line in lines):
            return [_line(line, number) for number, line in enumerate(lines, 1)]
        raise DamagedInput(
            f"JSON 格式有误（第 {error.lineno} 行第 {error.colno} 列），请改正后重试"
        ) from error
    except RecursionError as error:
        raise DamagedInput("JSON 嵌套过深，请改正后重试") from error
    except ValueError as error:
        _refuse(error)


def _line(text: str, number: int) -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        raise DamagedInput(
            f"JSON Lines 第 {number} 行格式有误（第 {error.colno} 列），请改正后重试"
        ) from error
    except RecursionError as error:
        raise DamagedInput(f"JSON Lines 第 {number} 行嵌套过深，请改正后重试") from error
    except ValueError as error:
        _refuse(error)


def _refuse(error: ValueError) -> NoReturn:
    # Python's own ValueError here is about integers of thousands of digits.
    known = str(error) if isinstance(error, _BadJson) else "JSON 中有过长的数字"
    raise DamagedInput(f"{known}，请改正后重试") from error


def _loads(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _BadJson(f"JSON 中的键「{twice[:40]}」重复")
    return found


def _constant(name: str) -> NoReturn:
    raise _BadJson(f"JSON 中不应出现 {name}")


def _measure(value: Any, limits: Limits) -> None:
    """Check depth, count and text lengths without recursion."""
    stack: list[tuple[Any, int]] = [(value, 0)]
    count = 0
    while stack:
        item, depth = stack.pop()
        count += 1
        if count > limits.max_cells:
            raise TooLarge(f"JSON 的数据项超过 {limits.max_cells} 个，请拆分后分批检查")
        if depth > _MAX_DEPTH:
            raise DamagedInput("JSON 嵌套过深，请改正后重试")
        if isinstance(item, Mapping):
            stack += [(child, depth + 1) for child in item.values()]
        elif isinstance(item, list):
            stack += [(child, depth + 1) for child in item]
        elif isinstance(item, str) and len(item) > limits.max_cell_chars:
            raise TooLarge(f"JSON 中有超过 {limits.max_cell_chars} 字的文字，请核对后重试")


def _records(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of an array, of an envelope around one, or the single object itself."""
    if isinstance(value, Mapping):
        for key in mapping().envelopes:
            if isinstance(value.get(key), list | Mapping):
                return _records(value[key])
        return [value]
    if isinstance(value, list):
        bad = next((k for k, item in enumerate(value) if not isinstance(item, Mapping)), None)
        if bad is not None:
            raise DamagedInput(f"JSON 数组第 {bad + 1} 项不是对象，请改正后重试")
        return value
    raise NoTableFound("JSON 顶层应为对象或数组")


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, int | float):
        return format(value, "f").rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _cells(record: Mapping[str, Any], limits: Limits) -> dict[str, Cell | list[Mapping[str, Cell]]]:
    """Return a message with texts as cells and its arrays of rows as cells by key."""
    out: dict[str, Cell | list[Mapping[str, Cell]]] = {}
    for key, value in record.items():
        if isinstance(value, list) and all(isinstance(item, Mapping) for item in value) and value:
            if len(value) > limits.max_rows:
                raise TooLarge(f"JSON 中「{key[:40]}」超过 {limits.max_rows} 行，请拆分后分批检查")
            out[str(key)] = [
                {
                    str(k): Cell(_text(v), SourceRef(kind="json", part=str(key), row=n))
                    for k, v in item.items()
                }
                for n, item in enumerate(value, 1)
            ]
        elif isinstance(value, list) and not value:
            out[str(key)] = []
        else:
            out[str(key)] = Cell(_text(value), SourceRef(kind="json", part=str(key)))
    return out


def _year(years: set[str]) -> int | None:
    only = years.pop() if len(years) == 1 else ""
    return int(only[:4]) if only[:4].isdecimal() and len(only[:4]) == 4 else None


def _as_table(records: Sequence[Mapping[str, Any]], limits: Limits) -> RawDocument:
    """Return row objects as one grid under their keys, so that flat and system rows take the same way as files."""
    keys = list(dict.fromkeys(str(key) for record in records for key in record))
    if len(keys) > limits.max_columns:
        raise TooLarge(f"JSON 对象的键超过 {limits.max_columns} 个，请核对后重试")
    if len(records) > limits.max_rows:
        raise TooLarge(f"JSON 数据超过 {limits.max_rows} 行，请拆分后分批检查")
    cells = [GridCell(key, 0, col) for col, key in enumerate(keys)]
    for row, record in enumerate(records, 1):
        for col, key in enumerate(keys):
            if record.get(key) is not None:
                cells.append(
                    GridCell(
                        _text(record[key]), row, col, source=SourceRef(kind="json", row=row, col=col + 1)
                    )
                )
    return RawDocument("json", (Table(tuple(cells), len(records) + 1, len(keys)),))
