"""The library of good indicators (`corpora/library/*.tsv`) and the search in it by what a project says of itself."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from rapidfuzz import fuzz

from corpora.store import ROOT, CorpusError
from nlp.lexicon import words as words_of
from nlp.scheme import CATEGORIES, label_key
from nlp.text import normalise
from nlp.tokenise import words

FOLDER: Final = "library"
COLUMNS: Final = (
    "sector", "type", "class", "name", "formula", "unit", "operator", "basis", "source", "words",
)  # fmt: skip
GENERAL: Final = "通用"
_LEAST_WORD: Final = 2


@dataclass(frozen=True, slots=True)
class Entry:
    """A good indicator: structure only, no target number."""

    sector: str
    type: str
    category: str
    """Meaning of the class (数量, 成本 …)."""
    name: str
    formula: str
    unit: str
    """% , 人次, 元/人, 工作日 …; 「日期」 for a date; "" for a graded target."""
    operator: str
    """≥ ≤ ＝, or 定性."""
    basis: str
    source: str
    """Where the actual value comes from."""
    words: tuple[str, ...]
    """Words of a project for which the indicator is meant."""


@dataclass(frozen=True, slots=True)
class About:
    """What a project says of itself, each text normalised once. Weights are in `_WEIGHTS`."""

    name: str
    purpose: str = ""
    goals: str = ""
    rows: str = ""
    department: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that fits, its score (higher is better, about 0 to 1) and the words that decided."""

    entry: Entry
    score: float
    words: tuple[str, ...]
    told: bool
    """Whether the project's name or purpose has one of the words."""
    near: bool
    """Whether the entry's own name shares a telling word with the row that it is to replace; of no sector, most of them."""
    own: bool
    """Whether the project's name or purpose has most of the telling words of the entry's own name, or its cues are sure."""


_WEIGHTS: Final = MappingProxyType(
    {"name": 1.0, "purpose": 0.6, "goals": 0.5, "rows": 0.3, "department": 0.4}
)
_BUILD: Final = re.compile(r"建设|新建|改建|扩建|改造|工程|安装|购置|采购")
_KEEP: Final = re.compile(r"运维|维护|养护|运行|管护|保洁|清扫|租赁|日常")
_BUILD_NAME: Final = re.compile(r"投运|竣工|开工|交工|完工|建成|新建|改建")
_FIELD: Final = 3.0
"""Sum of telling words from which a project belongs to a sector: about one word of its own in the project's name."""
_HALF: Final = 0.5
_SURE: Final = 0.8
"""Score from which the cue words alone say that an entry is meant for the project."""
_NEAR_BEST: Final = 0.5
_NOTHING: Final[tuple[float, tuple[str, ...], bool]] = (0.0, (), False)
_FULL: Final = 12.0
"""Sum of weighted idf that counts as a full match."""


def about(
    name: str, *, purpose: str = "", goals: str = "", rows: Sequence[str] = (), department: str = ""
) -> About:
    """Return the texts of a project ready to search with."""
    texts = (name, purpose, goals, "\n".join(rows), department)
    return About(*(normalise(text) for text in texts))


def search(
    project: About,
    category: str | None = None,
    *,
    like: str = "",
    limit: int = 10,
    unit_kinds: Collection[str] | None = None,
) -> tuple[Hit, ...]:
    """Return the entries that fit the project best, one class only if `category` is given.

    `like` is the text of the row that an entry is to replace; likeness to it counts for a third. `unit_kinds`
    restricts to units of some kinds (see `unit_kind`).
    """
    base = _scores(project)
    sectors = fields(project)
    target = normalise(like)
    mine = f"{project.name}|{project.purpose}"
    builds, keeps = _BUILD.search(project.name) is not None, _KEEP.search(project.name) is not None
    found: list[tuple[float, str, int, float]] = []
    for sector in {GENERAL, *sectors}:
        for item in _candidates().get((sector, category), ()):
            if unit_kinds is not None and unit_kind(item.entry) not in unit_kinds:
                continue
            score, _, told = base.get(item.number, _NOTHING)
            if (sector == GENERAL and not told) or item.is_of_other_phase(builds, keeps):
                continue
            if target:
                score += fuzz.ratio(target, item.name) / 300
            if score > 0:
                found.append((-round(score, 4), item.entry.name, item.number, score))
    return tuple(
        _hit(number, score, base.get(number, _NOTHING), mine, target)
        for _, _, number, score in sorted(found)[:limit]
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An entry with what a search asks of each."""

    number: int
    entry: Entry
    name: str
    """Normalised."""
    builds: bool
    keeps: bool

    def is_of_other_phase(self, builds: bool, keeps: bool) -> bool:
        """Whether the entry is for building what the project only keeps running, or the reverse."""
        return self.builds if keeps and not builds else self.keeps if builds and not keeps else False


@cache
def _candidates() -> Mapping[tuple[str, str | None], tuple[_Candidate, ...]]:
    """Return (sector, class or None for all) → entries."""
    found: dict[tuple[str, str | None], list[_Candidate]] = defaultdict(list)
    for number, entry in enumerate(entries()):
        builds = entry.type == "基建工程" or _BUILD_NAME.search(entry.name) is not None
        keeps = _KEEP.search(entry.name) is not None
        item = _Candidate(number, entry, normalise(entry.name), builds, keeps)
        for category in (entry.category, None):
            found[entry.sector, category].append(item)
    return MappingProxyType({key: tuple(items) for key, items in found.items()})


def _hit(
    number: int, score: float, known: tuple[float, tuple[str, ...], bool], mine: str, target: str
) -> Hit:
    entry, (_, cues, told) = entries()[number], known
    near = bool(target) and told and _shares(number, target)
    if entry.sector == GENERAL:
        # What belongs to no sector has to be about the project's own things.
        near = near and (score >= _SURE or _covers(number, f"{mine}|{target}"))
    own = _shares(number, mine) and (score >= _SURE or _covers(number, mine))
    return Hit(entry, round(score, 4), cues, told, near, own)


def _shares(number: int, text: str) -> bool:
    """Whether a telling word of the entry's name stands in a text; the words of its sector tell nothing more."""
    return any(word in text for word in _telling()[number])


def _covers(number: int, text: str) -> bool:
    """Whether a text has more than half of the telling words of the entry's name, by length."""
    telling = _telling()[number]
    total = sum(map(len, telling))
    return total > 0 and sum(len(word) for word in telling if word in text) > _HALF * total


@cache
def _by_ending() -> Mapping[tuple[str, str], tuple[Entry, ...]]:
    found: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries():
        found[entry.category, entry.name[-1:]].append(entry)
    return MappingProxyType({key: tuple(items) for key, items in found.items()})


def ending(category: str | None, tail: str) -> tuple[Entry, ...]:
    """Return the entries of a class whose names end in a character."""
    return _by_ending().get((category or "", tail), ())


@cache
def _telling() -> tuple[frozenset[str], ...]:
    generic = words_of("subject", "generic") | words_of("subject", "measures")
    found = []
    for entry in entries():
        own = {word for word in words(normalise(entry.name)) if len(word) >= _LEAST_WORD}
        field = normalise(entry.sector)
        found.append(frozenset(word for word in own if word not in generic and word not in field))
    return tuple(found)


def unit_kind(entry: Entry) -> str:
    """Return the kind of value an entry asks for: ratio, date, duration, money, grade, count."""
    unit = entry.unit
    if entry.operator == "定性" or not unit:
        return "grade"
    if unit in ("%", "‰"):
        return "ratio"
    if unit == "日期":
        return "date"
    if unit.startswith(("元", "万元", "亿元")):
        return "money"
    if unit in ("工作日", "小时", "分钟", "天", "日", "年", "个月", "月"):
        return "duration"
    return "count"


@cache
def entries() -> tuple[Entry, ...]:
    """Return every entry, files in name order. Raises CorpusError for a broken line."""
    found: list[Entry] = []
    for path in sorted((ROOT / FOLDER).glob("*.tsv")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if tuple(lines[0].split("\t")) != COLUMNS:
            raise CorpusError(f"数据文件 corpora/{FOLDER}/{path.name} 的表头应为：{'、'.join(COLUMNS)}")
        for number, line in enumerate(lines[1:], 2):
            cells = line.split("\t")
            if len(cells) != len(COLUMNS) or label_key(cells[2]) not in CATEGORIES:
                raise CorpusError(f"数据文件 corpora/{FOLDER}/{path.name} 第 {number} 行栏数或类别有误")
            found.append(_entry(cells))
    if not found:
        raise CorpusError(f"数据文件缺失：corpora/{FOLDER}，请重新安装标尺")
    return tuple(found)


def _entry(cells: Sequence[str]) -> Entry:
    sector, kind, category, name, formula, unit, operator, basis, source, cues = cells
    return Entry(
        sector, kind, label_key(category), name, formula, unit, operator, basis, source, tuple(cues.split())
    )


@cache
def _index() -> Mapping[str, tuple[float, tuple[int, ...]]]:
    """Return word → (idf, entries). Words are the entry's own cues, its sector, and the words of its name."""
    where: dict[str, set[int]] = defaultdict(set)
    for number, entry in enumerate(entries()):
        cues = {normalise(word) for word in entry.words}
        cues.update(word for word in words(normalise(entry.name)) if len(word) >= _LEAST_WORD)
        if entry.sector != GENERAL:
            cues.add(normalise(entry.sector))
        for word in cues - words_of("subject", "generic"):
            if len(word) >= _LEAST_WORD:
                where[word].add(number)
    total = len(entries())
    return MappingProxyType(
        {word: (math.log(total / len(found)), tuple(sorted(found))) for word, found in where.items()}
    )


@cache
def _sector_words() -> Mapping[str, tuple[float, tuple[str, ...]]]:
    """Return word → (how telling, sectors): a word that many sectors use tells little of the field."""
    where: dict[str, set[str]] = defaultdict(set)
    for entry in entries():
        if entry.sector != GENERAL:
            for word in (*entry.words, *words(normalise(entry.sector)), entry.sector):
                if len(word) >= _LEAST_WORD and word not in words_of("subject", "generic"):
                    where[normalise(word)].add(entry.sector)
    total = len({entry.sector for entry in entries()})
    return MappingProxyType(
        {word: (math.log(total / len(found)), tuple(sorted(found))) for word, found in where.items()}
    )


@lru_cache(maxsize=512)
def fields(project: About) -> frozenset[str]:
    """Return the sectors that the project belongs to, by the telling words in its texts; empty where none is clear."""
    texts = [(weight, getattr(project, field)) for field, weight in _WEIGHTS.items()]
    sums: dict[str, float] = defaultdict(float)
    for word, (idf, found) in _sector_words().items():
        weight = max((share for share, text in texts if word in text), default=0.0)
        for sector in found if weight else ():
            sums[sector] += idf * weight / len(found)
    best = max(sums.values(), default=0.0)
    return frozenset(
        sector for sector, value in sums.items() if value >= _FIELD and value >= _NEAR_BEST * best
    )


@lru_cache(maxsize=512)
def _scores(project: About) -> Mapping[int, tuple[float, tuple[str, ...], bool]]:
    """Return entry → (score, deciding words with the heaviest first, whether name or purpose has one)."""
    sums: dict[int, list[tuple[float, str]]] = defaultdict(list)
    told: set[int] = set()
    texts = [(weight, getattr(project, field)) for field, weight in _WEIGHTS.items()]
    for word, (idf, found) in _index().items():
        weight = max((share for share, text in texts if word in text), default=0.0)
        if weight:
            for number in found:
                sums[number].append((idf * weight, word))
        if weight >= _WEIGHTS["purpose"]:
            told.update(found)
    out: dict[int, tuple[float, tuple[str, ...], bool]] = {}
    for number, parts in sums.items():
        parts.sort(key=lambda part: (-part[0], part[1]))
        score, seen = 0.0, ""
        for value, word in parts:
            # A word inside one already counted (政策 in 政策知晓) says nothing new.
            if word not in seen:
                score += value
                seen += "|" + word
        out[number] = (min(score / _FULL, 1.0), tuple(word for _, word in parts[:3]), number in told)
    return MappingProxyType(out)
