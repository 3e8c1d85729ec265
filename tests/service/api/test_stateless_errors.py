"""Every way to be refused: a stable type, Chinese words, nothing of what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.api import errors
from service.api.errors import KINDS, Fault, problem_of, scrubbed
from service.auth.errors import IdentityUnavailable, TooMany, Unauthenticated
from service.errors import InputError, MissingTool, SettingsError
from service.jobs.errors import NoSuchJob
from tests.service.api.asgi import Client
from tests.service.api.samples import PROJECT, ROW, problem

CANARY = "机密工程甲乙丙"
JSON = {"content-type": "application/json"}
POSTS = ("check", "check/row", "parse", "classify", "suggest", "preview", "fix")


def send(client: Client, path: str, value: Any, **values: Any) -> Any:
    content = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return client.post(f"/v1/{path}", content=content, headers=JSON, **values)


# --- kinds ------------------------------------------------------------------------------------------------------------


def test_slugs_are_unique_and_well_formed() -> None:
    assert len(KINDS) == len(errors._KINDS)
    for kind in KINDS.values():
        assert kind.type == f"urn:biaochi:problem:{kind.slug}"
        assert kind.slug.replace("-", "").isalpha()
        assert 400 <= kind.status < 600


def test_no_slug_ever_goes_away() -> None:
    known = (
        "bad-request unauthenticated forbidden csrf department-refused not-found unknown-key no-such-job "
        "method-not-allowed upload-timeout conflict idempotency-conflict precondition-failed too-large "
        "unsupported-media-type unsupported-format missing-tool invalid-request unusable-input empty-input "
        "damaged-input encrypted-input no-table unusable-edit bad-key bad-value bad-cursor unusable-batch "
        "webhook-refused too-many-requests internal overloaded overdue interrupted unready identity-unavailable"
    )
    assert set(known.split()) <= set(KINDS)


def test_errors_of_other_parts_become_problems() -> None:
    found = {
        error: (problem.kind.slug, problem.kind.status)
        for error in (
            Unauthenticated("请提供密钥"),
            TooMany("请稍后重试", headers={"Retry-After": "7"}),
            IdentityUnavailable("请稍后重试"),
            NoSuchJob("没有该批次"),
            MissingTool("需要 LibreOffice"),
            InputError("不可用"),
            SettingsError("配置有误"),
            RuntimeError("secret"),
        )
        if (problem := problem_of(error))
    }
    assert list(found.values()) == [
        ("unauthenticated", 401),
        ("too-many-requests", 429),
        ("identity-unavailable", 503),
        ("no-such-job", 404),
        ("missing-tool", 415),
        ("unusable-input", 422),
        ("internal", 500),
        ("internal", 500),
    ]
    assert problem_of(TooMany("请稍后重试", headers={"Retry-After": "7"})).headers == {"Retry-After": "7"}
    for error in (RuntimeError("secret"), SettingsError("rules/x.yml:3 secret")):
        assert "secret" not in problem_of(error).detail


def test_what_messages_quote_is_left_out() -> None:
    assert scrubbed("JSON 中「机密」超过\n3 行") == "JSON 中「…」超过 3 行"
    assert scrubbed("JSON 中 projects[0].extra.机密列 应为文字") == "JSON 中 projects[0].extra 应为文字"


def test_faults_name_only_our_own_words() -> None:
    found = errors.faults_of(
        [
            {"type": "missing", "loc": ("items", 0, "name")},
            {"type": "string_type", "loc": ("items", 0, CANARY)},
            {"type": "extra_forbidden", "loc": ("row", CANARY)},
            {"type": "too_long", "loc": ("items",), "ctx": {"max_length": 1000}},
            {"type": "something_new", "loc": ("limit",)},
        ],
        frozenset({"items", "name", "row", "limit"}),
    )
    assert found == (
        Fault("items[0].name", "缺少此项"),
        Fault("items[0]", "应为文字"),
        Fault("row", "含有约定之外的项，请核对名称"),
        Fault("items", "不能多于 1000 项"),
        Fault("limit", "不符合约定，请核对类型与取值"),
    )


# --- addresses, methods, kinds of content -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/", "/v1/check/", "/v1/nope", "/v2/check", "/v1/../etc/passwd", "/docs", "/%00"]
)
def test_unknown_addresses(client: Client, path: str) -> None:
    problem(client.get(path), 404, "not-found")


def test_wrong_methods(client: Client) -> None:
    answer = client.get("/v1/check")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "POST"
    problem(client.request("DELETE", "/v1/rules"), 405, "method-not-allowed")
    problem(client.request("NONSENSE", "/v1/rules"), 405, "method-not-allowed")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "kind", [None, "", "text/plain", "application/xml", "json", "multipart/x", "*/*", "\x01"]
)
def test_wrong_content_types(client: Client, path: str, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    problem(client.post(f"/v1/{path}", content=b"{}", headers=headers), 415, "unsupported-media-type")


@pytest.mark.parametrize("path", ["classify", "suggest", "preview", "check/row"])
def test_forms_where_only_json_is_read(client: Client, path: str) -> None:
    problem(client.post(f"/v1/{path}", files={"file": ("a.json", b"{}")}), 415, "unsupported-media-type")


def test_other_names_of_json(client: Client) -> None:
    for kind in ("application/json; charset=utf-8", "APPLICATION/JSON", "application/vnd.x+json"):
        answer = client.post("/v1/check/row", content=b'{"row": {}}', headers={"content-type": kind})
        assert answer.status_code == 200


# --- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "profile=nope", "profile=", "profile=../rules/profiles/base", "profile=%2Fetc%2Fpasswd.yml",
        f"profile={CANARY}", "suggest=maybe", f"suggest={CANARY}", "format=pdf", "format=text", "annotated=2",
    ],
)  # fmt: skip
def test_wrong_queries(client: Client, query: str) -> None:
    body = problem(send(client, f"check?{query}", PROJECT), 422, "invalid-request")
    assert body["errors"][0]["path"] == f"query.{query.split('=')[0]}"
    assert CANARY not in json.dumps(body, ensure_ascii=False)


def test_no_profile_of_a_file(client: Client, tmp_path: Any) -> None:
    file = tmp_path / "own.yml"
    file.write_text("id: own\nextends: base\n", encoding="utf-8")
    problem(send(client, f"check?profile={file}", PROJECT), 422, "invalid-request")


def test_unknown_rules_and_profiles(client: Client) -> None:
    for path in (
        "rules/BC000",
        f"rules/{CANARY}",
        "rules/..%2f..%2fetc",
        "profiles/nope",
        "profiles/base.yml",
    ):
        body = problem(client.get(f"/v1/{path}"), 404, "not-found")
        assert CANARY not in json.dumps(body, ensure_ascii=False)


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "content",
    [
        b"", b" ", b"{", b"nonsense", b"\xff\xfe\x00", b'{"a": NaN}', b'{"row": Infinity}', b'{"a": 1, "a": 2}',
        b"[" * 100_000, b'{"a":' * 100_000, b"9" * 100_000, b'{"row": ' + b"1" * 5000 + b"}", b"\x00", b"null",
        b"true", b"0", b'"text"', b"[]", b"{}", b'{"row": 1e999}',
    ],
    ids=lambda value: repr(value[:10]),
)  # fmt: skip
def test_bodies_that_are_no_json_or_not_ours(client: Client, path: str, content: bytes) -> None:
    answer = send(client, path, content)
    assert answer.json()["type"].rsplit(":", 1)[1] in (
        "damaged-input",
        "invalid-request",
        "no-table",
        "too-large",
        "empty-input",
    )
    problem(answer, answer.status_code, answer.json()["type"].rsplit(":", 1)[1])
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        ("check/row", {}, "row"),
        ("check/row", {"row": []}, "row"),
        ("check/row", {"row": {"name": True}}, "row.name"),
        ("check/row", {"row": {"name": {}}}, "row.name"),
        ("check/row", {"row": {}, "position": "1"}, "position"),
        ("check/row", {"row": {}, "position": -1}, "position"),
        ("check/row", {"row": {}, "position": True}, "position"),
        ("check/row", {"row": {}, "project": {"goals": "一"}}, "project.goals"),
        ("check/row", {"row": {}, "project": {"budget": {"unit": CANARY}}}, "project.budget.unit"),
        ("check/row", {"row": {}, CANARY: 1}, ""),
        ("classify", {"items": []}, "items"),
        ("classify", {"items": [{"name": " "}]}, "items[0].name"),
        ("classify", {"items": [{"name": "a"}] * 1001}, "items"),
        ("classify", {"items": [{"name": "a" * 4001}]}, "items[0].name"),
        ("classify", {"items": [{"name": "甲", "valu": "5"}]}, "items[0]"),
        ("classify", {"items": [{"name": "甲", "id": {}}]}, "items[0].id"),
        ("classify", {"items": [{"name": "甲"}], "scheme": CANARY}, "scheme"),
        ("suggest", {"project": {"name": "甲"}, "limit": 51}, "limit"),
        ("suggest", {"project": {"name": "甲"}, "limit": 1.5}, "limit"),
        ("suggest", {"project": CANARY}, "project"),
        ("preview", {"document": {"projects": []}, "choices": []}, "document.projects"),
        ("preview", {"document": {"projects": [PROJECT]}, "choices": [{}]}, "choices[0].suggestion"),
    ],
)
def test_wrong_shapes_name_the_place(client: Client, path: str, value: Any, place: str) -> None:
    body = problem(send(client, path, value), 422, "invalid-request")
    assert place in {item["path"] for item in body["errors"]}
    assert CANARY not in json.dumps(body, ensure_ascii=False)


@pytest.mark.parametrize(
    "value",
    [
        {"projects": [{"rows": CANARY}]},
        {"projects": [{"rows": [{"extra": {CANARY: []}}]}]},
        {"projects": [{"rows": [{"raw": {CANARY: {}}, "name": {CANARY: 1}}]}]},
        {"projects": [{"budget": {"unit": CANARY}}]},
        {"projects": [{"plan": [CANARY]}]},
        {"projects": [{"goals": {CANARY: 1}}]},
        {"projects": [[CANARY]]},
        {"projects": {CANARY: 1}},
        {"document": {"projects": CANARY}},
        {"year": CANARY, "projects": [PROJECT]},
        f'{{"{CANARY}": 1, "{CANARY}": 2}}'.encode(),
        f'{{"{CANARY}'.encode(),
        [CANARY],
        {CANARY: [CANARY]},
        {"PRO_NAME": CANARY, "rows": CANARY},
    ],
)
def test_wrong_documents_repeat_nothing(client: Client, value: Any) -> None:
    for path in ("check", "parse", "fix"):
        answer = send(client, path, value)
        assert answer.status_code == 422
        assert CANARY not in answer.text
        assert CANARY not in json.dumps(answer.json(), ensure_ascii=False)


def test_an_unknown_class_says_which_there_are(client: Client) -> None:
    body = problem(
        send(client, "suggest", {"project": {"name": "甲"}, "category": CANARY}), 422, "invalid-request"
    )
    assert "社会效益指标" in body["detail"]
    assert CANARY not in body["detail"]
    other = {"project": {"name": "甲", "scheme": CANARY}}
    assert CANARY not in problem(send(client, "suggest", other), 422, "invalid-request")["detail"]


# --- suggestions ------------------------------------------------------------------------------------------------------


def suggestion(*edits: dict[str, Any], slots: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {
        "title": "改",
        "rationale": "",
        "edits": list(edits),
        "slots": list(slots),
        "applicability": "confirm",
        "verification": "verified",
    }


SLOT = {"name": "value", "prompt": CANARY, "kind": "number"}
EDIT = {"path": "projects[0].rows[0].value", "old": "≥95", "new": "≥96%"}


@pytest.mark.parametrize(
    ("choices", "words"),
    [
        ([{"suggestion": suggestion({**EDIT, "old": CANARY})}], "重新检查"),
        ([{"suggestion": suggestion(EDIT)}] * 2, "只采用其中一条"),
        ([{"suggestion": suggestion(EDIT, EDIT)}], "只保留一处"),
        ([{"suggestion": suggestion({**EDIT, "path": f"projects[0].rows[0].{CANARY}"})}], "errors"),
        ([{"suggestion": suggestion({**EDIT, "path": "projects[0].rows[0].nope"})}], "核对路径"),
        ([{"suggestion": suggestion({**EDIT, "path": "projects[7].rows[0].value"})}], "核对路径"),
        (
            [{"suggestion": suggestion({**EDIT, "path": "projects[999999999999999999].rows[0].value"})}],
            "errors",
        ),
        ([{"suggestion": suggestion({**EDIT, "path": "department.items[0]"})}], "errors"),
        ([{"suggestion": suggestion({**EDIT, "path": "projects[0].rows[0].__class__"})}], "errors"),
        (
            [{"suggestion": suggestion({"path": "projects[0].rows[9]", "old": None, "new": {CANARY: "1"}})}],
            "errors",
        ),
        ([{"suggestion": suggestion({**EDIT, "new": f"〔待填：{CANARY}〕"})}], "填写"),
        ([{"suggestion": suggestion(EDIT, slots=(SLOT,))}], "errors"),
        ([{"suggestion": suggestion(EDIT, slots=(SLOT,)), "values": {"value": CANARY}}], "errors"),
        ([{"suggestion": suggestion(EDIT), "values": {CANARY: "1"}}], "errors"),
    ],
)
def test_suggestions_that_cannot_be_taken(client: Client, choices: Any, words: str) -> None:
    answer = send(client, "preview", {"document": {"projects": [PROJECT]}, "choices": choices})
    body = problem(answer, 422, "unusable-edit")
    assert words in body["detail"]
    assert CANARY not in json.dumps(body, ensure_ascii=False)


def test_copies_that_cannot_be_made(client: Client) -> None:
    problem(send(client, "check?format=docx&annotated=true", PROJECT), 422, "unusable-input")
    problem(send(client, "fix?format=original", PROJECT), 422, "unusable-input")


# --- request ids and headers ------------------------------------------------------------------------------------------


def test_a_safe_request_id_is_kept(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "portal-7_3.a"})
    assert answer.headers["x-request-id"] == "portal-7_3.a"


@pytest.mark.parametrize(
    "sent",
    ["", " ", "a b", "a\tb", "x" * 65, "<script>", "a;b", '"', "%0d%0aSet-Cookie:x", "é".encode("latin-1")],
)
def test_an_unsafe_request_id_is_replaced(client: Client, sent: Any) -> None:
    found = client.get("/nope", headers={"X-Request-ID": sent}).headers["x-request-id"]
    assert len(found) == 32
    assert found.isalnum()


def test_every_answer_has_the_headers_of_safety(client: Client) -> None:
    for answer in (
        client.get("/healthz"),
        client.get("/nope"),
        client.get("/v1/check"),
        client.get("/v1/rules"),
        send(client, "check/row", {"row": ROW}),
    ):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "server" not in answer.headers
        assert "access-control-allow-origin" not in answer.headers
    assert send(client, "check/row", {"row": ROW}).headers["cache-control"] == "no-store"
