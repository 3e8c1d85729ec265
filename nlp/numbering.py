"""Numbering of items: what number a mark says, and where a sequence has gaps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from nlp.numerals import chinese_value
from nlp.text import normalise

_MARK: Final = re.compile(r"^\(?(?P<number>\d{1,3}|[一二三四五六七八九十]{1,3})\)?[.、,)]?$")
_LEAD: Final = re.compile(
    r"^\s*(?:[（(]\s*(?P<a>\d{1,2}|[一二三四五六七八九十]{1,3})\s*[）)]|(?P<b>\d{1,2})\s*[.．、)）](?!\d)"
    r"|(?P<c>[一二三四五六七八九十]{1,3})\s*、)"
)
_POINT: Final = re.compile(r"(?:^|(?<=[。；;：:\s]))\s*(?P<n>[一二三四五六七八九十]{1,3})是")


@lru_cache(maxsize=4096)
def number_of(mark: str) -> int | None:
    """Return the number of a mark such as （十一） or 3. ; None where it is none."""
    found = _MARK.match(normalise(mark))
    return _value(found["number"]) if found is not None else None


@lru_cache(maxsize=8192)
def leading_number(text: str) -> int | None:
    """Return the number with which a text is numbered (「3.改造校舍」 → 3), None where it is not."""
    found = _LEAD.match(text)
    return _value(found["a"] or found["b"] or found["c"]) if found is not None else None


def points(text: str) -> tuple[tuple[int, int, int], ...]:
    """Return (number, start, end) of every 「一是」 … in a text."""
    return tuple(
        (number, match.start("n"), match.end("n") + 1)
        for match in _POINT.finditer(text)
        if (number := _value(match["n"])) is not None
    )


def breaks(numbers: Sequence[int]) -> tuple[int, ...]:
    """Return the positions whose number does not follow the one before it. A restart at 1 begins a new list."""
    return tuple(
        k
        for k in range(1, len(numbers))
        if numbers[k] != numbers[k - 1] + 1 and not (numbers[k] == 1 and k > 1)
    )


def _value(text: str) -> int | None:
    if text.isascii():
        return int(text)
    value = chinese_value(text)
    return int(value) if value is not None else None
