"""Figures: Arabic with thousands commas, Chinese numerals, 百分之…, 三分之二."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

_FRACTION_AHEAD = re.compile(r".{1,5}分之(?![内前后外间])")
"""「5分之内」 is within five minutes, no fraction."""
_ARABIC = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?")
CHINESE: Final = frozenset("零〇○一二两三四五六七八九十百千万亿")
_CHINESE_RUN = re.compile(r"[零〇○一二两三四五六七八九十百千万亿]{1,24}(?:点[零〇一二三四五六七八九]{1,8})?")
_FRACTION = re.compile(
    r"(?P<base>百|千|万|[一二三四五六七八九十]|[0-9]{1,4})分之(?P<part>[零〇一二两三四五六七八九十百点]{1,10}|[0-9]{1,6}(?:\.[0-9]{1,6})?)"
)
_MAX_DIGITS: Final = 18
_DIGIT: Final = {
    char: value
    for value, chars in enumerate(("零〇○", "一", "二两", "三", "四", "五", "六", "七", "八", "九"))
    for char in chars
}
_PER_MANY: Final = {"百": "%", "千": "‰", "万": "‱"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure in a text: its value and where it ends."""

    value: Decimal
    end: int
    scale: str | None = None
    """A trailing 万 or 亿 of a Chinese numeral (三万); Arabic figures leave it to the unit reader."""
    unit: str | None = None
    """%, ‰ or ‱ where the numeral says it (百分之九十五)."""
    chinese: bool = False


@lru_cache(maxsize=4096)
def chinese_value(text: str) -> Decimal | None:
    """Return the value of a Chinese numeral, else None. 「三五」 (three to five) is none."""
    if len(text) == 1:
        digit = _DIGIT.get(text)
        return Decimal(digit) if digit is not None else Decimal(10) if text == "十" else None
    if all(char in _DIGIT for char in text):
        # Years are read as dates; any other row of bare digits (三五个, 一二三产业) is not one figure.
        return None
    if "十" in text and len(text) <= 3:
        tens, _, ones = text.partition("十")
        if (
            len(tens) <= 1
            and len(ones) <= 1
            and not {tens, ones} & {"零", "〇", "○", "十", "百", "千", "万", "亿"}
        ):
            return Decimal(10 * (_DIGIT[tens] if tens else 1) + (_DIGIT[ones] if ones else 0))
    import cn2an  # 0.13 s to load; most documents never need it

    try:
        return Decimal(str(cn2an.cn2an(text.replace("○", "〇"), "smart")))
    except (ValueError, TypeError, KeyError, IndexError, ArithmeticError):
        return None


def _fraction(text: str, at: int) -> Figure | None:
    match = _FRACTION.match(text, at)
    if match is None:
        return None
    part = match["part"]
    if part[0].isdecimal() and part[0].isascii():
        value: Decimal | None = Decimal(part)
    else:
        value = Decimal(100) if part == "百" else chinese_value(part)
    if value is None:
        return None
    base = match["base"]
    if base in _PER_MANY:
        return Figure(value, match.end(), unit=_PER_MANY[base], chinese=True)
    below = Decimal(base) if base.isascii() else chinese_value(base)
    if not below:
        return None
    share = (value * 100 / below).quantize(Decimal("0.0001")).normalize()
    return Figure(_plain(share), match.end(), unit="%", chinese=True)


def _plain(value: Decimal) -> Decimal:
    """Return the same value without an exponent (1E+2 → 100)."""
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def read_figure(text: str, at: int) -> Figure | None:
    """Return the figure that starts at `at` in a folded text, or None."""
    if at >= len(text):
        return None
    char = text[at]
    if "0" <= char <= "9":
        return _arabic(text, at, negative=False) if not _is_fraction(text, at) else _fraction(text, at)
    if char in "-+":
        if at + 1 < len(text) and "0" <= text[at + 1] <= "9":
            return _arabic(text, at + 1, negative=char == "-")
        return None
    if char == "百" and text.startswith("百分百", at):
        return Figure(Decimal(100), at + 3, unit="%", chinese=True)
    if char == "半":
        return Figure(Decimal("0.5"), at + 1, chinese=True)
    if char not in CHINESE:
        return None
    return _fraction(text, at) or _chinese(text, at)


def _is_fraction(text: str, at: int) -> bool:
    return _FRACTION_AHEAD.match(text, at) is not None


def _arabic(text: str, at: int, *, negative: bool) -> Figure | None:
    match = _ARABIC.match(text, at)
    if match is None or len(match[0]) > _MAX_DIGITS:
        return None
    end = match.end()
    # 「1.2.3」, 「1,23」, 「95.」 followed by a figure, 「1 000」: not one figure, so none.
    if end < len(text) - 1 and text[end] in ".," and "0" <= text[end + 1] <= "9":
        return None
    if end < len(text) and "0" <= text[end] <= "9":
        return None
    value = Decimal(match[0].replace(",", ""))
    return Figure(-value if negative else value, end)


def _chinese(text: str, at: int) -> Figure | None:
    match = _CHINESE_RUN.match(text, at)
    if match is None:
        return None
    run, end = match[0], match.end()
    if end < len(text) and text[end] in CHINESE:
        return None
    scale: str | None = None
    if len(run) > 1 and run[-1] in "万亿":
        bare = chinese_value(run[:-1])
        if bare is not None and "万" not in run[:-1] and "亿" not in run[:-1]:
            return Figure(bare, end, scale=run[-1], chinese=True)
    if len(run) > 1 and run[-1] == "两" and (bare := chinese_value(run[:-1])) is not None:
        # 「三两」: the last character is the unit of weight.
        return Figure(bare, end - 1, chinese=True)
    value = chinese_value(run)
    return Figure(value, end, scale=scale, chinese=True) if value is not None else None
