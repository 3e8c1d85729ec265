"""The labelled names nearest to an indicator, to show why: rapidfuzz over candidates that share character pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz import fuzz

from corpora.store import CorpusError
from nlp.classify.artifact import EXEMPLARS, FOLDER
from nlp.text import core_name

_CANDIDATES: Final = 40
_LEAST: Final = 55.0
"""Similarity (0–100) below which a name explains nothing."""
_COMMON: Final = 400
"""A pair of characters that stands in more names than this blocks nothing."""


@dataclass(frozen=True, slots=True)
class Exemplar:
    """A labelled name of the corpora."""

    name: str
    category: str
    similarity: float
    """0–1."""


@cache
def _index() -> tuple[tuple[tuple[str, str], ...], Mapping[str, tuple[int, ...]]]:
    try:
        lines = (FOLDER / EXEMPLARS).read_text(encoding="utf-8").splitlines()
        items = tuple((name, category) for name, category in (line.split("\t") for line in lines))
    except (OSError, ValueError) as error:
        raise CorpusError(f"范例文件 {EXEMPLARS} 缺失或损坏，请重新安装标尺，或运行 biaochi train") from error
    places: dict[str, list[int]] = {}
    for i, (name, _) in enumerate(items):
        for pair in {name[k : k + 2] for k in range(len(name) - 1)}:
            places.setdefault(pair, []).append(i)
    return items, {pair: tuple(found) for pair, found in places.items() if len(found) <= _COMMON}


@lru_cache(maxsize=8192)
def nearest(name: str, category: str | None = None, limit: int = 2) -> tuple[Exemplar, ...]:
    """Return the most similar labelled names, of one class where given; none where nothing is similar."""
    items, places = _index()
    core = core_name(name)
    shared: Counter[int] = Counter()
    for pair in {core[k : k + 2] for k in range(len(core) - 1)}:
        shared.update(places.get(pair, ()))
    wanted = [(count, i) for i, count in shared.items() if category is None or items[i][1] == category]
    wanted.sort(key=lambda item: (-item[0], item[1]))
    scored = sorted(
        ((fuzz.ratio(core, items[i][0]), i) for _, i in wanted[:_CANDIDATES]),
        key=lambda item: (-item[0], item[1]),
    )
    return tuple(
        Exemplar(items[i][0], items[i][1], round(score / 100, 3))
        for score, i in scored[:limit]
        if score >= _LEAST
    )
