"""JSON in: the contract's document, flat rows, system rows and messages, JSON Lines, hostile JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from models.records.document import Document
from service.errors import InputError
from service.ingest.load import load
from service.settings import Limits


def _load(value: Any, limits: Limits | None = None) -> Document:
    data = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return load(data, name="x.json", limits=limits or Limits())


FLAT = {
    "project_code": "990101270501001A0077",
    "project_name": "图书馆开放补助",
    "budget_total": "12.50",
    "budget_unit": "万元",
    "goal": "全年免费开放300天。",
    "level1": "产出指标",
    "level2": "数量指标",
    "name": "免费开放天数",
    "description": "图书馆全年实际开放天数",
    "operator": "≥",
    "value": "300",
    "unit": "天",
    "basis": "计划标准",
}


def test_flat_rows_of_one_project_share_its_code() -> None:
    second = {**FLAT, "level2": "质量指标", "name": "文献完好率", "value": "98", "unit": "%"}
    other = {**FLAT, "project_code": "990101270501001A0088", "project_name": "乡村大舞台"}
    document = _load([FLAT, second, other])
    assert [(p.code.text, len(p.rows)) for p in document.projects] == [
        ("990101270501001A0077", 2),
        ("990101270501001A0088", 1),
    ]
    project = document.projects[0]
    assert project.budget.total is not None
    assert project.budget.total.amount == Decimal("12.50")
    row = project.rows[0]
    assert (row.operator and row.operator.text, row.value.text, row.unit and row.unit.text) == (
        "≥",
        "300",
        "天",
    )


def test_json_lines_are_flat_rows_too() -> None:
    lines = "\n".join(json.dumps({**FLAT, "name": f"指标{i}"}, ensure_ascii=False) for i in range(3))
    assert len(_load(lines.encode()).projects[0].rows) == 3


def test_system_rows_come_through_the_mapping() -> None:
    rows = [
        {
            "PRO_CODE": "990101270501001A0099",
            "PRO_NAME": "幼儿园玩教具购置",
            "FINDEX": "1",
            "SINDEX": "11",
            "NAME": "购置玩教具套数",
            "COMPUTESIGN": "1",
            "INDEXVAL": "40",
            "METERUNIT": "套",
            "IS_DELETED": "2",
        }
    ]
    (project,) = _load({"data": rows}).projects
    row = project.rows[0]
    assert (row.level1.text, row.level2.text, row.name.text) == ("产出指标", "数量指标", "购置玩教具套数")
    assert row.operator is not None
    assert row.operator.text == "≥"
    assert "description" in row.absent or not row.description


def test_message_amounts_in_yuan_become_wan_yuan_and_keep_the_original() -> None:
    message = {
        "项目代码": "990101270501001A0100",
        "项目名称": "校车安全补助",
        "预算年度": "2027",
        "本年度预算资金总额": "350000.00",
        "本年度绩效目标": "补助校车20辆。",
        "本年度绩效指标": [
            {
                "一级绩效指标": "产出指标",
                "二级绩效指标": "数量指标",
                "三级绩效指标": "补助校车数量",
                "计算符号": "≥",
                "指标值": "20",
                "计量单位": "辆",
            }
        ],
    }
    document = _load(message)
    project = document.projects[0]
    assert document.year == 2027
    assert project.budget.total is not None
    assert project.budget.total.amount == Decimal(35)
    assert project.budget.total.cell.raw == "350000.00"
    assert {"description", "basis"} <= project.rows[0].absent


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'{"projects": [}', "格式有误"),
        (b'{"projects": [], "projects": []}', "重复"),
        (b'{"projects": NaN}', "NaN"),
        (b'{"projects": []}', "为空"),
        (b"[" * 5000 + b'{"a": 1}' + b"]" * 5000, ""),
        (b'{"projects": ' + b'[{"rows": ' * 2000 + b"1" + b"}]" * 2000 + b"}", "嵌套过深"),
        (b'{"projects": [{"rows": [{"value": ' + b"9" * 5000 + b"}]}]}", "数字"),
        (b'{"projects": [{"name": "' + b"a" * 30_000 + b'"}]}', "字"),
        (b'{"projects": [{"rows": {"a": 1}}]}', r"rows"),
        (b'["a", "b"]', ""),
        (b'{"hello": "world"}', ""),
    ],
)
def test_hostile_json_is_one_chinese_line(data: bytes, says: str) -> None:
    with pytest.raises(InputError) as caught:
        _load(data)
    assert says in caught.value.message
    assert "\n" not in caught.value.message


def test_limits_hold_for_json() -> None:
    with pytest.raises(InputError, match="超过"):
        _load([FLAT] * 20, Limits(max_cells=50))
