"""The unit table."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpora.store import load_yaml
from nlp import units
from nlp.units import compatible, dimension_of, lookup


@pytest.mark.parametrize(
    ("text", "name", "dimension", "per"),
    [
        ("％", "%", "ratio", ()),
        ("百分比", "%", "ratio", ()),
        ("㎡", "平方米", "area", ()),
        ("平米", "平方米", "area", ()),
        (" 平方米 ", "平方米", "area", ()),
        ("km", "公里", "length", ()),
        ("KM", "公里", "length", ()),
        ("千米", "公里", "length", ()),
        ("m", "米", "length", ()),
        ("M", "MB", "data", ()),
        ("名", "人", "person", ()),
        ("人次", "人次", "visit", ()),
        ("个工作日", "工作日", "time", ()),
        ("万亩", "亩", "area", ()),
        ("万元", "万元", "money", ()),
        ("元/人", "元/人", "money_per", ("人",)),
        ("元／平米", "元/平方米", "money_per", ("平方米",)),
        ("元/人*月", "元/人/月", "money_per", ("人", "月")),
        ("元/人、天", "元/人/天", "money_per", ("人", "天")),
        ("元每人每月", "元/人/月", "money_per", ("人", "月")),
        ("次/月", "次/月", "event_per", ("月",)),
        ("人/天", "人/天", "person_per", ("天",)),
        ("元/万人", "元/万人", "money_per", ("万人",)),
        ("（%）", "%", "ratio", ()),
    ],
)
def test_lookup(text: str, name: str, dimension: str, per: tuple[str, ...]) -> None:
    unit = lookup(text)
    assert unit is not None
    assert (unit.name, unit.dimension, unit.per) == (name, dimension, per)
    assert dimension_of(text) == dimension


@pytest.mark.parametrize("text", ["", "行业标准", "万", "/", "元/", "xyz", "元/火星", "人人", "很长" * 40])
def test_unknown_units(text: str) -> None:
    assert lookup(text) is None
    assert dimension_of(text) is None


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("元", "万元", True),
        ("㎡", "公顷", True),
        ("亩", "万亩", True),
        ("小时", "工作日", True),
        ("人", "名", True),
        ("人", "户", False),
        ("元", "元/人", False),
        ("元/人", "万元/人", True),
        ("元/人", "元/户", False),
        ("皮划艇", "皮划艇", True),
        ("皮划艇", "人", False),
        ("%", "倍", False),
    ],
)
def test_compatible(a: str, b: str, same: bool) -> None:
    assert compatible(a, b) is same
    assert compatible(b, a) is same


def test_factors_convert_to_the_base() -> None:
    def factor(text: str) -> Decimal:
        unit = lookup(text)
        assert unit is not None
        return unit.factor

    assert factor("万元") == 10_000
    assert factor("公顷") * 100 == factor("平方公里")
    assert factor("吨") == 1000 * factor("千克")
    assert factor("小时") == 60 * factor("分钟")
    assert factor("‰") * 10 == factor("%")


def test_file_is_sound() -> None:
    data = load_yaml("lexicons/units.yml")
    seen: dict[str, str] = {}
    for dimension, block in data["dimensions"].items():
        base = block["units"].get(block["base"])
        assert base is not None, dimension
        assert Decimal(base["factor"]) == 1, dimension
        for name, entry in block["units"].items():
            assert Decimal(entry["factor"]) > 0
            for spelling in (name, *entry.get("also", ())):
                assert spelling not in seen, f"{spelling}: {seen.get(spelling)} / {name}"
                seen[spelling] = name


def test_every_spelling_is_looked_up() -> None:
    for spelling, unit in units.table().units.items():
        assert lookup(spelling) == unit


def test_latin_units_end_at_a_word_end() -> None:
    assert units.match_unit("mm", 0)[0] == lookup("毫米")
    assert units.match_unit("minutes", 0)[0] is None
    assert units.match_unit("mx", 0)[0] is None
    assert units.is_blank_unit(" — ")
    assert not units.is_blank_unit("%")


@given(text=st.text(max_size=40))
@settings(deadline=None)
def test_lookup_never_raises(text: str) -> None:
    found = lookup(text)
    assert found is None or found.dimension is not None
