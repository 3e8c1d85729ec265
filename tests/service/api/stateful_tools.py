"""An application on a store with keys for every role in two departments, and what each of them has filed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from service.app import create_app
from service.auth.roles import ROLES, Actor
from service.settings import ServerSettings
from service.store.engine import Store
from tests.service.api.asgi import Client, running
from tests.service.api.samples import PROJECT

OWN, FOREIGN = "教育局", "交通运输局"
ROOT = Actor("root", "总管", "administrator", None)
SECRET = "机密路段养护工程"
"""Stands in every table filed here and must stay out of logs, audit and errors."""
FIRST = {
    "projects": [
        PROJECT
        | {"name": SECRET, "rows": [
            {"level1": "产出指标", "level2": "质量指标", "name": "培训合格率", "value": "≥95"},
            {"level1": "产出指标", "level2": "数量指标", "name": f"{SECRET}数量", "value": "≥200"},
        ]}
    ]
}  # fmt: skip
SECOND = {
    "projects": [
        PROJECT
        | {"name": SECRET, "rows": [
            {"level1": "产出指标", "level2": "质量指标", "name": "培训合格率", "value": "≥95%"},
            {"level1": "产出指标", "level2": "数量指标", "name": f"{SECRET}数量", "value": "≥200"},
        ]}
    ]
}  # fmt: skip


@dataclass
class World:
    """A running application and its callers."""

    client: Client
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    """(role, department) → key; the department is empty for one of all departments."""

    def ask(
        self, method: str, path: str, role: str = "administrator", department: str = "", **given: Any
    ) -> httpx.Response:
        """Return the answer to a caller."""
        headers = {"Authorization": f"Bearer {self.keys[role, department]}", **given.pop("headers", {})}
        return self.client.request(method, f"/v1{path}", headers=headers, **given)

    def document(self, department: str = OWN, **body: Any) -> dict[str, Any]:
        """Create a document."""
        answer = self.ask(
            "POST",
            "/documents",
            json={"department": department, "label": "年度目标", "fiscal_year": 2026, **body},
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def file(
        self, document: str, round: str = "一上", content: Mapping[str, Any] = FIRST, **query: str
    ) -> dict[str, Any]:
        """File a round."""
        answer = self.ask(
            "POST", f"/documents/{document}/rounds", params={"round": round, **query}, json=content
        )
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found


@contextmanager
def world(store: Store, url: str, **settings: Any) -> Iterator[World]:
    """Run an application on a store around the block."""
    app = create_app(ServerSettings(database=url, **settings))
    with running(app, raises=False) as client:
        made = World(client)
        for role in ROLES:
            for department in (OWN, FOREIGN, ""):
                if department or role in ("reviewer", "administrator"):
                    key = app.state.auth.keys.create(
                        name=f"{role}{department}",
                        role=role,
                        departments=[department] if department else None,
                        by=ROOT,
                        per_minute=1_000_000,
                        per_day=1_000_000,
                    )
                    made.keys[role, department] = key.text
        yield made
