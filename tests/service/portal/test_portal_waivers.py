"""Waivers of a department hold for what a portal sends; a submission is one act with its entry in the trail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from service.api import stateful
from service.jobs import queue
from service.pipeline import CheckOptions
from service.store.engine import Store, now
from service.store.tables import Audit, Job
from service.store.waivers import add_waiver, revoke_waiver
from tests.service.api.asgi import Client, running
from tests.service.auth.auth_tools import bearer
from tests.service.portal.portal_tools import Service, encoded, message, service

BASE = "/v1/portal"


@pytest.fixture
def found(store: Store) -> Service:
    return service(store)


@pytest.fixture
def client(found: Service) -> Iterator[Client]:
    with running(found.app, raises=False) as client:
        yield client


def post(client: Client, path: str, value: Any, key: str, **headers: str) -> httpx.Response:
    given = {"Content-Type": "application/json", **bearer(key), **headers}
    return client.post(BASE + path, content=encoded(value), headers=given)


def waive(store: Store, rule: str, department: str | None, days: int | None = None) -> str:
    expires = None if days is None else now().date() + timedelta(days=days)
    with store.session() as session:
        row = add_waiver(
            session, departments=None, department=department, rule=rule, reason="沿用上级口径", author="审核",
            expires=expires,
        )  # fmt: skip
        return row.id


def rules(answer: httpx.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {item["rule_id"] for item in answer.json()["findings"]}


def batch(found: Service, client: Client, key: str, **headers: str) -> dict[str, Any]:
    made = post(client, "/batches?suggest=false", {"projects": [message()]}, key, **headers)
    assert made.status_code == 202, made.text
    found.work()
    page = client.get(f"{BASE}/batches/{made.json()['job']}/results", headers=bearer(key)).json()
    result: dict[str, Any] = page["items"][0]["result"]
    return result


def test_a_waiver_of_the_department_holds_for_single_projects_and_batches(
    found: Service, client: Client
) -> None:
    mine, theirs = found.key("portal", "住建局"), found.key("portal", "卫健局")
    before = post(client, "/check?suggest=false", message(), mine)
    assert "BC301" in rules(before)
    waiver = waive(found.store, "BC301", "住建局")
    after = post(client, "/check?suggest=false", message(), mine)
    assert rules(after) == rules(before) - {"BC301"}
    assert after.json()["score"] > before.json()["score"]
    assert after.json() == batch(found, client, mine)
    # Another department's check is as it was, and that a waiver did nothing there is no finding.
    assert post(client, "/check?suggest=false", message(), theirs).json() == before.json()
    with found.store.session() as session:
        revoke_waiver(session, waiver, departments=None)
    assert post(client, "/check?suggest=false", message(), mine).json() == before.json()


def test_only_waivers_in_force_hold(found: Service, client: Client) -> None:
    key = found.key("portal", "住建局")
    waive(found.store, "BC301", "住建局", days=-2)
    assert "BC301" in rules(post(client, "/check", message(), key))
    waive(found.store, "BC301", "住建局", days=2)
    assert "BC301" not in rules(post(client, "/check", message(), key))


def test_a_key_of_several_departments_says_whose_waivers_hold(found: Service, client: Client) -> None:
    waive(found.store, "BC301", "住建局")
    waive(found.store, "BC501", None)
    for key in (found.key("portal", "住建局", "卫健局"), found.key("administrator")):
        assert rules(post(client, "/check", message(), key)) & {"BC301", "BC501"} == {"BC301"}
        assert not rules(post(client, "/check?department=住建局", message(), key)) & {"BC301", "BC501"}
        assert "BC301" in rules(post(client, "/check?department=卫健局", message(), key))


def test_the_department_that_is_named_has_to_be_that_of_the_unit(
    found: Service, client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "site.yml"
    path.write_text('extends: portal\ndepartments: {"406001": 住建局}\n', encoding="utf-8")
    monkeypatch.setenv("BIAOCHI_PORTAL_MAPPING", str(path))
    key = found.key("portal", "住建局", "卫健局")
    refused = post(client, "/check?department=卫健局", message(), key)
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:biaochi:problem:department-refused")
    assert post(client, "/check?department=住建局", message(), key).status_code == 200


def test_a_waiver_between_two_tries_does_not_make_them_differ(found: Service, client: Client) -> None:
    key, headers = found.key("portal", "住建局"), {"Idempotency-Key": "once"}
    body = {"projects": [message()]}
    first = post(client, "/batches", body, key, **headers)
    waive(found.store, "BC301", "住建局")
    again = post(client, "/batches", body, key, **headers)
    assert (again.status_code, again.content) == (202, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    with found.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 1
        written = session.scalars(select(Audit.sha256).where(Audit.action == "portal.submit")).all()
    assert len(written) == 1
    assert written[0] is not None


@pytest.fixture
def no_trail(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("no trail")

    monkeypatch.setattr(stateful, "audit", broken)
    return monkeypatch


def test_nothing_is_submitted_or_withdrawn_without_its_entry_in_the_trail(
    found: Service, client: Client, no_trail: pytest.MonkeyPatch
) -> None:
    key = found.key("portal", "住建局")
    assert post(client, "/batches", {"projects": [message()]}, key).status_code == 500
    with found.store.read() as session:
        assert session.scalar(select(func.count()).select_from(Job)) == 0
    job = queue.submit(
        found.store, [("一", b"{}")], CheckOptions(), created_by="somebody", department="住建局"
    )
    answer = client.post(f"{BASE}/batches/{job}/withdraw", headers=bearer(key))
    assert answer.status_code == 500
    assert queue.progress(found.store, job).job.state == "queued"
    no_trail.undo()
    for _ in range(2):
        assert client.post(f"{BASE}/batches/{job}/withdraw", headers=bearer(key)).status_code == 200
    with found.store.read() as session:
        actions = session.scalars(select(Audit.action).where(Audit.object_id == job)).all()
    # Withdrawing again changes nothing, so nothing is written.
    assert actions == ["portal.withdraw"]


def test_a_file_of_several_projects_does_not_show_only_the_first(found: Service, client: Client) -> None:
    project = {
        "name": "绿地养护",
        "rows": [{"level1": "产出指标", "level2": "数量指标", "name": "面积", "value": "≥5公顷"}],
    }
    content = encoded({"projects": [project, project | {"name": "公园改造"}]})
    job = queue.submit(
        found.store, [("两个.json", content)], CheckOptions(), created_by="somebody", department="住建局"
    )
    found.work()
    answer = client.get(f"{BASE}/batches/{job}/results", headers=bearer(found.key("portal", "住建局")))
    (item,) = answer.json()["items"]
    assert (item["state"], item["result"]) == ("done", None)
    assert item["error"] == "这一份有 2 个项目，请用 /v1/batches/批次编号/results 取结果"
