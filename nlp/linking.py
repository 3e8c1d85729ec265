"""Links between texts that speak of the same thing: department items and projects, figures in prose and rows.

Pure functions over texts. Everything is conservative: a missing link costs a finding, a wrong one costs trust.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz import fuzz

from nlp.lexicon import alternation, any_of, ending, words
from nlp.text import normalise, strip_prefix

THRESHOLD: Final = 0.85
"""Score from which two different names may be one project."""
SHORTENED: Final = 0.6
"""The same where one name only leaves out characters of the other (障碍责任险 in 障碍患者责任险)."""
SAME_OBJECT: Final = 0.6
"""`same_object` from which two texts speak of one object."""

_EDGE_MARKS: Final = re.compile(r"^[^\w(]+|[^\w)]+$")
_DIGITS: Final = re.compile(r"\d+|[一二三四五六七八九十]+(?=[期批标段])")
_FIGURE: Final = re.compile(
    r"[≥≤<>=]*\d[\d.,]*(?:万|亿)?(?:余|多)?(?:人次|平方米|公里|千米|小时|工作日|[张份册件个次场户人名台套家所项辆亩米吨%天年])?"
)
_OPPOSITE: Final = (
    "城市|农村",
    "小学|中学|大学|幼儿",
    "上半年|下半年",
    "男|女",
    "新建|改建|维修",
    "国家|省级|市级|县级",
)
_STANDING: Final = re.compile(r"(?:现有|已有|原有|既有|存量|已建成|已建|在册)[^\d,、和及]{0,6}$")
_ANY_DIGIT: Final = re.compile(r"\d")
_MOMENT: Final = re.compile(
    r"1?\d月(?=底|末|中旬|上旬|下旬|初|\d)|[第前]?[一二三四]季度|上半年|下半年|年底|年末|年中"
)
_MOMENT_NAMES: Final = {
    "年底": "12月", "年末": "12月", "下半年": "12月", "上半年": "6月", "年中": "6月",
    "一季度": "3月", "第一季度": "3月", "二季度": "6月", "第二季度": "6月", "前二季度": "6月",
    "三季度": "9月", "第三季度": "9月", "前三季度": "9月", "四季度": "12月", "第四季度": "12月",
}  # fmt: skip
_REACH: Final = 400
"""Characters on either side of a figure that can belong to its clause or sentence; in a cell of thousands of characters
without a mark, what stands further away says nothing about the figure."""
_CLAUSE_ENDS: Final = "，,。；;\n！!？?"
_SENTENCE_ENDS: Final = "。；;\n！!？?"


@dataclass(frozen=True, slots=True)
class Link:
    """Item `item` and project `project` (indexes) are one; `exact` when the names are equal after normalising."""

    item: int
    project: int
    score: float
    exact: bool


def link_items(
    item_names: Sequence[str], project_names: Sequence[str], *, threshold: float = THRESHOLD
) -> tuple[Link, ...]:
    """Return one-to-one links between department items and projects, in the order of the items.

    Equal names first, then the most similar pairs. Names that differ in a number (一期, 二期) are never linked.
    """
    return _linked(tuple(item_names), tuple(project_names), threshold)


@lru_cache(maxsize=256)
def _linked(
    item_names: tuple[str, ...], project_names: tuple[str, ...], threshold: float
) -> tuple[Link, ...]:
    items = [_plain_name(name) for name in item_names]
    projects = [_plain_name(name) for name in project_names]
    open_items = {k for k, name in enumerate(items) if name}
    open_projects = {k for k, name in enumerate(projects) if name}
    links: list[Link] = []
    by_name: dict[str, list[int]] = {}
    for k in sorted(open_projects):
        by_name.setdefault(projects[k], []).append(k)
    for i in sorted(open_items):
        waiting = by_name.get(items[i])
        if waiting:
            links.append(Link(i, waiting.pop(0), 1.0, True))
    open_items -= {link.item for link in links}
    open_projects -= {link.project for link in links}
    pairs = [
        (score, i, p)
        for i in sorted(open_items)
        for p in sorted(open_projects)
        if (score := _name_score(items[i], projects[p], threshold)) > 0
    ]
    for score, i, p in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if i in open_items and p in open_projects:
            open_items.remove(i)
            open_projects.remove(p)
            links.append(Link(i, p, round(score, 3), False))
    return tuple(sorted(links, key=lambda link: link.item))


@lru_cache(maxsize=16384)
def same_object(text_a: str, text_b: str) -> float:
    """Return 0 to 1: how far two texts (a clause of a goal, an indicator name) speak of one object.

    Figures, units, measures and verbs are left out; what remains is compared by pairs of characters, and counts
    less where the two end in different nouns (宣传手册, 宣传明白纸).
    """
    first, second = object_of(text_a), object_of(text_b)
    if len(first) < 2 or len(second) < 2:
        return 1.0 if first and first == second else 0.0
    if first == second:
        return 1.0
    pairs_a, pairs_b = _pairs(first), _pairs(second)
    overlap = len(pairs_a & pairs_b) / min(len(pairs_a), len(pairs_b))
    heads_meet = first[-2:] in pairs_b or second[-2:] in pairs_a
    return overlap if heads_meet else overlap * 0.6


@lru_cache(maxsize=16384)
def object_of(text: str) -> str:
    """Return what is left of a clause or name without figures, units, measures, verbs and times."""
    rest = normalise(strip_prefix(text))
    rest = _FIGURE.sub("", rest)
    rest = any_of("linking", "filler_words").sub("", rest)
    rest = re.sub(r"[^\w]", "", rest)
    while (tail := ending(rest, words("linking", "measure_words"))) and len(rest) > len(tail):
        rest = rest[: -len(tail)]
    return rest


def clause_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the clause around a span, cut at commas and full stops."""
    return _bounds(text, start, end, _CLAUSE_ENDS)


def item_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the listed item around a span: of 「购置CT 1台、彩超2台」 only the item with the figure.

    Only a list whose neighbouring items have figures of their own is cut; an item left without an object
    (维修6座、新建8座水井) keeps the whole clause.
    """
    low, high = clause_at(text, start, end)
    before, behind = text.rfind("、", low, start), text.find("、", end, high)
    first = before + 1 if before >= 0 and _ANY_DIGIT.search(text[low:before]) else low
    last = behind if behind >= 0 and _ANY_DIGIT.search(text[behind:high]) else high
    return (first, last) if len(object_of(text[first:last])) >= 2 else (low, high)


def other_moment(clause: str, name: str) -> bool:
    """Whether a name sets a target for a point within the year (6月底工程进度) that the clause does not speak of."""
    wanted = _moments(name)
    return bool(wanted) and not wanted & (_moments(clause) or {"12月"})


@lru_cache(maxsize=16384)
def _moments(text: str) -> frozenset[str]:
    return frozenset(_MOMENT_NAMES.get(found, found) for found in _MOMENT.findall(normalise(text)))


def sentence_at(text: str, start: int, end: int) -> tuple[int, int]:
    """Return the bounds of the sentence around a span."""
    return _bounds(text, start, end, _SENTENCE_ENDS)


def is_delivered(before: str) -> bool:
    """Whether the text before a figure, inside its clause, says that the figure is something to deliver."""
    text = normalise(before)
    if any_of("linking", "scope_words").search(text):
        return False
    return any_of("linking", "delivery_verbs").search(text) is not None


def is_standing(before: str) -> bool:
    """Whether the text before a figure says that the things are there already (在现有60个站点基础上)."""
    return _STANDING.search(normalise(before)) is not None


def speaks_of_other_base(clause: str) -> bool:
    """Whether a clause speaks of another year, a growth or a share per month, person or place."""
    return any_of("linking", "other_base").search(normalise(clause)) is not None


@lru_cache(maxsize=8192)
def _plain_name(name: str) -> str:
    return _EDGE_MARKS.sub("", normalise(strip_prefix(name)))


@lru_cache(maxsize=8192)
def _core(name: str) -> str:
    rest = name
    while (tail := ending(rest, words("linking", "project_tails"))) and len(rest) - len(tail) >= 2:
        rest = rest[: -len(tail)]
    return rest


def _name_score(first: str, second: str, threshold: float) -> float:
    if _DIGITS.findall(first) != _DIGITS.findall(second) or _opposed(first, second):
        return 0.0
    a, b = _core(first), _core(second)
    if a == b:
        return 0.99
    score = fuzz.ratio(a, b) / 100
    short, long = sorted((a, b), key=len)
    if len(short) >= 3 and score >= SHORTENED and _is_subsequence(short, long):
        return score
    return score if min(len(a), len(b)) >= 4 and score >= threshold else 0.0


def _opposed(first: str, second: str) -> bool:
    return any(pattern.findall(first) != pattern.findall(second) for pattern in _opposites())


@cache
def _opposites() -> tuple[re.Pattern[str], ...]:
    return tuple(alternation(group.split("|")) for group in _OPPOSITE)


def _is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(char in rest for char in short)


@lru_cache(maxsize=16384)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[k : k + 2] for k in range(len(text) - 1))


def _bounds(text: str, start: int, end: int, marks: str) -> tuple[int, int]:
    cuts = _cuts(text, marks)
    before, behind = bisect_left(cuts, start), bisect_left(cuts, end)
    low = cuts[before - 1] + 1 if before else 0
    high = cuts[behind] if behind < len(cuts) else len(text)
    return max(low, start - _REACH), min(high, end + _REACH)


@lru_cache(maxsize=1024)
def _cuts(text: str, marks: str) -> tuple[int, ...]:
    """Return the places of the marks that cut; a comma between digits (20,000) does not."""
    return tuple(
        at
        for at, char in enumerate(text)
        if char in marks
        and not (char == "," and text[at - 1 : at].isdigit() and text[at + 1 : at + 2].isdigit())
    )
