"""Deadlines as filed: 2024年12月底前, 12月31日, 10月份, 第三季度末, 年底前, 2024-10-31."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from nlp.numerals import chinese_value

_CN_DIGITS: Final = {
    "〇": "0",
    "零": "0",
    "○": "0",
    "一": "1",
    "二": "2",
    "三": "3",
    "四": "4",
    "五": "5",
    "六": "6",
    "七": "7",
    "八": "8",
    "九": "9",
}
_MONTH: Final = r"(?:1[0-2]|0?[1-9]|十[一二]|[一二三四五六七八九十])"
_DAY: Final = r"(?:3[01]|[12][0-9]|0?[1-9]|[二三]?十[一二三四五六七八九]?|[一二三四五六七八九])"
_YEAR: Final = r"(?:(?:19|20)[0-9]{2}|二[〇零○][〇零○一二三四五六七八九]{2}|[23][0-9](?=年[0-9]{1,2}月))"
_THIS: Final = r"(?:当|本|今|该|全|每|次|预算)"
_QUARTER: Final = r"(?:第?[一二三四1-4](?:个)?季度|[Qq][1-4])"
# 「3月」 is the month March, 「3个月」 a duration.
_DATE = rf"""
    (?:(?:(?:(?P<from>{_YEAR})年)?{_MONTH}月(?:{_DAY}[日号])?|{_YEAR}年?)(?:-|~|至|到))?
    (?:(?P<year>{_YEAR})年度?|(?P<this>{_THIS})年度?|)(?:的)?
    (?:
        (?:{_MONTH}(?:-|~|至|到))?(?P<month>{_MONTH})月份?
        (?: (?P<day>{_DAY})[日号](?:[0-9]{{1,2}}(?:时|点|:00)整?)? | (?P<part>底|末|初|中旬|上旬|下旬|中) )?
      | (?P<quarter>{_QUARTER})(?:末|底)?
      | (?P<half>上半年|下半年)
      | (?P<ypart>年?(?:底|末|终|中|初|(?=内)))
      |
    )
"""
_NUMERIC = r"""(?P<ny>(?:19|20)[0-9]{2})(?:
        (?P<sep>[-./])(?P<nm>1[0-2]|0?[1-9])(?:(?P=sep)(?P<nd>3[01]|[12][0-9]|0?[1-9]))?
      | (?P<em>0[1-9]|1[0-2])(?P<ed>0[1-9]|[12][0-9]|3[01])
    )(?![0-9.\-/])"""
# Recurring or relative points of time that no calendar day can be pinned to.
_LOOSE = (
    rf"(?:每个?|次|下|当|本|该)?(?:年|月|季度?)(?:的)?(?:{_DAY}[日号]|底|末|初|内)"
    rf"|(?:每个?|次|下|当)(?:季度)首月{_DAY}[日号]"
)


@dataclass(frozen=True, slots=True)
class DateReading:
    """A point of time in a text. `date` is None where no calendar day can be pinned to it."""

    date: str | None
    end: int
    numeric: bool = False
    """Digits and separators only (2024.10): could be a plain number."""


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    return re.compile(_DATE, re.VERBOSE), re.compile(_NUMERIC, re.VERBOSE), re.compile(_LOOSE)


def read_date(text: str, at: int) -> DateReading | None:
    """Return the date that starts at `at` in a folded text; None where there is none (2月30日 is none)."""
    if at >= len(text):
        return None
    named, numeric, loose = _patterns()
    if "0" <= text[at] <= "9" and (match := numeric.match(text, at)):
        date = _iso(int(match["ny"]), int(match["nm"] or match["em"]), _int(match["nd"] or match["ed"]))
        return DateReading(date, match.end(), numeric=True) if date is not None else None
    match = named.match(text, at)
    if match is not None and match.end() > at:
        reading = _named(match)
        if reading is not None:
            return reading
    match = loose.match(text, at)
    return DateReading(None, match.end()) if match is not None else None


def _named(match: re.Match[str]) -> DateReading | None:
    year = _year(match["year"] or match["from"])
    end = match.end()
    if match["this"] == "次" and match["month"]:
        return DateReading(None, end)
    if match["this"] and not (
        match["month"] or match["quarter"] or match["half"] or match["ypart"] is not None
    ):
        return None
    if match["month"]:
        month = _int(match["month"])
        assert month is not None
        part = match["part"]
        if part in ("初", "中"):
            return DateReading(None, end)
        day = _int(match["day"]) or {"上旬": 10, "中旬": 20}.get(part or "")
        date = _iso(year, month, day)
        return DateReading(date, end) if date is not None else None
    if match["quarter"]:
        number = _int(re.sub(r"[第个季度Qq]", "", match["quarter"]))
        return DateReading(_iso(year, 3 * (number or 1), None), end)
    if match["half"]:
        return DateReading(_iso(year, 6 if match["half"] == "上半年" else 12, None), end)
    if match["ypart"] is not None:
        if year is None and not match["this"] and not match["ypart"].startswith("年"):
            return None
        if match["ypart"].endswith("初"):
            return DateReading(None, end)
        return DateReading(_iso(year, 6 if match["ypart"].endswith("中") else 12, None), end)
    return DateReading(_iso(year, 12, None), end) if year is not None else None


def _year(text: str | None) -> int | None:
    if text is None:
        return None
    digits = "".join(_CN_DIGITS.get(char, char) for char in text)
    return int(digits) + (2000 if len(digits) == 2 else 0)


def _int(text: str | None) -> int | None:
    if text is None:
        return None
    if text.isascii():
        return int(text)
    value = chinese_value(text)
    return int(value) if value is not None else None


def _iso(year: int | None, month: int, day: int | None) -> str | None:
    """Return the ISO date, `--MM-DD` without a year; without a day the last day of the month."""
    # Without a year February ends on the 28th, a day that every year has; 2月29日 itself is still accepted.
    last = (
        calendar.monthrange(year, month)[1]
        if year is not None
        else (28 if month == 2 else calendar.monthrange(2023, month)[1])
    )
    limit = 29 if year is None and month == 2 else last
    if day is not None and day > limit:
        return None
    prefix = f"{year:04d}" if year is not None else "-"
    return f"{prefix}-{month:02d}-{day if day is not None else last:02d}"
