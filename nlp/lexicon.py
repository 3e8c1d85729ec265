"""Compiled access to the word lists in `corpora/lexicons`. Lists are read on first use and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any

from corpora.store import CorpusError, load_yaml
from nlp.text import core_name, normalise

_TRAILING_BRACKET = re.compile(r"\([^()]*\)$")
_TRAILING_MARKS = ".。,;:、!?·-—*★☆\"'“”"
_VALUE_TAIL = re.compile(
    r"(?:达到|达|高于|低于|不低于|不少于|不超过|不高于|大于|小于|控制在|保持在|稳定在|为|≥|≤|>=|<=|>|<|=)"
    r"\d[\d.]*(?:%|‰|个百分点)?(?:以上|以内|以下|左右)?$"
)
_VALUE_LAST = frozenset(".%‰点上内下右")
"""Besides a digit, the characters in which such a tail can end; most names end in none of them."""
_ADVERBS = (
    "有所", "明显", "显著", "逐年", "逐步", "稳步", "持续", "不断", "进一步", "大幅", "大幅度", "得到", "同比", "比上年",
    "较上年", "切实", "有效",
)  # fmt: skip
_CHANGES = (
    "提升", "提高", "增长", "增加", "改善", "增强", "扩大", "上升", "下降", "降低", "减少", "达标",
)  # fmt: skip
_TREND_TAIL = (("情况", "指标", "目标", "目标值"), ("的",), _CHANGES)
"""What may stand behind the measure, the last part first, each once at most; before it any number of adverbs."""


def data(name: str) -> Any:
    """Return the parsed lexicon `corpora/lexicons/<name>.yml`."""
    return load_yaml(f"lexicons/{name}.yml")


@cache
def words(name: str, *keys: str) -> frozenset[str]:
    """Return one list of a lexicon, normalised. Raises CorpusError when the list is missing."""
    value = data(name)
    for key in keys:
        if not isinstance(value, Mapping) or key not in value:
            raise CorpusError(f"数据文件 corpora/lexicons/{name}.yml 缺少词表 {'.'.join(keys)}")
        value = value[key]
    return frozenset(normalise(word) for word in value)


@cache
def pattern(name: str, key: str) -> re.Pattern[str]:
    """Return one pattern of a lexicon. Raises CorpusError when it is missing or no valid pattern."""
    value = data(name).get(key)
    return compiled(name, key, value)


def compiled(name: str, key: str, value: Any) -> re.Pattern[str]:
    """Compile a pattern from a lexicon; the error names file and key."""
    try:
        return re.compile(value)
    except (re.error, TypeError) as error:
        where = f"数据文件 corpora/lexicons/{name}.yml 的 {key}"
        raise CorpusError(f"{where} 不是有效的匹配式：{error}") from error


@cache
def any_of(name: str, *keys: str) -> re.Pattern[str]:
    """Return a pattern that finds any word of a list, the longest first."""
    return alternation(words(name, *keys))


def alternation(items: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern that finds any of the words, the longest first."""
    ordered = sorted(items, key=lambda word: (-len(word), word))
    return re.compile("|".join(map(re.escape, ordered)) if ordered else r"(?!)")


def ending(text: str, endings: frozenset[str]) -> str | None:
    """Return the longest of `endings` with which the text ends, or None."""
    for start in range(max(0, len(text) - _longest(endings)), len(text)):
        if text[start:] in endings:
            return text[start:]
    return None


@lru_cache(maxsize=256)
def _longest(endings: frozenset[str]) -> int:
    return max(map(len, endings), default=0)


@lru_cache(maxsize=16384)
def bare(name: str) -> str:
    """Return the core name without trailing brackets, marks and a value glued to it (知晓率达到90%)."""
    core = core_name(name)
    for _ in range(4):
        shorter = core.rstrip(_TRAILING_MARKS)
        if shorter.endswith(")"):
            shorter = _TRAILING_BRACKET.sub("", shorter)
        if shorter and (shorter[-1] in _VALUE_LAST or shorter[-1].isdecimal()):
            shorter = _VALUE_TAIL.sub("", shorter)
        if shorter == core or not shorter:
            break
        core = shorter
    return core


@lru_cache(maxsize=16384)
def head(name: str) -> str:
    """Return the bare name without trend words behind the measure (知晓率逐年提升, 收入增加情况)."""
    text = bare(name)
    return text[: _trend_start(text)] or text


def _trend_start(text: str) -> int:
    """Return where the longest trend tail of a text starts, read from its end: a pattern would try every place."""
    starts = {len(text)}
    for part in _TREND_TAIL:
        starts |= {at - len(word) for at in starts for word in part if text.endswith(word, 0, at)}
    waiting = list(starts)
    while waiting:
        at = waiting.pop()
        fresh = {at - len(word) for word in _ADVERBS if text.endswith(word, 0, at)} - starts
        starts |= fresh
        waiting += fresh
    return min(starts)


@cache
def entries(name: str) -> tuple[Mapping[str, str], ...]:
    """Return the entries of a lexicon that is a list of messages."""
    return tuple(
        MappingProxyType({key: str(value) for key, value in item.items()}) for item in data(name)["entries"]
    )
