"""schemathesis over the published description against a real server: no 5xx, nothing undocumented.

BIAOCHI_LONG_TESTS=1 sends many more requests (≥ 2,000 altogether).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

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

from tests.service.api.samples import ROOT
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


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = Server("--port", "0", env={"BIAOCHI_PROCESSES": "1", "BIAOCHI_REQUEST_SECONDS": "60"})
    yield server.url
    server.stop()


schema = schemathesis.openapi.from_dict(json.loads((ROOT / "openapi.json").read_text("utf-8")))


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_nothing_undocumented_and_no_5xx(case: Any, address: str) -> None:
    case.call_and_validate(base_url=address, checks=CHECKS, timeout=90)
