"""The grammar of 指标值 on hand-written spellings, cell layouts, spans and prose."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from models.records.document import Cell, Indicator
from models.records.quantity import Quantity
from nlp.quantity import find_numbers, of_row, parse


def _rows() -> list[tuple[str, str]]:
    text = (Path(__file__).parent / "value_spellings.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(value, expected) for value, _, expected in (line.rpartition(" | ") for line in lines)]


def short(quantity: Quantity) -> str:
    """The compact form of the table."""
    operator = quantity.operator or ""
    if quantity.kind == "date":
        return f"date {operator}{quantity.date or '?'}"
    if quantity.kind == "text":
        words = "/".join(quantity.grades) or (f"~{quantity.trend}" if quantity.trend else "")
        return " ".join(part for part in ("text", operator, words) if part)
    upper = f"~{quantity.upper}" if quantity.upper is not None else ""
    unit = f" {quantity.unit}" if quantity.unit else ""
    return f"{quantity.kind} {operator}{quantity.number}{upper}{unit}"


def test_table_is_large() -> None:
    assert len({value for value, _ in _rows()}) >= 200


@pytest.mark.parametrize(("value", "expected"), _rows())
def test_spelling(value: str, expected: str) -> None:
    assert short(parse(value)) == expected


@pytest.mark.parametrize(
    ("value", "operator", "unit", "expected"),
    [
        ("95", "≥", "%", "ratio ≥95 %"),
        ("95", "不低于", "百分比", "ratio ≥95 %"),
        ("95%", "＝", "%", "ratio ＝95 %"),
        ("0.97", "≥", "比例", "ratio ≥97 %"),
        ("97", "≥", "比例", "ratio ≥97 %"),
        ("9", "≥", "成", "ratio ≥90 %"),
        ("2万", "≥", "张", "count ≥20000 张"),
        ("2", "≥", "万张", "count ≥20000 张"),
        ("2万", "≤", "元", "money ≤2 万元"),
        ("45万", "≤", "万元", "money ≤45 万元"),
        ("5", "≥", "万亩", "count ≥50000 亩"),
        ("708", None, "元/人", "money 708 元/人"),
        ("300", "≤", "元/人·月", "money ≤300 元/人/月"),
        ("300", "≤", "元／人、天", "money ≤300 元/人/天"),
        ("12", "≤", "月底到位", "date ≤--12-31"),
        ("12", "≤", "月份", "date ≤--12-31"),
        ("2023", "＝", "年12月底", "date ＝2023-12-31"),
        ("2024", None, "年", "date 2024-12-31"),
        ("3", "≥", "年", "duration ≥3 年"),
        ("12", "≤", "月", "duration ≤12 个月"),
        ("2024.10", "≤", "万元", "money ≤2024.10 万元"),
        ("20241031", "≤", "元", "money ≤20241031 元"),
        ("2024-10-31", "≤", "", "date ≤2024-10-31"),
        ("优良", "定性", "", "text ~优良"),
        ("优/良/中/差", "定性", "/", "text 优/良/中/差"),
        ("7", "＝", "皮划艇", "count ＝7 皮划艇"),
        ("5", None, "/株", "count 5 /株"),
        ("3", None, "万/月", "count 30000 /月"),
        ("三", "≥", "次", "count ≥3 次"),
        ("5人", "≥", "户", "count ≥5 人"),
        ("≥90%", "≤", None, "ratio ≤90 %"),
        ("30日内", "1", None, "duration ≥30 日"),
        ("30", "以内", "工作日", "duration ≤30 工作日"),
        ("", "≥", "%", "text ≥"),
        ("完成", "≥", "%", "text ≥ ~完成"),
    ],
)
def test_separate_cells(value: str, operator: str | None, unit: str | None, expected: str) -> None:
    assert short(parse(value, operator=operator, unit=unit)) == expected


def test_qualitative_operator_cell_is_kept_as_filed() -> None:
    quantity = parse("稳步提升", operator="定性")
    assert (quantity.operator, quantity.operator_filed, quantity.trend) == (None, "定性", "稳步提升")


@pytest.mark.parametrize(
    ("value", "operator", "number", "unit"),
    [
        ("≥2万张", "≥", "2万", "张"),
        (" ＞＝ ９５ ％", "＞＝", "９５", "％"),
        ("不低于1,200人次/年", "不低于", "1,200", "人次/年"),
        ("30个工作日以内", "以内", "30", "个工作日"),
        ("6.4万元", None, "6.4", "万元"),
        ("2万余张", None, "2万", "张"),
        ("\u200b≥5\u200b0户", "≥", "5\u200b0", "户"),
        ("（≥3次）", "≥", "3", "次"),
        ("12月底前", "前", "12月底", None),
    ],
)
def test_spans_index_the_filed_text(value: str, operator: str | None, number: str, unit: str | None) -> None:
    quantity = parse(value)

    def piece(span: tuple[int, int] | None) -> str | None:
        return value[span[0] : span[1]] if span is not None else None

    assert piece(quantity.operator_span) == operator == quantity.operator_filed
    assert piece(quantity.number_span) == number
    assert piece(quantity.unit_span) == unit


def test_money_keeps_its_unit_and_counts_fold_their_scale() -> None:
    money, count, bare = parse("≥6.4万元"), parse("≥2万张"), parse("≥45万")
    assert (money.number, money.unit, money.scale, money.amount_yuan) == (
        Decimal("6.4"),
        "万元",
        None,
        Decimal(64000),
    )
    assert (count.number, count.unit, count.scale, count.dimension) == (
        Decimal(20000),
        "张",
        "万",
        "document",
    )
    assert (bare.kind, bare.number, bare.unit, bare.scale) == ("count", Decimal(450000), None, "万")
    assert parse("708元/人").per == ("人",)
    assert parse("708元/人").dimension == "money_per"


@pytest.mark.parametrize("value", ["≥95%", "6.4万", "2万张", "1.5亿元"])
def test_no_silent_misreading(value: str) -> None:
    quantity = parse(value)
    assert quantity.kind != "date"
    assert quantity.number != Decimal(6)


def test_of_row_uses_the_three_cells() -> None:
    row = Indicator(value=Cell("60"), operator=Cell("≥"), unit=Cell("公里"))
    assert short(of_row(row)) == "count ≥60 公里"
    assert short(of_row(Indicator(value=Cell("≥60公里")))) == "count ≥60 公里"


PROSE = [
    ("完成道路养护60.5公里，其中国道12公里、县道3-5条。", ["60.5公里 60.5", "12公里 12", "3-5条 3~5"]),
    ("一是开展培训三期，参训二百余人次；二是发放手册2万余册", ["三期 3", "二百余人次 200", "2万余册 20000"]),
    ("（一）到2025年，建成5个示范点，覆盖率达到98%以上。", ["5个 5", "达到98%以上 ≥98"]),
    ("1.购置电脑20台\n2.3个乡镇完成改造\n3、资金162万元", ["20台 20", "3个 3", "162万元 162"]),
    ("1.20名护林员；2.投入1.5万元", ["20名 20", "1.5万元 1.5"]),
    ("依据财预〔2015〕88号和第十二条，由第三方评估", []),
    ("12345热线办结率不低于95%，110接警时间不超过10分钟", ["不低于95% ≥95", "不超过10分钟 ≤10"]),
    ("等级保护三级测评，APP2.0上线，5G基站100座，G20峰会，H7N9", ["100座 100"]),
    ("十四五期间新增就业5000人，两会期间值班24小时", ["5000人 5000", "24小时 24"]),
    ("每万人拥有公共卫生人员15人，每10万人口死亡率下降5个百分点", ["15人 15", "5个百分点 5"]),
    ("发放一次性补贴，一个平台、一批项目，一人一档，统一一体化推进", []),
    ("10月底前完成，2024年1月至12月抽检4批次/年，30日内办结，每月10日前报送", ["4批次/年 4", "30日内 ≤30"]),
    ("改造老旧小区十二个，建筑面积3.2万平方米，口袋公园两座", ["十二个 12", "3.2万平方米 32000", "两座 2"]),
    ("3+1工作机制，7×24小时值守，1:1配套，M8螺栓，90年代，5A级景区，4K视频", []),
    (
        "十分满意，十分钟内，六十分，百分之九十五，九成以上群众",
        ["十分钟内 ≤10", "六十分 60", "百分之九十五 95", "九成以上 ≥90"],
    ),
    ("统筹推进五位一体，千方百计，四面八方，二级医院，二十大，三农", []),
    ("电话0311-88881234，编码130822P00012345，证号123456789012", []),
    ("每月一次，一次性投入，培训一次。", ["一次 1", "一次 1"]),
    ("户均增收2000元，每人每年补贴1200元", ["2000元 2000", "1200元 1200"]),
    ("培训人数（≥**人），目标内容1：铺设管网15千米", ["15千米 15"]),
    ("《规划》实施，知晓率＞９５％", ["＞９５％ ＞95"]),
    ("1.目标内容3镇村道路畅通；目标内容12对重点路段巡查8次", ["8次 8"]),
    ("共3个，其中一个、约一个，培训共一次", ["3个 3", "一个 1", "一个 1", "一次 1"]),
    ("半年内完成，上半年启动，过半", ["半年内 ≤0.5"]),
]


@pytest.mark.parametrize(("text", "expected"), PROSE)
def test_find_numbers(text: str, expected: list[str]) -> None:
    found = find_numbers(text)
    shown = [
        f"{q.text} {q.operator or ''}{q.number}{'~' + str(q.upper) if q.upper is not None else ''}"
        for q in found
    ]
    assert shown == expected


def test_find_numbers_reads_per_units_before_the_figure() -> None:
    assert [q.unit for q in find_numbers("每人每年1200元，户均2000元，每平方米80元，每月2次")] == [
        "元/人/年",
        "元/户",
        "元/平方米",
        "次/月",
    ]
