"""What portals send, and what they should not have sent."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.api.errors import InvalidBody
from service.errors import BiaochiError, InputError, TooLarge
from service.ingest.jsonfile import parse_json
from service.pipeline import CheckOptions
from service.portal import tasks
from service.portal.mapping import mapping
from service.portal.reading import Filed, read_projects
from service.settings import Limits
from tests.service.portal.portal_tools import encoded, message, message_row, record

LIMITS = Limits()


def read(value: Any, limits: Limits = LIMITS) -> tuple[Filed, ...]:
    return read_projects(parse_json(encoded(value), limits), limits, mapping())


def faults(value: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidBody) as error:
        read(value)
    return [(item.path, item.detail) for item in error.value.faults]


def test_rows_become_a_project_and_keep_their_codes() -> None:
    (filed,) = read([record()])
    assert filed.key == "m1"
    assert filed.units == {"406001", "某县园林所"}
    assert filed.document.year == 2027
    (project,) = filed.document.projects
    assert project.code.text == "99010224P004000000041"
    (row,) = project.rows
    assert (row.level1.text, row.level2.text, row.level2.raw) == ("产出指标", "数量指标", "11")
    assert row.operator is not None
    assert (row.operator.text, row.operator.raw) == ("≥", "1")
    assert row.value.source is not None
    assert (row.value.source.part, row.value.source.row) == ("INDEXVAL", 1)
    assert row.extra["GUID"].text == "r1"


@pytest.mark.parametrize(
    "wrap",
    [
        lambda rows: rows,
        lambda rows: {"data": rows},
        lambda rows: {"data": {"list": rows}},
        lambda rows: {"rows": rows},
        lambda rows: {"project": {}, "rows": rows} | {"goals": None},
        lambda rows: {"项目": None, "指标": rows},
        lambda rows: rows[0],
    ],
)
def test_envelopes_and_bundles(wrap: Any) -> None:
    (filed,) = read(wrap([record()]))
    assert [row.name.text for row in filed.document.projects[0].rows] == ["养护绿地面积"]


def test_a_bundle_joins_project_goals_and_rows() -> None:
    (filed,) = read(
        {
            "project": {
                "MAINGUID": "m9",
                "PRO_NAME": "绿地养护",
                "本年度预算资金总额": "81200",
                "项目内容": "人工与苗木",
            },
            "goals": [
                {"GOALNAME": "目标一", "KPI_TARGET": "养护绿地52公顷"},
                {"GOALNAME": "补植苗木300株"},
                {"KPI_TARGET": "三年内建成公园5个", "YEARFLAG": "1"},
            ],
            "rows": [record(MAINGUID=None, PRO_CODE=None, KPI_TARGET=None, PRO_NAME=None)],
        }
    )
    (project,) = filed.document.projects
    assert filed.key == "m9"
    assert project.name.text == "绿地养护"
    assert [goal.text for goal in project.goals] == ["养护绿地52公顷", "补植苗木300株"]
    assert project.budget.total is not None
    assert project.budget.total.amount == Decimal("8.12")
    assert project.budget.purpose.text == "人工与苗木"
    assert "budget" not in project.absent
    assert project.rows[0].source is not None
    assert project.rows[0].source.row == 1


def test_goals_of_the_whole_period_count_where_there_are_no_others() -> None:
    (filed,) = read({"goals": [{"ZQGOAL": "三年内建成公园5个"}], "rows": [record(KPI_TARGET=None)]})
    assert [goal.text for goal in filed.document.projects[0].goals] == ["三年内建成公园5个"]
    (filed,) = read({"goals": [{"ZQGOAL": "三年", "NDGOAL": "本年"}], "rows": [record(KPI_TARGET=None)]})
    assert [goal.text for goal in filed.document.projects[0].goals] == ["本年"]


def test_many_projects_and_their_units() -> None:
    filed = read([record(), record(MAINGUID="m2", AGENCY_CODE="9", AGENCY_NAME=None), record(GUID="r3")])
    assert [(item.key, len(item.document.projects[0].rows)) for item in filed] == [("m1", 2), ("m2", 1)]
    assert filed[1].units == {"9"}
    both = read([message(), message(项目代码="c2")])
    assert [item.key for item in both] == ["99010224P004000000043", "c2"]


def test_a_message_keeps_the_string_of_its_amount() -> None:
    (filed,) = read(message())
    total = filed.document.projects[0].budget.total
    assert total is not None
    assert (total.amount, total.cell.raw) == (Decimal("81.20005"), "812000.50")
    row = filed.document.projects[0].rows[0]
    assert row.value.source is not None
    assert (row.value.source.part, row.value.source.row) == ("本年度绩效指标/指标值", 1)
    assert filed.units == {"406001", "某县园林所"}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ([record(NAME={"a": 1})], [("[0].NAME", "应为文字、数字或 null")]),
        ([record(INDEXVAL=True)], [("[0].INDEXVAL", "应为文字、数字或 null")]),
        ([record(), record(METERUNIT=["公顷"])], [("[1].METERUNIT", "应为文字、数字或 null")]),
        (message(项目名称=["a"]), [("项目名称", "应为文字、数字或 null")]),
        (message(本年度预算资金总额=False), [("本年度预算资金总额", "应为文字、数字或 null")]),
        (message(本年度绩效指标="无"), [("本年度绩效指标", "应为对象的数组")]),
        (message(本年度绩效指标=[1]), [("本年度绩效指标", "应为对象的数组")]),
        (message(本年度绩效指标=[message_row(指标值=[])]), [("本年度绩效指标[0].指标值", "应为文字、数字或 null")]),
        ({"project": [], "rows": [record()]}, [("project", "应为对象")]),
        ({"goals": "目标", "rows": [record()]}, [("goals", "应为对象的数组")]),
        ({"goals": [1], "rows": [record()]}, [("goals", "应为对象的数组")]),
        ([record(), {"x": "1"}], [("[1]", "没有映射文件中的任何字段，请核对字段名")]),
        ([record(**{"k" * 201: "x"})], [("[0]", "有超过 200 字的键")]),
        ([], [("", "应为项目报文（对象），或数据行的数组")]),
        ({}, [("", "没有有效的指标行或项目内容，请核对 IS_DELETED 等标记与字段名")]),
        ("文字", [("", "应为项目报文（对象），或数据行的数组")]),
        (None, [("", "应为项目报文（对象），或数据行的数组")]),
        ([[record()]], [("", "应为项目报文（对象），或数据行的数组")]),
        ([record(IS_DELETED="1")], [("", "没有有效的指标行或项目内容，请核对 IS_DELETED 等标记与字段名")]),
        ({"本年度绩效指标": []}, [("", "没有项目代码、名称和指标")]),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_by_its_place(value: Any, where: list[tuple[str, str]]) -> None:
    assert faults(value) == where


def test_only_the_first_faults_are_told() -> None:
    assert len(faults([record(NAME=[])] * 100)) == 20


def test_text_of_the_caller_is_not_repeated() -> None:
    secret = "机密项目名称"
    for value in (
        [record(NAME={secret: secret})],
        [{secret: secret}],
        message(项目名称=[secret]),
        message(**{secret * 60: secret}),
    ):
        with pytest.raises(InvalidBody) as error:
            read(value)
        assert secret not in f"{error.value.message}{error.value.faults}"


def test_missing_keys_are_absent_and_not_empty() -> None:
    (filed,) = read([{"PRO_CODE": "c1", "NAME": "补植株数", "INDEXVAL": 300}])
    (project,) = filed.document.projects
    assert filed.key == "c1"
    assert project.absent == {"budget", "plan", "goals"}
    assert project.rows[0].absent == {
        "level1",
        "level2",
        "description",
        "operator",
        "unit",
        "basis",
        "weight",
    }
    (filed,) = read({"项目代码": "c1", "项目名称": "绿地养护"})
    assert filed.document.projects[0].rows == ()


def test_bounds() -> None:
    with pytest.raises(TooLarge, match="字的文字"):
        read([record(NAME="字" * 20_001)])
    with pytest.raises(TooLarge, match="3 行"):
        read([record()] * 4, Limits(max_rows=3))
    with pytest.raises(TooLarge, match="3 行"):
        read(message(本年度绩效指标=[message_row()] * 4), Limits(max_rows=3))
    with pytest.raises(InputError):
        read(json.loads("[" * 70 + "]" * 70))


def test_numbers_stay_as_sent_and_nul_goes() -> None:
    (filed,) = read([record(INDEXVAL=0.00001, WEIGHT=20.0, NAME="绿\0地", **{"备\0注": "a\0b"})])
    row = filed.document.projects[0].rows[0]
    assert row.weight is not None
    assert (row.value.text, row.weight.text, row.name.text, row.extra["备注"].text) == (
        "0.00001",
        "20",
        "绿地",
        "ab",
    )


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
RECORDS = st.dictionaries(st.sampled_from(sorted(record())), ANY, max_size=6)
MESSAGES = st.dictionaries(st.sampled_from([*sorted(message()), "总体绩效指标"]), ANY | st.lists(st.dictionaries(st.sampled_from(sorted(message_row())), ANY, max_size=4), max_size=3), max_size=6)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    ANY
    | RECORDS
    | st.lists(RECORDS, max_size=3)
    | MESSAGES
    | st.fixed_dictionaries(
        {"rows": st.lists(RECORDS, max_size=3), "project": RECORDS, "goals": st.lists(RECORDS, max_size=2)}
    )
)
def test_anything_is_a_result_or_a_refusal(value: Any) -> None:
    try:
        body = json.dumps(value).encode()
        done = json.loads(tasks.check(body, CheckOptions(suggest=False), None, LIMITS).data)
    except BiaochiError:
        return
    assert done["schema"] == "biaochi.portal/v1"


def test_weights_for_each_goal_are_told_by_the_goals_that_are_sent() -> None:
    """What docs/portal.md says of RATIO: it is not read, and nothing of it becomes a weight."""
    weights = (("11", "40"), ("12", "20"), ("22", "30"), ("31", "10"))
    rows = [
        record(
            GUID=f"{goal}{code}", FINDEX=code[0], SINDEX=code, NAME=f"达标率{goal}{code}", INDEXVAL="95", METERUNIT="%",
            WEIGHT=weight, GOALGUID=goal, KPI_TARGET=None,
        )
        for goal in ("g1", "g2") for code, weight in weights
    ]  # fmt: skip
    goals = [
        {"GOALGUID": goal, "KPI_TARGET": f"全年养护绿地{number}公顷，保持完好。", "RATIO": "50"}
        for goal, number in (("g1", 52), ("g2", 30))
    ]

    def checked(goals: list[dict[str, str]]) -> dict[str, Any]:
        body = encoded({"project": {"MAINGUID": "m1"}, "goals": goals, "rows": rows})
        found: dict[str, Any] = json.loads(tasks.check(body, CheckOptions(suggest=False), None, LIMITS).data)
        return found

    assert "BC510" not in {item["rule_id"] for item in checked(goals)["findings"]}
    assert "BC510" in {item["rule_id"] for item in checked(goals[:1])["findings"]}
    project = json.loads(
        tasks.batch(encoded({"projects": [{"goals": goals, "rows": rows}]}), LIMITS).files[0][1]
    )["document"]["projects"][0]
    assert [row["weight"] for row in project["rows"]] == [weight for _, weight in weights] * 2
    assert "50" not in json.dumps(project["goals"], ensure_ascii=False)
    # Which goal a row belongs to stays with the row.
    assert {row["extra"]["GOALGUID"] for row in project["rows"]} == {"g1", "g2"}


def test_keys_of_a_message_are_compared_without_white_space() -> None:
    """As the mapping file says of all names; what is not recognised would silently not be checked, its unit too."""
    plain = message()
    spaced = {f" {key[:2]} {key[2:]} ": value for key, value in plain.items()}
    spaced[" 本年度 绩效指标 "] = [
        {f"{key}　": value for key, value in row.items()} for row in spaced.pop(" 本年 度绩效指标 ")
    ]
    (found,), (wanted,) = read(spaced), read(plain)
    assert (found.key, found.units) == (wanted.key, wanted.units)
    assert len(found.units) == 2

    def checked(value: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = json.loads(
            tasks.check(encoded(value), CheckOptions(suggest=False), None, LIMITS).data
        )
        return result

    one, other = checked(spaced), checked(plain)
    assert (one["project"], one["score"]) == (other["project"], other["score"])
    assert [item["reason"] for item in one["findings"]] == [item["reason"] for item in other["findings"]]
    # What goes back names the columns as they were sent.
    assert one["amounts"] == {" 本年 度预算资金总额 ": "812000.50"}
    unit = next(item["column"] for item in one["findings"] if item["rule_id"] == "BC301")
    assert unit in {"指标值　", "计量单位　"}


def test_of_a_key_that_comes_twice_the_filled_one_counts() -> None:
    (found,) = read(message(项目名称="") | {"项目名称 ": "公园改造"})
    assert found.document.projects[0].name.text == "公园改造"
    (found,) = read(message() | {"项目名称 ": ""})
    assert found.document.projects[0].name.text == "儿童公园改造"
