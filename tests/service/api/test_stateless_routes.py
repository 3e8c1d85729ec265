"""Happy paths of the routes that compute, with the shipped samples."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft202012Validator

from service import pipeline
from service.api import schemas, schemas_report
from service.api.schemas_report import as_json
from service.row_checking import ABOUT_TABLES
from service.settings import Limits
from tests.service.api.asgi import Client
from tests.service.api.samples import DOCX, PROJECT, ROOT, ROW, XLSX, upload

BIAOCHI = [sys.executable, "-c", "from service.cli import main; main()"]


def cli(*args: str, stdin: bytes = b"") -> bytes:
    return subprocess.run([*BIAOCHI, *args], input=stdin, capture_output=True, cwd=ROOT, check=False).stdout


def body(value: Any) -> dict[str, Any]:
    return {
        "content": json.dumps(value, ensure_ascii=False).encode(),
        "headers": {"content-type": "application/json"},
    }


@pytest.mark.parametrize("path", [DOCX, XLSX], ids=lambda path: path.suffix)
def test_a_file_gets_the_report_of_the_command_line(client: Client, path: Any) -> None:
    answer = client.post("/v1/check", files=upload(path))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == cli("check", str(path), "--format", "json")


def test_a_profile_gets_the_report_of_the_command_line(client: Client) -> None:
    answer = client.post("/v1/check?profile=hebei", files=upload(DOCX))
    assert answer.content == cli("check", str(DOCX), "--format", "json", "--profile", "hebei")


def test_json_gets_the_report_of_the_command_line(client: Client) -> None:
    whole = client.post("/v1/check?suggest=false", files=upload(DOCX)).json()
    for value in (whole, whole["document"], PROJECT, {"projects": [PROJECT]}):
        sent = body(value)
        assert client.post("/v1/check", **sent).content == cli(
            "check", "-", "--format", "json", stdin=sent["content"]
        )


def test_a_single_project_is_the_same_as_a_document_of_one(client: Client) -> None:
    one, many = (client.post("/v1/check", **body(v)).json() for v in (PROJECT, {"projects": [PROJECT]}))
    assert one["document"] == many["document"]
    assert one["findings"] == many["findings"]
    assert one["document"]["projects"][0]["name"] == PROJECT["name"]


def test_reports_fit_the_published_shapes(client: Client) -> None:
    schema = json.loads((ROOT / "docs" / "report.schema.json").read_text("utf-8"))
    for path in (DOCX, XLSX):
        report = client.post("/v1/check", files=upload(path)).json()
        assert [error.message for error in Draft202012Validator(schema).iter_errors(report)] == []
        # Nothing of the report is missing in the models that describe it.
        assert as_json(schemas_report.Report.model_validate(report)) == report


def test_without_suggestions_only_they_are_missing(client: Client) -> None:
    full = client.post("/v1/check", files=upload(XLSX)).json()
    bare = client.post("/v1/check?suggest=false", files=upload(XLSX)).json()
    assert any(item["suggestions"] for item in full["findings"])
    assert not any(item["suggestions"] for item in bare["findings"])
    assert [item["fingerprint"] for item in full["findings"]] == [
        item["fingerprint"] for item in bare["findings"]
    ]


@pytest.mark.parametrize(
    ("fmt", "head", "kind"),
    [
        ("xlsx", b"PK", "spreadsheetml"),
        ("docx", b"PK", "wordprocessingml"),
        ("html", b"<!DOCTYPE", "text/html"),
    ],
)
def test_other_formats_are_the_files_of_the_command_line(
    client: Client, tmp_path: Any, fmt: str, head: bytes, kind: str
) -> None:
    answer = client.post(f"/v1/check?format={fmt}", files=upload(DOCX))
    assert answer.content[:9].lower().startswith(head.lower())
    assert kind in answer.headers["content-type"]
    cli("check", str(DOCX), "--format", fmt, "-o", f"{tmp_path}/")
    made = next(item for item in tmp_path.iterdir() if "批注" not in item.name)
    name = unquote(answer.headers["content-disposition"].split("''")[1])
    assert name == made.name
    if fmt == "html":
        assert answer.content == made.read_bytes()
        assert "sandbox" in answer.headers["content-security-policy"]
    else:
        assert zipfile.ZipFile(io.BytesIO(answer.content)).testzip() is None


def test_the_annotated_copy_is_the_original_with_comments(client: Client) -> None:
    answer = client.post("/v1/check?format=docx&annotated=true", files=upload(DOCX))
    assert "comments.xml" in " ".join(zipfile.ZipFile(io.BytesIO(answer.content)).namelist())
    assert unquote(answer.headers["content-disposition"]).endswith("sample_批注.docx")


def test_parse_says_what_the_command_line_says(client: Client) -> None:
    answer = client.post("/v1/parse", files=upload(DOCX))
    assert answer.json() == json.loads(cli("parse", str(DOCX)))
    assert as_json(schemas_report.ParsedDocument.model_validate(answer.json())) == answer.json()


def test_one_row_alone(client: Client) -> None:
    found = client.post("/v1/check/row", json={"row": ROW}).json()
    assert as_json(schemas.RowAnswer.model_validate(found)) == found
    assert found["path"] == "projects[0].rows[0]"
    assert found["scheme"] == "cn2015"
    assert "unit-missing" in {item["name"] for item in found["findings"]}
    assert not any(item["suggestions"] for item in found["findings"])
    assert found["classification"]["label"] == "质量指标"


def test_one_row_with_a_suggestion(client: Client) -> None:
    found = client.post("/v1/check/row?suggest=true", json={"row": ROW}).json()
    finding = next(item for item in found["findings"] if item["name"] == "unit-missing")
    assert finding["suggestions"][0]["edits"][0]["new"] == "≥95%"


def test_one_row_in_its_project_says_what_the_whole_check_says_of_it(client: Client) -> None:
    twice = {**PROJECT, "rows": [*PROJECT["rows"], dict(ROW)]}
    others = {**PROJECT, "rows": PROJECT["rows"]}
    found = client.post("/v1/check/row", json={"row": ROW, "project": others}).json()
    assert found["path"] == "projects[0].rows[2]"
    single = pipeline.check(
        pipeline.load(json.dumps({"projects": [twice]}).encode(), name=None, limits=Limits()),
        pipeline.CheckOptions(suggest=False),
    )
    expected = {
        item.code
        for item in single.findings
        if item.name not in ABOUT_TABLES
        and any(place.path.startswith(found["path"]) for place in (item.location, *item.related))
    }
    assert {item["code"] for item in found["findings"]} == expected
    assert "duplicate-indicator" in {item["name"] for item in found["findings"]}


def test_the_place_of_a_row_among_the_others(client: Client) -> None:
    request = {"row": {**ROW, "value": "≥95%"}, "project": PROJECT}
    paths = [
        client.post("/v1/check/row", json={**request, "position": place}).json()["path"]
        for place in (0, 1, 99, None)
    ]
    assert paths == [f"projects[0].rows[{k}]" for k in (0, 1, 2, 2)]


def test_a_long_row_goes_to_a_worker_and_gets_the_same_answer(client: Client) -> None:
    long = {**ROW, "description": "考核合格人数占参训人数的比例，" * 30}
    found = client.post("/v1/check/row", json={"row": long}).json()
    assert "unit-missing" in {item["name"] for item in found["findings"]}


def test_an_empty_row_has_no_class(client: Client) -> None:
    assert client.post("/v1/check/row", json={"row": {"name": ""}}).json()["classification"] is None


def test_classify_keeps_order_and_ids(client: Client) -> None:
    items = [
        {"id": "甲", "name": "设备维修及时率", "value": "≥95%"},
        {"id": 2, "name": "培训人次"},
        {"name": "群众满意度"},
    ]
    answer = client.post("/v1/classify", json={"items": items})
    assert as_json(schemas.ClassifyAnswer.model_validate(answer.json())) == answer.json()
    lines = "\n".join(json.dumps(item) for item in items).encode()
    assert answer.json()["items"] == [json.loads(line) for line in cli("classify", stdin=lines).splitlines()]
    assert [item["id"] for item in answer.json()["items"]] == ["甲", 2, None]


def test_classify_by_the_other_scheme(client: Client) -> None:
    request = {"items": [{"name": "碳排放成本"}, {"name": "群众满意度"}], "scheme": "cn2021"}
    assert len(client.post("/v1/classify", json=request).json()["items"]) == 2


def test_a_thousand_items(client: Client) -> None:
    request = {"items": [{"id": k, "name": f"培训人次{k % 7}"} for k in range(1000)]}
    assert [item["id"] for item in client.post("/v1/classify", json=request).json()["items"]] == list(
        range(1000)
    )


def test_suggest_says_what_the_command_line_says(client: Client) -> None:
    request = {"project": {"name": "农村公路养护补助"}, "category": "成本", "limit": 3}
    answer = client.post("/v1/suggest", json=request).json()
    assert as_json(schemas.SuggestAnswer.model_validate(answer)) == answer
    printed = cli("suggest", "农村公路养护补助", "--class", "成本", "--limit", "3", "--format", "json")
    assert answer["suggestions"] == json.loads(printed)
    assert answer["fields"]


def test_preview_takes_a_suggestion(client: Client) -> None:
    before = client.post("/v1/check", **body(PROJECT)).json()
    finding = next(item for item in before["findings"] if item["name"] == "unit-missing")
    request = {"document": before["document"], "choices": [{"suggestion": finding["suggestions"][0]}]}
    after = client.post("/v1/preview", json=request).json()
    assert after["schema"] == "biaochi.report/v1"
    assert after["document"]["projects"][0]["rows"][0]["value"] == "≥95%"
    assert "unit-missing" not in {item["name"] for item in after["findings"]}


def test_preview_fills_blanks(client: Client) -> None:
    suggestion = {
        "title": "写明指标值",
        "rationale": "",
        "edits": [{"path": "projects[0].rows[0].value", "old": "≥95", "new": "≥〔待填：计划数〕%"}],
        "slots": [{"name": "value", "prompt": "计划数", "kind": "number"}],
        "applicability": "confirm",
        "verification": "needs_input",
    }
    choice = {"suggestion": suggestion, "values": {"value": "96"}}
    after = client.post("/v1/preview", json={"document": {"projects": [PROJECT]}, "choices": [choice]}).json()
    assert after["document"]["projects"][0]["rows"][0]["value"] == "≥96%"


def test_preview_takes_rows_whose_keys_come_in_another_order(client: Client) -> None:
    row = PROJECT["rows"][1]
    suggestion = {
        "title": "删除",
        "rationale": "",
        "edits": [
            {"path": "projects[0].rows[1]", "old": dict(sorted(row.items(), reverse=True)), "new": None},
        ],
        "slots": [],
        "applicability": "confirm",
        "verification": "verified",
    }
    request = {"document": {"projects": [PROJECT]}, "choices": [{"suggestion": suggestion}]}
    assert len(client.post("/v1/preview", json=request).json()["document"]["projects"][0]["rows"]) == 1


def test_fix_takes_everything_that_needs_no_input(client: Client) -> None:
    first = client.post("/v1/fix", files=upload(DOCX)).json()
    assert as_json(schemas.FixAnswer.model_validate(first)) == first
    assert first["edits"]
    assert sum(first["after"].values()) < sum(first["before"].values())
    again = client.post("/v1/fix", **body(first["document"])).json()
    assert again["edits"] == []


def test_fix_only_what_is_safe_changes_less(client: Client) -> None:
    counts = [
        len(client.post(f"/v1/fix?only={only}", files=upload(DOCX)).json()["edits"])
        for only in ("safe", "verified")
    ]
    assert counts[0] < counts[1]


def test_fix_writes_the_original_and_the_list(client: Client, tmp_path: Any) -> None:
    answer = client.post("/v1/fix?format=original", files=upload(DOCX))
    cli("fix", str(DOCX), "-o", str(tmp_path / "改.docx"))
    assert answer.content == (tmp_path / "改.docx").read_bytes()
    assert unquote(answer.headers["content-disposition"]).endswith("sample_修改后.docx")
    listing = client.post("/v1/fix?format=list", files=upload(DOCX))
    assert listing.content[:2] == b"PK"
