"""Counting in which sectors the words of the corpora stand; only words that tell a field are kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final

from nlp.text import normalise
from nlp.tokenise import words
from nlp.training.corpus import Labelled
from nlp.training.grammar import sectors

_LEAST_USES: Final = 3
_CONCENTRATION: Final = 0.25
"""Least sum of squared shares over the sectors: a word spread over more than about four sectors tells nothing."""


def render(rows: Iterable[Labelled]) -> str:
    """Return the lines `word, sector:count …`, in word order."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    fields = sectors()
    for row in rows:
        # Files that cut across the fields (乡镇, 采购) would make every word general.
        if row.sector in fields:
            for word in _kept(f"{row.query.name} {row.query.description}"):
                counts[word][row.sector] += 1
    for sector, frame in fields.items():
        for text in _texts(frame):
            for word in _kept(text):
                counts[word][sector] += 1
    lines = []
    for word in sorted(counts):
        found = counts[word]
        total = sum(found.values())
        if total >= _LEAST_USES and sum((count / total) ** 2 for count in found.values()) > _CONCENTRATION:
            lines.append("\t".join([word, *(f"{sector}:{count}" for sector, count in sorted(found.items()))]))
    return "".join(f"{line}\n" for line in lines)


def _kept(text: str) -> set[str]:
    return {word for word in words(normalise(text)) if len(word) >= 2 and not word[0].isascii()}


def _texts(frame: Any) -> Iterator[str]:
    for value in frame.values():
        if isinstance(value, list):
            for item in value:
                yield " ".join(map(str, item)) if isinstance(item, list) else str(item)
