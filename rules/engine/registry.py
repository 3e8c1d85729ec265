"""Finds rules: every `rules/checks/bcNNN_slug.py`, then the entry points `biaochi.rules`. No list to edit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from types import MappingProxyType

from rules.engine.base import Rule

CHECKS = Path(__file__).resolve().parent.parent / "checks"
_FILE = re.compile(r"bc(\d{3})_([a-z0-9_]+)\.py")


class RegistryError(Exception):
    """A rule file breaks the house rules. The message is Chinese and names the file."""


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule class and where it was found (path below the project, or the entry point)."""

    cls: type[Rule]
    origin: str
    path: Path | None


def _from_folder() -> dict[str, RuleEntry]:
    found: dict[str, RuleEntry] = {}
    for path in sorted(CHECKS.glob("*.py")):
        if path.name == "__init__.py":
            continue
        match = _FILE.fullmatch(path.name)
        if match is None:
            raise RegistryError(f"规则文件名不合规：rules/checks/{path.name}，应为 bcNNN_英文名.py")
        cls: type[Rule] = import_module(f"rules.checks.{path.stem}").RULE
        expected = (f"BC{match[1]}", match[2].replace("_", "-"))
        if (cls.code, cls.name) != expected:
            raise RegistryError(
                f"规则文件 rules/checks/{path.name} 与类中的编号或名称（{cls.code} {cls.name}）不一致"
            )
        found[cls.code] = RuleEntry(cls, f"rules/checks/{path.name}", path)
    return found


@cache
def all_rules() -> Mapping[str, RuleEntry]:
    """Return code → entry of every rule, in code order. Raises RegistryError on a clash or a bad name."""
    found = _from_folder()
    for point in sorted(metadata.entry_points(group="biaochi.rules"), key=lambda item: item.name):
        cls: type[Rule] = point.load()
        if cls.code in found:
            raise RegistryError(f"扩展规则 {point.name} 的编号 {cls.code} 已被占用，请换一个编号")
        found[cls.code] = RuleEntry(cls, f"entry point {point.name}", None)
    return MappingProxyType(dict(sorted(found.items())))


def resolve(key: str) -> RuleEntry:
    """Return the entry for a code, a name or an alias. Raises KeyError when unknown."""
    wanted = key.strip()
    for entry in all_rules().values():
        names = (entry.cls.code, entry.cls.name, *entry.cls.aliases)
        if wanted.upper() == entry.cls.code or wanted in names:
            return entry
    raise KeyError(key)
