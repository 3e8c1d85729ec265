"""schemathesis over the published description against a real server: no 5xx, nothing undocumented.

BIAOCHI_LONG_TESTS=1 sends many more requests (≥ 2,000 altogether).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from service.auth.keys import Keys
from service.auth.roles import Actor
from service.auth.settings import AuthSettings
from service.store.engine import Store
from service.store.schema import upgrade
from tests.service.api.samples import ROOT
from tests.service.api.stateful_tools import FIRST, OWN
from tests.service.api.test_stateless_server import Server

LONG = bool(os.environ.get("BIAOCHI_LONG_TESTS"))
EXAMPLES = 150 if LONG else 6
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    allow_header_conformance,
]


@dataclass(frozen=True)
class Service:
    """A server and the key of an administrator: what is fuzzed may make keys, which ends the open mode."""

    url: str
    headers: dict[str, str]
    made: dict[str, str]
    """What there is of each kind: a number out of the air would only ever meet the 404 of a route."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("fuzz")
    store = Store(f"sqlite:///{folder / 'biaochi.db'}")
    upgrade(store)
    by = Actor("root", "总管", "administrator", None)
    keys = Keys(store, AuthSettings())
    made = keys.create(
        name="模糊测试", role="administrator", departments=None, by=by, per_minute=10**6, per_day=10**6
    )
    store.close()
    env = {"BIAOCHI_PROCESSES": "1", "BIAOCHI_REQUEST_SECONDS": "60", "BIAOCHI_DATA": str(folder)}
    server = Server("--port", "0", "--batch-workers", "0", env=env)
    headers = {"Authorization": f"Bearer {made.text}"}
    with httpx.Client(base_url=f"{server.url}/v1", headers=headers, timeout=90) as client:
        yield Service(server.url, headers, _made(client))
    server.stop()


def _made(client: httpx.Client) -> dict[str, str]:
    def post(path: str, body: Any) -> Any:
        answer = client.post(path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()

    document = post("/documents", {"department": OWN, "label": "模糊测试"})["id"]
    filed, _ = (post(f"/documents/{document}/rounds?round={name}", FIRST) for name in ("一上", "二上"))
    opinion = {"text": "请补充", "conclusion": "完善后通过"}
    client.put(f"/runs/{filed['run']['id']}/opinions/0", json=opinion)
    item = {"label": "一", "document": FIRST}
    batch = post("/batches", {"department": OWN, "items": [item]})["id"]
    # A stream about an open batch has no end.
    client.post(f"/batches/{batch}/cancel")
    key = {"name": "某人", "role": "drafter", "departments": [OWN]}
    return {
        "document": document,
        "round": filed["round"]["id"],
        "run": filed["run"]["id"],
        "waiver": post("/waivers", {"department": OWN, "rule": "BC502", "reason": "沿用"})["id"],
        "batch": batch,
        "job": batch,
        "key": post("/keys", key)["key"]["id"],
    }


schema = schemathesis.openapi.from_dict(json.loads((ROOT / "openapi.json").read_text("utf-8")))


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_undocumented_and_no_5xx(case: Any, service: Service) -> None:
    if case.method != "DELETE":
        # What would be gone for all that follows keeps the numbers that were made up for it.
        case.path_parameters |= {k: v for k, v in service.made.items() if k in case.path_parameters}
    case.call_and_validate(base_url=service.url, headers=service.headers, checks=CHECKS, timeout=90)
