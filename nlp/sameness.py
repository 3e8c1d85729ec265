"""Whether two indicator texts measure the same thing: word order, padding and synonyms set aside.

A text is cut into what is measured (合格率, 及时, 次数) and of what (the object). Two texts are the same when the
measures agree and the objects are alike; opposite words, other figures or another measure rule it out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from rapidfuzz import fuzz

from nlp.lexicon import alternation, bare, data, pattern
from nlp.text import normalise
from nlp.tokenise import words

_LEXICON: Final = "sameness"
_MARKS: Final = re.compile(r"[^\w%]")
_FIGURES: Final = re.compile(r"\d[\d.]*")
_YEAR: Final = re.compile(r"20\d\d")
_RATE_TAIL: Final = re.compile(r"(?<=..)(?:比例|比率|占比|率)$")
SAME: Final = 0.88
"""Similarity from which two texts count as one, chosen on `corpora/pairs/names.tsv`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text cut for comparing."""

    measures: frozenset[str]
    object: str
    figures: tuple[str, ...]
    year: str
    """Year that the text begins with, "" for none."""
    opposed: frozenset[tuple[int, str]]
    """(group, word) of every word that has opposites."""


@lru_cache(maxsize=32768)
def similarity(first: str, second: str) -> float:
    """Return 0 to 1: how surely two indicator texts measure one thing; 0 where something rules it out."""
    a, b = read(first), read(second)
    if a.figures != b.figures or not _agree(a.opposed, b.opposed):
        return 0.0
    if a.year and b.year and a.year != b.year:
        return 0.0
    if a.measures != b.measures:
        return 0.0
    if a.object == b.object:
        return 1.0
    if not a.object or not b.object:
        return 0.0
    return _alike(a.object, b.object)


def same(first: str, second: str) -> bool:
    """Whether two indicator texts measure one thing."""
    return similarity(first, second) >= SAME


@lru_cache(maxsize=32768)
def read(text: str) -> Reading:
    """Return the text cut into measures and object."""
    core = bare(text) or normalise(text)
    plain = _MARKS.sub("", pattern(_LEXICON, "prefix").sub("", core) or core)
    figures = tuple(_FIGURES.findall(plain))
    opposed = frozenset(
        (number, word) for number, group in enumerate(_opposites()) for word in group.findall(plain)
    )
    plain = _fillers().sub("", plain) or plain
    plain = _groups().sub(lambda match: _canonical()[match[0]], plain)
    stem = _stems().search(plain)
    if stem is not None and stem.start():
        plain = plain[: stem.start()] + data(_LEXICON)["stems"][stem[0]]
    measures = frozenset(_measures().findall(plain))
    rest = _measures().sub("", plain)
    if not measures:
        # Any other rate is a measure of its own: what stands before 率 names it.
        tail = _RATE_TAIL.search(rest)
        if tail is not None:
            measures = frozenset({rest[max(0, tail.start() - 2) : tail.start()] + "率"})
            rest = rest[: tail.start()]
    year = _YEAR.match(core)
    return Reading(measures, _FIGURES.sub("", rest), figures, year[0] if year else "", opposed)


@lru_cache(maxsize=32768)
def _alike(first: str, second: str) -> float:
    """Return the likeness of two objects; the order of their words does not count."""
    straight = fuzz.ratio(first, second)
    if sorted(first) == sorted(second):
        # 农民培训, 培训农民.
        return 0.98
    sorted_words = fuzz.ratio("".join(sorted(words(first))), "".join(sorted(words(second))))
    return max(straight, sorted_words) / 100


def _agree(first: frozenset[tuple[int, str]], second: frozenset[tuple[int, str]]) -> bool:
    """Whether no group of opposites is filled differently by the two texts."""
    groups = {group for group, _ in first} | {group for group, _ in second}
    for group in groups:
        if {word for number, word in first if number == group} != {
            word for number, word in second if number == group
        }:
            return False
    return True


@cache
def _fillers() -> re.Pattern[str]:
    # 及, 和, 与 join; in 及时, 和谐, 参与 they do not.
    return re.compile(rf"{alternation(data(_LEXICON)['fillers']).pattern}|(?<!参)[及和与](?![时谐])")


@cache
def _canonical() -> Mapping[str, str]:
    return MappingProxyType(
        {normalise(word): normalise(group[0]) for group in data(_LEXICON)["groups"] for word in group}
    )


@cache
def _groups() -> re.Pattern[str]:
    # 案件数量 is 案件 and 数量, not 案, 件数 and 量.
    return re.compile(
        rf"(?:{alternation(_canonical()).pattern})(?<!数)|(?:{alternation(_canonical()).pattern})(?<=数)(?!量)"
    )


@cache
def _stems() -> re.Pattern[str]:
    return re.compile(rf"(?:{alternation(data(_LEXICON)['stems']).pattern})$")


@cache
def _measures() -> re.Pattern[str]:
    return alternation(data(_LEXICON)["measures"])


@cache
def _opposites() -> tuple[re.Pattern[str], ...]:
    return tuple(alternation(group) for group in data(_LEXICON)["opposites"])
