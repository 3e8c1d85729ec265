"""Numbers as a person sees them in a spreadsheet: number formats applied to stored values."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from types import MappingProxyType
from typing import Final

GENERAL: Final = "General"
BUILTIN: Final = MappingProxyType(
    {
        0: GENERAL, 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: "#,##0", 6: "#,##0", 7: "#,##0.00",
        8: "#,##0.00", 9: "0%", 10: "0.00%", 11: "0.00E+00", 12: "# ?/?", 13: "# ??/??", 14: "yyyy/m/d",
        15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm",
        21: "h:mm:ss", 22: "yyyy/m/d h:mm", 27: 'yyyy"年"m"月"', 28: 'm"月"d"日"', 29: 'm"月"d"日"',
        30: "m/d/yy", 31: 'yyyy"年"m"月"d"日"', 32: 'h"时"mm"分"', 33: 'h"时"mm"分"ss"秒"',
        34: '上午/下午h"时"mm"分"', 35: '上午/下午h"时"mm"分"ss"秒"', 36: 'yyyy"年"m"月"', 37: "#,##0",
        38: "#,##0", 39: "#,##0.00", 40: "#,##0.00", 41: "#,##0", 42: "#,##0", 43: "#,##0.00", 44: "#,##0.00",
        45: "mm:ss", 46: "[h]:mm:ss", 47: "mm:ss.0", 48: "##0.0E+0", 49: "@", 50: 'yyyy"年"m"月"',
        51: 'm"月"d"日"', 52: 'yyyy"年"m"月"', 53: 'm"月"d"日"', 54: 'm"月"d"日"', 55: 'h"时"mm"分"',
        56: 'h"时"mm"分"ss"秒"', 57: 'yyyy"年"m"月"', 58: 'm"月"d"日"',
    }
)  # fmt: skip
"""Formats that files refer to by number only, as a Chinese installation shows them."""

_TOKEN: Final = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|[_*].|\[(?P<bracket>[^\]]*)\]|(?P<ampm>AM/PM|A/P|上午/下午)'
    r"|(?P<general>General|G/通用格式)|(?P<exp>E[+-])|(?P<date>y+|m+|d+|h+|s+|a{3,4}|b+|e+|g+)"
    r"|(?P<num>[0#?.,]+)|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
_CONDITION: Final = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)$")
_ELAPSED: Final = re.compile(r"(h+|m+|s+)$", re.IGNORECASE)
_WEEKDAYS: Final = "一二三四五六日"
_EPOCH: Final = datetime.datetime(1899, 12, 30)
_EPOCH_1904: Final = datetime.datetime(1904, 1, 1)
_MAX_SERIAL: Final = 2_958_465
"""31 December 9999, the last day spreadsheets know."""
_MAX_EXPONENT: Final = 60
_MAX_CODE: Final = 255

_Token = tuple[str, str]


def general(number: Decimal) -> str:
    """Return a number without format: no trailing zeros, no exponent, fifteen significant digits at most."""
    if not number.is_finite():
        return str(number)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        return f"{number:.10g}"
    if number == number.to_integral_value():
        return f"{number:.0f}" if number else "0"
    return f"{Decimal(f'{number:.15g}'):f}".rstrip("0").rstrip(".")


@lru_cache(maxsize=1 << 16)
def shown(value: float | str, code: str, *, date1904: bool = False) -> str:
    """Return the text that a stored number shows under a number format.

    What the format language leaves open, or a broken format, comes out as the plain number.
    """
    try:
        # Fifteen digits are what spreadsheets keep: 0.07*100 is 7, not 7.000000000000001.
        number = Decimal(f"{float(value):.15g}")
    except (InvalidOperation, ValueError):
        return str(value)
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT or len(code) > _MAX_CODE:
        return general(number)
    tokens, signed = _section(code, number)
    try:
        if any(kind == "date" or kind == "elapsed" for kind, _ in tokens):
            return _moment(float(number), tokens, date1904)
        return _number(number if signed else abs(number), tokens)
    except (ValueError, OverflowError, InvalidOperation):
        return general(number)


@lru_cache(maxsize=1024)
def _sections(code: str) -> tuple[tuple[_Token, ...], ...]:
    """Split a format at its semicolons into sections of tokens."""
    sections: list[list[_Token]] = [[]]
    for match in _TOKEN.finditer(code):
        kind = match.lastgroup
        text = match[0]
        if kind == "other" and text == ";":
            sections.append([])
        elif kind in ("quoted", "escaped"):
            sections[-1].append(("text", match[kind]))
        elif kind == "bracket":
            sections[-1].extend(_bracket(match["bracket"]))
        elif kind == "other":
            sections[-1].append(("percent" if text == "%" else "at" if text == "@" else "text", text))
        elif kind == "date":
            # b, e and g (Buddhist and imperial years) are no part of Chinese forms: literal letters.
            known = text[0].lower() in "ymdhsa"
            sections[-1].append(("date" if known else "text", text.lower() if known else text))
        elif kind is not None:
            sections[-1].append((kind, text))
    return tuple(tuple(section) for section in sections)


def _bracket(inner: str) -> list[_Token]:
    if inner.startswith("$"):
        symbol = inner[1:].partition("-")[0]
        return [("text", symbol)] if symbol else []
    if _ELAPSED.match(inner):
        return [("elapsed", inner.lower())]
    return [("condition", inner)] if _CONDITION.match(inner) else []


def _section(code: str, number: Decimal) -> tuple[Sequence[_Token], bool]:
    """Return the section for a number, and whether the sign is still to be written."""
    sections = _sections(code)[:3]
    conditions = [next((text for kind, text in section if kind == "condition"), None) for section in sections]
    if any(conditions):
        for section, condition in zip(sections, conditions, strict=True):
            if condition is None or _holds(condition, number):
                return section, True
        return sections[-1], True
    if number < 0 and len(sections) > 1:
        return sections[1], False
    if number == 0 and len(sections) > 2:
        return sections[2], True
    return sections[0], True


def _holds(condition: str, number: Decimal) -> bool:
    match = _CONDITION.match(condition)
    if match is None:
        return True
    bound = Decimal(match[2])
    return {
        "<": number < bound,
        ">": number > bound,
        "=": number == bound,
        "<=": number <= bound,
        ">=": number >= bound,
        "<>": number != bound,
    }[match[1]]


def _number(number: Decimal, tokens: Sequence[_Token]) -> str:
    """Apply a number section."""
    pattern = "".join(text for kind, text in tokens if kind == "num")
    # A fraction such as # ?/? is shown as the plain decimal: readers need the value, not the layout.
    fraction = "?" in pattern and any(kind == "text" and text == "/" for kind, text in tokens)
    plain = any(kind in ("general", "at") for kind, _ in tokens) or fraction
    if not plain and not pattern:
        # A section of nothing but text hides the number behind the text, or shows nothing at all.
        return "".join(text for kind, text in tokens if kind in ("text", "percent"))
    for kind, _ in tokens:
        if kind == "percent":
            number *= 100
    digits = general(abs(number)) if plain else _digits(abs(number), tokens, pattern)
    sign = "-" if number < 0 and any(char in "123456789" for char in digits) else ""
    parts: list[str] = []
    written = False
    for kind, text in tokens:
        if kind in ("num", "general", "at"):
            parts.append("" if written else digits)
            written = True
        elif kind == "percent" or (kind == "text" and not fraction):
            parts.append(text)
    return sign + "".join(parts)


def _digits(number: Decimal, tokens: Sequence[_Token], pattern: str) -> str:
    """Write an absolute number with the digits, separators and exponent of a pattern."""
    exponent = next((i for i, (kind, _) in enumerate(tokens) if kind == "exp"), None)
    if exponent is not None:
        mantissa = next((text for kind, text in tokens[:exponent] if kind == "num"), "0")
        return f"{number:.{len(mantissa.partition('.')[2])}E}"
    whole, _, decimals = pattern.partition(".")
    decimals = decimals.replace(".", "")
    scale = len(pattern) - len(pattern.rstrip(","))
    number = number.scaleb(-3 * scale)
    decimals = decimals.rstrip(",")
    grouped = "," in whole.rstrip(",")
    width = len(decimals)
    rounded = number.quantize(Decimal(1).scaleb(-width), rounding=ROUND_HALF_UP)
    text = f"{rounded:,.{width}f}" if grouped else f"{rounded:.{width}f}"
    integer, _, tail = text.partition(".")
    # "#" digits are optional: 8.1 under 0.0# is 8.1.
    fixed = len(decimals.rstrip("#?"))
    while len(tail) > fixed and tail.endswith("0"):
        tail = tail[:-1]
    least = whole.count("0")
    if integer == "0" and least == 0 and tail:
        integer = ""
    integer = integer if grouped else integer.zfill(least)
    return f"{integer}.{tail}" if tail else integer


def _moment(serial: float, tokens: Sequence[_Token], date1904: bool) -> str:
    """Apply a date or time section."""
    if not 0 <= serial <= _MAX_SERIAL:
        raise ValueError(serial)
    smallest = any(kind == "num" and text.startswith(".") for kind, text in tokens)
    seconds = round(serial * 86400, 3 if smallest else 0)
    epoch = _EPOCH_1904 if date1904 else _EPOCH
    if not date1904 and serial < 60:
        # The calendar of 1900 has a 29 February that never was; days before it stand one later.
        epoch += datetime.timedelta(days=1)
    when = epoch + datetime.timedelta(seconds=seconds)
    half_day = any(kind == "ampm" for kind, _ in tokens)
    parts: list[str] = []
    previous = ""
    for index, (kind, text) in enumerate(tokens):
        if kind == "date":
            following = next((t for k, t in tokens[index + 1 :] if k in ("date", "elapsed")), "")
            minutes = text[0] == "m" and len(text) <= 2 and (previous[:1] == "h" or following[:1] == "s")
            parts.append(_part(when, text, minutes, half_day))
            previous = text
        elif kind == "elapsed":
            unit = {"h": 3600, "m": 60, "s": 1}[text[0]]
            parts.append(str(int(seconds // unit)).zfill(len(text)))
            previous = text
        elif kind == "ampm":
            names = ("上午", "下午") if text.startswith("上") else ("AM", "PM")
            parts.append(names[when.hour >= 12])
        elif kind == "num" and text.startswith("."):
            parts.append(f".{when.microsecond:06d}"[: len(text)])
        elif kind in ("text", "num"):
            parts.append(text)
    return "".join(parts).strip()


def _part(when: datetime.datetime, text: str, minutes: bool, half_day: bool) -> str:
    letter, width = text[0], len(text)
    if letter == "y":
        return f"{when.year % 100:02d}" if width <= 2 else f"{when.year:04d}"
    if letter == "a":
        return ("星期" if width >= 4 else "") + _WEEKDAYS[when.weekday()]
    if letter == "d" and width >= 3:
        return ("星期" if width >= 4 else "") + _WEEKDAYS[when.weekday()]
    if letter == "m" and not minutes and width >= 3:
        return f"{when.month}月"
    hour = when.hour % 12 or 12 if half_day else when.hour
    number = {"m": when.minute if minutes else when.month, "d": when.day, "h": hour, "s": when.second}[letter]
    return f"{number:02d}" if width >= 2 else str(number)
