"""The use case on generated documents: no rule crashes, equal input gives equal reports, suppression reaches scores."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.records.codec import dumps, report_to_json
from models.records.document import Document
from models.records.finding import Finding, Severity
from nlp.quantity import of_row
from rules.engine.base import Rule
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.engine.registry import all_rules
from rules.engine.suppress import Waiver
from rules.engine.testing import build_document
from service import pipeline
from service.settings import Limits

_LEVEL2 = ["数量指标", "质量指标", "时效指标", "成本指标", "经济效益指标", "社会效益指标", "生态效益指标",
           "可持续影响指标", "服务对象满意度指标", "经济成本指标", "不存在的指标", ""]  # fmt: skip
_PIECES = st.sampled_from(
    ["水库", "除险", "加固", "座数", "合格率", "及时率", "满意度", "费用", "人均", "提高", "≥", "≤", "95", "%", "万元", "元/人",
     "2027年", "10月底前", "{", "}", "。", "、", "和", "目标内容1", "（", "）", "\u200b", "一", "十二", "户", " ", "**", "无"]
)  # fmt: skip
_TEXT = st.lists(_PIECES, max_size=7).map("".join) | st.text(max_size=12)
_ROW = st.fixed_dictionaries(
    {"level2": st.sampled_from(_LEVEL2), "name": _TEXT, "description": _TEXT, "value": _TEXT, "basis": _TEXT},
    optional={"operator": _TEXT, "unit": _TEXT, "weight": st.sampled_from(["10", "0", "x", ""])},
)
_AMOUNT = st.none() | st.sampled_from(["10.00", "0", "-1", "约8万", "90"])
_PROJECT = st.fixed_dictionaries(
    {
        "name": _TEXT,
        "code": st.sampled_from(["", "990101270501001A0011"]),
        "budget": st.fixed_dictionaries(
            {"total": _AMOUNT, "fiscal": _AMOUNT, "other": _AMOUNT, "purpose": _TEXT}
        ),
        "plan": st.lists(st.sampled_from(["25%", "50", "x", "", "100%"]), max_size=4),
        "goals": st.lists(_TEXT, max_size=3),
        "rows": st.lists(_ROW, max_size=9),
    }
)
_ITEM = st.fixed_dictionaries(
    {
        "number": st.sampled_from(["（一）", "（三）", "1.", ""]),
        "name": _TEXT,
        "goal": _TEXT,
        "indicator": _TEXT,
    }
)
_DOCUMENT = st.fixed_dictionaries(
    {
        "title": _TEXT,
        "projects": st.lists(_PROJECT, max_size=3),
        "department": st.none()
        | st.fixed_dictionaries({"goals": st.lists(_TEXT, max_size=2), "items": st.lists(_ITEM, max_size=3)}),
    }
)


def _report(document: Document, **options: Any) -> dict[str, Any]:
    report = pipeline.check(document, pipeline.CheckOptions(**options))
    data: dict[str, Any] = json.loads(dumps(report_to_json(report, of_row)))
    return data


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_DOCUMENT)
def test_any_document_is_checked_without_a_crash_and_the_same_twice(data: dict[str, Any]) -> None:
    document = build_document(data)
    report = _report(document)
    crashed = [(item["subcode"], item["evidence"]) for item in report["findings"] if item["code"] == "BC901"]
    assert crashed == []
    assert _report(document) == report
    prints = [item["fingerprint"] for item in report["findings"]]
    assert len(prints) == len(set(prints))
    for item in report["findings"]:
        parent = item["display"]["parent"]
        assert parent is None or parent in prints


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(_DOCUMENT)
def test_a_json_round_trip_changes_no_finding(data: dict[str, Any]) -> None:
    report = _report(build_document(data))
    if not data["projects"]:
        return
    again = pipeline.load(dumps(report["document"]).encode(), name="x", limits=Limits())
    assert [f["fingerprint"] for f in _report(again)["findings"]] == [
        f["fingerprint"] for f in report["findings"]
    ]


def test_waiving_a_folded_finding_frees_the_score() -> None:
    rows = [
        {
            "level2": "数量指标",
            "name": f"改造管网第{i}段",
            "description": "按清单",
            "value": f"≥{i}公里",
            "basis": "行业标准",
        }
        for i in range(1, 8)
    ]
    document = build_document(
        {"projects": [{"name": "管网改造", "code": "C1", "budget": "10.00", "rows": rows}]}
    )
    before = pipeline.check(document, pipeline.CheckOptions())
    folded = next(
        item for item in before.findings if item.fold is not None and item.name == "unspecific-basis"
    )
    waiver = Waiver(fingerprint=folded.fingerprint, reason="已沟通", author="张某")
    after = pipeline.check(document, pipeline.CheckOptions(waivers=(waiver,)))
    assert folded.fingerprint not in {item.fingerprint for item in after.findings}
    assert after.scores[0].dimensions["可行性"] > before.scores[0].dimensions["可行性"]


def test_a_wrong_pack_is_asked_once_not_on_every_row() -> None:
    path = Path(__file__).resolve().parents[2] / "corpora" / "samples" / "sample.xlsx"
    document = pipeline.load(path.read_bytes(), name=path.name, limits=Limits())
    document = replace(document, projects=document.projects[:5])
    auto = pipeline.check(document, pipeline.CheckOptions())
    assert not [item for item in auto.findings if item.name == "unknown-category"]
    forced = pipeline.check(document, pipeline.CheckOptions(profile="cn2021"))
    (question,) = [item for item in forced.findings if item.name == "unknown-category"]
    assert question.severity is not Severity.ERROR
    assert question.location.path == "document"
    assert {project.scheme for project in forced.document.projects} == {"cn2021"}
    assert forced.manifest.profile_chain == ("base", "cn2021")


def test_a_rule_that_breaks_off_while_proposing_is_said_and_keeps_its_finding(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(self: Rule, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        raise KeyError(ctx.row.name.text)

    monkeypatch.setattr(all_rules()["BC301"].cls, "cures", broken)
    rows = [{"level2": "数量指标", "name": "完成河道清淤长度", "value": "≥12"}]
    report = pipeline.check(
        build_document({"projects": [{"name": "清淤", "rows": rows}]}), pipeline.CheckOptions()
    )
    (finding,) = [item for item in report.findings if item.code == "BC301"]
    (crash,) = [item for item in report.findings if item.code == "BC901"]
    assert finding.suggestions == ()
    assert crash.subcode == "BC301"
    assert "河道" not in dumps([item.text for item in crash.evidence]) + crash.message
    assert not report.complete


def test_the_manifest_names_everything_that_made_the_report() -> None:
    report = pipeline.check(build_document({"projects": [{"name": "甲"}]}), pipeline.CheckOptions())
    manifest = report.manifest
    assert {"lexicons/units.yml", "schemes/cn2015.yml", "mappings/portal.yml"} <= set(manifest.corpora)
    assert "BC301" in manifest.rules
    assert "BC512" not in manifest.rules, "off by default"
    assert len(manifest.ruleset_digest) == len(manifest.profile_digest) == 64
