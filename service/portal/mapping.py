"""The mapping file, checked and ready to use: the system's field names and codes ⇄ ours.

The shipped one is corpora/mappings/portal.yml; a site names its own in BIAOCHI_PORTAL_MAPPING.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from corpora.store import CorpusError, path_of
from models.records.amount import FACTORS
from service.config.source import environment
from service.errors import SettingsError
from service.portal.mapping_yaml import MAX_BYTES, Node, merged, parse

VARIABLE: Final = "BIAOCHI_PORTAL_MAPPING"
DIMENSIONS: Final = ("完整性", "相关性", "适当性", "可行性")
LIGHTS: Final = ("none", "info", "warning", "error")
OUTCOMES: Final = ("pass", "improve", "fail")
AUDIT_COLUMNS: Final = ("point", "content", "type", "standard", "passed", "failed", "level", "order")
OPINION_CODES: Final = tuple(str(number) for number in range(1, 12))

_ROW: Final = (
    "row_key", "project_code", "project_key", "project_name", "department", "total", "purpose", "goal", "goal_name",
    "goal_long", "goal_annual", "level1", "level1_code", "level2", "level2_code", "name", "description", "operator",
    "value", "unit", "basis", "weight", "year", "period", "deleted",
)  # fmt: skip
_ROW_NEEDED: Final = ("project_code", "name", "value")
_MESSAGE: Final = (
    "code", "name", "department", "purpose", "year", "total", "goal", "goal_long", "rows", "rows_long", "rows_past",
)  # fmt: skip
_MESSAGE_NEEDED: Final = ("code", "name", "rows")
_MESSAGE_ROW: Final = (
    "row_key", "level1", "level2", "name", "operator", "value", "unit", "description", "basis", "weight",
)  # fmt: skip
_CODES: Final = ("operator", "basis", "level1", "level2")
_RULE: Final = re.compile(r"[A-Z]{2}\d{3}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_SHIPPED: Final = "portal"

Names = Mapping[str, tuple[str, ...]]


def key_of(name: str) -> str:
    """Return a column name as it is compared: without white space and case."""
    return re.sub(r"\s", "", name).upper()


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A point of the audit form, and the findings that belong to it."""

    point: str
    content: str
    type: str
    standard: str
    rules: frozenset[str]
    dimensions: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultMapping:
    """How results are written."""

    columns: Mapping[str, str]
    """AUDIT_COLUMNS → the site's name."""
    passed: Mapping[str, str]
    lights: Mapping[str, str]
    separator: str
    points: tuple[Point, ...]
    opinions: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalMapping:
    """The mapping file, ready to use."""

    name: str
    sha256: str
    """Of the texts of the file and of those it extends."""
    row: Names
    """Field → column names, the first filled one counts."""
    row_shown: Names
    """The same as written in the file, for results."""
    codes: Mapping[str, Mapping[str, str]]
    valid: frozenset[str]
    signature: frozenset[str]
    row_money_unit: str
    message: Names
    message_row: Names
    money_unit: str
    bundle: Names
    envelopes: tuple[str, ...]
    departments: Mapping[str, str]
    result: ResultMapping


def mapping() -> PortalMapping:
    """Return the site's mapping. It is read once a process. Raises SettingsError."""
    return _of_site(os.environ.get(VARIABLE, ""), os.environ.get("BIAOCHI_CONFIG", ""))


def mapping_from(environ: Mapping[str, str] | None = None) -> PortalMapping:
    """Return the mapping that the settings name, the shipped one where they name none. Raises SettingsError."""
    env = environment() if environ is None else environ
    return read_mapping(env.get(VARIABLE, "").strip() or _SHIPPED)


@cache
def _of_site(_chosen: str, _config: str) -> PortalMapping:
    # Asked for every record, so the settings are only looked at again where one of these two has changed.
    return mapping_from()


def read_mapping(chosen: str | Path) -> PortalMapping:
    """Return the mapping of a shipped name or of a file. Raises SettingsError that names file, line and field."""
    digest = hashlib.sha256()
    tree = _tree(chosen, digest, ())
    name = chosen if isinstance(chosen, str) and _NAME.fullmatch(chosen) else Path(chosen).name
    return _mapping(tree, name, digest.hexdigest())


def _tree(chosen: str | Path, digest: hashlib._Hash, below: tuple[str, ...]) -> Node:
    path = _path(chosen)
    try:
        # Bounded before it is read: whatever the setting names is opened.
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SettingsError(f"无法读取映射文件 {path.name}，请检查 {VARIABLE} 的路径与权限") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"映射文件 {path.name} 不是 UTF-8 编码，请另存为 UTF-8 后重试") from error
    digest.update(data)
    node = parse(text, path.name)
    table = dict(node.table())
    parent = table.pop("extends", None)
    node = Node(table, node.file, node.line, node.path)
    if parent is None:
        return node
    base = parent.text().strip()
    if base in below or not _is_shipped(base):
        parent.fail(f"应为随附的映射：{'、'.join(shipped_names())}")
    return merged(_tree(base, digest, (*below, base)), node)


def shipped_names() -> tuple[str, ...]:
    """Return the names that `extends` and the setting may give."""
    return (_SHIPPED, *sorted(path.stem for path in _FOLDER.glob("*.yml")))


_FOLDER: Final = Path(__file__).resolve().parent / "mappings"


def _is_shipped(name: str) -> bool:
    return _NAME.fullmatch(name) is not None and name in shipped_names()


def _path(chosen: str | Path) -> Path:
    if isinstance(chosen, str) and _is_shipped(chosen):
        if chosen != _SHIPPED:
            return _FOLDER / f"{chosen}.yml"
        try:
            return path_of("mappings/portal.yml")
        except CorpusError as error:
            raise SettingsError(str(error)) from error
    return Path(chosen).expanduser()


_TOP: Final = (
    "row", "codes", "row_money_unit", "signature", "message", "bundle", "envelopes", "departments", "result",
)  # fmt: skip


def _mapping(tree: Node, name: str, sha256: str) -> PortalMapping:
    top = _needed(tree, tree.only(*_TOP), *_TOP)
    row = _names(top["row"], _ROW, _ROW_NEEDED)
    message_table = dict(top["message"].only(*_MESSAGE, "money_unit", "row", "extra"))
    message_row = _needed(top["message"], message_table, "row", "money_unit")["row"]
    message_table.pop("row")
    money_unit = message_table.pop("money_unit")
    message_table.pop("extra", None)
    message = Node(message_table, top["message"].file, top["message"].line, top["message"].path)
    codes = top["codes"].only(*_CODES, "period", "valid")
    _needed(top["codes"], codes, "valid")
    return PortalMapping(
        name=name,
        sha256=sha256,
        row=MappingProxyType({field: tuple(map(key_of, names)) for field, names in row.items()}),
        row_shown=row,
        codes=MappingProxyType({field: _code_table(field, node) for field, node in codes.items() if field != "valid"}),
        valid=frozenset(codes["valid"].texts()),
        signature=frozenset(map(key_of, top["signature"].texts())),
        row_money_unit=_money(top["row_money_unit"]),
        message=_names(message, _MESSAGE, _MESSAGE_NEEDED),
        message_row=_names(message_row, _MESSAGE_ROW, ("name", "value")),
        money_unit=_money(money_unit),
        bundle=_names(top["bundle"], ("project", "goals", "rows"), ("rows",)),
        envelopes=top["envelopes"].texts(),
        departments=_texts(top["departments"]),
        result=_result(top["result"]),
    )  # fmt: skip


def _needed(node: Node, table: dict[str, Node], *names: str) -> dict[str, Node]:
    for name in names:
        if name not in table:
            node.fail(f"缺少 {name}（只写不同之处的，请在开头写 extends: portal）")
    return table


def _names(node: Node, known: tuple[str, ...], needed: tuple[str, ...]) -> Names:
    """Return field → names; one name may not stand for two fields, or one of them would never be read."""
    table = _needed(node, node.only(*known), *needed)
    seen: dict[str, tuple[str, Node]] = {}
    out: dict[str, tuple[str, ...]] = {}
    for field, entry in table.items():
        out[field] = entry.texts()
        if field in needed and not out[field]:
            entry.fail("至少应写一个名称")
        for name in out[field]:
            other, first = seen.setdefault(key_of(name), (field, entry))
            if other != field:
                # The one that the site wrote is at fault, not the shipped one.
                wrong, right = (entry, other) if entry.file == node.file else (first, field)
                wrong.fail(f"的「{name[:40]}」已用于 {right}，一个名称只能对应一个字段")
    return MappingProxyType(out)


def _texts(node: Node) -> Mapping[str, str]:
    out = {}
    for key, entry in node.table().items():
        if not entry.text().strip():
            entry.fail("不应为空")
        out[key] = entry.text().strip()
    return MappingProxyType(out)


def _code_table(field: str, node: Node) -> Mapping[str, str]:
    table = _texts(node)
    if field == "period":
        for code, entry in node.table().items():
            if table[code] not in ("annual", "long"):
                entry.fail("只能是 annual（年度）或 long（总体）")
    return table


def _money(node: Node) -> str:
    if node.text() not in FACTORS or node.text() in ("万", "亿"):
        node.fail("只能是 元、千元、万元、亿元")
    return node.text()


def _result(node: Node) -> ResultMapping:
    names = ("columns", "passed", "lights", "separator", "points", "opinions")
    table = _needed(node, node.only(*names), *names)
    columns = _fixed(table["columns"], AUDIT_COLUMNS)
    if len(set(columns.values())) < len(columns):
        table["columns"].fail("有两列同名")
    opinions = _texts(table["opinions"])
    for code, entry in table["opinions"].table().items():
        if not (code.isascii() and code.isdecimal() and len(code) <= 4):
            entry.fail('的键应为审核意见代码，如 "4"')
    return ResultMapping(
        columns=columns,
        passed=_fixed(table["passed"], OUTCOMES),
        lights=_fixed(table["lights"], LIGHTS),
        separator=table["separator"].text(),
        points=_points(table["points"]),
        opinions=opinions,
    )


def _fixed(node: Node, names: tuple[str, ...]) -> Mapping[str, str]:
    """Return a table with exactly these keys, in their order."""
    _needed(node, node.only(*names), *names)
    texts = _texts(node)
    return MappingProxyType({name: texts[name] for name in names})


def _points(node: Node) -> tuple[Point, ...]:
    points = tuple(_point(item) for item in node.items())
    covered = {dimension for point in points for dimension in point.dimensions}
    missing = [dimension for dimension in DIMENSIONS if dimension not in covered]
    if missing:
        node.fail(
            f"没有审核点包含维度 {missing[0]}，该维度的问题将无处可列；请在某个审核点的 dimensions 中写上"
        )
    return points


def _point(node: Node) -> Point:
    table = node.only("point", "content", "type", "standard", "rules", "dimensions")
    _needed(node, table, "point", "content")
    empty = Node((), node.file, node.line, node.path)
    rules = table.get("rules", empty)
    dimensions = table.get("dimensions", empty)
    for item in rules.items():
        if _RULE.fullmatch(item.text()) is None:
            item.fail("应为规则编号，如 BC301")
    for item in dimensions.items():
        if item.text() not in DIMENSIONS:
            item.fail(f"只能是 {'、'.join(DIMENSIONS)}")
    if not table["point"].text().strip():
        table["point"].fail("不应为空")
    return Point(
        point=table["point"].text(),
        content=table["content"].text(),
        type=table["type"].text() if "type" in table else "",
        standard=table["standard"].text() if "standard" in table else "",
        rules=frozenset(rules.texts()),
        dimensions=frozenset(dimensions.texts()),
    )
