"""What a description counts, by the nature of the work; what a unit cost is divided by."""

from __future__ import annotations

import pytest

from nlp.subject import together
from rules.engine.context import DocumentContext
from rules.engine.run import with_schemes
from rules.engine.testing import build_document
from rules.rewriting.counting import divided, scope_of
from rules.rewriting.describe import describe, description_of
from rules.rewriting.values import asked
from service import pipeline


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("改造户数", "年度内完成并通过验收的改造户数，同一对象不重复计算；数据来源：验收资料"),
        ("采购折叠床数量", "年度内到货并验收合格的折叠床数量；数据来源：采购合同和验收单"),
        ("培训人数", "按签到记录统计的培训人数，同一对象不重复计算；数据来源：签到表"),
        ("志愿者活动人次", "按签到记录统计的志愿者活动人次；数据来源：签到表"),
        ("举办讲座场次", "年度内实际举办并有记录的讲座场次；数据来源：活动通知、签到表和现场记录"),
        ("清扫保洁面积", "合同约定范围内经考核确认的清扫保洁面积；数据来源：服务合同和考核记录"),
        ("发放补贴户数", "按发放清册统计的补贴户数，同一对象不重复计算；数据来源：对象名册和发放清册"),
        ("火灾起数", "年度内发生并登记的火灾起数；数据来源：登记台账"),
        ("短视频播放量", "按平台后台统计的年度短视频播放量；数据来源：平台后台数据"),
        ("窗口办件量", "年度内实际完成并有记录可查的窗口办件量；数据来源：工作台账"),
    ],
)
def test_an_output_counts_what_its_kind_of_work_accepts(name: str, told: str) -> None:
    assert describe(name, "数量").text == told


def test_the_first_word_of_a_name_decides() -> None:
    assert scope_of("采购培训教材册数") == "bought"
    assert scope_of("培训采购人员期数") == "held"
    assert scope_of("其他事项") is None


@pytest.mark.parametrize(
    ("name", "per", "formula"),
    [
        ("护林员补助标准", ("人", "年"), "年度内实际支付的护林员补助总额÷实际领取或受益人数"),
        ("工资标准", ("人", "月"), "年度内实际支付的工资总额÷各月实际领取人数之和"),
        ("人均培训费", (), "年度内实际支付的培训费总额÷实际参训人数"),
        ("每公里养护成本", (), "养护实际支出总额÷实际完成里程"),
        ("单位面积运行成本", (), "运行实际支出总额÷实际完成面积"),
        ("单张补贴额", (), "年度内实际支付的补贴总额÷实际发放或核销张数"),
    ],
)
def test_a_unit_cost_names_its_denominator(name: str, per: tuple[str, ...], formula: str) -> None:
    assert divided(name, per) == (formula, None)


def test_an_unknown_denominator_is_asked() -> None:
    formula, blank = divided("抽检单价", ())
    assert blank is not None
    assert formula == f"年度内实际支付的抽检总额÷{blank}"


@pytest.mark.parametrize(
    ("name", "formula"),
    [
        ("示范田亩产增幅", "（本年示范田亩产－上年同口径示范田亩产）÷上年同口径示范田亩产×100%"),
        ("游客增长率", "（本年数－上年同口径数）÷上年同口径数×100%"),
        ("资金兑付进度", "实际兑付金额÷应兑付金额×100%"),
    ],
)
def test_percentages_that_everybody_works_out_alike(name: str, formula: str) -> None:
    assert describe(name, "质量").text.startswith(f"{formula}；数据来源：")


def _row(row: dict[str, str], purpose: str = "") -> object:
    project = {"name": "示例项目", "budget": {"total": "10", "purpose": purpose}, "rows": [row]}
    document = with_schemes(build_document({"projects": [project]}), "auto")
    return DocumentContext(document).projects[0].rows[0]


def test_a_state_in_per_cent_is_the_rate_of_it() -> None:
    row = _row({"level2": "质量指标", "name": "环境卫生达标", "value": "≥95%"})
    assert description_of(row).text.startswith("环境卫生达标的")  # type: ignore[arg-type]


def test_several_measures_each_get_their_formula() -> None:
    row = _row({"level2": "质量指标", "name": "卫生达标率、设备完好率", "value": "≥95%"})
    text = description_of(row).text  # type: ignore[arg-type]
    assert text.count("÷") == 2
    assert text.index("卫生达标率：") < text.index("设备完好率：")


def test_what_follows_an_event_has_days_not_a_date() -> None:
    row = _row(
        {
            "level2": "时效指标",
            "name": "补贴发放时间",
            "description": "结案归档后发放办案补贴",
            "value": "38万元",
        }
    )
    (draft,) = asked(row, why="")  # type: ignore[arg-type]
    new = {edit.path.rsplit(".", 1)[-1]: edit.new for edit in draft.edits}
    assert new["name"] == "补贴发放时限"
    assert str(new["description"]).startswith("自结案归档之日起至补贴发放完成之日止的平均工作日数")
    assert str(new["value"]).endswith("个工作日")


def test_groups_named_side_by_side_are_asked_together() -> None:
    assert together("普查员", "发放普查员、普查指导员劳动报酬") == "普查员和普查指导员"
    assert together("护林员", "发放护林员补助") == "护林员"


def test_a_target_is_raised_to_the_figure_of_its_own_thing() -> None:
    project = {
        "name": "家庭奖励扶助",
        "goals": ["奖励扶助3860人、特别扶助126人。"],
        "rows": [{"level2": "数量指标", "name": "特别扶助人数", "value": "≥110人"}],
    }
    report = pipeline.check(build_document({"projects": [project]}), pipeline.CheckOptions())
    (finding,) = [item for item in report.findings if item.code == "BC406"]
    assert [edit.new for edit in finding.suggestions[0].edits] == ["≥126人"]


def test_a_lower_ceiling_is_the_stricter_one() -> None:
    project = {
        "name": "森林防火",
        "goals": ["森林火灾受害率控制在0.8‰以下。"],
        "rows": [{"level2": "生态效益指标", "name": "森林火灾受害率", "value": "≤0.9‰"}],
    }
    report = pipeline.check(build_document({"projects": [project]}), pipeline.CheckOptions())
    (finding,) = [item for item in report.findings if item.code == "BC608"]
    assert [edit.new for edit in finding.suggestions[0].edits] == ["≤0.8‰"]


@pytest.mark.parametrize(
    ("row", "name", "value"),
    [
        ({"level2": "生态效益指标", "name": "尾气排放", "value": "达标"}, "尾气排放达标率", "%"),
        (
            {"level2": "社会效益指标", "name": "新发现吸毒人员", "value": "下降"},
            "新发现吸毒人员数下降率",
            "%",
        ),
        (
            {"level2": "社会效益指标", "name": "零就业家庭动态清零", "value": "动态清零"},
            "零就业家庭数",
            "＝0户",
        ),
        ({"level2": "质量指标", "name": "师资力量", "value": "专业"}, "授课教师资质符合率", "%"),
    ],
)
def test_words_become_what_can_be_counted(row: dict[str, str], name: str, value: str) -> None:
    report = pipeline.check(
        build_document({"projects": [{"name": "示例培训", "rows": [row]}]}), pipeline.CheckOptions()
    )
    finding = next(item for item in report.findings if item.code == "BC401")
    new = {edit.path.rsplit(".", 1)[-1]: str(edit.new) for edit in finding.suggestions[0].edits}
    assert new["name"] == name
    assert new["value"].endswith(value)
