"""Parts of the value grammar around the figure: the cells beside it, what stands before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from models.records.quantity import Span
from nlp import units
from nlp.dates import read_date
from nlp.fold import fold
from nlp.reading import Measure, plain
from nlp.units import Unit
from nlp.valuewords import Tokens, value_words

SYMBOLS: Final = frozenset("≥≤<>=≮≯《》〈〉")
TITLE_MARKS: Final = frozenset("《》〈〉")
UP: Final = frozenset("≥＞")
DOWN: Final = frozenset("≤＜")
_PUNCTUATION: Final = frozenset("。.;；,，!")


@dataclass(frozen=True, slots=True)
class Sign:
    """An operator, where it stands in the folded text (None: operator cell) and how it was filed."""

    sign: str | None
    span: Span | None
    filed: str


@dataclass(frozen=True, slots=True)
class UnitCell:
    """What the unit cell says."""

    unit: Unit | None = None
    scale: str | None = None
    per: tuple[str, ...] = ()
    unknown: str | None = None


NO_UNIT: Final = UnitCell()


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before the figure."""

    at: int
    sign: Sign | None
    per: tuple[str, ...]


def belongs_together(text: str, unit: str, cell: UnitCell) -> bool:
    """Whether the two cells are one date cut in two: 「12」+「月底到位」, 「2023」+「年12月底」."""
    unit = unit.strip()
    if unit[:1] not in ("年", "月", "日"):
        return False
    if unit in ("年", "年度"):
        return text.isdecimal() and len(text) == 4
    return cell.unknown is not None or unit == "月份"


@lru_cache(maxsize=512)
def operator_cell(operator: str) -> Sign | None:
    """Return what the operator cell says; a sign of None for 定性, None where it says nothing of use."""
    words = value_words()
    text = fold(operator).text
    if not text:
        return None
    if text in words.not_operators:
        return Sign(None, None, operator.strip()) if text == "定性" else None
    sign = (
        words.operators.values.get(text) or words.suffixes.values.get(text) or words.operator_codes.get(text)
    )
    return Sign(sign, None, operator.strip()) if sign is not None else None


@lru_cache(maxsize=2048)
def unit_cell(unit: str) -> UnitCell:
    """Return what the unit cell says: a unit, a scale (万), per-units only (/株) or an unknown word."""
    if units.is_blank_unit(unit):
        return NO_UNIT
    found = units.lookup(unit)
    if found is not None:
        base = units.lookup(found.name.split("/")[0]) if found.per else found
        return UnitCell(base or found, found.scale, found.per)
    text = fold(unit).text
    scale, end = units.match_scale(text, 0)
    per, end = units.match_per(text, end)
    if end == len(text) and end:
        return UnitCell(None, scale, per)
    return UnitCell(unknown=text)


def outer_brackets(text: str) -> tuple[int, int]:
    """Return start and end of the text inside brackets that enclose the whole value."""
    if text.startswith("(") and text.endswith(")") and text.find(")") == len(text) - 1:
        return 1, len(text) - 1
    return 0, len(text)


def read_lead(text: str, at: int) -> Lead:
    """Read operator, harmless words and per-units (每人每年) before the figure."""
    words = value_words()
    sign: Sign | None = None
    per: list[str] = []
    while at < len(text):
        if (word := words.per_lead.match(text, at)) is not None:
            per.append(word[0])
            at = word[1]
            continue
        if text[at] == "每" and read_date(text, at) is None:
            found, end = units.match_per(text, at)
            if found:
                per.extend(found)
                at = end
                continue
        operator = words.operators.match(text, at) if sign is None else None
        lead = words.lead.match(text, at)
        if operator is not None and (lead is None or operator[1] >= lead[1]):
            sign = Sign(operator[0], (at, operator[1]), text[at : operator[1]])
            at = operator[1]
        elif lead is not None and read_date(text, at) is None:
            at = lead[1]
        else:
            break
    return Lead(at, sign, () if per == ["年"] else tuple(per))


def misread(text: str, measure: Measure) -> bool:
    """Whether this is 「13月」 (neither a month of the year nor a duration) or 「一批」 (no number at all)."""
    if measure.unit is None:
        return False
    if measure.unit.name == "月":
        return not measure.per
    return measure.unit.name == "批" and text[measure.start : measure.figure_end] == "一"


def read_tail(
    text: str, at: int, signs: Tokens, unit: Unit | None, *, dated: bool
) -> tuple[bool, str | None, Span | None, Unit | None]:
    """Read what stands after the figure: was it all harmless, suffix operator, its span, bracketed unit."""
    words = value_words()
    sign: str | None = None
    span: Span | None = None
    bracketed: Unit | None = None
    noun_seen = (
        dated
        or unit is None
        or unit.dimension
        not in ("count", "organisation", "place", "person", "document", "event", "case", "equipment")
    )
    while at < len(text):
        if span is None and (found := signs.match(text, at)) is not None:
            sign, span = found[0], (at, found[1])
            at = found[1]
        elif (harmless := words.approximate.match(text, at) or words.tail.match(text, at)) is not None:
            at = harmless[1]
        elif not noun_seen and (noun := words.nouns.match(text, at)) is not None:
            noun_seen, at = True, noun[1]
        elif text[at] == "(" and not dated:
            # 「95（%）」 names the unit, 「3篇（部）」 an alternative to it.
            close = text.find(")", at)
            named = units.lookup(text[at + 1 : close]) if close > 0 else None
            if named is None:
                return False, sign, span, None
            if unit is None:
                unit = bracketed = named
            at = close + 1
        elif text[at] in _PUNCTUATION and at == len(text) - 1:
            at += 1
        else:
            return False, sign, span, bracketed
    return True, sign, span, bracketed


def settle(
    text: str, lead: Sign | None, cell: Sign | None, suffix: str | None, span: Span | None
) -> Sign | bool | None:
    """Return the operator of a value; False where two words contradict each other (高于…以下)."""
    if cell is not None:
        return cell
    if suffix is None or span is None:
        return lead
    if lead is None:
        return Sign(suffix, span, text[span[0] : span[1]])
    opposed = (lead.sign in UP and suffix in DOWN) or (lead.sign in DOWN and suffix in UP)
    if opposed and lead.filed[0] not in SYMBOLS:
        return False
    return lead


def with_cell(
    measure: Measure, cell: UnitCell
) -> tuple[Decimal, Decimal | None, str | None, Unit | None, tuple[str, ...]]:
    """Return number, upper, scale, unit, per of the value with what the unit cell adds."""
    unit, scale, per = measure.unit, measure.scale, measure.per
    number, upper = measure.number, measure.upper
    if unit is None:
        unit, per = cell.unit, per or cell.per
        if scale is None:
            scale = cell.scale
        elif unit is not None and unit.dimension == "money":
            # 「45万」 beside 「万元」 says 万 twice, not 45万 times 万元.
            if not unit.name.startswith(scale):
                merged = units.with_scale(unit, scale)
                unit, scale = (merged, scale) if merged.scale else (merged, None)
            else:
                scale = None
        if unit is None and cell.unknown is not None:
            unit = Unit(cell.unknown, None, Decimal(1), cell.unknown)
    elif not per and cell.unit is not None and cell.unit.name == unit.name:
        per = cell.per
    if unit is not None and unit.name == "比例":
        if abs(number) <= 1 and (upper is None or upper <= 1):
            number, upper = plain(number * 100), plain(upper * 100) if upper is not None else None
        unit = units.lookup("%")
    if unit is not None and unit.name == "成":
        number, upper, unit = number * 10, upper * 10 if upper is not None else None, units.lookup("%")
    if unit is not None and unit.name == "月" and not per:
        unit = units.lookup("个月")
    return number, upper, scale, unit, per
