"""Rules, profiles, limits, manifest, health; the published description and the documentation."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest

from models.records.document import ROW_FIELDS
from rules.engine.profile import profile_names
from rules.engine.registry import all_rules
from service import pipeline
from service.api import schemas
from service.api import schemas_reference as shown
from service.api.deps import identify_local
from service.api.openapi import render
from service.api.schemas_report import as_json
from service.app import create_app
from service.settings import Limits, ServerSettings, server_from
from tests.service.api.asgi import Client, running
from tests.service.api.samples import DOCX, ROOT, problem

STATIC = ("rules", "rules/BC301", "profiles", "profiles/hebei", "limits", "manifest")
MODELS = (
    shown.RuleList,
    shown.RulePage,
    shown.ProfileList,
    shown.ProfilePage,
    shown.Limits,
    shown.ServiceManifest,
)


@pytest.mark.parametrize(("path", "model"), list(zip(STATIC, MODELS, strict=True)))
def test_static_answers_fit_their_models_and_carry_a_tag(client: Client, path: str, model: Any) -> None:
    answer = client.get(f"/v1/{path}")
    assert answer.status_code == 200
    assert as_json(model.model_validate(answer.json())) == answer.json()
    tag = answer.headers["etag"]
    assert re.fullmatch(r'"[0-9a-f]{32}"', tag)
    assert answer.headers["cache-control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = client.get(f"/v1/{path}", headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    for other in ('"x"', "", tag[1:-1], '"' * 1000):
        assert client.get(f"/v1/{path}", headers={"If-None-Match": other}).status_code == 200


def test_every_rule_has_its_page(client: Client) -> None:
    listed = [item["code"] for item in client.get("/v1/rules").json()["rules"]]
    assert listed == list(all_rules())
    for code in listed:
        page = client.get(f"/v1/rules/{code}").json()
        assert {"为什么", "反例", "正例", "依据"} <= set(page["sections"])
        assert page["bad"] or page["grain"] == "检查过程"
        assert page["markdown"].startswith(f"# {code}")


@pytest.mark.parametrize("name", ["unit-missing", "bc301", "%20BC301"])
def test_other_names_lead_to_the_code(client: Client, name: str) -> None:
    answer = client.get(f"/v1/rules/{name}")
    assert (answer.status_code, answer.headers["location"]) == (308, "BC301")


def test_the_host_header_does_not_decide_where_a_redirect_leads(client: Client) -> None:
    problem(client.get("/v1/rules/unit-missing", headers={"Host": "evil.example"}), 403, "forbidden")
    app = create_app(ServerSettings())
    app.state.identify = identify_local
    with running(app) as known:
        answer = known.get("/v1/rules/unit-missing", headers={"Host": "evil.example"})
    assert "evil" not in answer.headers["location"]


def test_aliases_lead_to_the_code(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(all_rules()["BC301"].cls, "aliases", ("no-unit",))
    assert client.get("/v1/rules/no-unit").headers["location"] == "BC301"


def test_profiles_say_who_set_what(client: Client) -> None:
    page = client.get("/v1/profiles/hebei").json()
    assert page["chain"] == ["base", "cn2015", "hebei"]
    assert page["scheme"]["where"].startswith("rules/profiles/")
    assert page["ruleset_digest"] == pipeline.ruleset_for("hebei").digest
    assert [rule["code"] for rule in page["rules"]] == list(all_rules())
    assert all(rule["severity"]["value"] in ("error", "warning", "info") for rule in page["rules"])
    assert [item["name"] for item in client.get("/v1/profiles").json()["profiles"]] == list(profile_names())


def test_the_manifest_matches_the_reports(client: Client) -> None:
    found = client.get("/v1/manifest").json()
    report = pipeline.check_bytes(
        DOCX.read_bytes(), name=DOCX.name, options=pipeline.CheckOptions(), limits=Limits()
    )
    base = next(item for item in found["profiles"] if item["name"] == "base")
    assert base["ruleset_digest"] == report.manifest.ruleset_digest
    assert found["corpora"] == dict(report.manifest.corpora)
    assert found["tool"] == report.manifest.tool
    assert found["models"][0]["sha256"] == report.manifest.models[0].sha256


def test_limits_are_those_of_the_settings() -> None:
    settings = ServerSettings(max_body_bytes=4096, request_seconds=5.0, limits=Limits(max_rows=7))
    with running(create_app(settings)) as client:
        found = client.get("/v1/limits").json()
    assert (found["max_body_bytes"], found["max_rows"], found["request_seconds"]) == (4096, 7, 5.0)
    # A conversion must end before its process is ended.
    assert found["convert_seconds"] == 3
    assert {item.name for item in fields(Limits)} <= set(found)
    assert found["max_classify_items"] == schemas.MOST_ITEMS


def test_health(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ready", "checks": {"workers": "ok", "store": "ok"}}


def test_ready_only_when_every_part_is() -> None:
    app = create_app(ServerSettings())

    async def broken() -> bool:
        return False

    with running(app) as client:
        app.state.checks["store"] = broken
        answer = client.get("/readyz")
        assert "store" in problem(answer, 503, "unready")["detail"]
        assert answer.headers["retry-after"]


def test_nothing_is_answered_before_everything_is_loaded() -> None:
    import httpx

    from tests.service.api.samples import PROJECT

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(create_app(ServerSettings()))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as cold:
            return [await cold.get("/readyz"), await cold.post("/v1/check", json=PROJECT)]

    import asyncio

    for answer in asyncio.run(ask()):
        problem(answer, 503, "unready")


# --- the published description ----------------------------------------------------------------------------------------


def test_the_published_description_is_the_one_in_the_project(client: Client) -> None:
    kept = (ROOT / "openapi.json").read_text("utf-8")
    assert render() == kept, "接口有变化：确认后运行 make docs 更新 openapi.json，并写入 CHANGELOG.md"
    assert client.get("/v1/openapi.json").json() == json.loads(kept)


def test_every_route_says_what_it_does_in_chinese() -> None:
    document = json.loads(render())
    for path, item in document["paths"].items():
        for operation in item.values():
            assert re.search("[一-鿿]", operation["summary"]), path
            assert re.search("[一-鿿]", operation["description"]), path
            assert {"500", "503"} <= set(operation["responses"])
            assert "HTTPValidationError" not in json.dumps(operation)
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_references_lead_somewhere() -> None:
    document = json.loads(render())
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))):
        part: Any = document
        for step in reference.split("/"):
            part = part[step]


def test_examples_of_requests_are_answered(client: Client) -> None:
    paths = {
        "RowRequest": "check/row",
        "ClassifyRequest": "classify",
        "SuggestRequest": "suggest",
        "ProjectIn": "check",
    }
    known = json.loads(render())["components"]["schemas"]
    for model, path in paths.items():
        for example in known[model]["examples"]:
            assert client.post(f"/v1/{path}", json=example).status_code == 200


def test_rows_have_the_fields_of_the_contract() -> None:
    assert tuple(schemas.RowIn.model_fields) == ROW_FIELDS


# --- settings ---------------------------------------------------------------------------------------------------------


def test_settings_come_from_the_environment() -> None:
    found = server_from(
        {
            "BIAOCHI_HOST": "0.0.0.0",
            "BIAOCHI_PORT": "9000",
            "BIAOCHI_DATA": "/srv/biaochi",
            "BIAOCHI_PROCESSES": "3",
            "BIAOCHI_MAX_CONCURRENCY": "5",
            "BIAOCHI_MAX_BODY_BYTES": "4096",
            "BIAOCHI_REQUEST_SECONDS": "2.5",
            "BIAOCHI_UPLOAD_SECONDS": "7",
            "BIAOCHI_SHUTDOWN_SECONDS": "9",
            "BIAOCHI_CORS_ORIGINS": "https://a.example, http://b.example:8080",
            "BIAOCHI_MAX_BYTES": "1000",
        }
    )
    assert (found.host, found.port, found.processes, found.max_concurrency) == ("0.0.0.0", 9000, 3, 5)
    assert (found.max_body_bytes, found.request_seconds, found.upload_seconds) == (4096, 2.5, 7.0)
    assert found.shutdown_seconds == 9
    assert found.cors_origins == ("https://a.example", "http://b.example:8080")
    assert found.database_url == "sqlite:////srv/biaochi/biaochi.db"
    assert found.limits.max_bytes == 1000
    secret = server_from({"BIAOCHI_DATABASE": "postgresql://u:geheim@h/d"})
    assert secret.database_url == "postgresql://u:geheim@h/d"
    assert "geheim" not in repr(secret)
    assert server_from({}).processes >= 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"), ("PORT", "-1"), ("PORT", "八千"), ("PROCESSES", "1.5"), ("MAX_CONCURRENCY", "0"),
        ("REQUEST_SECONDS", "0"), ("REQUEST_SECONDS", "nan"), ("UPLOAD_SECONDS", "bald"),
        ("MAX_BODY_BYTES", "9" * 30), ("CORS_ORIGINS", "*"), ("CORS_ORIGINS", "https://a.example/path"),
        ("CORS_ORIGINS", "https://u:p@a.example"), ("CORS_ORIGINS", "https://a.example:0"), ("MAX_BYTES", "x"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_used(name: str, value: str) -> None:
    from service.errors import SettingsError

    with pytest.raises(SettingsError, match=f"BIAOCHI_{name}"):
        server_from({f"BIAOCHI_{name}": value})


def test_every_setting_and_route_is_documented() -> None:
    text = (ROOT / "docs" / "service.md").read_text("utf-8")
    own = [item.name for item in fields(ServerSettings) if item.name != "limits"]
    assert [name for name in own if f"BIAOCHI_{name.upper()}" not in text] == []
    paths = list(json.loads(render())["paths"])
    assert [path for path in paths if f"`{path}`" not in text] == []
