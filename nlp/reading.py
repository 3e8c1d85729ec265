"""Figure + scale + unit + per-unit, and ranges of them, at a place in a folded text."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from models.records.quantity import Quantity, QuantityKind, Span
from nlp import units
from nlp.numerals import Figure, read_figure
from nlp.units import Unit

_ABOUT: Final = "余多"
_RANGE = re.compile(r"-{1,2}|~{1,2}|至|到")
# 「九成」 is a share, 「3成立」 is not.
_AFTER_TENTH: Final = frozenset("以左,。;，；、)")
_KINDS: Final[dict[str, QuantityKind]] = {
    "ratio": "ratio",
    "multiple": "ratio",
    "money": "money",
    "time": "duration",
}
DISCRETE: Final = frozenset(
    {
        "person",
        "visit",
        "household",
        "organisation",
        "place",
        "count",
        "document",
        "event",
        "case",
        "equipment",
        "livestock",
        "plant",
    }
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure with what follows it; offsets are in the folded text, `number` is before scale and unit."""

    number: Decimal
    start: int
    figure_end: int
    """End of the figure with its scale, where the scale is no part of a unit."""
    end: int
    upper: Decimal | None = None
    scale: str | None = None
    unit: Unit | None = None
    """The unit without per-units."""
    per: tuple[str, ...] = ()
    unit_start: int = -1
    chinese: bool = False

    @property
    def bare(self) -> bool:
        """Whether neither unit nor scale follows the figure."""
        return self.unit is None and self.scale is None


def kind_of(unit: Unit | None) -> QuantityKind:
    """Return the kind of a quantity in this unit."""
    if unit is None or unit.dimension is None:
        return "count"
    return _KINDS.get(unit.dimension.removesuffix("_per"), "count")


def _read_one(text: str, at: int) -> Measure | None:
    figure = read_figure(text, at)
    if figure is None:
        return None
    if figure.unit is not None:
        return Measure(figure.value, at, figure.end, figure.end, unit=units.lookup(figure.unit), chinese=True)
    start = figure.end
    at_unit = _skip_about(text, start)
    if text[at_unit : at_unit + 1] == "几":
        return None
    scale, figure_end = figure.scale, figure.end
    unit, end = (None, at_unit) if scale is not None else units.match_unit(text, at_unit)
    if unit is None and scale is None:
        scale, after = units.match_scale(text, at_unit)
        if scale is not None:
            figure_end = after
            at_unit = after
    if unit is None and scale is not None:
        at_unit = _skip_about(text, at_unit)
        unit, end = units.match_unit(text, at_unit)
        if unit is not None and unit.dimension == "money":
            # Money keeps its filed unit: 万 and 元 are 万元, not a scale.
            unit, scale = units.with_scale(unit, scale), None
            figure_end = figure.end - 1 if figure.scale is not None else figure.end
            at_unit = figure_end
        elif unit is None:
            end = at_unit
    return _finish(text, at, figure, scale, figure_end, unit, at_unit, end)


def _finish(
    text: str,
    at: int,
    figure: Figure,
    scale: str | None,
    figure_end: int,
    unit: Unit | None,
    unit_start: int,
    end: int,
) -> Measure | None:
    number = figure.value
    if unit is not None and unit.name == "成":
        if end < len(text) and text[end] not in _AFTER_TENTH and not text.startswith("(含)", end):
            return None
        number, unit, figure_end = number * 10, units.lookup("%"), end
    per: tuple[str, ...] = ()
    if unit is not None or scale is not None:
        per, end = units.match_per(text, end)
    if unit is None:
        unit_start = -1
    return Measure(number, at, figure_end, end, None, scale, unit, per, unit_start, figure.chinese)


def _skip_about(text: str, at: int) -> int:
    return at + 1 if at < len(text) and text[at] in _ABOUT else at


def read_measure(text: str, at: int, *, bare_chinese: bool = False) -> Measure | None:
    """Return the measure or range at `at`. A Chinese numeral needs a unit unless `bare_chinese`."""
    first = _read_one(text, at)
    if first is None:
        return None
    match = _RANGE.match(text, first.end)
    if match is not None and (second := _read_one(text, match.end())) is not None:
        joined = _join(first, second)
        if joined is not None:
            first = joined
    if first.chinese:
        if first.unit is None and not bare_chinese:
            return None
        if text[at] == "半" and (first.unit is None or first.unit.dimension != "time"):
            return None
    return first


def _join(low: Measure, high: Measure) -> Measure | None:
    """Return the range, None where the two ends do not belong together."""
    unit = high.unit or low.unit
    if low.unit is None and low.scale is not None and unit is not None and unit.dimension == "money":
        # 「3万-5万元」: the 万 of the first end is in the unit of the second.
        if unit.name != f"{low.scale}元":
            return None
        low = replace(low, scale=None)
    if low.unit is not None and high.unit is not None and (low.unit != high.unit or low.per):
        return None
    if low.scale is not None and low.unit is None and high.scale is None:
        return None
    if low.unit is not None and low.scale != high.scale and high.unit is None:
        return None
    if low.scale is not None and low.scale != high.scale:
        return None
    if high.number < low.number or high.number < 0:
        return None
    return replace(
        low,
        upper=high.number,
        figure_end=high.figure_end,
        end=high.end,
        scale=high.scale or low.scale,
        unit=unit,
        per=high.per or low.per,
        unit_start=high.unit_start if high.unit is not None else low.unit_start,
        chinese=low.chinese or high.chinese,
    )


def fold_number(number: Decimal, scale: str | None) -> Decimal:
    """Return the number with its scale folded in, without an exponent."""
    if scale is None:
        return number
    folded = number * units.table().scales[scale]
    return folded.quantize(Decimal(1)) if folded == folded.to_integral_value() else folded


def build(
    text: str,
    number: Decimal,
    upper: Decimal | None,
    scale: str | None,
    unit: Unit | None,
    per: tuple[str, ...],
    *,
    operator: str | None = None,
    operator_filed: str | None = None,
    operator_span: Span | None = None,
    number_span: Span | None = None,
    unit_span: Span | None = None,
) -> Quantity:
    """Return the quantity of figures read: scale folded in, kind, dimension and money worked out."""
    whole = units.with_per(unit, per) if unit is not None else None
    folded = fold_number(number, scale)
    name = whole.name if whole is not None else "/" + "/".join(per) if per else None
    kind = kind_of(whole)
    return Quantity(
        kind=kind,
        text=text,
        operator=operator,
        number=folded,
        upper=fold_number(upper, scale) if upper is not None else None,
        unit=name,
        per=per,
        dimension=whole.dimension if whole is not None else None,
        scale=scale,
        amount_yuan=plain(folded * unit.factor) if kind == "money" and unit is not None else None,
        operator_span=operator_span,
        operator_filed=operator_filed,
        number_span=number_span,
        unit_span=unit_span,
    )


def plain(value: Decimal) -> Decimal:
    """Return the same value without trailing zeros after the point and without an exponent."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1))
    return value.normalize()
