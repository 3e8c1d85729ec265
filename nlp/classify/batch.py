"""The features of many rows at once, as places in the vocabulary: what `features.pieces` says of each, cut by numpy.

A sequence of up to three characters is one whole number, so that those of a whole batch are found by one search.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain, repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from nlp.classify.artifact import Artifact
from nlp.classify.features import DESCRIPTION, extra_pieces, texts
from nlp.classify.query import Query

_BITS: Final = 21
"""A character fits into 21 bits and three of them into 63; no feature holds the character 0."""
_SEQUENCE: Final = 3

Integers = npt.NDArray[np.int64]


def known(artifact: Artifact, queries: Sequence[Query]) -> tuple[Integers, Integers]:
    """Return (row, place of a feature in the vocabulary) for the known features: rows in order, each place once."""
    size = len(artifact.vocabulary)
    pairs = [texts(query) for query in queries]
    rows, keys = _sequences([name for name, _ in pairs])
    places, ids = _index(artifact)
    found = [_search(places, ids, rows, keys, size)]
    described = [i for i, (_, text) in enumerate(pairs) if len(text) > 1]
    if described:
        rows, keys = _pairs([pairs[i][1] for i in described])
        keys += ord(DESCRIPTION) << 2 * _BITS
        found.append(_search(places, ids, np.array(described)[rows], keys, size))
    extra = [extra_pieces(query, name) for query, (name, _) in zip(queries, pairs, strict=True)]
    counts = np.fromiter(map(len, extra), dtype=np.int64, count=len(extra))
    other = np.fromiter(
        map(artifact.vocabulary.get, chain.from_iterable(extra), repeat(-1)),
        dtype=np.int64,
        count=int(counts.sum()),
    )
    rows = np.repeat(np.arange(len(extra)), counts)
    found.append((rows * size + other)[other >= 0])
    # One sort over the batch drops repeats and puts the features of each row in order, so that sums are equal
    # in any batch; unknown features are left out.
    every = np.sort(np.concatenate(found))
    first = np.ones(len(every), dtype=bool)
    np.not_equal(every[1:], every[:-1], out=first[1:])
    rows, ids = np.divmod(every[first], size)
    return rows, ids


def _search(places: Integers, ids: Integers, rows: Integers, keys: Integers, size: int) -> Integers:
    """Return row times vocabulary plus place for the sequences that the vocabulary holds."""
    at = np.searchsorted(places, keys)
    hit = places[at] == keys
    return rows[hit] * size + ids[at[hit]]


def _codes(items: Sequence[str]) -> tuple[Integers, Integers]:
    """Return the row and the code point of every character of the texts."""
    codes = np.frombuffer("".join(items).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)
    lengths = np.fromiter(map(len, items), dtype=np.int64, count=len(items))
    return np.repeat(np.arange(len(items)), lengths), codes


def _pairs(items: Sequence[str]) -> tuple[Integers, Integers]:
    """Return the row and the number of every two neighbouring characters."""
    rows, codes = _codes(items)
    inside = rows[1:] == rows[:-1]
    return rows[1:][inside], ((codes[:-1] << _BITS) | codes[1:])[inside]


def _sequences(items: Sequence[str]) -> tuple[Integers, Integers]:
    """Return the row and the number of every sequence of one, two and three characters."""
    rows, codes = _codes(items)
    two = (codes[:-1] << _BITS) | codes[1:]
    three = (two[:-1] << _BITS) | codes[2:]
    within_two, within_three = rows[1:] == rows[:-1], rows[2:] == rows[:-2]
    return (
        np.concatenate([rows, rows[1:][within_two], rows[2:][within_three]]),
        np.concatenate([codes, two[within_two], three[within_three]]),
    )


@lru_cache(maxsize=4)
def _index(artifact: Artifact) -> tuple[Integers, Integers]:
    """Return the numbers of the vocabulary's sequences in order, with a last one above all, and their places."""
    short = [(feature, i) for feature, i in artifact.vocabulary.items() if len(feature) <= _SEQUENCE]
    rows, codes = _codes([feature for feature, _ in short])
    keys = np.zeros(len(short), dtype=np.int64)
    starts = np.searchsorted(rows, np.arange(len(short)))
    lengths = np.diff(np.append(starts, len(codes)))
    for step in range(_SEQUENCE):
        more = lengths > step
        keys[more] = (keys[more] << _BITS) | codes[starts[more] + step]
    order = np.argsort(keys)
    ids = np.array([i for _, i in short], dtype=np.int64)
    top = np.iinfo(np.int64).max
    return np.append(keys[order], top), np.append(ids[order], -1)
