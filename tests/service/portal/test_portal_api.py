"""The routes of the portal: who may, whose batches, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from service.auth.roles import RIGHTS, ROLES, Role
from service.portal import schemas
from service.settings import ServerSettings
from service.store.engine import Store
from service.store.tables import Audit
from tests.service.api.asgi import Client, running
from tests.service.auth.auth_tools import bearer
from tests.service.portal.portal_tools import Service, encoded, message, record, service

JSON = {"Content-Type": "application/json"}
BASE = "/v1/portal"


@pytest.fixture
def found(store: Store) -> Service:
    return service(store)


@pytest.fixture
def client(found: Service) -> Iterator[Client]:
    with running(found.app) as client:
        yield client


def post(client: Client, path: str, value: Any, key: str, **given: Any) -> httpx.Response:
    return client.post(
        BASE + path,
        content=encoded(value),
        headers={**JSON, **bearer(key), **given.pop("headers", {})},
        **given,
    )


def submitted(client: Client, key: str, *projects: Any, **given: Any) -> str:
    answer = post(client, "/batches", {"projects": list(projects) or [message()], **given}, key)
    assert answer.status_code == 202, answer.text
    schemas.Submitted.model_validate(answer.json())
    job: str = answer.json()["job"]
    assert answer.headers["Location"] == f"{BASE}/batches/{job}"
    return job


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["type"] == f"urn:biaochi:problem:{slug}"
    return found


def calls(job: str) -> list[tuple[str, str, Any]]:
    return [
        ("POST", "/check", message()),
        ("POST", "/batches", {"projects": [message()], "department": "教育局"}),
        ("GET", f"/batches/{job}", None),
        ("GET", f"/batches/{job}/results", None),
        ("GET", "/webhook", None),
        ("POST", f"/batches/{job}/withdraw", None),
    ]


@pytest.mark.parametrize("role", ROLES)
def test_every_route_for_every_role(found: Service, client: Client, role: Role) -> None:
    job = submitted(client, found.key("portal"))
    key = found.key(role)
    for method, path, value in calls(job):
        content = {} if value is None else {"content": encoded(value)}
        answer = client.request(method, BASE + path, headers={**JSON, **bearer(key)}, **content)
        assert (answer.status_code < 300) == (role in RIGHTS["portal"]), (path, answer.text)
        bare = client.request(method, BASE + path, headers=JSON, **content)
        problem(bare, 401, "unauthenticated")


def test_another_departments_batches_do_not_exist(found: Service, client: Client) -> None:
    job = submitted(client, found.key("portal", "教育局"))
    stranger = found.key("portal", "卫健局")
    for method, path, _ in calls(job):
        if job in path:
            answer = client.request(method, BASE + path, headers=bearer(stranger))
            problem(answer, 404, "no-such-job")
    refused = post(client, "/batches", {"projects": [message()], "department": "教育局"}, stranger)
    problem(refused, 403, "forbidden")
    problem(post(client, "/check?department=教育局", message(), stranger), 403, "forbidden")
    assert post(client, "/check?department=卫健局", message(), stranger).status_code == 200
    # A colleague of the department may look, an administrator of all may too.
    for key in (found.key("portal", "教育局", "卫健局"), found.key("administrator")):
        assert client.get(f"{BASE}/batches/{job}", headers=bearer(key)).status_code == 200


def test_a_key_of_several_departments_says_which(found: Service, client: Client) -> None:
    key = found.key("portal", "教育局", "卫健局")
    refused = problem(post(client, "/batches", {"projects": [message()]}, key), 422, "invalid-request")
    assert refused["errors"] == [{"path": "department", "detail": "缺少此项"}]
    submitted(client, key, department="卫健局")
    submitted(client, found.key("administrator"))


def test_units_of_other_departments(
    found: Service, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.yml"
    path.write_text('extends: portal\ndepartments: {"406001": 住建局, 某县医院: 卫健局}\n', encoding="utf-8")
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(path))
    key = found.key("portal", "卫健局")
    problem(post(client, "/check", message(), key), 403, "department-refused")
    problem(post(client, "/check", [record()], key), 403, "department-refused")
    own = message(单位代码="407001", 单位名称="某县医院")
    assert post(client, "/check", own, key).status_code == 200
    refused = problem(
        post(client, "/batches", {"projects": [own, message()]}, key), 403, "department-refused"
    )
    assert refused["errors"] == [{"path": "projects[1]", "detail": "单位属于其他部门"}]
    submitted(client, key, own)
    assert post(client, "/check", message(), found.key("portal", "住建局")).status_code == 200


def test_results_come_in_pages_and_in_order(found: Service, client: Client) -> None:
    key = found.key()
    job = submitted(client, key, *(message(项目代码=f"c{k}") for k in range(5)), {"data": [record()]})
    found.work()
    progress = client.get(f"{BASE}/batches/{job}", headers=bearer(key)).json()
    schemas.PortalProgress.model_validate(progress)
    assert (progress["state"], progress["finished"]) == ("done", 6)
    keys: list[str] = []
    after = -1
    while after is not None:
        page = client.get(
            f"{BASE}/batches/{job}/results", params={"after": after, "limit": 4}, headers=bearer(key)
        ).json()
        schemas.PortalItems.model_validate(page)
        keys += [item["key"] for item in page["items"]]
        after = page["next_after"]
    assert keys == ["c0", "c1", "c2", "c3", "c4", "m1"]


def test_the_same_submission_is_one_batch(found: Service, client: Client) -> None:
    key, headers = found.key(), {"Idempotency-Key": "once"}
    body = {"projects": [message()]}
    first = post(client, "/batches", body, key, headers=headers).json()
    assert post(client, "/batches", body, key, headers=headers).json() == first
    other = post(client, "/batches", {"projects": [message(项目代码="c2")]}, key, headers=headers)
    problem(other, 409, "idempotency-conflict")
    assert post(client, "/batches", body, found.key(), headers=headers).json() != first


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, "projects"),
        ({"projects": []}, "projects"),
        ({"projects": {}}, "projects"),
        ({"projects": [message(项目名称=[])]}, "projects[0].项目名称"),
        ({"projects": [message(), [{"x": 1}]]}, "projects[1][0]"),
        ({"projects": [{"data": [1]}]}, "projects[0].data"),
        ({"projects": [message()], "webhook": 1}, "webhook"),
        ({"projects": [message()], "webhook": ""}, "webhook"),
        ({"projects": [message()], "department": ["教育局"]}, "department"),
        ({"projects": [message()], "department": "教育\0局"}, "department"),
        ({"projects": [message()], "x": 1}, ""),
    ],
)
def test_batches_that_do_not_fit(found: Service, client: Client, body: Any, place: str) -> None:
    refused = problem(post(client, "/batches", body, found.key()), 422, "invalid-request")
    assert refused["errors"][0]["path"] == place


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://10.0.0.1/x", "内网"),
        ("ftp://127.0.0.1/x", "http"),
        ("http://u:p@127.0.0.1/", "用户名"),
        ("http://169.254.169.254/latest", "内网"),
        ("http://127.0.0.1/\r\nHost: a", "回调地址"),
    ],
)
def test_webhooks_into_the_network_are_refused(found: Service, client: Client, url: str, said: str) -> None:
    answer = post(client, "/batches", {"projects": [message()], "webhook": url}, found.key())
    assert said in problem(answer, 422, "webhook-refused")["detail"]


def test_without_a_site_secret_there_are_no_webhooks(found: Service, client: Client) -> None:
    kept = found.app.state.kept
    found.app.state.kept = replace(kept, messages=replace(kept.messages, secrets=()))
    key = found.key()
    answer = post(client, "/batches", {"projects": [message()], "webhook": "http://127.0.0.1/"}, key)
    assert "BIAOCHI_WEBHOOK_SECRET" in problem(answer, 422, "webhook-refused")["detail"]
    assert client.get(f"{BASE}/webhook", headers=bearer(key)).json()["secrets"] == []


def test_hostile_bodies(found: Service, client: Client) -> None:
    key = found.key()
    for content, status in (
        (b"", 422), (b"{", 422), (b"[" * 100_000, 422), (b'"' + b"a" * 30_000 + b'"', 413), (b"\xff\xfe\x00", 422),
        (b'{"a":1,"a":2}', 422), (b'["\\ud800"]', 422), (b"NaN", 422), (b"[" + b"1" * 10_000 + b"]", 422),
        (b" " * 3_000, 422), (b"null", 422), (encoded([record(), message(MAINGUID="m2")]), 422),
    ):  # fmt: skip
        for path in ("/check", "/batches"):
            answer = client.post(BASE + path, content=content, headers={**JSON, **bearer(key)})
            assert answer.status_code == status, (content[:20], answer.text)
            assert answer.headers["Content-Type"] == "application/problem+json"
    form = client.post(f"{BASE}/check", data={"a": "b"}, headers=bearer(key))
    problem(form, 415, "unsupported-media-type")
    many = problem(post(client, "/check", [record(), record(MAINGUID="m2")], key), 422, "invalid-request")
    assert "/v1/portal/batches" in many["detail"]
    for job in ("x", "%00", "a" * 64, "..%2F..", "a" * 65):
        answer = client.get(f"{BASE}/batches/{job}", headers=bearer(key))
        assert answer.status_code in (404, 422), answer.text
    too_many = post(client, "/batches", {"projects": [message()] * 51}, key)
    problem(too_many, 422, "unusable-batch")


def test_a_large_body_is_refused_before_it_is_read(store: Store) -> None:
    found = service(store, ServerSettings(max_body_bytes=2048))
    with running(found.app) as client:
        problem(post(client, "/check", message(项目内容="字" * 3000), found.key()), 413, "too-large")


def test_a_broken_mapping_is_the_sites_fault(
    found: Service, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = found.key()
    job = submitted(client, key)
    found.work()
    path = tmp_path / "broken.yml"
    path.write_text("extends: portal\nrow: {name: NAME}\n", encoding="utf-8")
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(path))
    assert "row.name" in problem(post(client, "/check", message(), key), 503, "unready")["detail"]
    problem(post(client, "/batches", {"projects": [message()]}, key), 503, "unready")
    problem(client.get(f"{BASE}/batches/{job}/results", headers=bearer(key)), 503, "unready")


def test_what_was_done_is_in_the_audit_trail_without_text(found: Service, client: Client) -> None:
    key = found.key()
    job = submitted(client, key)
    client.post(f"{BASE}/batches/{job}/withdraw", headers=bearer(key))
    with found.store.read() as session:
        rows = session.scalars(select(Audit).order_by(Audit.seq)).all()
    assert [row.action for row in rows if row.object_id == job] == ["portal.submit", "portal.withdraw"]


def test_documents_that_a_worker_cannot_use_say_so(found: Service, client: Client) -> None:
    key = found.key()
    job = submitted(client, key, {"项目代码": "c1", "项目名称": "绿地养护"})
    found.work()
    (item,) = client.get(f"{BASE}/batches/{job}/results", headers=bearer(key)).json()["items"]
    assert item["state"] == "done"
    assert (item["result"] is None) != (item["error"] is None)


def test_the_description_has_the_routes(found: Service, client: Client) -> None:
    described = client.app.openapi()
    paths = {path for path in described["paths"] if path.startswith(BASE)}
    assert paths == {
        f"{BASE}/check", f"{BASE}/batches", f"{BASE}/batches/{{job}}", f"{BASE}/batches/{{job}}/results",
        f"{BASE}/batches/{{job}}/withdraw", f"{BASE}/webhook",
    }  # fmt: skip
    assert "PortalResult" in described["components"]["schemas"]
