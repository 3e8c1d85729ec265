"""Every route × every role × own and foreign department. A route without an entry here fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from starlette.routing import Route

from service.app import create_app
from service.auth.roles import RIGHTS, ROLES
from service.jobs import queue
from service.pipeline import CheckOptions
from service.settings import ServerSettings
from service.store.engine import Store
from tests.service.api.samples import PROJECT, ROW
from tests.service.api.stateful_tools import FIRST, FOREIGN, OWN, SECRET, World, world

SAMPLE: Any = json.loads(json.dumps(FIRST))


@dataclass(frozen=True)
class Entry:
    """What a route asks: `right` None is anybody who is known, "" nobody at all."""

    right: str | None
    body: Any = None
    query: str = ""
    foreign: int | None = None
    """The answer about a foreign department: None where the route is about no department."""
    done: tuple[int, ...] = (200, 201, 202, 204)
    lists: bool = False
    """Lists must hold nothing foreign."""


MESSAGE: Any = {
    "项目代码": "99010224P004000000043", "项目名称": SECRET, "本年度预算资金总额": "812000.00",
    "本年度绩效指标": [{"一级绩效指标": "产出指标", "二级绩效指标": "数量指标", "三级绩效指标": "更新数量", "指标值": "12"}],
}  # fmt: skip
DOCUMENT = {"department": "$department", "label": "新文件"}
MATRIX: dict[str, Entry] = {
    "POST /v1/check": Entry(None, {"projects": [PROJECT]}),
    "POST /v1/check/row": Entry(None, {"row": ROW}),
    "POST /v1/parse": Entry(None, {"projects": [PROJECT]}),
    "POST /v1/classify": Entry(None, {"items": [{"name": "合格率"}]}),
    "POST /v1/suggest": Entry(None, {"project": {"name": "培训"}}),
    "POST /v1/preview": Entry(None, {"document": {"projects": [PROJECT]}, "choices": []}, done=(200, 422)),
    "POST /v1/fix": Entry(None, {"projects": [PROJECT]}),
    "GET /v1/rules": Entry(None),
    "GET /v1/rules/{code}": Entry(None),
    "GET /v1/profiles": Entry(None),
    "GET /v1/profiles/{name}": Entry(None),
    "GET /v1/limits": Entry(None),
    "GET /v1/manifest": Entry(None),
    "GET /healthz": Entry(""),
    "GET /readyz": Entry(""),
    # Who may read it is a setting (BIAOCHI_METRICS): by default this machine, which these callers are on.
    "GET /metrics": Entry("", done=(200, 401, 403)),
    "GET /v1/openapi.json": Entry(""),
    "POST /v1/documents": Entry("write_document", DOCUMENT, foreign=403),
    "GET /v1/documents": Entry("read_document", lists=True),
    "GET /v1/documents/{document}": Entry("read_document", foreign=404),
    "DELETE /v1/documents/{document}": Entry("write_document", foreign=404),
    "PUT /v1/documents/{document}/filing": Entry("write_document", {"state": "draft"}, foreign=404),
    "PUT /v1/documents/{document}/verdict": Entry("review", {"state": "returned"}, foreign=404, done=(409,)),
    "POST /v1/documents/{document}/rounds": Entry("write_document", SAMPLE, "?round=二上", foreign=404),
    "GET /v1/documents/{document}/rounds": Entry("read_document", foreign=404),
    "GET /v1/documents/{document}/comparison": Entry("read_document", foreign=404, done=(200, 409)),
    "GET /v1/documents/{document}/runs": Entry("read_document", foreign=404),
    "POST /v1/documents/{document}/decisions": Entry(
        "decide", {"fingerprint": "$fingerprint", "action": "accepted"}, foreign=404
    ),
    "GET /v1/documents/{document}/decisions": Entry("read_document", foreign=404),
    "GET /v1/rounds/{round}": Entry("read_document", foreign=404),
    "GET /v1/rounds/{round}/text": Entry("read_document", foreign=404),
    "GET /v1/rounds/{round}/original": Entry("read_document", foreign=404),
    "POST /v1/rounds/{round}/runs": Entry("read_document", foreign=404),
    "GET /v1/runs/{run}": Entry("read_document", foreign=404),
    "GET /v1/runs/{run}/report": Entry("read_document", foreign=404),
    "GET /v1/runs/{run}/findings": Entry("read_document", foreign=404),
    "POST /v1/runs/{run}/replay": Entry("read_document", foreign=404),
    "GET /v1/runs/{run}/opinions": Entry("read_document", foreign=404),
    # A draft is shown to reviewers only.
    "GET /v1/runs/{run}/opinions/{project}": Entry("read_document", foreign=404, done=(200, 404)),
    "PUT /v1/runs/{run}/opinions/{project}": Entry(
        "review", {"text": "请补充", "conclusion": "完善后通过"}, foreign=404
    ),
    "POST /v1/runs/{run}/opinions/{project}/issue": Entry("review", foreign=404),
    "POST /v1/waivers": Entry(
        "waive", {"department": "$department", "rule": "BC301", "reason": "沿用"}, foreign=403
    ),
    "GET /v1/waivers": Entry("read_document", lists=True),
    "GET /v1/waivers/{waiver}": Entry("read_document", foreign=404),
    "POST /v1/waivers/{waiver}/revoke": Entry("waive", foreign=404),
    "POST /v1/batches": Entry(
        "run_batch",
        {"department": "$department", "items": [{"label": "一", "document": SAMPLE}]},
        foreign=403,
    ),
    "GET /v1/batches": Entry("run_batch", lists=True),
    "GET /v1/batches/{batch}": Entry("run_batch", foreign=404),
    "GET /v1/batches/{batch}/events": Entry("run_batch", foreign=404),
    "GET /v1/batches/{batch}/results": Entry("run_batch", foreign=404),
    "POST /v1/batches/{batch}/cancel": Entry("run_batch", foreign=404),
    "POST /v1/keys": Entry(
        "manage_keys", {"name": "新密钥", "role": "drafter", "departments": ["$department"]}, foreign=403
    ),
    "GET /v1/keys": Entry("manage_keys", lists=True),
    "POST /v1/keys/{key}/revoke": Entry("manage_keys", foreign=404),
    "POST /v1/keys/{key}/rotate": Entry("manage_keys", foreign=404),
    "POST /v1/portal/check": Entry("portal", MESSAGE, "?department=$department", foreign=403),
    "POST /v1/portal/batches": Entry(
        "portal", {"department": "$department", "projects": [MESSAGE]}, foreign=403
    ),
    "GET /v1/portal/batches/{job}": Entry("portal", foreign=404),
    "GET /v1/portal/batches/{job}/results": Entry("portal", foreign=404),
    "POST /v1/portal/batches/{job}/withdraw": Entry("portal", foreign=404),
    "GET /v1/portal/webhook": Entry("portal"),
    "POST /v1/session": Entry("", {"key": "x"}, done=(401,)),
    "GET /v1/session": Entry(None),
    "DELETE /v1/session": Entry(None),
    # The trail is about all departments at once, so that it is foreign to everybody who has only some.
    "GET /v1/audit": Entry("read_audit", done=(403,)),
    "GET /v1/audit/export": Entry("read_audit", done=(403,)),
}
FIXED = {"code": "BC301", "name": "cn2015", "project": "0"}


def routes() -> list[str]:
    return sorted(walked(create_app(ServerSettings()).routes))


def walked(found: Any) -> Iterator[str]:
    for route in found:
        if hasattr(route, "original_router"):
            assert route.include_context.prefix == "", "a router brings its own prefix"
            yield from walked(route.original_router.routes)
            continue
        assert isinstance(route, Route), f"{route} is no plain route: write down who may reach it"
        yield from (f"{method} {route.path}" for method in route.methods or () if method != "HEAD")


def test_every_route_has_an_entry() -> None:
    assert sorted(MATRIX) == routes()


@pytest.fixture
def running_world(store: Store, store_url: str) -> Iterator[World]:
    with world(store, store_url) as found:
        yield found


def make(found: World, store: Store, department: str) -> dict[str, str]:
    """Make one of everything for a department; return the identifiers."""
    document = found.document(department)
    filed = found.file(document["id"])
    run = filed["run"]["id"]
    finding = found.ask("GET", f"/runs/{run}/findings").json()["findings"][0]
    opinion = {"text": "请补充", "conclusion": "完善后通过"}
    assert found.ask("PUT", f"/runs/{run}/opinions/0", json=opinion).status_code == 200
    waiver = found.ask(
        "POST", "/waivers", json={"department": department, "rule": "BC502", "reason": "沿用"}
    ).json()
    key = found.ask(
        "POST", "/keys", json={"name": "某人", "role": "drafter", "departments": [department]}
    ).json()
    batch = queue.submit(store, [("一", b"{}")], CheckOptions(), created_by="k1", department=department)
    # A stream about an open batch has no end.
    queue.cancel(store, batch)
    return {
        "department": department,
        "document": document["id"],
        "round": filed["round"]["id"],
        "run": run,
        "fingerprint": finding["fingerprint"],
        "waiver": waiver["id"],
        "key": key["key"]["id"],
        "batch": batch,
        "job": batch,
    }


def filled(template: Any, ids: dict[str, str]) -> Any:
    text = json.dumps(template)
    for name, value in ids.items():
        text = text.replace(f'"${name}"', json.dumps(value))
    return json.loads(text)


def send(found: World, route: str, ids: dict[str, str], role: str | None, department: str) -> Any:
    method, path = route.split(" ", 1)
    entry = MATRIX[route]
    address = path.format(**FIXED, **ids) + entry.query.replace("$department", ids["department"])
    given = {} if entry.body is None else {"json": filled(entry.body, ids)}
    if role is None:
        return found.client.request(method, address, **given)
    return found.ask(
        method,
        address.removeprefix("/v1") if address.startswith("/v1") else f"/..{address}",
        role,
        department,
        **given,
    )


def test_every_route_for_every_role_and_department(running_world: World, store: Store) -> None:
    found = running_world
    theirs = make(found, store, FOREIGN)
    for route, entry in MATRIX.items():
        if entry.right == "":
            assert send(found, route, theirs, None, "").status_code in entry.done, route
            continue
        assert send(found, route, theirs, None, "").status_code == 401, route
        for role in ROLES:
            where = f"{route} as {role}"
            allowed = entry.right is None or role in RIGHTS[entry.right]  # type: ignore[index]
            needs_ids = "{" in route and not set(FIXED) & set(
                route.partition("{")[2].partition("}")[0].split()
            )
            own = make(found, store, OWN) if needs_ids and allowed else theirs | {"department": OWN}
            answer = send(found, route, own, role, OWN)
            if not allowed:
                assert answer.status_code == 403, where
                assert answer.json()["type"].endswith(":forbidden"), where
            elif not needs_ids or allowed:
                assert answer.status_code in entry.done, f"{where}: {answer.status_code} {answer.text}"
            if entry.lists and allowed:
                assert not any(value in answer.text for value in theirs.values() if len(value) > 4), where
                assert FOREIGN not in answer.text, where
            if entry.foreign is not None:
                refused = send(found, route, theirs, role, OWN)
                assert refused.status_code == (entry.foreign if allowed else 403), f"{where}: {refused.text}"
                assert SECRET not in refused.text, where
    # After all of that, what belongs to the others is as it was.
    for path in ("documents/{document}", "rounds/{round}/text", "runs/{run}", "waivers/{waiver}"):
        assert (
            found.client.request(
                "GET",
                "/v1/" + path.format(**theirs),
                headers={"Authorization": f"Bearer {found.keys['administrator', '']}"},
            ).status_code
            == 200
        )
    waiver = found.ask("GET", f"/waivers/{theirs['waiver']}").json()
    assert waiver["revoked_at"] is None
    assert found.ask("GET", "/audit").status_code == 200
