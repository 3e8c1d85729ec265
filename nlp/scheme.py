"""Indicator schemes: which class is legal under which level-1 branch, and which pack a table was written for.

A pack is data (`corpora/schemes/*.yml`). Labels are matched by name; codes only help where a cell holds
nothing else, because code values differ by province.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from corpora.store import CorpusError, load_yaml
from nlp.text import normalise

CATEGORIES: Final = (
    "数量",
    "质量",
    "时效",
    "成本",
    "社会成本",
    "生态环境成本",
    "经济效益",
    "社会效益",
    "生态效益",
    "可持续影响",
    "服务对象满意度",
)
"""Meanings of the classes over all packs; the class model has its columns in this order."""
GROUPS: Final = ("产出", "效益", "满意度", "成本")

_OPEN, _CLOSE = r"[(（\[【〔]", r"[)）\]】〕]"
_CODE_LEAD: Final = re.compile(r"^\d{1,6}(?=[^\d.分])[.、\-—_]*")
_LEADING_MARKS: Final = re.compile(r"^[*★☆●◆·]+|[*★☆]+$")


@dataclass(frozen=True, slots=True)
class Level2:
    """A class as one pack names it; `category` is its meaning across packs."""

    name: str
    category: str
    codes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Level1:
    """A level-1 branch of a pack."""

    name: str
    group: str
    codes: tuple[str, ...]
    required: bool
    level2: tuple[Level2, ...]
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchemeChoice:
    """The pack that fits a table best, and the next one. A fit is the share of rows with a legal pair."""

    id: str
    fit: float
    runner_up: str | None
    runner_up_fit: float


@dataclass(frozen=True, slots=True)
class OtherScheme:
    """A pack that fits the filed labels better than the active one."""

    id: str
    fit: float
    active_fit: float


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme pack."""

    id: str
    title: str
    document: str | None
    document_checked: bool
    valid_from: str
    required_groups: tuple[str, ...]
    required_categories: tuple[str, ...]
    weights: Mapping[str, int]
    level1: tuple[Level1, ...]
    signature: tuple[str, ...] = ()
    signature_min: int = 0
    level2_free: bool = False
    level2_absent: bool = False
    grades: tuple[str, ...] = ()

    def category(self, level2_text: str) -> str | None:
        """Return the meaning of a filed level-2 label, or None when no pack knows it.

        A class that only other packs have keeps its meaning; `legal` says that it is out of place.
        """
        key = label_key(level2_text)
        if not key:
            return None
        for branch in self.level1:
            for item in branch.level2:
                if key in _level2_keys(item):
                    return item.category
        known = _category_aliases().get(key)
        return known if known is not None else self._category_by_code(level2_text)

    def level1_group(self, level1_text: str) -> str | None:
        """Return 产出, 效益, 满意度 or 成本 for a filed level-1 label, or None when no pack knows it."""
        key = label_key(level1_text)
        if not key:
            return None
        for branch in self.level1:
            if key in _level1_keys(branch):
                return branch.group
        known = _group_aliases().get(key)
        if known is not None:
            return known
        code = normalise(level1_text)
        return next((branch.group for branch in self.level1 if code in branch.codes), None)

    def parent_group(self, category: str) -> str:
        """Return the group under which this pack puts a class; for a class it lacks, the usual one."""
        for branch in self.level1:
            if any(item.category == category for item in branch.level2):
                return branch.group
        groups: Mapping[str, str] = _alias_data()["groups"]
        if category not in groups:
            raise KeyError(category)
        return groups[category]

    def level1_name(self, group: str) -> str:
        """Return what this pack calls a group (产出 → 产出指标)."""
        for branch in self.level1:
            if branch.group == group:
                return branch.name
        return f"{group}指标"

    def level2_name(self, category: str) -> str:
        """Return what this pack calls a class (成本 → 经济成本指标 under cn2021)."""
        for branch in self.level1:
            for item in branch.level2:
                if item.category == category:
                    return item.name
        return f"{category}指标"

    @property
    def categories(self) -> frozenset[str]:
        """The meanings of all classes of the pack."""
        own = {item.category for branch in self.level1 for item in branch.level2}
        return frozenset(name for name in CATEGORIES if name in own)

    def has(self, category: str) -> bool:
        """Whether the pack has the class at all."""
        return any(item.category == category for branch in self.level1 for item in branch.level2)

    def legal(self, level1_text: str, level2_text: str) -> bool:
        """Whether the filed pair stands in this pack. A blank level 2 is legal where level 1 is."""
        group = self.level1_group(level1_text)
        branches = [branch for branch in self.level1 if branch.group == group]
        if label_key(level1_text) and not branches:
            return False
        if not label_key(level2_text):
            return bool(branches)
        if self.level2_absent:
            return False
        if self.level2_free and branches:
            return True
        category = self.category(level2_text)
        candidates = branches or list(self.level1)
        return category is not None and any(
            item.category == category for branch in candidates for item in branch.level2
        )

    def _category_by_code(self, text: str) -> str | None:
        code = normalise(text)
        for branch in self.level1:
            for item in branch.level2:
                if code in item.codes:
                    return item.category
        return None


def label_key(text: str) -> str:
    """Return a label ready to compare: no notes (（50分）), no leading code or star, no trailing 指标."""
    return _label_key(text)


@lru_cache(maxsize=4096)
def _label_key(text: str) -> str:
    key = _LEADING_MARKS.sub("", normalise(text))
    key = _CODE_LEAD.sub("", key)
    key = _note_pattern().sub("", key)
    stripped = re.sub(r"[:：。、,，]+$", "", key)
    if stripped.endswith("绩效指标"):
        stripped = stripped[: -len("绩效指标")] or stripped
    return stripped.removesuffix("指标") or stripped


def scheme_ids() -> tuple[str, ...]:
    """Return the ids of all packs, the order in which ties are settled."""
    return tuple(str(item) for item in _alias_data()["order"])


@cache
def load_scheme(scheme_id: str) -> Scheme:
    """Return a pack. Raises KeyError for an id not in `scheme_ids()`, CorpusError for a broken file."""
    if scheme_id not in scheme_ids():
        raise KeyError(scheme_id)
    file = f"schemes/{scheme_id}.yml"
    data = load_yaml(file)
    try:
        return _scheme_from(data)
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"数据文件 corpora/{file} 缺少必要字段或字段有误：{error}") from error


def choose_scheme(labels: Sequence[tuple[str, str]]) -> SchemeChoice:
    """Return the pack in which the largest share of the filed (level 1, level 2) pairs is legal.

    Equal fits: cn2015 where 成本 stands under 产出 or 可持续影响 appears, cn2021 where 成本指标 is a level-1
    label, otherwise the pack named first in `aliases.yml`.
    """
    pairs = [(first, second) for first, second in labels if label_key(first) or label_key(second)]
    hints = _hints(pairs)
    ranked = sorted(
        (
            (_fit(scheme, pairs), scheme.id)
            for scheme in map(load_scheme, scheme_ids())
            if _eligible(scheme, pairs)
        ),
        key=lambda item: (
            -item[0],
            -_signed(item[1], pairs),
            hints.index(item[1]) if item[1] in hints else len(hints),
            scheme_ids().index(item[1]),
        ),
    )
    (fit, best), rest = ranked[0], ranked[1:]
    return SchemeChoice(best, fit, rest[0][1] if rest else None, rest[0][0] if rest else 0.0)


def best_other(
    labels: Sequence[tuple[str, str]], active_id: str, *, share: float = 0.8
) -> OtherScheme | None:
    """Return the pack in which more than `share` of the rows are legal and more than in the active one."""
    pairs = [(first, second) for first, second in labels if label_key(first) or label_key(second)]
    if not pairs:
        return None
    active = _fit(load_scheme(active_id), pairs)
    choice = choose_scheme(pairs)
    if choice.id == active_id or choice.fit <= share or choice.fit <= active:
        return None
    return OtherScheme(choice.id, choice.fit, active)


def _fit(scheme: Scheme, pairs: Sequence[tuple[str, str]]) -> float:
    if not pairs:
        return 0.0
    return sum(scheme.legal(first, second) for first, second in pairs) / len(pairs)


def _eligible(scheme: Scheme, pairs: Sequence[tuple[str, str]]) -> bool:
    if scheme.level2_absent and any(label_key(second) for _, second in pairs):
        return False
    return not scheme.signature or _signature_hits(scheme, pairs) >= scheme.signature_min


def _signature_hits(scheme: Scheme, pairs: Sequence[tuple[str, str]]) -> int:
    filed = {label_key(text) for pair in pairs for text in pair}
    return len(filed & {label_key(name) for name in scheme.signature})


def _signed(scheme_id: str, pairs: Sequence[tuple[str, str]]) -> int:
    scheme = load_scheme(scheme_id)
    return int(bool(scheme.signature) and _signature_hits(scheme, pairs) >= scheme.signature_min)


def _hints(pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    cn2015 = load_scheme("cn2015")
    parsed = [(cn2015.level1_group(first), cn2015.category(second)) for first, second in pairs]
    if any(group == "成本" for group, _ in parsed):
        return ("cn2021", "cn2015-2021-mix")
    if any(category == "可持续影响" or (group, category) == ("产出", "成本") for group, category in parsed):
        return ("cn2015",)
    return ()


def _level2_keys(item: Level2) -> frozenset[str]:
    return frozenset(label_key(name) for name in (item.name, *item.aliases))


def _level1_keys(branch: Level1) -> frozenset[str]:
    return frozenset(label_key(name) for name in (branch.name, *branch.aliases))


def _alias_data() -> Any:
    return load_yaml("schemes/aliases.yml")


@cache
def _note_pattern() -> re.Pattern[str]:
    notes = "|".join(_alias_data()["notes"])
    return re.compile(f"{_OPEN}(?:{notes}){_CLOSE}")


@cache
def _category_aliases() -> Mapping[str, str]:
    return MappingProxyType(
        {
            label_key(alias): category
            for category, aliases in _alias_data()["level2"].items()
            for alias in aliases
        }
    )


@cache
def _group_aliases() -> Mapping[str, str]:
    return MappingProxyType(
        {label_key(alias): group for group, aliases in _alias_data()["level1"].items() for alias in aliases}
    )


def _scheme_from(data: Mapping[str, Any]) -> Scheme:
    level1 = tuple(
        Level1(
            name=branch["name"],
            group=branch["group"],
            codes=tuple(branch["codes"]),
            required=bool(branch["required"]),
            level2=tuple(
                Level2(item["name"], item["category"], tuple(item["codes"]), tuple(item.get("aliases", ())))
                for item in branch["level2"]
            ),
            aliases=tuple(branch.get("aliases", ())),
        )
        for branch in data["level1"]
    )
    for branch in level1:
        if branch.group not in GROUPS:
            raise ValueError(branch.group)
        for item in branch.level2:
            if item.category not in CATEGORIES:
                raise ValueError(item.category)
    return Scheme(
        id=data["id"],
        title=data["title"],
        document=data["document"],
        document_checked=bool(data["document_checked"]),
        valid_from=str(data["valid_from"]),
        required_groups=tuple(data["required_groups"]),
        required_categories=tuple(data["required_categories"]),
        weights=MappingProxyType(dict(data["weights"])),
        level1=level1,
        signature=tuple(data.get("signature", ())),
        signature_min=int(data.get("signature_min", 0)),
        level2_free=bool(data.get("level2_free", False)),
        level2_absent=bool(data.get("level2_absent", False)),
        grades=tuple(data.get("grades", ())),
    )
