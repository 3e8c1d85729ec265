"""Normalising, cleaning, prefixes and fillers."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.fold import fold
from nlp.text import clean, core_name, is_not_applicable, normalise, normalise_with_map, strip_prefix


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("≧９５％", "≥95%"),
        ("≦ 3 次", "≤3次"),
        ("═100", "=100"),
        ("＞5", ">5"),
        ("》5", ">5"),
        ("15㎡", "15m2"),
        ("【培训】〔2021〕", "(培训)(2021)"),
        ("“学习强国”", '"学习强国"'),
        ("App Ｖ２", "appv2"),
        ("a\u200bb\ufeffc\x00d\te\u3000f", "abcdef"),
        ("3—5", "3-5"),
        ("3～5", "3~5"),
        ("元／人•月", "元/人·月"),
    ],
)
def test_normalise(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_no_character_that_folds_is_passed_over() -> None:
    every = "".join(map(chr, range(0x10000)))
    assert normalise(every) == normalise_with_map(every)[0]


@given(text=st.text(max_size=200))
@settings(max_examples=800, deadline=None)
def test_normalise_is_idempotent_and_its_map_holds(text: str) -> None:
    folded = normalise(text)
    assert normalise(folded) == folded
    mapped, origin = normalise_with_map(text)
    assert mapped == folded
    assert len(origin) == len(folded)
    assert list(origin) == sorted(origin)
    for char, index in zip(mapped, origin, strict=True):
        assert char in normalise(text[index])


@given(text=st.text(max_size=200))
@settings(deadline=None)
def test_fold_keeps_one_origin_per_character(text: str) -> None:
    for keep in (False, True):
        folded = fold(text, keep_lines=keep)
        assert len(folded.text) == len(folded.origin)
        assert list(folded.origin) == sorted(set(folded.origin))
        start, end = folded.span(0, len(folded.text))
        assert 0 <= start <= end <= len(text)


def test_fold_keeps_figures_apart() -> None:
    assert fold("3 5个").text == "3 5个"
    assert fold("≥ 35 个").text == "≥35个"
    assert fold("3\u200b5个").text == "35个"
    assert fold("①项²").text == "①项²"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[bookmark: _GoBack]巡查经费", "巡查经费"),
        ("  设备采购\t", "设备采购"),
        ("第一行\r\n\r\n 第二行", "第一行\n第二行"),
        ("第一行\v第二行", "第一行\n第二行"),
        ("]道路养护", "]道路养护"),
        ("财政    资金", "财政    资金"),
        ("\u3000\ufeff资金\u200b用途\x07", "资金用途"),
        ("[备注]保留", "[备注]保留"),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert clean(text) == expected


@given(text=st.text(max_size=200))
@settings(deadline=None)
def test_clean_is_idempotent_and_printable(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned or "[bookmark:" in text.lower()
    assert "\x00" not in cleaned
    assert "\n\n" not in cleaned


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("指标1:培训人次", "培训人次"),
        ("指标12：设备购置数", "设备购置数"),
        ("三级指标2、检测批次", "检测批次"),
        ("★★★验收合格率", "验收合格率"),
        ("*培训人次", "培训人次"),
        ("1.道路养护里程", "道路养护里程"),
        ("1、道路养护里程", "道路养护里程"),
        ("（1）道路养护里程", "道路养护里程"),
        ("(二) 道路养护里程", "道路养护里程"),
        ("一、道路养护里程", "道路养护里程"),
        ("①道路养护里程", "道路养护里程"),
        ("★指标1：（一）道路养护里程", "道路养护里程"),
        ("1.5万元以上项目数", "1.5万元以上项目数"),
        ("2024年培训人次", "2024年培训人次"),
        ("一级河道清淤长度", "一级河道清淤长度"),
        ("指标完成率", "指标完成率"),
        ("3个示范点建设", "3个示范点建设"),
        ("*", "*"),
        ("指标1:", "指标1:"),
    ],
)
def test_strip_prefix(name: str, expected: str) -> None:
    assert strip_prefix(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("指标1：培训人数（≥**人）", "培训人数"),
        ("培训人数(人)", "培训人数"),
        ("培训人数（人次/年）", "培训人数"),
        ("满意度(%)", "满意度"),
        ("合格率（合格数÷总数×100%）", "合格率"),
        ("合格率（合格批次/抽检批次）", "合格率"),
        ("投入（≤50万元）", "投入"),
        ("满意度（≥95%）（抽样）", "满意度(≥95%)(抽样)"),
        ("满意度（学员）", "满意度(学员)"),
        ("（人）", "(人)"),
        ("APP 使用率", "app使用率"),
    ],
)
def test_core_name(name: str, expected: str) -> None:
    assert core_name(name) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本项目不适用此指标", True),
        ("不适用", True),
        ("不涉及。", True),
        (" 无 ", True),
        ("本项目不涉及该指标", True),
        ("无相关内容", True),
        ("—", True),
        ("/", True),
        ("", False),
        ("无重大事故发生", False),
        ("不适用范围说明", False),
        ("0", False),
        ("*", False),
    ],
)
def test_is_not_applicable(text: str, expected: bool) -> None:
    assert is_not_applicable(text) is expected


@given(text=st.text(max_size=100))
@settings(deadline=None)
def test_nothing_raises(text: str) -> None:
    assert core_name(text) == normalise(core_name(text))
    strip_prefix(text)
    is_not_applicable(text)
