"""The grammar of 指标值: sign, figure, unit, per-unit, range, duration, deadline, grades, trend.

A value is understood as a whole or not at all: words that are neither in the grammar nor in the harmless
lists of value_words.yml make it `text`, so that no figure is read out of a sentence by accident. Choices:
the operator cell wins over a sign in the value cell; the unit in the value cell wins over the unit cell;
左右, 约, 余 leave the operator empty; a lone 每年 is no per-unit; 倍 is a ratio of dimension `multiple`;
for dates `number_span` is the span of the date.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from models.records.document import Indicator
from models.records.quantity import Quantity, Span
from nlp.dates import DateReading, read_date
from nlp.degrees import grades_of, trend_of
from nlp.fold import Folded, fold
from nlp.prose import find_numbers
from nlp.reading import Measure, build, read_measure
from nlp.valueparts import (
    NO_UNIT,
    SYMBOLS,
    TITLE_MARKS,
    UP,
    Lead,
    Sign,
    UnitCell,
    belongs_together,
    misread,
    operator_cell,
    outer_brackets,
    read_lead,
    read_tail,
    settle,
    unit_cell,
    with_cell,
)
from nlp.valuewords import value_words

__all__ = ["find_numbers", "of_row", "parse"]

_MAX_RAW: Final = 1000
_MAX_FOLDED: Final = 160


def parse(value: str, *, operator: str | None = None, unit: str | None = None) -> Quantity:
    """Return what a value cell says, together with its operator and unit cells where the layout has them.

    Never raises; what is not understood as a whole has kind `text`.
    """
    if len(value) > _MAX_RAW:
        return Quantity(kind="text", text=value)
    return _parse(value, (operator or "")[:40], (unit or "")[:40])


def of_row(row: Indicator) -> Quantity:
    """Return the quantity of an indicator row from its value, operator and unit cells."""
    operator = row.operator.text if row.operator is not None else None
    return parse(row.value.text, operator=operator, unit=row.unit.text if row.unit is not None else None)


@lru_cache(maxsize=32768)
def _parse(value: str, operator: str, unit: str) -> Quantity:
    folded = fold(value)
    cell_sign = operator_cell(operator) if operator else None
    if len(folded.text) > _MAX_FOLDED:
        return _words(value, folded, cell_sign, None)
    cell = unit_cell(unit) if unit else NO_UNIT
    if unit and folded.text and belongs_together(folded.text, unit, cell):
        joined = _parse(value + unit, operator, "")
        if joined.kind == "date":
            return _clip(joined, value)
    text = folded.text
    start, stop = outer_brackets(text)
    if stop != len(text):
        text = text[:stop]
    lead = read_lead(text, start)
    sign = cell_sign or lead.sign
    date = read_date(text, lead.at)
    if date is not None:
        quantity = _date(value, folded, text, date, lead, sign, cell)
        if quantity is not None:
            return quantity
    measure = read_measure(
        text, lead.at, bare_chinese=bool(unit) or (sign is not None and sign.sign is not None)
    )
    if measure is not None and not misread(text, measure):
        quantity = _measured(value, folded, text, measure, lead, cell_sign, cell)
        if quantity is not None:
            return quantity
    return _words(value, folded, cell_sign, lead.sign)


def _clip(joined: Quantity, value: str) -> Quantity:
    """Return the quantity of the joined cells as one of the value cell alone."""

    def inside(span: Span | None) -> Span | None:
        return (span[0], min(span[1], len(value))) if span is not None and span[0] < len(value) else None

    return replace(
        joined,
        text=value,
        operator_span=inside(joined.operator_span),
        number_span=inside(joined.number_span),
        unit_span=None,
    )


def _filed(value: str, folded: Folded, sign: Sign) -> tuple[Span | None, str]:
    if sign.span is None:
        return None, sign.filed
    span = folded.span(*sign.span)
    return span, value[span[0] : span[1]]


def _date(
    value: str, folded: Folded, text: str, date: DateReading, lead: Lead, sign: Sign | None, cell: UnitCell
) -> Quantity | None:
    if date.numeric:
        lead_sign = lead.sign.sign if lead.sign is not None else None
        if cell.unit is not None or cell.scale is not None or cell.unknown is not None:
            return None
        if lead_sign in UP and "." in text[lead.at : date.end]:
            return None
    ok, suffix, span, _ = read_tail(text, date.end, value_words().deadlines, None, dated=True)
    if not ok:
        return None
    cell_sign = sign if sign is not None and sign.span is None else None
    settled = settle(text, lead.sign, cell_sign, suffix, span)
    if isinstance(settled, bool):
        return None
    operator_span, filed = _filed(value, folded, settled) if settled is not None else (None, None)
    return Quantity(
        kind="date",
        text=value,
        operator=settled.sign if settled is not None else None,
        date=date.date,
        operator_span=operator_span,
        operator_filed=filed,
        number_span=folded.span(lead.at, date.end),
    )


def _measured(
    value: str,
    folded: Folded,
    text: str,
    measure: Measure,
    lead: Lead,
    cell_sign: Sign | None,
    cell: UnitCell,
) -> Quantity | None:
    ok, suffix, span, bracketed = read_tail(
        text, measure.end, value_words().suffixes, measure.unit, dated=False
    )
    if not ok:
        return None
    if bracketed is not None:
        cell = UnitCell(bracketed, bracketed.scale, bracketed.per) if not bracketed.per else cell
    settled = settle(text, lead.sign, cell_sign, suffix, span)
    if isinstance(settled, bool):
        return None
    if "¥" in text[: measure.start] and measure.unit is None and cell is NO_UNIT:
        cell = unit_cell("元")
    number, upper, scale, unit, per = with_cell(measure, cell)
    per = (*(word for word in lead.per if word not in per), *per)
    operator_span, filed = _filed(value, folded, settled) if settled is not None else (None, None)
    unit_span = folded.span(measure.unit_start, measure.end) if measure.unit_start >= 0 else None
    return build(
        value, number, upper, scale, unit, per,
        operator=settled.sign if settled is not None else None,
        operator_filed=filed,
        operator_span=operator_span,
        number_span=folded.span(measure.start, measure.figure_end),
        unit_span=unit_span,
    )  # fmt: skip


def _words(value: str, folded: Folded, cell_sign: Sign | None, lead_sign: Sign | None) -> Quantity:
    text = folded.text
    grades = grades_of(text)
    if lead_sign is not None and (lead_sign.filed[0] not in SYMBOLS or lead_sign.filed[0] in TITLE_MARKS):
        # Without a figure only a real sign is one: 「达标」 and 「《规划》印发」 have none.
        lead_sign = None
    bare = text
    if lead_sign is not None and lead_sign.span is not None and lead_sign.span[0] == 0:
        bare = text[lead_sign.span[1] :]
    suffix = None if lead_sign is not None else value_words().suffixes.match_before(text, len(text))
    if suffix is not None and text[: suffix[1]] in value_words().trend_words:
        # 「良好以上」 is a floor on a grade.
        bare, lead_sign = text[: suffix[1]], Sign(suffix[0], (suffix[1], len(text)), text[suffix[1] :])
    sign = cell_sign or lead_sign
    operator_span, filed = _filed(value, folded, sign) if sign is not None else (None, None)
    return Quantity(
        kind="text",
        text=value,
        operator=sign.sign if sign is not None else None,
        grades=grades,
        trend=None if grades else trend_of(bare),
        operator_span=operator_span,
        operator_filed=filed,
    )
