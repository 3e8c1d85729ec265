"""Processes that stay do not remember the texts of all tables that they have ever seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from corpora import store as corpora
from nlp import quantity
from service import memories
from service.app import LOOK_EVERY, create_app
from service.jobs import queue
from service.jobs.worker import Worker
from service.pipeline import CheckOptions
from service.settings import Limits, ServerSettings
from service.store.engine import Store
from tests.service.api.asgi import running

FEW = 300
TABLES = 6


def table(number: int, rows: int = 4) -> dict[str, Any]:
    names = (f"第{number}号道路养护里程{i}段" for i in range(rows))
    shown = [{"level2": "数量指标", "name": name, "value": f"≥{number + 10}公里"} for name in names]
    return {"name": f"第{number}号养护项目", "rows": shown}


def bound(most: int) -> None:
    memories.MOST = most  # type: ignore[misc]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memories, "MOST", 0)
    memories.forget()
    monkeypatch.setattr(memories, "MOST", FEW)


def test_little_is_kept_and_much_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    before = quantity.parse("≥95%")
    corpora.load_yaml("lexicons/units.yml")
    kept = corpora.load_yaml.cache_info().currsize
    memories.forget()
    assert memories.held() > 0
    monkeypatch.setattr(memories, "MOST", 0)
    memories.forget()
    assert memories.held() == 0
    assert corpora.load_yaml.cache_info().currsize == kept > 0
    assert quantity.parse("≥95%") == before


@pytest.mark.usefixtures("small")
def test_a_service_forgets_what_it_computes_in_other_processes(tmp_path: Path) -> None:
    settings = ServerSettings(database=f"sqlite:///{tmp_path / 'a.db'}", processes=1, batch_workers=0)
    with running(create_app(settings)) as client:
        workers = client.app.state.services.workers
        client.portal.call(workers.run, bound, FEW)
        for number in range(TABLES):
            assert client.post("/v1/check", json={"projects": [table(number)]}).status_code == 200
            assert client.portal.call(workers.run, memories.held) <= FEW


@pytest.mark.usefixtures("small")
def test_a_service_forgets_what_it_computes_itself(tmp_path: Path) -> None:
    settings = ServerSettings(database=f"sqlite:///{tmp_path / 'a.db'}", processes=0, batch_workers=0)
    most, number = 0, 0
    with running(create_app(settings)) as client:
        for row in table(1, rows=4 * LOOK_EVERY)["rows"]:
            assert client.post("/v1/check/row", json={"row": row}).status_code == 200
            number += 1
            if number % LOOK_EVERY == 0:
                most = max(most, memories.held())
    assert 0 < most <= FEW


@pytest.mark.usefixtures("small")
def test_a_worker_that_checks_forgets(store: Store, store_url: str) -> None:
    files = [(f"{i}.json", json.dumps({"projects": [table(i)]}).encode()) for i in range(TABLES)]
    queue.submit(store, files, CheckOptions(), created_by="k1")
    worker, seen = Worker(store_url, Limits()), []
    while worker.step(store):
        seen.append(memories.held())
    assert len(seen) == TABLES
    assert max(seen) <= FEW
