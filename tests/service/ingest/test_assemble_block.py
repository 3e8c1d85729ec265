"""Part one and the block above the rows (handbook 1.1, 1.2)."""

from __future__ import annotations

from decimal import Decimal

import pytest
from ingest_grids import HEADER, ROW, read, table

from models.records.document import Department, SourceRef
from service.ingest.grid import GridCell, Table


def department(*lines: str) -> Department:
    found = read(
        *lines, "第二部分", "预算项目绩效目标", "1.林区巡护绩效目标表", table(HEADER, ROW)
    ).department
    assert found is not None
    return found


# --- part one ---------------------------------------------------------------------------------------------------


def test_part_one_with_its_three_sections() -> None:
    part = department(
        "第一部分",
        "部门整体绩效目标",
        "一、总体绩效目标",
        "（一）总体绩效目标",
        "完成国土绿化任务。",
        "森林火灾受害率保持低位。",
        "二、分项绩效目标",
        "（一）林区巡护",
        "绩效目标：保护森林资源",
        "绩效指标：全年巡护900公里",
        "（二）苗圃建设绩效目标：培育乡土树种",
        "绩效指标：出圃苗木3万株",
        "（四）科普宣传",
        "绩效目标：提高爱林意识；绩效指标：发放手册2000册",
        "三、工作保障措施",
        "一是加强领导。三是强化督查。",
    )
    assert [cell.text for cell in part.goals] == ["完成国土绿化任务。", "森林火灾受害率保持低位。"]
    assert [(i.number, i.name.text, i.goal.text, i.indicator.text) for i in part.items] == [
        ("（一）", "林区巡护", "保护森林资源", "全年巡护900公里"),
        ("（二）", "苗圃建设", "培育乡土树种", "出圃苗木3万株"),
        ("（四）", "科普宣传", "提高爱林意识", "发放手册2000册"),
    ]
    assert [cell.text for cell in part.measures] == ["一是加强领导。三是强化督查。"]


@pytest.mark.parametrize(
    "line",
    [
        "（七）苗圃建设绩效目标：培育树种绩效指标：出圃3万株",
        "（七）苗圃建设。绩效目标：培育树种；绩效指标：出圃3万株",
        "（七）苗圃建设：培育树种",
    ],
)
def test_name_and_goal_on_one_line(line: str) -> None:
    item = department("二、分项绩效目标", line).items[0]
    assert (item.number, item.name.text, item.goal.text) == ("（七）", "苗圃建设", "培育树种")


def test_item_goal_without_label_and_over_two_lines() -> None:
    items = department(
        "二、分项绩效目标", "（一）苗圃建设", "培育乡土树种", "扩大育苗面积", "（二）巡护"
    ).items
    assert items[0].goal.text == "培育乡土树种\n扩大育苗面积"
    assert (items[1].name.text, items[1].goal.text) == ("巡护", "")


def test_contents_list_is_no_part() -> None:
    document = read(
        "一、总体绩效目标................1",
        "1.林区巡护绩效目标表……………2",
        "1.林区巡护绩效目标表",
        table(HEADER, ROW),
    )
    assert document.department is None
    assert len(document.projects) == 1


def test_contents_line_inside_a_section_is_skipped() -> None:
    part = department("一、总体绩效目标", "完成国土绿化任务。", "附表……………3")
    assert [cell.text for cell in part.goals] == ["完成国土绿化任务。"]


# --- the block above the rows --------------------------------------------------------------------------------------


def test_unit_of_money_in_the_header_only() -> None:
    project = read(
        table(["某局", "单位：元"], ["预算数", "81,200"], ["三级指标", "指标值"], ["里程", "≥9公里"])
    ).projects[0]
    assert project.budget.unit == "元"
    assert project.budget.total is not None
    assert project.budget.total.amount == 81200


@pytest.mark.parametrize(
    ("filed", "amount"),
    [
        ("1,234.50", "1234.50"),
        ("8.12万元", "8.12"),
        ("８．１２", "8.12"),
        ("81200元", "8.12"),
        ("-3.00", "-3.00"),
        ("约8万", None),
        ("待定", None),
    ],
)
def test_amounts(filed: str, amount: str | None) -> None:
    project = read(table(["预算数", filed], ["三级指标", "指标值"], ["里程", "≥9公里"])).projects[0]
    assert project.budget.total is not None
    assert project.budget.total.cell.text == filed
    assert project.budget.total.amount == (None if amount is None else Decimal(amount))


def test_blank_other_money_is_none_and_spaces_inside_labels_do_not_count() -> None:
    budget = (
        read(
            table(
                ["预算规模及资金用途", "预算数", "9.00", "其中：财政    资金", "9.00", "其他资金"],
                ["-", "购买巡护装备", "-", "-", "-", "-"],
                ["一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据"],
                ROW,
                spans={(0, 0): (2, 1), (1, 1): (1, 5)},
            )
        )
        .projects[0]
        .budget
    )
    assert budget.fiscal is not None
    assert (budget.fiscal.amount, budget.other, budget.purpose.text) == (
        Decimal("9.00"),
        None,
        "购买巡护装备",
    )


def test_labels_with_their_value_in_one_cell() -> None:
    project = read(
        table(
            ["项目名称：林区巡护", "项目编码：99010224P001"],
            ["年度目标：巡护900公里", "预算数（万元）：9"],
            ["三级指标", "指标值"],
            ["里程", "≥9公里"],
        )
    ).projects[0]
    assert (project.name.text, project.code.text) == ("林区巡护", "99010224P001")
    assert [goal.text for goal in project.goals] == ["巡护900公里"]
    assert project.budget.total is not None
    assert project.budget.total.amount == 9


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1.巡护\n2.宣传", ["1.巡护", "2.宣传"]),
        ("1.目标内容1巡护\n2.目标内容2宣传", ["1.目标内容1巡护", "2.目标内容2宣传"]),
        ("1.巡护；2.宣传；3.培训", ["1.巡护；", "2.宣传；", "3.培训"]),
        ("目标1：巡护\n目标2：宣传", ["目标1：巡护", "目标2：宣传"]),
        ("（1）巡护\n（2）宣传", ["（1）巡护", "（2）宣传"]),
        ("1.巡护\n覆盖全部林班\n2.宣传", ["1.巡护\n覆盖全部林班", "2.宣传"]),
        ("巡护全部林班\n开展宣传", ["巡护全部林班\n开展宣传"]),
        ("完成1.5万亩造林", ["完成1.5万亩造林"]),
        ("", []),
    ],
)
def test_goal_items(text: str, items: list[str]) -> None:
    project = read(table(["绩效目标", text], ["三级指标", "指标值"], ["里程", "≥9公里"])).projects[0]
    assert [goal.text for goal in project.goals] == items
    assert "goals" not in project.absent


def test_later_goal_lines_of_a_text_dump_know_their_line() -> None:
    cells = (
        GridCell("绩效目标", 0, 0, source=SourceRef(kind="txt", line=7)),
        GridCell("1.巡护\n2.宣传", 0, 1, source=SourceRef(kind="txt", line=8)),
        *(
            GridCell(text, r, c)
            for r, row in enumerate([["三级指标", "指标值"], ["里程", "≥9"]], 1)
            for c, text in enumerate(row)
        ),
    )
    goals = read(Table(cells, 3, 2), kind="txt").projects[0].goals
    assert [goal.source.line for goal in goals if goal.source] == [8, 9]


def test_plan_pairs_label_and_percentage_by_column() -> None:
    project = read(
        table(
            ["资金支出计划（%）", "3月底", "6月底", "12月底"],
            ["-", "20%", "", "100%"],
            ["一级指标", "三级指标", "指标值", "-"],
            ["产出指标", "里程", "≥9公里", "-"],
            spans={(0, 0): (2, 1)},
        )
    ).projects[0]
    assert [(p.label.text, p.percent.amount) for p in project.plan] == [
        ("3月底", 20),
        ("6月底", None),
        ("12月底", 100),
    ]
