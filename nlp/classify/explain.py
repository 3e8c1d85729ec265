"""Which words of an indicator decided: the share of each word in the score of the predicted class."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from nlp.classify.artifact import HEADS, load
from nlp.classify.features import pieces
from nlp.classify.query import Query
from nlp.quantity import parse
from nlp.scheme import CATEGORIES
from nlp.text import core_name
from nlp.tokenise import words

_MOST: Final = 3
_SHARE: Final = 0.2
"""A cue carries at least this share of the strongest one."""
_KINDS: Final = {
    "count": "指标值为数量",
    "money": "指标值为金额",
    "ratio": "指标值为比率",
    "duration": "指标值为时长",
    "date": "指标值为日期",
}


@lru_cache(maxsize=8192)
def cues(query: Query, category: str, against: str | None = None) -> tuple[str, ...]:
    """Return up to three deciding words, the strongest first; words of the name, else the kind of value.

    `against` asks what speaks for the class rather than for that one; None: rather than for any other.
    """
    artifact = load()
    column = HEADS.index(category)
    known = {piece: artifact.vocabulary[piece] for piece in pieces(query) if piece in artifact.vocabulary}
    if not known:
        return ()
    table = artifact.weights[list(known.values()), : len(CATEGORIES)]
    # A word speaks for the class only as far as it speaks more for it than for the others.
    if against is None:
        others = np.delete(table, column, axis=1).max(axis=1)
    else:
        others = table[:, HEADS.index(against)]
    strength = dict(zip(known, (table[:, column] - others).tolist(), strict=True))
    core = core_name(query.name)
    found: list[tuple[float, int, str]] = []
    start = 0
    for word in words(core):
        end = start + len(word)
        inside = [
            strength.get(core[a:b], 0.0) for a in range(start, end) for b in range(a + 1, min(end, a + 4) + 1)
        ]
        if end == len(core):
            inside += [strength.get(core[a:] + "$", 0.0) for a in range(max(start, end - 3), end)]
        if any(char.isalnum() for char in word):
            found.append((sum(inside), start, word))
        start = end
    kind = parse(query.value, operator=query.operator, unit=query.unit).kind if query.value else ""
    best = max((score for score, _, _ in found), default=0.0)
    chosen = [
        item
        for item in sorted(found, key=lambda item: (-item[0], item[1]))
        if item[0] > 0 and item[0] >= best * _SHARE
    ]
    texts = [word for _, _, word in chosen[:_MOST]]
    if len(texts) < _MOST and kind in _KINDS and strength.get(f"\x02kind:{kind}", 0.0) > 0:
        texts.append(_KINDS[kind])
    return tuple(texts)
