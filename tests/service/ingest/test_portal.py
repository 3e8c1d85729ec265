"""Rows and messages of the budget system, by the site's mapping file (handbook 6.1, 6.2, 6.4)."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from models.records.document import Document, Indicator
from service.ingest.load import load
from service.settings import Limits

ROW = {
    "GUID": "r1",
    "MAINGUID": "m1",
    "PRO_CODE": "99010224P004000000041",
    "PRO_NAME": "公园绿地养护",
    "AGENCY_NAME": "某县园林所",
    "LV1_PERF_IND_NAME": "产出指标",
    "LV2_PERF_IND_NAME": "数量指标",
    "NAME": "养护绿地面积",
    "COMPUTESIGN": "1",
    "INDEXVAL": "52",
    "METERUNIT": "公顷",
    "KPI_CONTENT": "全年养护面积",
    "INDEXSTANDARDS": "3",
    "WEIGHT": "20",
    "SNINDEXVAL": "48",
    "KPI_TARGET": "1.保持绿地完好\n2.提高市民满意度",
    "YEARFLAG": "0",
    "IS_DELETED": "2",
    "FISCAL_YEAR": "2027",
}


def read(value: Any) -> Document:
    data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return load(data, name=None, limits=Limits())


def csv(*rows: dict[str, str]) -> bytes:
    keys = list(dict.fromkeys(key for row in rows for key in row))
    lines = [keys, *([row.get(key, "") for key in keys] for row in rows)]
    return "\n".join(",".join('"' + text.replace('"', '""') + '"' for text in line) for line in lines).encode(
        "gb18030"
    )


def texts(row: Indicator) -> dict[str, str]:
    names = ("level1", "level2", "name", "description", "operator", "value", "unit", "basis", "weight")
    return {name: cell.text for name in names if (cell := row.cell(name)) is not None}


FILED = {
    "level1": "产出指标",
    "level2": "数量指标",
    "name": "养护绿地面积",
    "description": "全年养护面积",
    "operator": "≥",
    "value": "52",
    "unit": "公顷",
    "basis": "行业标准",
    "weight": "20",
}


@pytest.mark.parametrize("as_csv", [False, True])
def test_rows_of_the_system(as_csv: bool) -> None:
    document = read(csv(ROW)) if as_csv else read([ROW])
    (project,) = document.projects
    assert (project.code.text, project.name.text, project.department.text) == (
        "99010224P004000000041",
        "公园绿地养护",
        "某县园林所",
    )
    assert [goal.text for goal in project.goals] == ["1.保持绿地完好", "2.提高市民满意度"]
    assert project.absent == {"budget", "plan"}
    (row,) = project.rows
    assert texts(row) == FILED
    assert row.operator is not None
    assert row.operator.raw == "1"
    assert row.extra["SNINDEXVAL"].text == "48"
    assert row.absent == frozenset()


@pytest.mark.parametrize("wrap", [lambda rows: {"data": rows}, lambda rows: {"result": {"rows": rows}}])
def test_envelopes(wrap: Any) -> None:
    assert texts(read(wrap([ROW])).projects[0].rows[0]) == FILED


def test_lower_case_names_and_json_lines() -> None:
    lower = {key.lower(): value for key, value in ROW.items()}
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in (lower, {**lower, "name": "补植株数"}))
    assert [row.name.text for row in read(lines.encode()).projects[0].rows] == ["养护绿地面积", "补植株数"]


@pytest.mark.parametrize(
    ("code", "shown"),
    [("1", "≥"), ("2", "＞"), ("3", "＝"), ("4", "＜"), ("5", "≤"), ("6", "定性"), ("≥", "≥"), ("77", "77")],
)
def test_operator_codes(code: str, shown: str) -> None:
    row = read([{**ROW, "COMPUTESIGN": code}]).projects[0].rows[0]
    assert row.operator is not None
    assert row.operator.text == shown


def test_class_codes_where_the_names_are_missing_and_unknown_codes_as_sent() -> None:
    bare = {key: value for key, value in ROW.items() if not key.startswith("LV")}
    row = read([{**bare, "FINDEX": "2", "SINDEX": "24"}]).projects[0].rows[0]
    assert (row.level1.text, row.level2.text) == ("效益指标", "可持续影响指标")
    row = read([{**bare, "FINDEX": "7", "SINDEX": "a6f0-guid"}]).projects[0].rows[0]
    assert (row.level1.text, row.level2.text) == ("7", "a6f0-guid")


def test_deleted_rows_are_none() -> None:
    rows = [ROW, {**ROW, "NAME": "旧指标", "IS_DELETED": "1"}, {**ROW, "NAME": "补植株数", "IS_DELETED": ""}]
    assert [row.name.text for row in read(rows).projects[0].rows] == ["养护绿地面积", "补植株数"]


def test_annual_rows_carry_the_value_of_the_whole_period() -> None:
    long = {**ROW, "YEARFLAG": "1", "INDEXVAL": "160"}
    only_long = {**long, "NAME": "建成口袋公园数量", "INDEXVAL": "5", "METERUNIT": "个"}
    rows = read([long, only_long, ROW]).projects[0].rows
    assert [(row.name.text, row.value.text) for row in rows] == [
        ("养护绿地面积", "52"),
        ("建成口袋公园数量", "5"),
    ]
    assert rows[0].extra["总体指标值"].text == "≥160公顷"


def test_rows_are_grouped_by_project_in_any_order() -> None:
    other = {**ROW, "MAINGUID": "m2", "PRO_CODE": "99010224P004000000042", "PRO_NAME": "行道树补植"}
    document = read([ROW, other, {**ROW, "NAME": "补植株数"}])
    assert [(p.name.text, len(p.rows)) for p in document.projects] == [("公园绿地养护", 2), ("行道树补植", 1)]


def test_columns_the_export_lacks_are_absent() -> None:
    bare = {
        key: value for key, value in ROW.items() if key not in ("INDEXSTANDARDS", "KPI_CONTENT", "WEIGHT")
    }
    row = read([bare]).projects[0].rows[0]
    assert row.absent == {"basis", "description", "weight"}
    assert row.weight is None


MESSAGE: dict[str, Any] = {
    "项目代码": "99010224P004000000043",
    "项目名称": "儿童公园改造",
    "单位代码": "406001",
    "单位名称": "某县园林所",
    "项目内容": "更新游乐设施",
    "预算年度": "2027",
    "本年度预算资金总额": "812000.50",
    "本年度绩效目标": "更新设施12套",
    "总体绩效目标": "三年完成改造",
    "本年度绩效指标": [
        {
            "一级绩效指标": "产出指标",
            "二级绩效指标": "数量指标",
            "三级绩效指标": "更新设施数量",
            "计算符号": "≥",
            "指标值": "12",
            "计量单位": "套",
        },
        {
            "一级绩效指标": "满意度指标",
            "二级绩效指标": "服务对象满意度指标",
            "三级绩效指标": "游客满意度",
            "计算符号": "≥",
            "指标值": 90,
            "计量单位": "%",
        },
    ],
    "上年度绩效指标": [
        {
            "一级绩效指标": "产出指标",
            "二级绩效指标": "数量指标",
            "三级绩效指标": "更新设施数量",
            "计算符号": "≥",
            "指标值": "9",
            "计量单位": "套",
        },
        {
            "一级绩效指标": "产出指标",
            "二级绩效指标": "数量指标",
            "三级绩效指标": "更换座椅数量",
            "计算符号": "≥",
            "指标值": "30",
            "计量单位": "张",
        },
    ],
    "总体绩效指标": [],
}


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: [m, m], lambda m: {"data": [m]}])
def test_message_with_chinese_keys(wrap: Any) -> None:
    document = read(wrap(MESSAGE))
    assert document.year == 2027
    project = document.projects[0]
    assert (project.code.text, project.name.text, project.department.text) == (
        "99010224P004000000043",
        "儿童公园改造",
        "某县园林所",
    )
    assert project.budget.purpose.text == "更新游乐设施"
    assert [goal.text for goal in project.goals] == ["更新设施12套"]
    assert [(row.name.text, row.value.text) for row in project.rows] == [
        ("更新设施数量", "12"),
        ("游客满意度", "90"),
    ]
    # Neither description nor basis travels in a message, so their rules must not call them empty.
    assert project.rows[0].absent == {"basis", "description", "weight"}
    assert project.rows[0].extra["上年度指标值"].text == "≥9套"


def test_amounts_in_yuan_become_wanyuan_and_keep_their_string() -> None:
    total = read(MESSAGE).projects[0].budget.total
    assert total is not None
    assert (total.amount, total.cell.text, total.cell.raw) == (Decimal("81.20005"), "81.20005", "812000.50")
    assert read(MESSAGE).projects[0].budget.unit == "万元"


def test_only_targets_of_the_whole_period() -> None:
    message = {
        **MESSAGE,
        "本年度绩效指标": [],
        "总体绩效指标": MESSAGE["本年度绩效指标"],
        "上年度绩效指标": [],
    }
    assert [row.value.text for row in read(message).projects[0].rows] == ["12", "90"]
