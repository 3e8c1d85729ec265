"""One fixture for every layout of the handbook (4.2 a–j), read from bytes to Document."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from models.records.document import Document, Indicator, Project
from nlp.quantity import of_row
from service.ingest.load import load
from service.settings import Limits

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "layouts"


def _read(name: str) -> Document:
    return load((FOLDER / name).read_bytes(), name=name, limits=Limits())


def _only(name: str) -> Project:
    document = _read(name)
    assert len(document.projects) == 1
    return document.projects[0]


def _texts(row: Indicator, *fields: str) -> tuple[str | None, ...]:
    cells = [row.cell(field) for field in fields]
    return tuple(cell.text if cell is not None else None for cell in cells)


def test_every_layout_has_a_fixture() -> None:
    assert {path.name[0] for path in FOLDER.iterdir()} >= set("abcdefghij")


def test_a_one_cell_with_the_whole_block_above() -> None:
    project = _only("a_one_cell.html")
    assert project.title.text == "1.乡村图书室建设经费绩效目标表"
    assert (project.code.text, project.name.text) == ("99010224P001000000011", "乡村图书室建设经费")
    assert project.department.text == "305002某县图书馆"
    budget = project.budget
    assert budget.total is not None
    assert budget.fiscal is not None
    assert (budget.total.amount, budget.total.cell.text) == (Decimal("1200.50"), "1,200.50")
    assert (budget.fiscal.amount, budget.other, budget.unit) == (Decimal("1000.50"), None, "万元")
    assert budget.purpose.text == "购置图书与书架"
    assert [(p.label.text, p.percent.amount) for p in project.plan] == [
        ("3月底", 10),
        ("6月底", 40),
        ("10月底", 80),
        ("12月底", 100),
    ]
    assert [goal.text for goal in project.goals] == ["1.建成图书室20个", "2.新增图书6000册"]
    assert project.absent == frozenset()


def test_a_levels_reach_down_in_any_order_and_notes_are_no_rows() -> None:
    rows = _only("a_one_cell.html").rows
    assert [_texts(row, "level1", "level2") for row in rows] == [
        ("产出指标", "数量指标"),
        ("产出指标", "成本指标"),
        ("产出指标", "质量指标"),
        ("产出指标", "质量指标"),
        ("效益指标", "社会效益指标"),
        ("满意度指标", "服务对象满意度指标"),
    ]
    assert _texts(rows[0], "description", "operator", "value", "unit", "basis") == (
        "当年建成并开放的图书室",
        None,
        "≥20个",
        None,
        "计划标准",
    )
    assert rows[0].absent == {"operator", "unit", "weight"}


def test_b_three_cells_under_a_two_row_header() -> None:
    project = _only("b_operator_value_unit.html")
    assert [_texts(row, "name", "operator", "value", "unit", "weight") for row in project.rows] == [
        ("维护预警站点数量", "≥", "46", "处", "30"),
        ("故障修复时间", "≤", "24", "小时", "30"),
        ("受保护村民满意度", "≥", "92", "%", "10"),
    ]
    assert project.rows[0].absent == {"basis", "description"}
    assert project.absent == {"code", "plan"}
    assert _read("b_operator_value_unit.html").year == 2027


def test_b_wide_value_header_joins_its_cells() -> None:
    rows = _only("b_wide_value.html").rows
    assert [_texts(row, "operator", "value", "unit") for row in rows] == [
        (None, "≥3100盏", None),
        (None, "≥97%", None),
    ]


def test_c_unit_operator_value_in_their_own_order() -> None:
    rows = _only("c_unit_operator_value.html").rows
    assert [_texts(row, "operator", "value", "unit", "weight") for row in rows] == [
        ("≥", "850", "人", "40"),
        ("≤", "6", "元/人", "20"),
    ]


def test_d_weight_before_value() -> None:
    rows = _only("d_weight_first.html").rows
    assert [_texts(row, "weight", "value") for row in rows] == [("30", "≥120次"), ("30", "≥15%")]
    assert {key: cell.text for key, cell in rows[0].extra.items()} == {"备注": "按月统计"}


def test_e_townships_keep_every_column_and_say_what_was_not_checked() -> None:
    document = _read("e_townships.html")
    rows = document.projects[0].rows
    assert [row.value.text for row in rows] == ["≥14个", "≥95%"]
    assert {key: cell.text for key, cell in rows[0].extra.items()} == {
        "青石镇": "≥4个",
        "白水乡": "≥7个",
        "东桥街道": "≥3个",
        "合计": "≥14个",
    }
    assert "value" not in rows[0].absent
    assert [problem.kind for problem in document.problems] == ["unchecked-columns"]
    assert document.problems[0].message.startswith("1 行")


def test_e_townships_without_a_value_header() -> None:
    document = _read("e_townships_plain.html")
    assert [row.value.text for row in document.projects[0].rows] == ["≥4个", "≥95%"]
    assert [problem.kind for problem in document.problems] == ["unchecked-columns"]


def test_f_pairs_use_the_annual_half() -> None:
    project = _only("f_pairs.html")
    assert project.name.text == "河道清淤整治"
    assert [_texts(row, "level1", "level2", "name", "value") for row in project.rows] == [
        ("产出指标", "数量指标", "年度清淤长度", "≥20公里"),
        ("产出指标", "质量指标", "工程验收合格率", "＝100%"),
        ("效益指标", "生态效益指标", "年末水质达标率", "≥75%"),
        ("满意度指标", "服务对象满意度指标", "沿岸居民满意度", "≥88%"),
    ]
    assert {"清淤总长度", "≥60公里"} <= {cell.text for cell in project.rows[0].extra.values()}
    assert [goal.text for goal in project.goals] == ["目标1：清淤20公里", "目标2：岸坡稳定"]
    budget = project.budget
    assert [amount.amount for amount in (budget.total, budget.fiscal, budget.other) if amount] == [
        300,
        300,
        0,
    ]
    assert budget.purpose.text == ""


def test_f_long_term_value_stands_in_for_an_empty_annual_one() -> None:
    rows = _only("f_two_values.html").rows
    assert [row.value.text for row in rows] == ["≥100株", "≥99%"]
    assert rows[0].extra["指标值（长期）"].text == "≥300株"
    assert dict(rows[1].extra) == {}


def test_g_rows_name_their_project_in_any_order() -> None:
    document = _read("g_many_projects.html")
    assert [(p.code.text[-2:], p.name.text, len(p.rows)) for p in document.projects] == [
        ("21", "种子检测", 2),
        ("22", "动物防疫", 2),
    ]
    first, second = document.projects
    assert _texts(first.rows[1], "level1", "level2", "name", "operator", "value", "unit", "weight") == (
        "产出指标",
        "时效指标",
        "检测报告出具时间",
        "≤",
        "10",
        "天",
        "20",
    )
    assert second.rows[1].name.text == "防疫投诉次数"
    assert second.budget.total is not None
    assert second.budget.total.amount == 40
    assert [goal.text for goal in first.goals] == ["完成种子抽检"]
    assert first.absent == {"plan"}


def test_h_bracketed_lines_without_a_table() -> None:
    project = _only("h_brackets.txt")
    assert project.code.text == "99010224P003000000031"
    assert project.budget.total is not None
    assert project.budget.total.amount == Decimal("58.00")
    assert [_texts(row, "level1", "level2", "name", "value") for row in project.rows] == [
        ("产出指标", "数量指标", "维护站点数量", "≥60个"),
        ("产出指标", "数量指标", "投放车辆数量", "≥1500辆"),
        ("产出指标", "质量指标", "车辆完好率", "≥96%"),
        ("效益指标", "社会效益指标", "日均骑行人次", "≥3000人次"),
    ]
    assert project.rows[0].name.raw is not None
    assert "指标1" in project.rows[0].name.raw
    assert project.rows[0].absent >= {"basis", "description"}


def test_h_prose() -> None:
    project = _only("h_prose.txt")
    assert [_texts(row, "level1", "level2", "name", "value") for row in project.rows] == [
        ("产出指标", "数量指标", "举办展览", "≥8场"),
        ("产出指标", "数量指标", "接待观众", "≥12万人次"),
        ("产出指标", "质量指标", "文物完好率", "100%"),
        ("产出指标", "时效指标", "年度展览完成时间", "≤12月底"),
        ("满意度指标", "服务对象满意度指标", "观众满意度", "≥92%"),
    ]


def test_i_four_grades_become_one_graded_value() -> None:
    rows = _only("i_four_grades.html").rows
    assert _texts(rows[0], "level1", "name", "value") == (
        "产出指标",
        "水位观测次数",
        "优（≥730次）；良（≥700次）；中（≥650次）；差（＜650次）",
    )
    assert {key: rows[0].extra[key].text for key in "优良中差"} == {
        "优": "≥730次",
        "良": "≥700次",
        "中": "≥650次",
        "差": "＜650次",
    }
    assert "level2" in rows[0].absent
    assert "value" not in rows[0].absent
    assert of_row(rows[0]).grades == ("优", "良", "中", "差")


def test_j_level_two_is_absent_not_empty() -> None:
    rows = _only("j_no_level2.html").rows
    assert [_texts(row, "level1", "level2", "name", "value", "unit", "basis") for row in rows] == [
        ("产出指标", "", "补贴服务对象人数", "≥420", "人", "计划标准"),
        ("产出指标", "", "补贴发放及时率", "≥98", "%", "历史标准"),
        ("满意度指标", "", "丧属满意度", "≥95", "%", ""),
    ]
    assert all("level2" in row.absent and "basis" not in row.absent for row in rows)


@pytest.mark.parametrize("name", sorted(path.name for path in FOLDER.iterdir()))
def test_every_filled_cell_knows_its_place(name: str) -> None:
    for project in _read(name).projects:
        for row in project.rows:
            assert row.source is not None
            for field in ("name", "value"):
                cell = row.cell(field)
                assert cell is not None
                assert not cell or cell.source is not None
