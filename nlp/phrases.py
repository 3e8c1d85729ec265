"""Weak wording, typing errors, template residue and empty goals. Spans are offsets in the text as given."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from nlp.lexicon import alternation, bare, compiled, ending, entries, head
from nlp.measures import LexiconEntry, Strength, has_measurable_noun, is_timeliness
from nlp.text import core_name, normalise

_WINDOW: Final = 16
_VALUE_KINDS: Final = ("degree", "trend", "adverb", "quantity")
_GOAL_LEAD: Final = re.compile(
    r"^(?:(?:目标内容|绩效目标|目标)?\d{1,2}[.、:,)]?|[(][一二三四五六七八九十\d]{1,3}[)]|[一二三四五六七八九十]{1,3}[、.]|[①-⑳])+"
)
_GOAL_TEMPLATE: Final = re.compile(r"^(?:\d{1,2}[.、)])?(?:目标内容|绩效目标|目标)\d{0,2}[:.、]?")
_CLAUSE: Final = re.compile(r"[,;。.]+")
# 保障房, 维护费 and the like are things, not goals.
_GOAL_NOUN: Final = re.compile(
    r"^(?:保障(?:房|性|卡|金|人数|对象|标准|线|户|车|机制|基数|中心|局|处|队)|维护(?:费|保养|维修|设备|系统|管理|次数|人员|期|成本|工作量|单位)"
    r"|完成(?:率|时间|时限|期限|情况|进度|比例|质量|日期|数|量)|提升(?:泵|机|幅度|率)|增加(?:值|额)|保证(?:金|书|率)|促进会"
    r"|规范(?:化|性|率|文件|名称|字)|改善型|实现(?:率|值)|落实率|满足(?:率|度)|加强型|增强型|优化(?:率|度)|降低(?:率|额)|减少(?:率|量|数)"
    r"|带动(?:就业人数|农户|户数|人数)|预防(?:接种|性|用药|针)|扩大(?:会议|再生产)|防范区|巩固率|形成机制率)"
)
_MAINTAIN: Final = re.compile(
    r"^维护.*(?:稳定|秩序|权益|利益|安全|和谐|大局|形象|统一|团结|治安|平安|尊严|公平|正义)"
)


@dataclass(frozen=True, slots=True)
class WeakPhrase:
    """An entry of weak_phrases.yml."""

    id: str
    phrase: str
    kind: str
    """degree, trend, adverb, quantity, goal_verb, abstract, action."""
    why: str
    hint: str


def weak_phrase(entry_id: str) -> WeakPhrase:
    """Return the entry of an id as given by `vague_words`. Raises KeyError for an unknown id."""
    return _weak()[entry_id]


@lru_cache(maxsize=8192)
def vague_words(text: str, kinds: tuple[str, ...] = _VALUE_KINDS) -> tuple[tuple[str, int, int, str], ...]:
    """Return (phrase, start, end, entry id) for every vague word of the given kinds."""
    found: list[tuple[str, int, int, str]] = []
    for match in _vague_pattern(kinds).finditer(text):
        entry_id, unless = _vague_entries(kinds)[match[0]]
        if unless is None or not _overlaps(unless, text, match.start(), match.end()):
            found.append((match[0], match.start(), match.end(), entry_id))
    return tuple(found)


@cache
def _goal_verbs() -> re.Pattern[str]:
    return alternation(words_of_kind("goal_verb"))


@lru_cache(maxsize=16384)
def goal_phrase(name: str) -> str | None:
    """Return the verb with which a name starts that is a goal and no indicator (提高…, 确保…), or None.

    A name that ends in a measure (提高森林覆盖率) can be measured and is left alone.
    """
    text = core_name(name)
    match = _goal_verbs().match(text)
    if match is None or _GOAL_NOUN.match(text) or has_measurable_noun(name):
        return None
    if match[0] == "维护" and _MAINTAIN.match(text) is None:
        return None
    return match[0] if len(text) > len(match[0]) + 1 else None


def abstract_only(name: str) -> str | None:
    """Return the abstract word a name ends in when nothing in it can be measured, else None."""
    entry = abstract_entry(name)
    return entry.phrase if entry is not None else None


@lru_cache(maxsize=16384)
def abstract_entry(name: str) -> WeakPhrase | None:
    """Return the entry behind `abstract_only`."""
    if has_measurable_noun(name):
        return None
    for text in (bare(name), head(name)):
        word = ending(text, words_of_kind("abstract") | words_of_kind("action"))
        if word is not None and not is_timeliness(name):
            return _tail_entries()[word]
    return None


@lru_cache(maxsize=8192)
def typos(text: str) -> tuple[tuple[int, int, str, str, Strength], ...]:
    """Return (start, end, wrong, right, certainty) for every wrong word."""
    found: list[tuple[int, int, str, str, Strength]] = []
    for match in _typo_pattern().finditer(text):
        right, certainty, context = _typo_table()[match[0]]
        if context is None or _overlaps(context, text, match.start(), match.end()):
            found.append((match.start(), match.end(), match[0], right, certainty))
    return tuple(found)


@lru_cache(maxsize=8192)
def placeholders(text: str) -> tuple[tuple[int, int, str], ...]:
    """Return (start, end, kind) of template residue.

    Kinds: template, star, blank-value, pending, lone, instruction.
    """
    found: list[tuple[int, int, str]] = []
    stripped = text.strip()
    offset = len(text) - len(text.lstrip())
    for entry, regex, unless in _placeholder_table():
        if entry.get("whole") == "True":
            if stripped and regex.fullmatch(stripped):
                found.append((offset, offset + len(stripped), entry["kind"]))
            continue
        for match in regex.finditer(text):
            clear = unless is not None and _overlaps(unless, text, match.start(), match.end())
            if not clear and match.end() > match.start():
                found.append((match.start(), match.end(), entry["kind"]))
    found.sort(key=lambda item: (item[0], -item[1]))
    result: list[tuple[int, int, str]] = []
    for item in found:
        if not result or item[0] >= result[-1][1]:
            result.append(item)
    return tuple(result)


@lru_cache(maxsize=4096)
def slogan(text: str) -> LexiconEntry | None:
    """Return the entry for a goal all of whose clauses are empty words, else None. A figure clears it."""
    goal = normalise(text).strip("。.;,")
    goal = _GOAL_TEMPLATE.sub("", _GOAL_LEAD.sub("", goal)).strip("。.;,:")
    if not 4 <= len(goal) <= 80 or re.search(r"\d", goal):
        return None
    clauses = [clause for clause in _CLAUSE.split(goal) if clause]
    first: LexiconEntry | None = None
    for clause in clauses:
        entry = _slogan_clause(clause)
        if entry is None:
            return None
        first = first or entry
    return first


@lru_cache(maxsize=4096)
def _slogan_clause(clause: str) -> LexiconEntry | None:
    if len(clause) > 40:
        return None
    for entry, regex in _slogans():
        if regex.fullmatch(clause):
            return LexiconEntry(entry["id"], clause, entry["why"], entry["hint"], kind="slogan")
    return None


@cache
def words_of_kind(kind: str) -> frozenset[str]:
    """Return the phrases of one kind of weak_phrases.yml, normalised."""
    return frozenset(normalise(item.phrase) for item in _weak().values() if item.kind == kind)


def _overlaps(regex: re.Pattern[str], text: str, start: int, end: int) -> bool:
    """Whether the pattern matches somewhere across the span, looking at a few characters around it."""
    low = max(0, start - _WINDOW)
    window = text[low : end + _WINDOW]
    # Every position is tried: matches side by side (满意/不满意) share characters, which finditer would skip.
    for position in range(end - low):
        match = regex.match(window, position)
        if match is not None and match.end() > start - low:
            return True
    return False


@cache
def _weak() -> Mapping[str, WeakPhrase]:
    return MappingProxyType(
        {
            item["id"]: WeakPhrase(item["id"], item["phrase"], item["kind"], item["why"], item["hint"])
            for item in entries("weak_phrases")
        }
    )


@cache
def _tail_entries() -> Mapping[str, WeakPhrase]:
    tails = (item for item in _weak().values() if item.kind in ("abstract", "action"))
    return MappingProxyType({normalise(item.phrase): item for item in tails})


@cache
def _vague_entries(kinds: tuple[str, ...]) -> Mapping[str, tuple[str, re.Pattern[str] | None]]:
    table: dict[str, tuple[str, re.Pattern[str] | None]] = {}
    for item in entries("weak_phrases"):
        if item["kind"] in kinds:
            unless = item.get("unless")
            table[item["phrase"]] = (
                item["id"],
                compiled("weak_phrases", item["id"], unless) if unless else None,
            )
    return MappingProxyType(table)


@cache
def _vague_pattern(kinds: tuple[str, ...]) -> re.Pattern[str]:
    return alternation(_vague_entries(kinds))


@cache
def _typo_table() -> Mapping[str, tuple[str, Strength, re.Pattern[str] | None]]:
    table: dict[str, tuple[str, Strength, re.Pattern[str] | None]] = {}
    for item in entries("typos"):
        context = item.get("context")
        certainty: Strength = "certain" if item["certainty"] == "certain" else "likely"
        regex = compiled("typos", item["id"], context) if context else None
        table[item["wrong"]] = (item["right"], certainty, regex)
    return MappingProxyType(table)


@cache
def _typo_pattern() -> re.Pattern[str]:
    return alternation(_typo_table())


@cache
def _placeholder_table() -> tuple[tuple[Mapping[str, str], re.Pattern[str], re.Pattern[str] | None], ...]:
    return tuple(
        (
            entry,
            compiled("placeholders", entry["id"], entry["pattern"]),
            compiled("placeholders", entry["id"], entry["unless"]) if "unless" in entry else None,
        )
        for entry in entries("placeholders")
    )


@cache
def _slogans() -> tuple[tuple[Mapping[str, str], re.Pattern[str]], ...]:
    return tuple((entry, compiled("slogans", entry["id"], entry["pattern"])) for entry in entries("slogans"))
