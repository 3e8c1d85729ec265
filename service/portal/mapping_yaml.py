"""YAML of a mapping file → a tree of texts in which every node knows its line. Every scalar stays the text it is.

The plain loader of YAML would read the code 01 as 1 and 是/否 tables written as yes/no as booleans.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

import yaml

from service.errors import SettingsError

MAX_BYTES: Final = 1024 * 1024
_MAX_DEPTH: Final = 8


@dataclass(frozen=True, slots=True)
class Node:
    """A value of a mapping file: a text, a list or a table, and where it stands."""

    value: str | tuple[Node, ...] | dict[str, Node]
    file: str
    line: int
    path: str

    def fail(self, why: str) -> NoReturn:
        """Raise SettingsError that names file, line and field."""
        field = self.path or "顶层"
        raise SettingsError(f"映射文件 {self.file} 第 {self.line} 行 {field} {why}，请改正后重试")

    def text(self) -> str:
        """Return a text. Raises SettingsError for anything else."""
        if not isinstance(self.value, str):
            self.fail("应为文字")
        return self.value

    def texts(self) -> tuple[str, ...]:
        """Return a list of filled texts. Raises SettingsError for anything else."""
        if not isinstance(self.value, tuple):
            self.fail("应为列表，如 [NAME, 三级绩效指标]")
        found = []
        for item in self.value:
            if not item.text().strip():
                item.fail("不应为空")
            found.append(item.text().strip())
        return tuple(found)

    def table(self) -> dict[str, Node]:
        """Return a table. Raises SettingsError for anything else."""
        if not isinstance(self.value, dict):
            self.fail("应为“键: 值”的表")
        return self.value

    def items(self) -> tuple[Node, ...]:
        """Return a list. Raises SettingsError for anything else."""
        if not isinstance(self.value, tuple):
            self.fail("应为列表")
        return self.value

    def only(self, *names: str) -> dict[str, Node]:
        """Return a table that has no other keys than these. Raises SettingsError."""
        table = self.table()
        for key, node in table.items():
            if key not in names:
                node.fail(f"不是可用的项，可用的有 {'、'.join(names)}")
        return table


def parse(text: str, file: str) -> Node:
    """Return the tree of a file. Raises SettingsError where it is no YAML or says a thing twice."""
    if len(text) > MAX_BYTES:
        raise SettingsError(f"映射文件 {file} 超过 {MAX_BYTES // 1024} KB，请核对是否选错了文件")
    try:
        # Aliases are refused before anything is built: read as trees, ten lines of them fill the memory.
        for event in yaml.parse(text, Loader=yaml.BaseLoader):
            if isinstance(event, yaml.AliasEvent):
                where = f"第 {event.start_mark.line + 1} 行" if event.start_mark is not None else ""
                raise SettingsError(f"映射文件 {file} {where}使用了引用 *{event.anchor}，请写全内容后重试")
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"第 {mark.line + 1} 行" if mark is not None else ""
        raise SettingsError(f"映射文件 {file} {where}不是有效的 YAML，请检查缩进与引号") from error
    except RecursionError as error:
        raise SettingsError(f"映射文件 {file} 嵌套过深，请改正后重试") from error
    if root is None:
        raise SettingsError(f"映射文件 {file} 没有内容，请核对路径")
    return _node(root, file, "", 0)


def merged(base: Node, over: Node) -> Node:
    """Return a tree with another laid over it: tables are joined, an empty value removes, anything else replaces."""
    if not isinstance(base.value, dict) or not isinstance(over.value, dict):
        return over
    out = dict(base.value)
    for key, node in over.value.items():
        if node.value == "":
            out.pop(key, None)
        else:
            out[key] = merged(out[key], node) if key in out else node
    return Node(out, over.file, over.line, over.path)


def _node(found: yaml.Node, file: str, path: str, depth: int) -> Node:
    line = found.start_mark.line + 1
    here = Node("", file, line, path)
    if depth > _MAX_DEPTH:
        here.fail("嵌套过深")
    if isinstance(found, yaml.MappingNode):
        table: dict[str, Node] = {}
        for key, child in _pairs(found, here):
            below = f"{path}.{key}" if path else key
            if key in table:
                Node("", file, child.start_mark.line + 1, below).fail("重复")
            table[key] = _node(child, file, below, depth + 1)
        return Node(table, file, line, path)
    if isinstance(found, yaml.SequenceNode):
        children = enumerate(found.value)
        return Node(
            tuple(_node(child, file, f"{path}[{k}]", depth + 1) for k, child in children), file, line, path
        )
    return Node(str(found.value), file, line, path)


def _pairs(found: yaml.MappingNode, here: Node) -> Iterator[tuple[str, yaml.Node]]:
    for key, child in found.value:
        if not isinstance(key, yaml.ScalarNode):
            here.fail("的键应为文字")
        yield str(key.value), child
