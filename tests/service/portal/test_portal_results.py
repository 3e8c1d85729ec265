"""Results in the reviewers' own columns, in the portal's rows, columns, codes and money."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.pipeline import CheckOptions
from service.portal import tasks
from service.portal.mapping import mapping, read_mapping
from service.portal.results import project_result
from service.portal.schemas import PortalResult
from service.settings import Limits
from tests.service.portal.portal_tools import encoded, message, message_row, record

COLUMNS = ["审核点", "审核内容", "类目", "审核标准", "是否通过", "不通过指标清单", "预警级别", "序号"]


def check(value: Any, *, suggest: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        tasks.check(encoded(value), CheckOptions(suggest=suggest), None, Limits()).data
    )
    PortalResult.model_validate(found)
    return found


def of_rule(result: dict[str, Any], code: str) -> dict[str, Any]:
    return next(item for item in result["findings"] if item["rule_id"] == code)


WRONG = [
    record(),
    record(GUID="r2", SINDEX="11", NAME="苗木成活率", INDEXVAL="95", COMPUTESIGN="1", METERUNIT=""),
    record(
        GUID="r3", FINDEX="3", SINDEX="31", NAME="市民投诉率", INDEXVAL="5", COMPUTESIGN="1", METERUNIT="%"
    ),
]


def test_one_row_for_every_point() -> None:
    result = check(WRONG)
    assert [list(row) for row in result["results"]] == [COLUMNS] * len(mapping().result.points)
    assert [row["序号"] for row in result["results"]] == [1, 2, 3, 4, 5, 6, 7]
    row = next(row for row in result["results"] if row["审核点"] == "指标值合理性")
    assert row["是否通过"] == "不通过"
    assert row["预警级别"] == "红"
    assert row["不通过指标清单"].split("、")[0] == "苗木成活率"
    assert {row["是否通过"] for row in result["results"]} <= {"通过", "不通过", "完善后通过"}
    assert result["conclusion"] in ("通过", "完善后通过", "不通过")
    # Every finding that asks for a change shows in a point.
    severities = {item["severity"] for item in result["findings"]}
    lights = {row["预警级别"] for row in result["results"]}
    assert ("红" in lights) == ("error" in severities)


def test_findings_name_row_and_column_as_sent() -> None:
    result = check(WRONG)
    missing = of_rule(result, "BC301")
    assert (missing["guid"], missing["column"], missing["original"]) == ("r2", "INDEXVAL", "95")
    assert missing["opinion_code"] in {str(n) for n in range(1, 12)}
    assert missing["opinion_text"] == mapping().result.opinions[missing["opinion_code"]]
    assert missing["document"]
    lower = [{key.lower(): value for key, value in row.items()} for row in WRONG]
    assert of_rule(check(lower), "BC301")["column"] == "indexval"
    assert of_rule(check(lower), "BC301")["guid"] == "r2"


MISFILED = [
    record(),
    record(
        GUID="r2", NAME="绿化工程验收合格率", INDEXVAL="95", METERUNIT="%", KPI_CONTENT="验收合格的工程数占比"
    ),
]


def test_codes_come_back_as_codes_and_names_as_names() -> None:
    finding = of_rule(check(MISFILED), "BC101")
    assert (finding["guid"], finding["column"], finding["original"]) == ("r2", "SINDEX", "11")
    edit = finding["suggestions"][0]["edits"][0]
    assert (edit["column"], edit["old"], edit["new"], edit["text"]) == ("SINDEX", "11", "12", "质量指标")
    assert finding["alternatives"] == ["质量指标"]
    named = [
        {key: value for key, value in row.items() if key not in ("FINDEX", "SINDEX")}
        | {"LV1_PERF_IND_NAME": "产出指标", "LV2_PERF_IND_NAME": "数量指标", "COMPUTESIGN": "≥"}
        for row in MISFILED
    ]
    finding = of_rule(check(named), "BC101")
    assert finding["column"] == "LV2_PERF_IND_NAME"
    assert finding["suggestions"][0]["edits"][0]["new"] == "质量指标"


def test_operators_come_back_in_the_form_they_came() -> None:
    turned = of_rule(check(WRONG), "BC304")
    assert turned["guid"] == "r3"
    edits = [
        edit for item in turned["suggestions"] for edit in item["edits"] if edit["column"] == "COMPUTESIGN"
    ]
    assert edits
    assert {(edit["old"], edit["new"], edit["text"]) for edit in edits} == {("1", "5", "≤")}


def test_new_rows_are_written_like_those_that_are_there() -> None:
    added = [
        edit["new"]
        for item in check(WRONG)["findings"]
        for suggestion in item["suggestions"]
        for edit in suggestion["edits"]
        if edit["old"] is None
    ]
    assert added
    for row in added:
        assert set(row) <= {
            "FINDEX",
            "SINDEX",
            "NAME",
            "COMPUTESIGN",
            "INDEXVAL",
            "METERUNIT",
            "KPI_CONTENT",
            "INDEXSTANDARDS",
            "WEIGHT",
        }
        assert row["FINDEX"] in ("1", "2", "3")
        assert row["COMPUTESIGN"] in ("1", "2", "3", "4", "5", "6", "9", "10", "")


def test_rows_have_light_opinion_and_their_findings() -> None:
    result = check(WRONG)
    assert [row["guid"] for row in result["rows"]] == ["r1", "r2", "r3"]
    for row in result["rows"]:
        here = [result["findings"][number] for number in row["findings"]]
        rank = {None: "绿", "info": "绿", "warning": "黄", "error": "红"}
        assert row["light"] == rank[row["severity"]]
        assert {item["opinion_code"] for item in here} == set(row["opinion_codes"])
        assert all(item["reason"] in row["opinion"] for item in here)
    assert result["rows"][1]["light"] == "红"
    assert result["light"] == "红"


def test_messages_without_a_guid_are_found_by_number() -> None:
    result = check(
        message(
            本年度绩效指标=[
                message_row(),
                message_row(三级绩效指标="设施完好率", 二级绩效指标="质量指标", 指标值="95", 计量单位=""),
            ]
        )
    )
    finding = of_rule(result, "BC301")
    assert finding["guid"] is None
    assert finding["column"] == "指标值"
    assert [row["number"] for row in result["rows"]] == [1, 2]
    guid = check(
        message(
            本年度绩效指标=[
                message_row(
                    GUID="g1", 三级绩效指标="设施完好率", 二级绩效指标="质量指标", 指标值="95", 计量单位=""
                )
            ]
        )
    )
    assert of_rule(guid, "BC301")["guid"] == "g1"


@pytest.mark.parametrize(
    "sent",
    [
        "812000.50",
        "812000",
        "0.01",
        "81,200.00",
        "8.12万元",
        "1234567890.12",
        "812000.50元",
        "约80万",
        "0",
        812000,
        812000.5,
    ],
)
def test_amounts_come_back_as_they_were_sent(sent: Any) -> None:
    assert check(message(本年度预算资金总额=sent), suggest=False)["amounts"] == {
        "本年度预算资金总额": str(sent)
    }
    bundle = {"project": {"本年度预算资金总额": sent}, "rows": [record()]}
    assert check(bundle, suggest=False)["amounts"] == {"本年度预算资金总额": str(sent)}


@pytest.mark.parametrize("sent", ["", None, "  "])
def test_amounts_that_were_not_sent_do_not_come_back(sent: Any) -> None:
    assert check(message(本年度预算资金总额=sent), suggest=False)["amounts"] == {}


def test_findings_about_money_show_the_string_that_was_sent() -> None:
    costly = message(
        本年度绩效指标=[
            message_row(
                二级绩效指标="成本指标",
                三级绩效指标="设备采购成本",
                计算符号="≤",
                指标值="90",
                计量单位="万元",
            )
        ]
    )
    finding = of_rule(check(costly), "BC601")
    assert "81.2" in json.dumps(finding["evidence"], ensure_ascii=False)
    assert {"guid": None, "column": "本年度预算资金总额", "path": "projects[0].budget.total"} in finding[
        "related"
    ]


def test_money_in_another_unit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "site.yml"
    path.write_text("extends: portal\nmessage: {money_unit: 万元}\n", encoding="utf-8")
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(path))
    assert check(message(本年度预算资金总额="1,081.20"))["amounts"] == {"本年度预算资金总额": "1,081.20"}


def test_changed_amounts_are_converted_back() -> None:
    report = tasks.pipeline.check(
        tasks.read_projects(message(), Limits(), mapping())[0].document,
        CheckOptions(suggest=False),
    )
    value = tasks.report_to_json(report, tasks.of_row)
    project = value["document"]["projects"][0]
    project["budget"]["total"] = "90.00005"
    del project["raw"]["budget.total"]
    assert project_result(value, mapping(), key="")["amounts"] == {"本年度预算资金总额": "900000.5"}


def test_columns_in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", "english")
    row = check(WRONG)["results"][2]
    assert list(row) == [
        "audit_point",
        "audit_content",
        "audit_type",
        "audit_standard",
        "ispass",
        "nopass_indi",
        "warn_level",
        "ordernum",
    ]
    assert (row["ispass"], row["warn_level"]) == ("不通过", "3")
    assert check(WRONG)["mapping"] == {"name": "english", "sha256": read_mapping("english").sha256}


def test_nothing_wrong_is_green() -> None:
    result = check(
        {"项目代码": "c1", "项目名称": "绿地养护", "本年度绩效指标": [message_row()]}, suggest=False
    )
    passed = [row for row in result["results"] if row["是否通过"] == "通过"]
    assert passed
    assert all(row["预警级别"] == "绿" and row["不通过指标清单"] == "" for row in passed)


def test_the_same_question_gets_the_same_bytes() -> None:
    body = encoded(WRONG)
    assert tasks.check(body, CheckOptions(), None, Limits()) == tasks.check(
        body, CheckOptions(), None, Limits()
    )
