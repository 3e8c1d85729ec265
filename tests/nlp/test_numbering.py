"""Numbering of items."""

from __future__ import annotations

import pytest

from nlp.numbering import breaks, leading_number, number_of, points


@pytest.mark.parametrize(
    ("mark", "number"),
    [("（十一）", 11), ("3.", 3), ("二、", 2), ("（3）", 3), ("附件", None), ("", None), ("三五", None)],
)
def test_number_of(mark: str, number: int | None) -> None:
    assert number_of(mark) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3.改造校舍", 3),
        ("（二）改造校舍", 2),
        ("1）改造", 1),
        ("3.5公里渠道", None),
        ("2024年改造", None),
        ("一、改造", 1),
    ],
)
def test_leading_number(text: str, number: int | None) -> None:
    assert leading_number(text) == number


def test_points_stand_at_sentence_starts() -> None:
    text = "一是统一是非。二是督导；四是考核。"
    assert [(number, text[start:end]) for number, start, end in points(text)] == [
        (1, "一是"),
        (2, "二是"),
        (4, "四是"),
    ]


def test_breaks() -> None:
    assert breaks([1, 2, 4, 5]) == (2,)
    assert breaks([1, 2, 1, 2]) == ()
    assert breaks([1, 2, 2]) == (2,)
    assert breaks([]) == ()
