"""Properties of the value grammar: what is rendered is read back, nothing raises, spans hold, time is linear."""

from __future__ import annotations

from decimal import Decimal

import cn2an
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.records.quantity import Quantity
from nlp import units
from nlp.numerals import chinese_value
from nlp.quantity import find_numbers, parse
from nlp.valuewords import value_words

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
UNITS = sorted(
    name
    for name, unit in units.table().units.items()
    # 月 after a figure is a month, 成 and 比例 change the number, the rest are words of their own.
    if unit.name == name and name not in ("月", "成", "比例")
)
SPELLINGS = sorted(
    spelling
    for spelling, unit in units.table().units.items()
    if unit.name not in ("月", "成", "比例") and spelling not in ("月份", "百分之", "度电")
)
MONEY = sorted(
    name for name, unit in units.table().units.items() if unit.dimension == "money" and unit.name == name
)
PREFIXES = [(word, sign) for word, sign in value_words().operators.values.items() if word != "="]
SUFFIXES = [
    (word, sign)
    for word, sign in value_words().suffixes.values.items()
    if word not in ("(含)以上", "(含)以下", "(含)以内")
]
SCALES = ["万", "亿", "百万", "千万"]

numbers = st.decimals(min_value=0, max_value=99999, places=2, allow_nan=False, allow_infinity=False)


def render(number: Decimal, *, commas: bool) -> str:
    text = f"{number:,}" if commas else f"{number}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@given(
    number=numbers,
    commas=st.booleans(),
    operator=st.one_of(st.just(("", None)), st.sampled_from(PREFIXES)),
    spelling=st.sampled_from(SPELLINGS),
    blank=st.sampled_from(["", " ", "\u3000", "\u200b"]),
    wide=st.booleans(),
)
@settings(max_examples=600, deadline=None)
def test_rendered_value_is_read_back(
    number: Decimal, commas: bool, operator: tuple[str, str | None], spelling: str, blank: str, wide: bool
) -> None:
    text = blank.join((operator[0], render(number, commas=commas), spelling))
    if wide:
        text = text.translate(WIDE)
    quantity = parse(text)
    assert quantity.number == number
    assert quantity.operator == operator[1]
    expected = units.lookup(spelling)
    assert expected is not None
    assert quantity.unit == expected.name
    assert quantity.dimension == expected.dimension


@given(number=numbers, suffix=st.sampled_from(SUFFIXES), unit=st.sampled_from(UNITS))
@settings(max_examples=300, deadline=None)
def test_suffix_operator_is_read_back(number: Decimal, suffix: tuple[str, str], unit: str) -> None:
    quantity = parse(f"{render(number, commas=False)}{unit}{suffix[0]}")
    assert (quantity.number, quantity.unit, quantity.operator) == (number, unit, suffix[1])


@given(
    number=numbers,
    scale=st.sampled_from(SCALES),
    unit=st.sampled_from(["张", "人次", "亩", "户", "立方米", "株"]),
)
@settings(deadline=None)
def test_scales_fold_into_counts(number: Decimal, scale: str, unit: str) -> None:
    quantity = parse(f"≥{render(number, commas=False)}{scale}{unit}")
    assert quantity.number == number * units.table().scales[scale]
    assert (quantity.unit, quantity.scale) == (unit, scale)
    assert parse(f"{render(number, commas=False)}{scale}", operator="≥", unit=unit).number == quantity.number


@given(
    number=numbers, unit=st.sampled_from(MONEY), per=st.sampled_from(["", "/人", "/人·月", "每亩", "/人、天"])
)
@settings(deadline=None)
def test_money_keeps_its_filed_unit(number: Decimal, unit: str, per: str) -> None:
    quantity = parse(f"≤{render(number, commas=True)}{unit}{per}")
    assert quantity.kind == "money"
    assert quantity.number == number
    assert quantity.amount_yuan == number * units.table().units[unit].factor
    assert quantity.unit is not None
    assert quantity.unit.split("/")[0] == unit


@given(
    low=numbers,
    high=numbers,
    unit=st.sampled_from(["%", "个", "天", "万元"]),
    dash=st.sampled_from("-~～—至到"),
)
@settings(deadline=None)
def test_ranges(low: Decimal, high: Decimal, unit: str, dash: str) -> None:
    quantity = parse(f"{render(low, commas=False)}{unit}{dash}{render(high, commas=False)}{unit}")
    if low <= high:
        assert (quantity.number, quantity.upper, quantity.unit) == (low, high, unit)
    else:
        assert quantity.kind == "text"


@given(year=st.integers(1990, 2099), month=st.integers(1, 12), day=st.integers(1, 28), form=st.integers(0, 4))
@settings(deadline=None)
def test_dates(year: int, month: int, day: int, form: int) -> None:
    text = (
        f"{year}年{month}月{day}日前",
        f"{year}-{month:02d}-{day:02d}",
        f"{year}.{month}.{day}",
        f"{year}{month:02d}{day:02d}",
        f"≤{year} 年 {month} 月 {day} 日",
    )[form]
    assert parse(text).date == f"{year}-{month:02d}-{day:02d}"
    assert parse(f"{month}月{day}日").date == f"--{month:02d}-{day:02d}"


@given(number=st.integers(1, 99_999_999))
@settings(deadline=None)
def test_chinese_numerals_agree_with_arabic(number: int) -> None:
    spoken = cn2an.an2cn(number)
    assert chinese_value(spoken) == number
    assert parse(f"≥{spoken}人").number == number


words = st.lists(
    st.sampled_from(
        [
            *"≥≤<>=%年月日万亿元人次个至-~.,0123456789一二三十百千每/()（）* \n",
            "以上",
            "以内",
            "不低于",
            "2024",
            "底前",
            "优",
            "良",
        ]
    ),
    max_size=14,
).map("".join)
anything = st.one_of(st.text(max_size=60), words)


def check_spans(text: str, quantity: Quantity) -> None:
    for span in (quantity.operator_span, quantity.number_span, quantity.unit_span):
        if span is not None:
            assert 0 <= span[0] <= span[1] <= len(text)


@given(value=anything, operator=st.one_of(st.none(), anything), unit=st.one_of(st.none(), anything))
@example(value="十四五", operator=None, unit=None)
@settings(max_examples=1500, deadline=None)
def test_parse_never_raises(value: str, operator: str | None, unit: str | None) -> None:
    quantity = parse(value, operator=operator, unit=unit)
    assert quantity.text == value
    check_spans(value, quantity)
    assert quantity.operator in (None, "≥", "＞", "＝", "＜", "≤")
    if quantity.kind in ("text", "date"):
        assert quantity.number is None
    else:
        assert quantity.number is not None
        assert quantity.number_span is not None


@given(value=words)
@settings(max_examples=1500, deadline=None)
def test_number_span_reads_as_the_same_number(value: str) -> None:
    quantity = parse(value)
    if quantity.number is None or quantity.number_span is None or quantity.upper is not None:
        return
    start, end = quantity.number_span
    again = parse(value[start:end], operator="＝")
    # 「20240131元」: without its unit the figure reads as a day.
    assert again.number == quantity.number or (quantity.unit is not None and again.kind == "date")


@given(value=words)
@settings(max_examples=1000, deadline=None)
def test_full_width_reads_the_same(value: str) -> None:
    narrow, wide = parse(value), parse(value.translate(WIDE))
    for field in ("kind", "operator", "number", "upper", "unit", "scale", "date", "grades", "trend"):
        assert getattr(narrow, field) == getattr(wide, field)


@given(text=st.one_of(st.text(max_size=120), st.lists(words, max_size=6).map("，".join)))
@example(text="十四五期间")
@settings(max_examples=1500, deadline=None)
def test_find_numbers_holds_its_spans(text: str) -> None:
    last = 0
    for quantity in find_numbers(text):
        check_spans(text, quantity)
        assert quantity.number_span is not None
        assert quantity.number_span[0] >= last
        last = quantity.number_span[1]
        assert quantity.text in text
        assert quantity.number is not None


@given(number=numbers, unit=st.sampled_from(UNITS), sign=st.sampled_from(["", "≥", "不低于", "≤"]))
@settings(max_examples=300, deadline=None)
def test_find_numbers_text_parses_to_the_same(number: Decimal, unit: str, sign: str) -> None:
    found = find_numbers(f"全面推进，{sign}{render(number, commas=False)}{unit}；其他")
    if unit == "日" and not found:
        return
    assert len(found) == 1
    again = parse(found[0].text)
    assert (again.number, again.unit, again.operator) == (number, unit, found[0].operator)


@pytest.mark.parametrize(
    "piece",
    [
        "9",
        "一",
        "每人",
        "2024年",
        "≥95%，",
        "(",
        "9,",
        "1-",
        "十分",
        "\0 9",
        "以上",
        "第九次",
        "9.9年底",
        "月",
        "一万一",
        "\n1.",
        "三分之",
        "《9",
    ],
)
def test_very_long_texts_are_read_to_an_end(piece: str) -> None:
    # A step that grew with the square of the length would not come back; `make bench` has the figures.
    text = piece * (100_000 // len(piece))
    assert parse(text).kind == "text"
    assert all(0 <= found.number_span[0] <= len(text) for found in find_numbers(text) if found.number_span)
