"""Profiles: which rules run, how grave they are, with which options, and who set it.

A rule's own class holds its defaults; a profile only says what differs, so that a new rule needs no second place.
Single inheritance (`extends`), last wins per key, lists replace. Unknown keys are errors with file and line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from models.records.finding import Severity
from nlp.scheme import scheme_ids
from rules.engine.base import Rule
from rules.engine.registry import all_rules, resolve

FOLDER = Path(__file__).resolve().parent.parent / "profiles"
_TOP_KEYS = frozenset({"id", "title", "extends", "scheme", "rules", "opinion_codes"})
_RULE_KEYS = frozenset({"enabled", "severity"})


class ProfileError(Exception):
    """A profile is wrong. The message is Chinese and names file and line."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and the file line that set it (`rules/checks/…` for a rule's own default)."""

    value: Any
    where: str


@dataclass(frozen=True, slots=True)
class Profile:
    """A resolved profile. `settings` maps (rule code, key) to the winning setting."""

    chain: tuple[str, ...]
    title: str
    scheme: Setting
    settings: Mapping[tuple[str, str], Setting]
    opinion_codes: Mapping[str, Setting]

    @property
    def digest(self) -> str:
        """sha256 over the resolved values, not over where they were written."""
        resolved = {
            "scheme": self.scheme.value,
            "rules": {f"{code}.{key}": item.value for (code, key), item in sorted(self.settings.items())},
            "opinion_codes": {code: item.value for code, item in sorted(self.opinion_codes.items())},
        }
        text = json.dumps(resolved, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode("utf-8")).hexdigest()


class _Reader:
    """Walks one YAML file and keeps the line of every key."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            shown = path.relative_to(FOLDER.parent.parent)
        except ValueError:
            shown = path
        self.shown = shown.as_posix()

    def fail(self, node: yaml.Node, text: str) -> ProfileError:
        return ProfileError(f"{self.where(node)}：{text}")

    def where(self, node: yaml.Node) -> str:
        return f"{self.shown}:{node.start_mark.line + 1}"

    def root(self) -> yaml.Node:
        try:
            node = yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError) as error:
            raise ProfileError(f"无法读取配置文件 {self.shown}，请检查路径与编码（UTF-8）") from error
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            line = f":{mark.line + 1}" if mark else ""
            raise ProfileError(f"{self.shown}{line}：不是有效的 YAML，请检查缩进与引号") from error
        if node is None:
            raise ProfileError(f"{self.shown}：配置文件为空")
        return node

    def mapping(self, node: yaml.Node) -> dict[str, yaml.Node]:
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, "此处应为“键: 值”的形式")
        out: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in out:
                raise self.fail(key, f"键「{key.value}」重复")
            out[key.value] = value
        return out

    def value(self, node: yaml.Node) -> Any:
        return _construct(node)


def _construct(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()


def _coerce(reader: _Reader, node: yaml.Node, default: Any, name: str) -> Any:
    value = reader.value(node)
    if isinstance(default, bool) or isinstance(value, bool):
        good = isinstance(default, bool) and isinstance(value, bool)
    elif isinstance(default, float):
        good = isinstance(value, int | float)
        value = float(value) if good else value
    elif isinstance(default, tuple):
        good = isinstance(value, list) and all(isinstance(item, str) for item in value)
        value = tuple(value) if good else value
    else:
        good = isinstance(value, type(default))
    if not good:
        raise reader.fail(node, f"选项「{name}」的类型不对，应与默认值 {default!r} 同类")
    return value


def _option_defaults(rule: type[Rule]) -> dict[str, Any]:
    if not is_dataclass(rule.Options):
        raise TypeError(rule.code)
    return {item.name: getattr(rule.Options(), item.name) for item in fields(rule.Options)}


def _file_of(name: str, reader: _Reader | None = None, node: yaml.Node | None = None) -> Path:
    path = FOLDER / f"{name}.yml"
    if not path.is_file():
        text = f"没有名为「{name}」的配置，可用：{'、'.join(profile_names())}"
        raise reader.fail(node, text) if reader and node else ProfileError(text)
    return path


def profile_names() -> tuple[str, ...]:
    """Return the names of the shipped profiles."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yml")))


def _class_defaults() -> dict[tuple[str, str], Setting]:
    out: dict[tuple[str, str], Setting] = {}
    for code, entry in all_rules().items():
        out[code, "enabled"] = Setting(entry.cls.enabled_by_default, entry.origin)
        out[code, "severity"] = Setting(None, entry.origin)
        for key, value in _option_defaults(entry.cls).items():
            out[code, key] = Setting(value, entry.origin)
    return out


def _read_chain(path: Path) -> list[tuple[_Reader, dict[str, yaml.Node]]]:
    chain: list[tuple[_Reader, dict[str, yaml.Node]]] = []
    seen: set[Path] = set()
    while True:
        reader = _Reader(path)
        if path in seen:
            raise ProfileError(f"{reader.shown}：extends 形成了循环")
        seen.add(path)
        top = reader.mapping(reader.root())
        for key, node in top.items():
            if key not in _TOP_KEYS:
                raise reader.fail(node, f"不认识的键「{key}」，可用：{'、'.join(sorted(_TOP_KEYS))}")
        chain.insert(0, (reader, top))
        if "extends" not in top:
            return chain
        path = _file_of(str(reader.value(top["extends"])), reader, top["extends"])


def _apply_rules(reader: _Reader, node: yaml.Node, settings: dict[tuple[str, str], Setting]) -> None:
    for key, body in reader.mapping(node).items():
        try:
            rule = resolve(key).cls
        except KeyError:
            raise reader.fail(body, f"没有编号或名称为「{key}」的规则") from None
        defaults = _option_defaults(rule)
        for option, value_node in reader.mapping(body).items():
            if option == "enabled":
                value = _coerce(reader, value_node, True, option)
            elif option == "severity":
                value = _severity(reader, value_node)
            elif option in defaults:
                value = _coerce(reader, value_node, defaults[option], option)
            else:
                known = "、".join(sorted(_RULE_KEYS | defaults.keys()))
                raise reader.fail(value_node, f"规则 {rule.code} 没有选项「{option}」，可用：{known}")
            settings[rule.code, option] = Setting(value, reader.where(value_node))


def _severity(reader: _Reader, node: yaml.Node) -> Severity:
    try:
        return Severity(str(reader.value(node)))
    except ValueError:
        raise reader.fail(node, "severity 只能是 error、warning 或 info") from None


def load_profile(name_or_path: str | None = None) -> Profile:
    """Return a resolved profile by shipped name, or from a YAML file. None is `base`. Raises ProfileError."""
    return _load(name_or_path or "base")


@cache
def _load(name_or_path: str) -> Profile:
    as_path = Path(name_or_path)
    is_file = as_path.suffix in {".yml", ".yaml"}
    chain = _read_chain(as_path.resolve() if is_file else _file_of(name_or_path))
    settings = _class_defaults()
    opinion_codes: dict[str, Setting] = {}
    scheme = Setting("auto", "内置默认值")
    title = ""
    ids: list[str] = []
    for reader, top in chain:
        ids.append(str(reader.value(top["id"])) if "id" in top else reader.path.stem)
        title = str(reader.value(top["title"])) if "title" in top else title
        if "scheme" in top:
            chosen = str(reader.value(top["scheme"]))
            if chosen != "auto" and chosen not in scheme_ids():
                known = "、".join(("auto", *scheme_ids()))
                raise reader.fail(top["scheme"], f"没有名为「{chosen}」的指标体系，可用：{known}")
            scheme = Setting(chosen, reader.where(top["scheme"]))
        if "rules" in top:
            _apply_rules(reader, top["rules"], settings)
        if "opinion_codes" in top:
            for key, node in reader.mapping(top["opinion_codes"]).items():
                try:
                    code = resolve(key).cls.code
                except KeyError:
                    raise reader.fail(node, f"没有编号或名称为「{key}」的规则") from None
                opinion_codes[code] = Setting(str(reader.value(node)), reader.where(node))
    return Profile(
        chain=tuple(ids),
        title=title,
        scheme=scheme,
        settings=MappingProxyType(settings),
        opinion_codes=MappingProxyType(opinion_codes),
    )
