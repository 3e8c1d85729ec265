"""Figures inside prose: goals, indicator names, department text."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from models.records.quantity import Quantity, Span
from nlp import units
from nlp.dates import read_date
from nlp.fold import Folded, fold
from nlp.numerals import CHINESE
from nlp.reading import DISCRETE, Measure, build, read_measure
from nlp.valuewords import value_words

_START = re.compile(r"[0-9零一二两三四五六七八九十百千万亿半]")
_RUN = re.compile(r"[0-9][0-9.,]*[0-9]|[0-9]|[零〇○一二两三四五六七八九十百千万亿]+|半")
_PER_BEFORE = re.compile(r"(?:每[^0-9每,，。;；、\n]{1,4}){1,3}$")
_NUMBERED = re.compile(r"[0-9]{1,2}\.(?=[0-9])")
_PHRASE_END: Final = frozenset("，。；;,、)！!\n")
_NOT_SIGNS: Final = frozenset({"》", "《", "〈", "〉", "为", "在"})
_NOT_BEFORE: Final = frozenset("+×*_#.²³第每")
_HALF_NOT_AFTER: Final = frozenset("上下前后大过多一近")


@cache
def _fixed() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, value_words().fixed_words)))


@lru_cache(maxsize=4096)
def find_numbers(text: str) -> tuple[Quantity, ...]:
    """Return every figure with a unit, scale or sign in a prose text, in order; spans are offsets in `text`.

    Dates and years are not figures here, nor are numbering, document numbers, names (G20, APP2.0, 12345热线)
    and fixed words (一体化, 十四五, 三级). A Chinese numeral counts only before a unit of the table.
    """
    folded = fold(text, keep_lines=True)
    source = folded.text
    found: list[Quantity] = []
    at = 0
    blocked = iter(_fixed().finditer(source))
    fixed = next(blocked, None)
    while (match := _START.search(source, at)) is not None:
        start = match.start()
        while fixed is not None and fixed.end() <= start:
            fixed = next(blocked, None)
        if (
            fixed is not None
            and fixed.start() <= start
            and _is_fixed(source, fixed.start(), fixed.end(), start)
        ):
            at = fixed.end()
            continue
        quantity, at = _at(text, folded, start)
        if quantity is not None:
            found.append(quantity)
    return tuple(found)


def _is_fixed(source: str, start: int, end: int, figure: int) -> bool:
    """Whether a fixed word stands by itself: 十分 is one, 六十分 and 十分钟 are not."""
    if start == figure and start and source[start - 1] in CHINESE:
        return False
    if source[end - 1] in CHINESE and end < len(source) and source[end] in CHINESE:
        return False
    if start == figure:
        measure = read_measure(source, start)
        return measure is None or measure.end <= end
    return True


def _at(text: str, folded: Folded, start: int) -> tuple[Quantity | None, int]:
    """Return the quantity that starts at `start`, if any, and where to go on."""
    source = folded.text
    run = _RUN.match(source, start)
    skip = run.end() if run is not None else start + 1
    before = source[start - 1] if start else "\n"
    date = read_date(source, start)
    if date is not None and not (date.numeric and units.match_unit(source, date.end)[0] is not None):
        return None, max(date.end, start + 1)
    numbered = skip - start <= 2 and value_words().numbered_heads.match_before(source, start) is not None
    if numbered or _glued(source, start, before):
        return None, skip
    if before in "\n。；;:" and (item := _NUMBERED.match(source, start)) is not None:
        # 「1.20名网格员」 is item 1 and 20名, 「1.5万元」 is not.
        whole = read_measure(source, start)
        if (
            whole is not None
            and whole.unit is not None
            and whole.unit.dimension in DISCRETE
            and whole.scale is None
        ):
            start, before = item.end(), "\n"
    measure = read_measure(source, start)
    if measure is None:
        return None, skip
    if _no_figure(source, measure, before):
        return None, max(skip, measure.figure_end)
    return _quantity(text, folded, measure), max(measure.end, skip)


def _glued(source: str, start: int, before: str) -> bool:
    """Whether the figure is part of a name or code: APP2.0, G20, 3+1, 第12条, 每10万人, 数十."""
    if before in _NOT_BEFORE or units.is_latin(before) or "0" <= before <= "9":
        return True
    if before == "-" and start > 1 and (units.is_latin(source[start - 2]) or "0" <= source[start - 2] <= "9"):
        return True
    char = source[start]
    if char == "半":
        return before in _HALF_NOT_AFTER
    return char in CHINESE and (before in value_words().not_after or before in CHINESE)


def _no_figure(source: str, measure: Measure, before: str) -> bool:
    """Whether a measure that reads well is none in prose."""
    after = source[measure.end : measure.end + 1]
    name = measure.unit.name if measure.unit is not None else None
    if measure.unit is None:
        if after and (after in "+×" or units.is_latin(after)):
            return True
        return measure.scale is None and _sign_before(source, measure.start) is None
    if source[measure.end - 1] == "G" or (name == "月" and not measure.per):
        return True
    if name == "年" and after == "代":
        return True
    if name == "日" and (before == "月" or after == "前"):
        return True
    if not measure.chinese:
        return False
    spelling = source[measure.unit_start : measure.end]
    if measure.unit.dimension == "grade" or spelling in ("届", "方"):
        return True
    if measure.figure_end - measure.start == 1 and spelling in value_words().ambiguous_units:
        return True
    if source[measure.start : measure.figure_end] == "一" and name in value_words().indefinite_units:
        return not (
            after == ""
            or after in _PHRASE_END
            or _sign_before(source, measure.start) is not None
            or value_words().find_lead.match_before(source, measure.start) is not None
            or _PER_BEFORE.search(source[max(0, measure.start - 12) : measure.start]) is not None
        )
    return False


def _sign_before(source: str, start: int) -> tuple[str, int, int] | None:
    """Return the operator that stands before a figure (不超过约20人 too), where it starts and ends."""
    lead = value_words().find_lead.match_before(source, start)
    end = lead[1] if lead is not None else start
    found = value_words().operators.match_before(source, end)
    if found is None or source[found[1] : end] in _NOT_SIGNS:
        return None
    return found[0], found[1], end


def _per_before(source: str, start: int) -> tuple[str, ...]:
    lead = value_words().per_lead.match_before(source, start)
    if lead is not None:
        return () if lead[0] == "年" else (lead[0],)
    match = _PER_BEFORE.search(source[max(0, start - 12) : start])
    if match is None:
        return ()
    per, end = units.match_per(match[0], 0)
    return per if end == len(match[0]) and per != ("年",) else ()


def _quantity(text: str, folded: Folded, measure: Measure) -> Quantity:
    source = folded.text
    begin, end = measure.start, measure.end
    sign: str | None = None
    sign_span: Span | None = None
    before = _sign_before(source, measure.start)
    if before is not None:
        sign, begin = before[0], before[1]
        sign_span = folded.span(begin, before[2])
    suffix = value_words().suffixes.match(source, measure.end)
    if suffix is not None and not (suffix[1] - measure.end == 1 and not _is_time(measure)):
        end = suffix[1]
        if sign is None:
            sign, sign_span = suffix[0], folded.span(measure.end, suffix[1])
    whole = folded.span(begin, end)
    return build(
        text[whole[0] : whole[1]],
        measure.number,
        measure.upper,
        measure.scale,
        measure.unit,
        measure.per or _per_before(source, measure.start),
        operator=sign,
        operator_filed=text[sign_span[0] : sign_span[1]] if sign_span is not None else None,
        operator_span=sign_span,
        number_span=folded.span(measure.start, measure.figure_end),
        unit_span=folded.span(measure.unit_start, measure.end) if measure.unit_start >= 0 else None,
    )


def _is_time(measure: Measure) -> bool:
    return measure.unit is not None and measure.unit.dimension == "time"
