"""`biaochi serve` and `biaochi worker` killed at random while batches come in over HTTP, and started again.

Callers repeat what got no answer under the same key, as they are told to. Every document ends with exactly one result,
and no batch is there twice. BIAOCHI_LONG_TESTS=1 kills 100 times on each database, else a few times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jobs_cases import count_results, written
from jobs_processes import PATIENT, Serving, Working, kill_all, marked, running
from sqlalchemy import func, select

from service.store.engine import Store
from service.store.tables import Chunk, Delivery, Job

LONG = os.environ.get("BIAOCHI_LONG_TESTS") == "1"
KILLS = 100 if LONG else 4
DOCUMENTS = 300 if LONG else 60
SETTINGS = PATIENT | {
    "BIAOCHI_WEBHOOK_SECRET": "site-secret-of-tests",
    "BIAOCHI_WEBHOOK_ALLOW": "127.0.0.0/8",
    "BIAOCHI_JOB_MAX_TOTAL_BYTES": str(64 * 1024 * 1024),
}
KINDS = ("server", "server and all workers", "worker command", "worker process")
# Nobody listens there: the messages wait, and can be counted.
WEBHOOK = "http://127.0.0.1:9/"


def batch(number: int) -> dict[str, Any]:
    """Return a batch whose documents all differ."""
    return {
        "suggest": False,
        "priority": number % 3,
        "webhook": WEBHOOK,
        "items": [
            {
                "label": f"{number}-{i}.json",
                "document": {
                    "projects": [
                        {
                            "name": f"养护{number}之{i}",
                            "rows": [{"level2": "数量指标", "name": "养护里程", "value": f"≥{i}公里"}],
                        }
                    ]
                },
            }
            for i in range(DOCUMENTS)
        ],
    }


class Site:
    """A server with its own worker, a second worker command, and a caller who does not give up."""

    def __init__(self, database: str, rng: random.Random) -> None:
        self.database, self.rng = database, rng
        self.server = Serving(database, **SETTINGS)
        self.worker = Working(database, **SETTINGS)
        self.planned: list[str] = []
        self.killed: Counter[str] = Counter()
        self.repeated = 0
        self.ids: dict[int, set[str]] = {}

    def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Return an answer, however often the server is away meanwhile."""
        while True:
            try:
                answer = httpx.request(method, self.server.url + path, timeout=60, trust_env=False, **given)
            except httpx.TransportError:
                self.repeated += 1
                time.sleep(0.02)
                continue
            if answer.status_code == 503:
                self.repeated += 1
                time.sleep(0.1)
                continue
            return answer

    def submit(self, number: int) -> httpx.Response:
        """Hand in a batch under its key."""
        answer = self.ask(
            "POST", "/v1/batches", json=batch(number), headers={"Idempotency-Key": f"batch-{number}"}
        )
        assert answer.status_code == 202, answer.text
        self.ids.setdefault(number, set()).add(answer.json()["id"])
        return answer

    def kill(self) -> None:
        """Kill something and start it again."""
        if not self.planned:
            self.planned = self.rng.sample(KINDS, len(KINDS))
        kind = self.planned.pop()
        if kind == "worker process":
            while not (pids := running()):
                time.sleep(0.01)
            os.kill(self.rng.choice(pids), signal.SIGKILL)
        elif kind == "worker command":
            self.worker.end(signal.SIGKILL)
            self.worker = Working(self.database, **SETTINGS)
        else:
            self.server.end(signal.SIGKILL)
            if kind == "server and all workers":
                kill_all()
            self.server = Serving(self.database, self.server.port, **SETTINGS)
        self.killed[kind] += 1

    def stop(self) -> None:
        for command in (self.server, self.worker):
            assert command.end(signal.SIGTERM) == 0


def finished(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).where(Chunk.state == "done")) or 0


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_killed_at_random_over_http(
    store: Store, store_url: str, record_property: Callable[..., None]
) -> None:
    rng = random.Random(f"http {store.is_sqlite}")
    count_results(store)
    with marked():
        site = Site(store_url, rng)
        number = 0
        while site.killed.total() < KILLS:
            if finished(store) >= number * DOCUMENTS - DOCUMENTS // 3:
                # Work shall not run out. A kill meets the batch on its way in.
                caller = threading.Thread(target=site.submit, args=(number,))
                caller.start()
                number += 1
                time.sleep(rng.uniform(0, 0.2))
                site.kill()
                caller.join()
            else:
                # At a random moment of the work: measured in documents, so that a slow machine kills no fewer of them.
                until = min(finished(store) + 1 + rng.randrange(30), number * DOCUMENTS - 1)
                while finished(store) < until:
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.03))
                site.kill()
        for each in range(number):
            again = site.submit(each)
            assert len(site.ids[each]) == 1
            assert again.headers["Idempotent-Replayed"] == "true"
        jobs = {each: min(ids) for each, ids in site.ids.items()}
        for job in jobs.values():
            while site.ask("GET", f"/v1/batches/{job}").json()["state"] != "done":
                time.sleep(0.1)
        for each, job in jobs.items():
            seen, cursor = [], "-1"
            while cursor is not None:
                page = site.ask("GET", f"/v1/batches/{job}/results?limit=200&cursor={cursor}").json()
                assert page["complete"] is True
                seen += page["results"]
                cursor = page["next"]
            assert [(item["ordinal"], item["label"], item["state"]) for item in seen] == [
                (i, f"{each}-{i}.json", "done") for i in range(DOCUMENTS)
            ]
            names = [json.dumps(item["result"]["report"], ensure_ascii=False) for item in seen]
            assert all(f"养护{each}之{i}" in text and f"≥{i}公里" in text for i, text in enumerate(names))
        site.stop()
    ends = written(store)
    assert len({chunk for chunk, _ in ends}) == len(ends) == DOCUMENTS * number
    assert {state for _, state in ends} == {"done"}
    with store.read() as session:
        assert sorted(session.scalars(select(Job.id))) == sorted(jobs.values())
        # One message about every batch.
        assert sorted(session.scalars(select(Delivery.job_id))) == sorted(jobs.values())
        lost = session.scalar(select(func.sum(Chunk.attempts)))
    figures = (
        f"{site.killed.total()} kills {dict(site.killed)}, {number} batches, {len(ends)} documents, "
        f"{lost} turns lost, {site.repeated} requests repeated"
    )
    record_property("figures", figures)
    print(f"{'SQLite' if store.is_sqlite else 'PostgreSQL'}: {figures}")
