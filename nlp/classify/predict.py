"""Scoring: one pass over the features of a batch, then calibration and the classes of the pack."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from nlp.classify.artifact import Artifact, load
from nlp.classify.features import pieces
from nlp.classify.query import CATEGORIES, Prediction, Query

_BATCH: Final = 4096
_EPSILON: Final = 1e-6


def classify(query: Query, categories: frozenset[str] | None = None) -> Prediction:
    """Return what one indicator measures. `categories` are the classes of the pack, None for all."""
    return _classify(query, categories)


@lru_cache(maxsize=16384)
def _classify(query: Query, categories: frozenset[str] | None) -> Prediction:
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
    vocabulary = artifact.vocabulary
    rows = [list({vocabulary[piece] for piece in pieces(query) if piece in vocabulary}) for query in queries]
    for row in rows:
        row.sort()
    counts = np.fromiter(map(len, rows), dtype=np.int64, count=len(rows))
    ids = np.fromiter(chain.from_iterable(rows), dtype=np.int64, count=int(counts.sum()))
    scores = np.tile(artifact.bias.astype(np.float64), (len(rows), 1))
    filled = np.flatnonzero(counts)
    if filled.size:
        starts = (np.cumsum(counts) - counts)[filled]
        length = np.sqrt(np.add.reduceat(artifact.squares[ids].astype(np.float64), starts))
        scores[filled] += np.add.reduceat(artifact.weights[ids], starts, axis=0) / length[:, None]
    return 1.0 / (1.0 + np.exp(-scores))


def _predictions(
    artifact: Artifact, raw: npt.NDArray[np.float64], categories: frozenset[str] | None
) -> list[Prediction]:
    columns = [i for i, name in enumerate(CATEGORIES) if categories is None or name in categories]
    shares = calibrated(artifact.calibration, raw[:, columns])
    order = np.argsort(-raw[:, columns], axis=1, kind="stable")
    names = [CATEGORIES[i] for i in columns]
    flags = raw[:, len(CATEGORIES) :].tolist()
    ranked: list[list[Any]] = order.tolist()
    values: list[list[float]] = shares.tolist()
    return [
        Prediction(
            ranked=tuple((names[i], values[row][i]) for i in places),
            abstain=values[row][places[0]] < artifact.abstain_below,
            management=flags[row][0],
            vague=flags[row][1],
        )
        for row, places in enumerate(ranked)
    ]


def calibrated(knots: npt.NDArray[np.float32], raw: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Map raw probabilities by the rising knots; order never changes because equal steps keep a small slope."""
    mapped = np.interp(raw, knots[:, 0].astype(np.float64), knots[:, 1].astype(np.float64))
    return np.asarray(np.clip(mapped, _EPSILON, 1 - _EPSILON), dtype=np.float64)
