"""Sameness of indicator texts on the labelled pairs, and on what must never be taken for one thing."""

import pytest

from corpora.store import ROOT
from nlp.sameness import SAME, same, similarity


def pairs() -> list[tuple[str, str, bool, str]]:
    lines = (ROOT / "pairs" / "names.tsv").read_text(encoding="utf-8").rstrip("\n").split("\n")
    assert lines[0] == "left\tright\tsame\tkind"
    return [
        (left, right, flag == "1", kind)
        for left, right, flag, kind in (line.split("\t") for line in lines[1:])
    ]


def test_there_are_enough_pairs_of_both_kinds() -> None:
    found = pairs()
    assert len(found) >= 600
    assert sum(flag for _, _, flag, _ in found) >= 250
    assert sum(not flag for _, _, flag, _ in found) >= 250


def test_precision_first_on_the_labelled_pairs() -> None:
    said = [flag for left, right, flag, _ in pairs() if same(left, right)]
    meant = sum(flag for _, _, flag, _ in pairs())
    assert sum(said) / len(said) >= 0.99
    assert sum(said) / meant >= 0.6


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("抚恤金发放及时率", "及时发放抚恤金"),
        ("培训护林员人数", "护林员培训人数"),
        ("★消防栓更换个数", "更换消防栓数量"),
        ("开展普查工作的场次", "普查次数"),
    ],
)
def test_same_in_other_words(left: str, right: str) -> None:
    assert same(left, right)
    assert similarity(left, right) == similarity(right, left) >= SAME


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("消防栓更换合格率", "消防栓更换及时率"),
        ("医保参保人数", "医保参保率"),
        ("小学教师满意度", "中学教师满意度"),
        ("投诉量上升比例", "投诉量下降比例"),
        ("2023年植树面积", "2024年植树面积"),
        ("一期工程验收合格率", "二期工程验收合格率"),
        ("案件受理数量", "案件办结数量"),
        ("补助人数", "补助标准"),
    ],
)
def test_never_the_same(left: str, right: str) -> None:
    assert similarity(left, right) == 0.0
