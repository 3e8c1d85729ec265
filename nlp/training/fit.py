"""Training: one logistic regression per class over shared features. Deterministic; needs scikit-learn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from nlp.classify.artifact import EXEMPLARS, FOLDER, HEADS, ID, TOPICS, save
from nlp.classify.features import pieces
from nlp.classify.query import Query
from nlp.scheme import CATEGORIES
from nlp.text import core_name
from nlp.training import topics
from nlp.training.corpus import Labelled, load, split

VERSION: Final = "1"
_STRENGTH: Final = 30.0
"""Inverse regularisation, chosen on the held-out sectors."""
_MIN_ROWS: Final = 2
_GENERATED_WEIGHT: Final = 0.5
"""Generated names are many and alike; hand-written ones decide."""
_SECOND: Final = 0.6
"""Share of a row's weight that speaks for its second acceptable class."""
_FOLDS: Final = 5
_ABSTAIN_BELOW: Final = 0.75

Matrix = Any
Features = Callable[[Query], list[str]]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Example:
    """A training row: what the model sees, and how much it counts."""

    query: Query
    row: Labelled
    weight: float


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Weights before they are stored."""

    features: list[str]
    idf: Floats
    coefficients: Floats
    bias: Floats


def examples(rows: Sequence[Labelled]) -> list[Example]:
    """Return each row as filed and once more by its name alone, so that a missing cell does not hurt."""
    found: list[Example] = []
    for row in rows:
        weight = _GENERATED_WEIGHT if row.source == "generated" else 1.0
        query = row.query
        bare_name = Query(query.name)
        # Rows that only value or description decide say nothing by name alone.
        if query == bare_name or row.source == "contrast":
            found.append(Example(query, row, weight))
        else:
            found += (Example(query, row, weight / 2), Example(bare_name, row, weight / 2))
    return found


def matrix(rows: Sequence[list[str]], vocabulary: dict[str, int], idf: Floats) -> Matrix:
    """Return binary features times idf, each row of length one."""
    indices: list[int] = []
    pointers = [0]
    for row in rows:
        indices += sorted({vocabulary[piece] for piece in row if piece in vocabulary})
        pointers.append(len(indices))
    ids = np.asarray(indices, dtype=np.int64)
    table = sparse.csr_matrix((idf[ids], ids, np.asarray(pointers)), shape=(len(rows), len(vocabulary)))
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1)).ravel())
    return sparse.diags(1 / np.maximum(lengths, 1e-12)) @ table


def targets(rows: Sequence[Labelled]) -> dict[str, npt.NDArray[np.bool_]]:
    """Return head → whether each row is a positive."""
    flags = {"management": "管", "vague": "空"}
    found = {name: np.array([name in row.labels for row in rows]) for name in CATEGORIES}
    found.update({head: np.array([flag in row.flags for row in rows]) for head, flag in flags.items()})
    return found


def vocabulary_of(texts: Sequence[list[str]]) -> tuple[dict[str, int], Floats]:
    """Return feature → column, and the inverse document frequency of each column."""
    counts = Counter(piece for text in texts for piece in set(text))
    features = sorted(piece for piece, count in counts.items() if count >= _MIN_ROWS and "\n" not in piece)
    seen = np.array([counts[piece] for piece in features], dtype=np.float64)
    idf = np.log((1 + len(texts)) / (1 + seen)) + 1
    return {piece: i for i, piece in enumerate(features)}, idf


def fit(rows: Sequence[Labelled], features: Features = pieces) -> Fitted:
    """Fit every head on the rows."""
    made = examples(rows)
    texts = [features(item.query) for item in made]
    vocabulary, idf = vocabulary_of(texts)
    table = matrix(texts, vocabulary, idf)
    weights = np.array([item.weight for item in made])
    goals = targets([item.row for item in made])
    coefficients, bias = np.zeros((len(vocabulary), len(HEADS))), np.zeros(len(HEADS))
    for column, head in enumerate(HEADS):
        # The second of two acceptable classes counts as one for the larger part only, so that the first one leads.
        second = np.array([item.row.labels[1:2] == (head,) for item in made])
        again = np.flatnonzero(second)
        weight = np.concatenate(
            [np.where(second, weights * _SECOND, weights), weights[again] * (1 - _SECOND)]
        )
        goal = np.concatenate([goals[head], np.zeros(len(again), dtype=bool)])
        model = LogisticRegression(C=_STRENGTH, solver="liblinear", tol=1e-4, max_iter=500, random_state=0)
        model.fit(sparse.vstack([table, table[again]]).tocsr(), goal, sample_weight=weight)
        coefficients[:, column], bias[column] = model.coef_[0], model.intercept_[0]
    return Fitted(list(vocabulary), idf, coefficients, bias)


def raw_probabilities(fitted: Fitted, queries: Sequence[Query], features: Features = pieces) -> Floats:
    """Return probabilities of every head, shape (queries, heads), as the stored model gives them."""
    vocabulary = {piece: i for i, piece in enumerate(fitted.features)}
    table = matrix([features(query) for query in queries], vocabulary, fitted.idf)
    return np.asarray(1 / (1 + np.exp(-(table @ fitted.coefficients + fitted.bias))))


def calibrate(rows: Sequence[Labelled]) -> Floats:
    """Return knots raw → calibrated, for the most likely class and for the others, from rows no fold had seen.

    Folds are whole sectors, so that the model is as uncertain as on a new sector.
    """
    groups = sorted({row.sector for row in rows})
    fold_of = {group: i % _FOLDS for i, group in enumerate(groups)}
    top: list[tuple[Floats, Floats]] = []
    rest: list[tuple[Floats, Floats]] = []
    for fold in range(_FOLDS):
        inside = [row for row in rows if fold_of[row.sector] != fold]
        outside = [row for row in rows if fold_of[row.sector] == fold and row.source == "written"]
        raw = raw_probabilities(fit(inside), [row.query for row in outside])[:, : len(CATEGORIES)]
        fits = np.array([[name in row.labels for name in CATEGORIES] for row in outside], dtype=np.float64)
        places = np.arange(len(raw)), raw.argmax(axis=1)
        others = np.ones(raw.shape, dtype=bool)
        others[places] = False
        top.append((raw[places], fits[places]))
        rest.append((raw[others], fits[others]))
    grid = np.unique(np.concatenate([[0.0], np.linspace(0.005, 1.0, 200)]))
    curves = []
    for pairs in (top, rest):
        x, y = (np.concatenate([pair[k] for pair in pairs]) for k in (0, 1))
        curve = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(x, y)
        # A small slope keeps the order of classes where the curve is flat.
        curves.append(np.maximum.accumulate(curve.predict(grid)) * 0.998 + 0.002 * grid)
    return np.stack([grid, *curves], axis=1)


def train(folder: Path = FOLDER, *, rows: Sequence[Labelled] | None = None) -> dict[str, Any]:
    """Train on the corpora without their held-out parts and write the artifact; return its meta data."""
    used = split().train if rows is None else tuple(rows)
    fitted = fit(used)
    knots = calibrate(used)
    weights = (fitted.coefficients * fitted.idf[:, None]).astype(np.float32)
    meta: dict[str, Any] = {
        "id": ID,
        "version": VERSION,
        "rows": len(used),
        "names": len({row.query.name for row in used}),
        "features": len(fitted.features),
        "abstain_below": _ABSTAIN_BELOW,
    }
    save(
        folder,
        features=fitted.features,
        weights=weights,
        squares=(fitted.idf**2).astype(np.float32),
        bias=fitted.bias.astype(np.float32),
        calibration=knots.astype(np.float32),
        meta=meta,
    )
    (folder / EXEMPLARS).write_text(_exemplars(used), encoding="utf-8")
    # Which words tell a field needs no label, so every sector is counted.
    (folder / TOPICS).write_text(topics.render(load()), encoding="utf-8")
    return meta


def _exemplars(rows: Sequence[Labelled]) -> str:
    """Return the names that explain decisions: written by hand, one class, something measurable."""
    names: dict[str, str] = {}
    for row in rows:
        core = core_name(row.query.name)
        if row.source != "generated" and len(row.labels) == 1 and not row.flags and 3 <= len(core) <= 24:
            names.setdefault(core, row.labels[0])
    return "".join(f"{name}\t{label}\n" for name, label in sorted(names.items()))
