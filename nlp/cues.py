"""Which classes a name speaks for, by word lists: endings of the name and patterns anywhere in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final

from nlp.lexicon import bare, compiled, data, words
from nlp.measures import Strength, is_money_name, is_rate, is_time_point_or_span, is_yes_no
from nlp.text import core_name

_ORDER: Final[dict[Strength, int]] = {"certain": 0, "likely": 1}


@lru_cache(maxsize=16384)
def category_cues(name: str) -> tuple[tuple[str, str, Strength], ...]:
    """Return (category, cue, strength) for every class the name speaks for, certain cues first."""
    text, core = bare(name), core_name(name)
    longest_words = _cue_words(text)
    anywhere = _any_cue_pattern().search(core) is not None
    if not longest_words and not anywhere:
        return ()
    asks = is_yes_no(name)
    found: dict[str, tuple[str, Strength]] = {}
    longest = 0
    certain: list[tuple[str, str]] = []
    for category in _cue_endings() if longest_words else ():
        word = None if asks else longest_words.get((category, "certain"))
        if word is not None:
            certain.append((category, word))
            longest = max(longest, len(word))
        word = longest_words.get((category, "likely"))
        if word is not None:
            found[category] = (word, "likely")
    for category, word in certain:
        found[category] = (word, "certain" if len(word) == longest else "likely")
    for category, whole, patterns in _cue_patterns() if anywhere else ():
        if whole.search(core) is None or (category == "数量" and _other_form(name, asks)):
            continue
        for regex, strength in patterns:
            match = regex.search(core)
            if match is not None and found.get(category, ("", "likely"))[1] != "certain":
                found[category] = (match[0], "likely" if asks and category != "服务对象满意度" else strength)
    _contrast(text, found)
    return tuple(
        (category, cue, strength)
        for category, (cue, strength) in sorted(found.items(), key=lambda item: _ORDER[item[1][1]])
    )


def _other_form(name: str, asks: bool) -> bool:
    """Whether the name asks a question or names a rate, money or a time, so that it counts nothing."""
    return asks or is_rate(name) or is_money_name(name) or is_time_point_or_span(name)


def _contrast(text: str, found: dict[str, tuple[str, Strength]]) -> None:
    for regex, drop, demote in _contrasts():
        if found.keys().isdisjoint((*drop, *demote)) or regex.search(text) is None:
            continue
        for category in drop:
            found.pop(category, None)
        for category in demote:
            if category in found:
                found[category] = (found[category][0], "likely")


@cache
def _cue_endings() -> Mapping[str, tuple[frozenset[str], frozenset[str]]]:
    return MappingProxyType(
        {
            category: (
                words("category_cues", "endings", category, "certain"),
                words("category_cues", "endings", category, "likely"),
            )
            for category in data("category_cues")["endings"]
        }
    )


def _cue_words(text: str) -> dict[tuple[str, Strength], str]:
    """Return the longest ending of the text for each class and strength: one walk over its endings."""
    table, lengths = _cue_table()
    found: dict[tuple[str, Strength], str] = {}
    for size in lengths.get(text[-1:], ()):
        word = text[-size:]
        for key in table.get(word, ()):
            found.setdefault(key, word)
    return found


@cache
def _cue_table() -> tuple[Mapping[str, tuple[tuple[str, Strength], ...]], Mapping[str, tuple[int, ...]]]:
    """Return ending → what it speaks for, and last character → lengths of the endings with it, longest first."""
    table: dict[str, list[tuple[str, Strength]]] = {}
    for category, (sure, maybe) in _cue_endings().items():
        for word in sure:
            table.setdefault(word, []).append((category, "certain"))
        for word in maybe:
            table.setdefault(word, []).append((category, "likely"))
    lengths: dict[str, set[int]] = {}
    for word in table:
        lengths.setdefault(word[-1], set()).add(len(word))
    return (
        MappingProxyType({word: tuple(keys) for word, keys in table.items()}),
        MappingProxyType({char: tuple(sorted(sizes, reverse=True)) for char, sizes in lengths.items()}),
    )


@cache
def _any_cue_pattern() -> re.Pattern[str]:
    return _either(whole for _, whole, _ in _cue_patterns())


def _either(patterns: Iterable[re.Pattern[str]]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{regex.pattern})" for regex in patterns) or r"(?!)")


@cache
def _cue_patterns() -> tuple[tuple[str, re.Pattern[str], tuple[tuple[re.Pattern[str], Strength], ...]], ...]:
    """Return (category, a pattern for any of its patterns, its patterns, the certain ones first)."""
    table: Any = data("category_cues")["anywhere"]
    strengths: tuple[Strength, ...] = ("certain", "likely")
    found: list[tuple[str, re.Pattern[str], tuple[tuple[re.Pattern[str], Strength], ...]]] = []
    for category, lists in table.items():
        patterns = tuple(
            (compiled("category_cues", category, text), strength)
            for strength in strengths
            for text in lists[strength]
        )
        found.append((category, _either(regex for regex, _ in patterns), patterns))
    return tuple(found)


@cache
def _contrasts() -> tuple[tuple[re.Pattern[str], tuple[str, ...], tuple[str, ...]], ...]:
    return tuple(
        (
            compiled("category_cues", "contrast", item["pattern"]),
            tuple(item.get("drop", ())),
            tuple(item.get("demote", ())),
        )
        for item in data("category_cues")["contrast"]
    )
