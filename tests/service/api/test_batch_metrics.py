"""Findings of batches are counted from what workers have stored: each once, and nothing but codes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import update

from service.api.batch_metrics import PIECE, BatchFindings
from service.jobs import queue, view
from service.pipeline import CheckOptions
from service.store.engine import Store, now
from service.store.retention import Retention, purge
from service.store.tables import Job
from tests.service.api.stateful_tools import FIRST, OWN, SECRET, World, world

PAGE = Path(__file__).resolve().parents[3] / "docs" / "service.md"
NAME = "biaochi_batch_findings_total"


@pytest.fixture
def kept(store: Store, store_url: str) -> Iterator[World]:
    with world(store, store_url, batch_workers=0) as found:
        yield found


def shown(text: str) -> dict[str, float]:
    found = re.findall(rf'^{NAME}\{{code="([^"]*)"\}} (\S+)$', text, re.MULTILINE)
    return {code: float(number) for code, number in found}


class Watched:
    """A counter of a store, looked at as often as one likes."""

    def __init__(self, store: Store | None, **given: Any) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(BatchFindings(lambda: store, fresh=0, **given))

    def look(self) -> dict[str, float]:
        return shown(generate_latest(self.registry).decode())


def report(*codes: str) -> dict[str, Any]:
    findings = [{"code": code, "message": SECRET, "extra": {"code": "BC999"}} for code in codes]
    return {"kind": "report", "report": {"findings": findings, "waived": [{"code": "BC777"}]}}


def submit(store: Store, number: int = 1) -> str:
    files = [(SECRET, b"{}")] * number
    return queue.submit(store, files, CheckOptions(), created_by="k1", department=OWN)


def finish(store: Store, *results: dict[str, Any]) -> None:
    """Do the next documents in the queue."""
    tasks = queue.lease(store, "w", 60, limit=len(results))
    assert len(tasks) == len(results)
    for task, result in zip(tasks, results, strict=True):
        assert queue.complete(store, task, result)


def test_each_result_is_counted_once_and_as_it_comes(store: Store) -> None:
    watched = Watched(store)
    assert watched.look() == {}
    submit(store, 3)
    assert watched.look() == {}
    finish(store, report("BC301", "BC301", "BC502"))
    assert watched.look() == watched.look() == {"BC301": 2, "BC502": 1}
    finish(store, report(), {"kind": "problem", "code": "no-table", "message": SECRET})
    assert watched.look() == {"BC301": 2, "BC502": 1}
    # The job was over at the look before, and another begins and ends between two looks.
    submit(store)
    finish(store, report("BC301", SECRET))
    assert watched.look() == watched.look() == {"BC301": 3, "BC502": 1, "other": 1}


def test_results_out_of_order_and_of_a_cancelled_batch_are_counted(store: Store) -> None:
    watched = Watched(store)
    job = submit(store, 4)
    tasks = queue.lease(store, "w", 60, limit=3)
    queue.complete(store, tasks[2], report("BC301"))
    assert watched.look() == {"BC301": 1}
    queue.complete(store, tasks[0], report("BC301"))
    queue.cancel(store, job)
    assert not queue.complete(store, tasks[1], report("BC301"))
    assert watched.look() == watched.look() == {"BC301": 2}


def test_what_was_before_the_start_is_not_counted_and_what_is_purged_stays(store: Store) -> None:
    submit(store, 2)
    finish(store, report("BC301"))
    watched = Watched(store)
    finish(store, report("BC502"))
    assert watched.look() == {"BC502": 1}
    with store.session() as session:
        session.execute(update(Job).values(finished_at=now().replace(year=2020)))
    assert purge(store, now(), Retention()).chunks == 2
    assert watched.look() == {"BC502": 1}


def test_a_look_has_its_time_and_the_next_goes_on(store: Store) -> None:
    watched = Watched(store, seconds=0)
    for _ in range(2):
        submit(store, PIECE + 1)
        finish(store, *[report("BC301")] * (PIECE + 1))
    seen = [watched.look()["BC301"] for _ in range(5)]
    assert seen[0] == PIECE
    assert seen == sorted(seen)
    assert seen[-1] == 2 * PIECE + 2


def test_without_a_store_the_numbers_stay(store: Store) -> None:
    assert Watched(None).look() == {}
    watched = Watched(store)
    submit(store)
    finish(store, report("BC301"))
    assert watched.look() == {"BC301": 1}
    with store.session() as session:
        session.connection().exec_driver_sql("ALTER TABLE chunks RENAME TO gone")
    assert watched.look() == {"BC301": 1}


def test_the_page_shows_what_a_batch_found(kept: World, store: Store, store_url: str) -> None:
    from service.jobs.settings import JobSettings
    from service.jobs.worker import Worker
    from service.settings import Limits

    body = {"department": OWN, "items": [{"label": SECRET, "document": FIRST} for _ in range(3)]}
    job = kept.ask("POST", "/batches", json=body).json()["id"]
    worker = Worker(store_url, Limits(), settings=JobSettings())
    while worker.step(store):
        pass
    text = kept.client.get("/metrics").text
    wanted: Counter[str] = Counter()
    for item in view.results(store, job).items:
        assert item.result is not None
        wanted.update(finding["code"] for finding in item.result["report"]["findings"])
    assert wanted["BC301"] >= 3
    assert shown(text) == wanted
    for word in (SECRET, OWN, job):
        assert word not in text
        assert json.dumps(word)[1:-1] not in text
    # Direct answers are counted apart.
    assert "biaochi_findings_total{" not in text


def test_the_metric_is_in_the_documents() -> None:
    assert f"`{NAME}`" in PAGE.read_text("utf-8")
