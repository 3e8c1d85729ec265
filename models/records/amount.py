"""Reading of amounts and percentages as filed. Money stays Decimal; nothing is guessed."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from types import MappingProxyType
from typing import Final

MAX_DIGITS: Final = 30
"""Longer figures are no amounts, and expanding their exponent could fill the memory."""

_FORM: Final = re.compile(
    r"(?P<sign>[-−]?)(?P<number>\d[\d,]*(?:\.\d+)?|\.\d+)(?P<unit>%|元|千元|万元|万|亿元|亿)?"
)
FACTORS: Final = MappingProxyType(
    {
        "元": Decimal(1),
        "千元": Decimal(1000),
        "万元": Decimal(10_000),
        "万": Decimal(10_000),
        "亿元": Decimal(100_000_000),
        "亿": Decimal(100_000_000),
    }
)
"""元 per money unit."""


def plain(number: Decimal) -> str:
    """Return the number without exponent, digits as filed (「17.00」 stays 「17.00」)."""
    return format(number, "f")


def _parts(text: str) -> tuple[Decimal, str | None] | None:
    compact = "".join(unicodedata.normalize("NFKC", text).split()).removeprefix("¥").removeprefix("￥")
    match = _FORM.fullmatch(compact)
    if match is None or len(compact) > MAX_DIGITS + 4:
        return None
    number = Decimal(match["number"].replace(",", ""))
    return (-number if match["sign"] else number), match["unit"]


def parse_amount(text: str, unit: str = "万元") -> Decimal | None:
    """Return the amount of a money cell in `unit`; thousands separators and a unit suffix are understood.

    A suffix other than `unit` is converted (「81,200元」 in a table in 万元 → 8.12). None if unreadable.
    """
    parts = _parts(text)
    if parts is None or parts[1] == "%":
        return None
    number, suffix = parts
    if suffix is None or suffix == unit:
        return number
    return convert(number, suffix, unit)


def convert(number: Decimal, unit: str, target: str) -> Decimal:
    """Return money in another unit, without losing digits and without an exponent."""
    value = number * FACTORS[unit] / FACTORS[target]
    value = value.normalize()
    return value.quantize(Decimal(1)) if value.as_tuple().exponent > 0 else value  # type: ignore[operator]


def parse_percent(text: str) -> Decimal | None:
    """Return the percentage of a plan cell, with or without its sign (「25%」 → 25). None if unreadable."""
    parts = _parts(text)
    if parts is None or parts[1] not in (None, "%"):
        return None
    return parts[0]
