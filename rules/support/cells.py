"""Small facts about a filed row that several unit and target rules need."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Final

from models.records.finding import Location
from models.records.quantity import Quantity
from nlp import units
from nlp.text import normalise
from rules.engine.context import RowContext

Span = tuple[int, int]

_TAIL: Final = re.compile(r"\(([^()]{1,20})\)\s*$")
_PLACEHOLDER: Final = re.compile(r"^[≥≤<>=]*[0-9.,*]*")
_SEPARATOR: Final = re.compile(r"[/|、,;，；]")
_QUALITATIVE_OPERATOR: Final = frozenset({"定性", "6", "定量(其他)", "9"})
_EXPECTED: Final = re.compile(
    r"(?:达成|达到|完成|实现|符合)(?:年度|本年)?(?:预期|既定|设定)(?:的)?(?:指标|目标|效果|要求|水平|标准)?(?:值)?$"
)
_YES_NO: Final = frozenset({"是", "否", "是/否", "有", "是是/否", "否是/否", "能", "可", "已"})

FLOORS: Final = ("≥", "＞")
CEILINGS: Final = ("≤", "＜")


def plain(number: Decimal) -> str:
    """Return the number as a person writes it: no exponent, no trailing zeros behind the point."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def number_text(quantity: Quantity) -> str:
    """Return the figure with its unit, without operator."""
    number = plain(quantity.number) if quantity.number is not None else ""
    return f"{number}{quantity.unit or ''}"


def percent(quantity: Quantity) -> Decimal | None:
    """Return the value in % for ratios (‰ and 比例 converted), None for everything else."""
    if quantity.kind != "ratio" or quantity.number is None:
        return None
    unit = units.lookup(quantity.unit) if quantity.unit else None
    return quantity.number * unit.factor if unit is not None else quantity.number


def percent_top(quantity: Quantity) -> Decimal | None:
    """Return the highest percentage that the value asks for (upper end of a range)."""
    low = percent(quantity)
    if low is None or quantity.upper is None or quantity.number is None or not quantity.number:
        return low
    return quantity.upper * low / quantity.number


def operator_at(ctx: RowContext) -> Location:
    """Return where the operator is filed: its own column, or its characters inside the value cell."""
    if ctx.has("operator") and ctx.text("operator"):
        return ctx.at("operator")
    return ctx.at("value", ctx.quantity.operator_span)


def has_unit_column(ctx: RowContext) -> bool:
    """Whether the row has a unit column that says something."""
    return ctx.has("unit") and not units.is_blank_unit(ctx.text("unit"))


@lru_cache(maxsize=8192)
def bracket_unit(name: str) -> str | None:
    """Return the unit that a name states in its last bracket: 受益人数（人）, 成活率(≥**%); else None."""
    found = _TAIL.search(normalise(name))
    if found is None:
        return None
    inner = _PLACEHOLDER.sub("", found[1]).removeprefix("单位").lstrip(":")
    unit = units.lookup(inner)
    return unit.name if unit is not None else None


def marked_qualitative(ctx: RowContext) -> bool:
    """Whether the filer marked the target as qualitative: operator 定性, a grade list, 达成预期指标, a yes/no answer."""
    if ctx.norm("operator") in _QUALITATIVE_OPERATOR or ctx.norm("unit") in ("定性", "是/否"):
        return True
    if ctx.quantity.grades:
        return True
    value = ctx.norm("value")
    if ctx.quantity.kind == "text" and _is_scale(value):
        return True
    return value.startswith("定性") or value in _YES_NO or _EXPECTED.search(value) is not None


def has_scale(ctx: RowContext) -> bool:
    """Whether the target is a list of grades, so that it can be told which was reached."""
    return bool(ctx.quantity.grades) or (ctx.quantity.kind == "text" and _is_scale(ctx.norm("value")))


def _is_scale(value: str) -> bool:
    """Whether a value lists at least three grades that end alike: 明显改善/有所改善/无改善."""
    parts = [part for part in _SEPARATOR.split(value) if part]
    return (
        len(parts) >= 3
        and all(2 < len(part) <= 10 for part in parts)
        and len({part[-2:] for part in parts}) == 1
    )


def is_figure(quantity: Quantity) -> bool:
    """Whether a figure with or without unit was understood (dates and words are none)."""
    return quantity.is_number and quantity.kind not in ("date", "text")
