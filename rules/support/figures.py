"""Figures in goal and department texts against the rows of a project."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from models.records.quantity import Quantity
from nlp.linking import (
    SAME_OBJECT,
    clause_at,
    is_delivered,
    is_standing,
    item_at,
    object_of,
    other_moment,
    same_object,
    sentence_at,
    speaks_of_other_base,
)
from nlp.quantity import find_numbers
from nlp.units import lookup
from rules.engine.context import RowContext, shorten
from rules.support.amounts import money_of

Relation = Literal["equal", "differs", "rounded", "unit"]

_ROUNDED: Final = Decimal("0.01")
_ABOUT_AFTER: Final = re.compile(r"\s*(?:余|多|以上|左右|上下)|\s*[^\d，,。；;]{0,3}(?:以上|左右)")
_ABOUT_BEFORE: Final = (
    "约",
    "近",
    "不少于",
    "不低于",
    "至少",
    "超过",
    "超",
    "≥",
    ">",
    "≧",
    "＞",
    "达",
    "达到",
)
_LEAD: Final = re.compile(
    r"^\s*(?:\d{1,2}\s*[.．、)）])?\s*(?:(?:目标内容|绩效目标|目标)\s*\d{1,2})?\s*[:：]?"
)
_ABOUT: Final = Decimal("0.2")
_GENERIC: Final = frozenset({"个", "项", "件"})
_COUNTED: Final = frozenset(
    {"count", "person", "household", "organisation", "place", "document", "visit", "event"}
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a text with the clause that says what it counts."""

    quantity: Quantity
    clause: str
    before: str
    """The part of the clause in front of the figure."""
    span: tuple[int, int]
    about: bool
    """Filed as a rough number or as a floor (余, 约, 不少于)."""

    @property
    def text(self) -> str:
        """The figure as filed."""
        return self.quantity.text

    @property
    def shown(self) -> str:
        """The clause for display, without numbering and template words."""
        return shorten(_LEAD.sub("", self.clause).strip())


@dataclass(frozen=True, slots=True)
class Match:
    """A figure and the row that speaks of the same object."""

    figure: Figure
    row: RowContext
    relation: Relation


@lru_cache(maxsize=4096)
def figures(text: str) -> tuple[Figure, ...]:
    """Return the figures of a text that can be compared with a target: counts and rates of this year's work."""
    out = []
    for quantity in find_numbers(text):
        if quantity.kind not in ("count", "ratio") or quantity.number is None or quantity.upper is not None:
            continue
        if (
            quantity.number <= 0
            or quantity.number_span is None
            or (quantity.unit is None and quantity.scale is None)
        ):
            continue
        start = quantity.number_span[0]
        end = quantity.unit_span[1] if quantity.unit_span else quantity.number_span[1]
        low, high = clause_at(text, start, end)
        sentence = text[slice(*sentence_at(text, start, end))]
        if (
            is_standing(text[low:start])
            or speaks_of_other_base(text[low:high])
            or (quantity.kind == "ratio" and speaks_of_other_base(sentence))
        ):
            continue
        about = (
            quantity.operator in ("≥", "＞")
            or _ABOUT_AFTER.match(text, quantity.number_span[1]) is not None
            or text.endswith(_ABOUT_BEFORE, 0, _word_end(text, start))
        )
        first, last = item_at(text, start, end)
        out.append(Figure(quantity, text[first:last], text[low:start], (start, end), about))
    return tuple(out)


def _word_end(text: str, at: int) -> int:
    """Return where the last word before a place ends."""
    while at and text[at - 1].isspace():
        at -= 1
    return at


def matches(found: Sequence[Figure], rows: Sequence[RowContext]) -> Iterator[Match]:
    """Yield pairs that speak of one object and whose units can be compared, best pairs only.

    A figure that some row states, and a row that states some figure, are settled and lead to nothing else.
    """
    pairs: list[tuple[float, int, int]] = []
    for k, figure in enumerate(found):
        for j, row in enumerate(rows):
            if other_moment(figure.clause, row.name):
                continue
            if money_of(row) is None and (score := _score(figure, row)) >= SAME_OBJECT:
                pairs.append((score, k, j))
    settled_figures: set[int] = set()
    settled_rows: set[int] = set()
    for _, k, j in pairs:
        if relation_of(found[k], rows[j]) == "equal":
            yield Match(found[k], rows[j], "equal")
            settled_figures.add(k)
            settled_rows.add(j)
    ranked = sorted(pairs, key=lambda p: (-p[0], not _same_unit(found[p[1]], rows[p[2]]), p[1], p[2]))
    for _, k, j in ranked:
        if k in settled_figures or j in settled_rows:
            continue
        relation = relation_of(found[k], rows[j])
        if relation is not None:
            yield Match(found[k], rows[j], relation)
            settled_figures.add(k)
            settled_rows.add(j)


def relation_of(figure: Figure, row: RowContext) -> Relation | None:
    """Return how the target of the row stands to the figure; None where the two cannot be compared."""
    filed, target = figure.quantity, row.quantity
    first, second = filed.number, target.number
    if first is None or second is None or target.upper is not None or target.kind not in ("count", "ratio"):
        return None
    if (filed.kind == "ratio") != (target.kind == "ratio"):
        return None
    if _same_unit(figure, row):
        first, second = first * _factor(filed.unit), second * _factor(target.unit)
        if first == second:
            return "equal"
        if figure.about and 0 <= (second - first) <= _ABOUT * first:
            return "equal"
        if figure.about and filed.operator in ("≥", "＞") and second > first:
            return "equal"
        return "rounded" if abs(first - second) <= _ROUNDED * first else "differs"
    if not _counts_things(filed) or not _counts_things(target):
        return None
    if first == second:
        return "equal" if _near_units(filed.unit, target.unit) else "unit"
    return "differs" if _near_units(filed.unit, target.unit) else None


def is_covered(figure: Figure, rows: Sequence[RowContext]) -> bool:
    """Whether some row speaks of what the figure counts, or states the same number in a like unit."""
    for row in rows:
        for field in ("name", "description"):
            # A rate or a bare 「宣传工作」 does not count what is handed out; it must name the very thing.
            text = row.text(field)
            vague = row.quantity.kind == "ratio" or len(object_of(text)) < 3
            if same_object(figure.clause, text) >= 0.3 and not (
                vague and object_of(figure.clause) != object_of(text)
            ):
                return True
        if row.quantity.number == figure.quantity.number and row.quantity.kind == figure.quantity.kind:
            return True
    return False


def is_deliverable(figure: Figure) -> bool:
    """Whether the figure is something the project delivers (发放手册600份), by a verb in front of it."""
    return figure.quantity.kind == "count" and is_delivered(figure.before)


def _score(figure: Figure, row: RowContext) -> float:
    score = same_object(figure.clause, row.text("name"))
    if row.norm("description") and row.norm("description") != row.norm("name"):
        score = max(score, same_object(figure.clause, row.text("description")))
    return score


def _same_unit(figure: Figure, row: RowContext) -> bool:
    first, second = figure.quantity.unit, row.quantity.unit
    if first == second and first is not None:
        return True
    if second is None and row.quantity.scale is not None and row.quantity.kind == "count":
        return True  # 「≥2万」: the unit is missing there, the number can still be compared.
    a, b = lookup(first or ""), lookup(second or "")
    if a is None or b is None or a.per or b.per or a.dimension != b.dimension:
        return False
    return a.base == b.base and a.dimension not in _COUNTED


def _near_units(first: str | None, second: str | None) -> bool:
    """Whether two counting units can mean one thing: 个 stands for anything that is counted."""
    if first in _GENERIC or second in _GENERIC:
        return True
    a, b = lookup(first or ""), lookup(second or "")
    return a is not None and b is not None and a.dimension == b.dimension and a.dimension in _COUNTED


def _counts_things(quantity: Quantity) -> bool:
    return quantity.kind == "count" and (quantity.dimension in _COUNTED)


def _factor(unit: str | None) -> Decimal:
    found = lookup(unit or "")
    return found.factor if found is not None and found.dimension not in _COUNTED else Decimal(1)
