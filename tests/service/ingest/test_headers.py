"""Every header synonym of the column file and of the handbook is recognised, whatever stands beside it."""

from __future__ import annotations

from typing import Any

import pytest

from corpora.store import load_yaml
from models.records.document import Document, Indicator
from service.ingest.assemble import assemble
from service.ingest.grid import GridCell, RawDocument, Table
from service.settings import Limits

COLUMNS: Any = load_yaml("schemes/columns.yml")
CANONICAL = {
    "level1": "一级指标",
    "level2": "二级指标",
    "name": "三级指标",
    "description": "绩效指标描述",
    "operator": "计算符号",
    "value": "指标值",
    "unit": "计量单位",
    "basis": "指标值确定依据",
    "weight": "权重",
}
FILED = {
    "level1": "产出指标",
    "level2": "数量指标",
    "name": "改造老旧管网长度",
    "description": "当年完工的管网",
    "operator": "≥",
    "value": "15",
    "unit": "公里",
    "basis": "计划标准",
    "weight": "20",
}
HANDBOOK = {
    "level1": "一级指标 一级绩效指标 绩效指标分类 一级目标",
    "level2": "二级指标 二级绩效指标 二级指标(年度)",
    "name": "三级指标 三级指标名称 指标名称 绩效指标 三级指标(年度) 指标内容",
    "description": "绩效指标描述 指标解释 指标说明 指标内容 指标值说明 计算公式 计算方式",
    "operator": "指标性质 计算符号",
    "value": "指标值 年度指标值 目标值 目标值(标准) 指标值(年度) 指标值及单位 指标值(包含数字及文字描述) "
    "年初目标值 年度目标指标值",
    "unit": "度量单位 计量单位",
    "basis": "指标值确定依据 参考值确定依据 评价标准确定依据 绩效标准",
    "weight": "权重 权重(%) 指标权重(分) 分值",
}
SYNONYMS = sorted(
    {(field, str(word)) for field, words in COLUMNS["fields"].items() for word in words}
    | {(field, word) for field, words in HANDBOOK.items() for word in words.split()}
)
RESULTS = sorted(
    {str(word) for key in ("result", "extra") for word in COLUMNS[key]}
    | {
        "实际完成值",
        "完成值",
        "全年实际值",
        "全年完成值",
        "实际完成指标值",
        "得分",
        "偏差原因分析及改进措施",
        "未完成原因分析",
        "未完成原因及拟采取的改进措施",
        "上年指标值",
        "前年指标值",
        "参考值",
        "指标方向性",
    }
)
BUDGETS = [
    "预算数",
    "年度资金总额",
    "资金总额",
    "年初预算数",
    "全年预算数",
    "年度本级预算金额",
    "资金额度",
    "年度金额",
]
GOALS = ["目标内容", "年度目标", "总体目标", "年度总体目标", "整体目标", "项目总体目标"]
LONG_GOALS = ["中期目标", "长期目标", "实施期绩效目标"]
LEVEL1 = [
    "产出",
    "产出指标",
    "项目产出",
    "项目完成",
    "项目完成指标",
    "效益指标",
    "效果指标",
    "项目效益指标",
    "项目效果",
    "满意度指标",
    "产出指标(50分)",
]


def read(*rows: list[str]) -> Document:
    cells = [GridCell(text, r, c) for r, row in enumerate(rows) for c, text in enumerate(row)]
    table = Table(tuple(cells), len(rows), max(map(len, rows)))
    return assemble(RawDocument("html", (table,)), limits=Limits())


def read_row(headers: dict[str, str], filed: dict[str, str]) -> Indicator:
    document = read(list(headers.values()), [filed[field] for field in headers])
    return document.projects[0].rows[0]


@pytest.mark.parametrize(("field", "word"), SYNONYMS)
def test_synonym_names_its_field(field: str, word: str) -> None:
    row = read_row({**CANONICAL, field: word}, FILED)
    assert {name: cell.text for name in FILED if (cell := row.cell(name)) is not None} == FILED
    assert row.absent == frozenset()
    assert dict(row.extra) == {}


@pytest.mark.parametrize("mark", ["★{}", "*{}", "{}（必填）", "{}*", " {} ", "{}：", "{}（选填）"])
def test_marks_of_a_header_do_not_count(mark: str) -> None:
    row = read_row({field: mark.format(word) for field, word in CANONICAL.items()}, FILED)
    assert {name: cell.text for name in FILED if (cell := row.cell(name)) is not None} == FILED


@pytest.mark.parametrize("word", RESULTS)
def test_history_and_result_columns_go_to_extra(word: str) -> None:
    row = read_row({**CANONICAL, "x": word}, {**FILED, "x": "13"})
    assert {key: cell.text for key, cell in row.extra.items()} == {word: "13"}
    assert row.value.text == "15"


def test_unknown_columns_are_kept_under_their_header() -> None:
    row = read_row({**CANONICAL, "x": "归口科室", "y": "归口科室"}, {**FILED, "x": "建设科", "y": "养护科"})
    assert [cell.text for cell in row.extra.values()] == ["建设科", "养护科"]


def test_content_column_is_the_name_only_where_no_other_is() -> None:
    alone = {"level1": "一级指标", "level2": "二级指标", "name": "指标内容", "value": "指标值"}
    row = read_row(alone, FILED)
    assert row.name.text == FILED["name"]
    assert "description" in row.absent
    beside = {"level1": "一级指标", "name": "三级指标", "description": "指标内容", "value": "指标值"}
    row = read_row(beside, FILED)
    assert (row.name.text, row.description.text) == (FILED["name"], FILED["description"])


@pytest.mark.parametrize("annual", ["年度指标值", "指标值"])
@pytest.mark.parametrize("word", [str(word) for word in COLUMNS["long_term"] if "级指标" not in str(word)])
def test_long_term_value_gives_way_to_the_annual_one(word: str, annual: str) -> None:
    headers = {"level1": "一级指标", "name": "三级指标", "long": word, "value": annual}
    row = read_row(headers, {**FILED, "long": "45"})
    assert row.value.text == "15"
    assert "45" in {cell.text for cell in row.extra.values()}
    row = read_row(headers, {**FILED, "long": "45", "value": ""})
    assert row.value.text == "45"


@pytest.mark.parametrize("word", sorted({*BUDGETS, *map(str, COLUMNS["labels"]["budget_total"])}))
def test_budget_label(word: str) -> None:
    project = read(
        ["项目名称", "供水管网改造", word, "80.00"],
        ["一级指标", "三级指标", "指标值", ""],
        ["产出指标", "改造长度", "≥3公里", ""],
    ).projects[0]
    assert project.budget.total is not None
    assert str(project.budget.total.amount) == "80.00"
    assert "budget" not in project.absent


@pytest.mark.parametrize("word", sorted({*GOALS, *map(str, COLUMNS["labels"]["goal"])}))
def test_goal_label(word: str) -> None:
    project = read(
        [word, "完成管网改造，降低漏损"],
        ["三级指标", "指标值"],
        ["改造长度", "≥3公里"],
    ).projects[0]
    assert [goal.text for goal in project.goals] == ["完成管网改造，降低漏损"]
    assert "goals" not in project.absent


@pytest.mark.parametrize("word", LONG_GOALS)
def test_long_term_goal_counts_only_without_an_annual_one(word: str) -> None:
    rows = [["三级指标", "指标值"], ["改造长度", "≥3公里"]]
    only = read([word, "三年完成改造"], *rows).projects[0]
    assert [goal.text for goal in only.goals] == ["三年完成改造"]
    both = read([word, "三年完成改造"], ["年度目标", "完成一期"], *rows).projects[0]
    assert [goal.text for goal in both.goals] == ["完成一期"]


@pytest.mark.parametrize("word", LEVEL1)
def test_level_one_names_open_rows(word: str) -> None:
    document = read(
        ["一级指标", "三级指标", "指标值"],
        [word, "改造长度", "≥3公里"],
        ["", "改造户数", "≥90户"],
    )
    assert [row.level1.text for row in document.projects[0].rows] == [word, word]


@pytest.mark.parametrize("word", ["单位", "计量单位"])
def test_unit_column_of_a_three_cell_layout(word: str) -> None:
    row = read_row({"name": "三级指标", "operator": "计算符号", "value": "指标值", "unit": word}, FILED)
    assert row.unit is not None
    assert row.unit.text == "公里"
