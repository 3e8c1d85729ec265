"""Characters that do not belong into a text."""

from __future__ import annotations

import pytest

from nlp.strays import doubled_marks, gbk_bytes, lone_brackets, residue, unreadable


def test_gbk_bytes() -> None:
    assert gbk_bytes("河道ab") == 6
    assert gbk_bytes("𠀀") == 4


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("]河道保洁", (0,)),
        ("河道（含支流", (2,)),
        ("河道（含支流)", ()),
        ("1）保洁；2）清淤", ()),
        ("（1）保洁[一期]", ()),
        ("（甲[乙）", (2, 4, 0)),
    ],
)
def test_lone_brackets(text: str, offsets: tuple[int, ...]) -> None:
    assert lone_brackets(text) == tuple(sorted(offsets))


def test_residue_names_what_was_filed() -> None:
    assert residue("[bookmark: _x1]河道") == "书签标记「[bookmark: _x1]」"
    assert residue("河\u200b道") == "零宽字符 U+200B"
    assert residue("河\x07道") == "控制字符 U+0007"
    assert residue("河 \u3000道\n") is None


def test_doubled_marks_and_unreadable() -> None:
    assert doubled_marks("保洁，，清淤……") == ((2, 4),)
    assert unreadable("河\ufffd") == 1
    assert unreadable("河道") == -1
