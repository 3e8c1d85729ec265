"""Scoring the classifier on labelled rows: accuracy, per-class figures, calibration, coverage, mismatch finding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from corpora.store import CorpusError
from nlp.classify import CATEGORIES, Prediction, Query, classify_many
from nlp.scheme import load_scheme

_BINS: Final = 10
_COVERAGE: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.7)
_HEADERS: Final = {
    "gold": ("gold_l2", "gold", "label", "二级指标"),
    "name": ("name", "三级指标"),
    "declared": ("declared_l2",),
}


@dataclass(frozen=True, slots=True)
class GoldRow:
    """An indicator with its acceptable classes (meanings)."""

    query: Query
    gold: tuple[str, ...]
    origin: str = ""
    declared: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Predictions beside their gold rows, and figures over them. Shares are 0–1."""

    rows: tuple[GoldRow, ...]
    predictions: tuple[Prediction, ...]

    @property
    def right(self) -> list[bool]:
        """Whether the most likely class is one of the acceptable ones, per row."""
        return [item.category in row.gold for row, item in zip(self.rows, self.predictions, strict=True)]

    @property
    def any_of(self) -> float:
        """Share of rows whose predicted class is acceptable."""
        return _share(self.right)

    @property
    def single(self) -> list[tuple[str, str]]:
        """(gold, predicted) of rows with one acceptable class."""
        return [
            (row.gold[0], item.category)
            for row, item in zip(self.rows, self.predictions, strict=True)
            if len(row.gold) == 1
        ]

    @property
    def single_accuracy(self) -> float:
        """Accuracy over rows with one acceptable class."""
        return _share([gold == found for gold, found in self.single])

    def per_class(self) -> dict[str, dict[str, float]]:
        """Return precision, recall, f1 and support of each class with support, over single-label rows."""
        found = {}
        for name in CATEGORIES:
            true = sum(gold == name for gold, _ in self.single)
            claimed = sum(item == name for _, item in self.single)
            both = sum(gold == item == name for gold, item in self.single)
            if not true:
                continue
            precision, recall = both / claimed if claimed else 0.0, both / true
            f1 = 2 * precision * recall / (precision + recall) if both else 0.0
            found[name] = {"precision": precision, "recall": recall, "f1": f1, "support": float(true)}
        return found

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes with support, over single-label rows."""
        figures = [item["f1"] for item in self.per_class().values()]
        return sum(figures) / len(figures) if figures else 0.0

    def confusion(self) -> np.ndarray[Any, Any]:
        """Return counts, shape (gold, predicted) in the order of CATEGORIES, over single-label rows."""
        table = np.zeros((len(CATEGORIES), len(CATEGORIES)), dtype=np.int64)
        for gold, found in self.single:
            table[CATEGORIES.index(gold), CATEGORIES.index(found)] += 1
        return table

    def reliability(self) -> list[tuple[float, float, int]]:
        """Return (mean confidence, accuracy, rows) per tenth of confidence that has rows."""
        confidence = np.array([item.confidence for item in self.predictions])
        right = np.array(self.right)
        places = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
        return [
            (
                float(confidence[places == b].mean()),
                float(right[places == b].mean()),
                int((places == b).sum()),
            )
            for b in range(_BINS)
            if (places == b).any()
        ]

    @property
    def ece(self) -> float:
        """Expected calibration error: mean gap of confidence and accuracy, ten equal bins."""
        return sum(abs(c - a) * n for c, a, n in self.reliability()) / max(1, len(self.rows))

    def coverage(self) -> list[tuple[float, float, float]]:
        """Return (coverage, accuracy, least confidence) when only the most confident share is answered."""
        order = sorted(range(len(self.rows)), key=lambda i: (-self.predictions[i].confidence, i))
        right = self.right
        found = []
        for share in _COVERAGE:
            kept = order[: max(1, round(share * len(order)))]
            found.append((share, _share([right[i] for i in kept]), self.predictions[kept[-1]].confidence))
        return found

    def by_origin(self) -> dict[str, Result]:
        """Return the result of each origin apart."""
        origins = sorted({row.origin for row in self.rows if row.origin})
        return {
            origin: Result(
                tuple(row for row in self.rows if row.origin == origin),
                tuple(p for row, p in zip(self.rows, self.predictions, strict=True) if row.origin == origin),
            )
            for origin in origins
        }

    def errors(self) -> Iterator[tuple[GoldRow, Prediction]]:
        """Yield the wrong rows, the most confident first."""
        wrong = [
            (row, p) for row, p, ok in zip(self.rows, self.predictions, self.right, strict=True) if not ok
        ]
        yield from sorted(wrong, key=lambda item: -item[1].confidence)

    def as_json(self) -> dict[str, Any]:
        """Return every figure, rounded."""
        return {
            "rows": len(self.rows),
            "any_of_accuracy": round(self.any_of, 4),
            "single_label_rows": len(self.single),
            "single_label_accuracy": round(self.single_accuracy, 4),
            "macro_f1": round(self.macro_f1, 4),
            "ece": round(self.ece, 4),
            "abstained": sum(item.abstain for item in self.predictions),
            "coverage": [
                {"coverage": share, "accuracy": round(accuracy, 4), "confidence": round(least, 4)}
                for share, accuracy, least in self.coverage()
            ],
            "per_class": {
                name: {key: round(value, 4) for key, value in item.items()}
                for name, item in self.per_class().items()
            },
            "origins": {name: round(item.any_of, 4) for name, item in self.by_origin().items()},
        }

    def lines(self, shown: int = 0) -> Iterator[str]:
        """Yield the figures as Chinese text."""
        yield f"共 {len(self.rows)} 行，其中只有一个可接受类别的 {len(self.single)} 行"
        yield f"可接受准确率 {self.any_of:.4f}　单标签准确率 {self.single_accuracy:.4f}　宏平均 F1 {self.macro_f1:.4f}　校准误差 {self.ece:.4f}"
        for name, item in self.by_origin().items():
            yield f"  来源 {name}：{len(item.rows)} 行，可接受准确率 {item.any_of:.4f}，单标签准确率 {item.single_accuracy:.4f}，宏平均 F1 {item.macro_f1:.4f}"
        yield "类别\t精确率\t召回率\tF1\t行数"
        for name, figures in self.per_class().items():
            yield f"{name}\t{figures['precision']:.3f}\t{figures['recall']:.3f}\t{figures['f1']:.3f}\t{figures['support']:.0f}"
        yield "只回答最有把握的部分："
        for share, accuracy, least in self.coverage():
            yield f"  覆盖 {share:.0%}：准确率 {accuracy:.4f}（可信度不低于 {least:.2f}）"
        for row, found in list(self.errors())[:shown]:
            yield f"  {row.query.name}\t{row.query.value}\t应为 {'|'.join(row.gold)}\t判为 {found.category}（{found.confidence:.2f}）"


def evaluate(rows: Sequence[GoldRow], scheme_id: str | None = "cn2015") -> Result:
    """Classify the rows and return the result. `scheme_id` None allows every class."""
    categories = load_scheme(scheme_id).categories if scheme_id is not None else None
    return Result(tuple(rows), tuple(classify_many([row.query for row in rows], categories)))


def read_tsv(text: str, name: str, scheme_id: str) -> list[GoldRow]:
    """Return the rows of a labelled file. Raises CorpusError that names the line."""
    lines = text.rstrip("\n").split("\n")
    header = [cell.strip() for cell in lines[0].split("\t")]
    places = {
        key: next((header.index(word) for word in words if word in header), None)
        for key, words in _HEADERS.items()
    }
    if places["name"] is None or places["gold"] is None:
        raise CorpusError(f"{name} 的表头应含 name 与 gold_l2 两列，列间用制表符分隔")
    scheme = load_scheme(scheme_id)
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t") + [""] * len(header)

        def cell(word: str, cells: list[str] = cells) -> str:
            return cells[header.index(word)] if word in header else ""

        gold = tuple(scheme.category(part) or "" for part in cells[places["gold"]].split("|"))
        if "" in gold:
            raise CorpusError(
                f"{name} 第 {number} 行的类别「{cells[places['gold']]}」不在指标体系 {scheme_id} 中"
            )
        declared = cells[places["declared"]] if places["declared"] is not None else ""
        query = Query(cells[places["name"]], cell("description"), cell("value"), cell("unit"))
        rows.append(GoldRow(query, gold, cell("origin"), scheme.category(declared)))
    return rows


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
