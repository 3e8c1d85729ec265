"""The features of many rows at once, as places in the vocabulary: what `features.pieces` says of each, cut by numpy.

A sequence of up to three characters is one whole number, so that those of a whole batch are found by one search.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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
_HASH_BITS: Final = 18
"""Twice as many hashes as sequences, so that most lists hold one number or none."""
_MULTIPLIER: Final = np.uint64(0x9E3779B97F4A7C15)
"""Fibonacci hashing: the golden ratio times 2 to the 64."""

Integers = npt.NDArray[np.int64]


def known(artifact: Artifact, queries: Sequence[Query]) -> tuple[Integers, Integers]:
    """Return (row, place of a feature in the vocabulary) for the known features: rows in order, each place once."""
    size = len(artifact.vocabulary)
    pairs = [texts(query) for query in queries]
    rows, keys = _sequences([name for name, _ in pairs])
    index = _index(artifact)
    found = [index.search(rows, keys, size)]
    described = [i for i, (_, text) in enumerate(pairs) if len(text) > 1]
    if described:
        rows, keys = _pairs([pairs[i][1] for i in described])
        keys += ord(DESCRIPTION) << 2 * _BITS
        found.append(index.search(np.array(described)[rows], keys, size))
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


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    """The numbers of the vocabulary's sequences in short lists by a hash, one behind the other."""

    starts: npt.NDArray[np.int32]
    """Where the list of each hash starts, with the end of the last one."""
    numbers: Integers
    places: Integers
    """The place in the vocabulary of each number."""

    def search(self, rows: Integers, keys: Integers, size: int) -> Integers:
        """Return row times `size` plus place in the vocabulary for the numbers that it holds."""
        hashes = _hash(keys)
        at, ends = self.starts[hashes], self.starts[hashes + 1]
        found = []
        while (open_ := np.flatnonzero(at < ends)).size:
            at, ends, rows, keys = at[open_], ends[open_], rows[open_], keys[open_]
            hit = self.numbers[at] == keys
            found.append(rows[hit] * size + self.places[at[hit]])
            # A number that is found has no second place.
            at = np.where(hit, ends, at + 1)
        return np.concatenate(found) if found else np.empty(0, dtype=np.int64)


def _hash(keys: Integers) -> Integers:
    return ((keys.astype(np.uint64) * _MULTIPLIER) >> np.uint64(64 - _HASH_BITS)).astype(np.int64)


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
def _index(artifact: Artifact) -> _Index:
    """Return the index of the vocabulary: every feature of up to three characters."""
    short = [(feature, i) for feature, i in artifact.vocabulary.items() if len(feature) <= _SEQUENCE]
    rows, codes = _codes([feature for feature, _ in short])
    keys = np.zeros(len(short), dtype=np.int64)
    starts = np.searchsorted(rows, np.arange(len(short)))
    lengths = np.diff(np.append(starts, len(codes)))
    for step in range(_SEQUENCE):
        more = lengths > step
        keys[more] = (keys[more] << _BITS) | codes[starts[more] + step]
    hashes = _hash(keys)
    order = np.argsort(hashes, kind="stable")
    return _Index(
        starts=np.searchsorted(hashes[order], np.arange(2**_HASH_BITS + 1)).astype(np.int32),
        numbers=keys[order],
        places=np.array([i for _, i in short], dtype=np.int64)[order],
    )
