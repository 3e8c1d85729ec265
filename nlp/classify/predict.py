"""Scoring: one pass over the features of a batch, then calibration and the classes of the pack."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat
from typing import Final

import numpy as np
import numpy.typing as npt

from nlp.classify import batch
from nlp.classify.artifact import Artifact, Floats, load
from nlp.classify.features import pieces
from nlp.classify.query import Prediction, Query
from nlp.scheme import CATEGORIES

_BATCH: Final = 4096
_FEW: Final = 6
"""Up to so many rows are faster one by one; what only a batch needs costs as much as they do."""
_EPSILON: Final = 1e-6


@lru_cache(maxsize=16384)
def classify(query: Query, categories: frozenset[str] | None = None) -> Prediction:
    """Return what one indicator measures. `categories` are the classes of the pack, None for all."""
    return classify_many([query], categories)[0]


def classify_many(queries: Sequence[Query], categories: frozenset[str] | None = None) -> list[Prediction]:
    """Return the predictions of many indicators, in order. Equal queries give equal answers in any batch."""
    artifact = load()
    found: list[Prediction] = []
    for start in range(0, len(queries), _BATCH):
        raw = probabilities(artifact, queries[start : start + _BATCH])
        found += _predictions(artifact, raw, categories)
    return found


def probabilities(artifact: Artifact, queries: Sequence[Query]) -> npt.NDArray[np.float64]:
    """Return raw probabilities, shape (queries, heads), before calibration."""
    if 1 <= len(queries) <= _FEW:
        return np.concatenate([_probabilities_of_one(artifact, query) for query in queries])
    rows, ids = batch.known(artifact, queries)
    counts = np.bincount(rows, minlength=len(queries))
    scores = np.tile(artifact.bias.astype(np.float64), (len(queries), 1))
    filled = np.flatnonzero(counts)
    if filled.size:
        starts = (np.cumsum(counts) - counts)[filled]
        length = np.sqrt(np.add.reduceat(artifact.squares[ids].astype(np.float64), starts))
        scores[filled] += np.add.reduceat(artifact.weights[ids], starts, axis=0) / length[:, None]
    return 1.0 / (1.0 + np.exp(-scores))


def _probabilities_of_one(artifact: Artifact, query: Query) -> npt.NDArray[np.float64]:
    """Return what a batch would say of the query, to the bit, without what only a batch needs."""
    vocabulary = artifact.vocabulary
    known = sorted({vocabulary[piece] for piece in pieces(query) if piece in vocabulary})
    scores = artifact.bias.astype(np.float64)[None, :]
    if known:
        ids, start = np.array(known), np.zeros(1, dtype=np.int64)
        length = np.sqrt(np.add.reduceat(artifact.squares[ids].astype(np.float64), start))
        scores = scores + np.add.reduceat(artifact.weights[ids], start, axis=0) / length[:, None]
    return 1.0 / (1.0 + np.exp(-scores))


def _predictions(
    artifact: Artifact, raw: npt.NDArray[np.float64], categories: frozenset[str] | None
) -> list[Prediction]:
    columns = [i for i, name in enumerate(CATEGORIES) if categories is None or name in categories]
    names = tuple(CATEGORIES[i] for i in columns)
    best, shares = calibrated(artifact.calibration, raw[:, columns])
    unsure = shares[np.arange(len(shares)), best] < artifact.abstain_below
    # Transposed, so that zip makes the tuples of the rows straight away.
    rows = zip(*shares.T.tolist(), strict=True)
    flags = (raw[:, i].tolist() for i in range(len(CATEGORIES), raw.shape[1]))
    return [
        *map(Prediction, repeat(names), rows, best.tolist(), unsure.tolist(), *flags),
    ]


def calibrated(
    knots: Floats, raw: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return the place of the most likely class and the calibrated probabilities of every row.

    The most likely class has a curve of its own: at equal raw probability it is right more often than a runner-up.
    """
    grid, top, rest = knots.astype(np.float64).T
    best = raw.argmax(axis=1)
    rows = np.arange(len(raw))
    first = np.interp(raw[rows, best], grid, top)
    shares = np.minimum(np.interp(raw, grid, rest), first[:, None])
    shares[rows, best] = first
    return best, np.clip(shares, _EPSILON, 1 - _EPSILON)
