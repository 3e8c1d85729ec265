"""Fields of public work that a text speaks of: words that stand in few sectors of the corpora tell them.

A text about road works and one about vaccination share no telling word and no sector; general words tell nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from math import sqrt
from typing import Final

from corpora.store import CorpusError
from nlp.classify.artifact import FOLDER, TOPICS
from nlp.text import normalise
from nlp.tokenise import words

FOREIGN: Final = 0.02
"""Likeness up to which two texts speak of different fields, chosen on `corpora/pairs/topics.tsv`."""


@cache
def _telling() -> Mapping[str, Mapping[str, float]]:
    """Return telling word → sector → share of the word's uses."""
    try:
        found: dict[str, dict[str, float]] = {}
        for line in (FOLDER / TOPICS).read_text(encoding="utf-8").splitlines():
            word, *parts = line.split("\t")
            counts = {sector: int(count) for sector, count in (part.split(":") for part in parts)}
            total = sum(counts.values())
            found[word] = {sector: count / total for sector, count in counts.items()}
    except (OSError, ValueError) as error:
        raise CorpusError(f"领域词文件 {TOPICS} 缺失或损坏，请重新安装标尺，或运行 biaochi train") from error
    return found


@lru_cache(maxsize=8192)
def telling_words(text: str) -> tuple[str, ...]:
    """Return the words of a text that tell its field, each once, in order."""
    known = _telling()
    return tuple(dict.fromkeys(word for word in words(normalise(text)) if word in known))


def likeness(first: Iterable[str], second: Iterable[str]) -> float | None:
    """Return 0 to 1: how far two sets of telling words belong to the same fields; None where one is empty."""
    a, b = _profile(first), _profile(second)
    if not a or not b:
        return None
    product = sum(share * b.get(sector, 0.0) for sector, share in a.items())
    return product / sqrt(sum(x * x for x in a.values()) * sum(x * x for x in b.values()))


def _profile(items: Iterable[str]) -> Mapping[str, float]:
    known = _telling()
    total: defaultdict[str, float] = defaultdict(float)
    for word in items:
        for sector, share in known[word].items():
            total[sector] += share
    return total
