"""Processes killed at random moments: every document ends with exactly one result, none lost, none doubled.

The database itself counts (a trigger notes every time a chunk becomes final). BIAOCHI_LONG_TESTS=1 runs 100 kills of
each kind on each database, else a few.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from jobs_cases import cheap, count_results, documents, written
from jobs_processes import kill_all, marked
from sqlalchemy import func, select

from service.jobs import queue
from service.jobs.pool import Pool
from service.jobs.settings import JobSettings
from service.jobs.stopping import SignalStop
from service.jobs.view import find
from service.jobs.worker import WorkerSpec, new_owner, work
from service.pipeline import CheckOptions
from service.settings import Limits
from service.store.engine import Store
from service.store.tables import Chunk, Delivery

LONG = os.environ.get("BIAOCHI_LONG_TESTS") == "1"
DOCUMENTS = 300
# Failures are our doing here, so none of them may set a document aside.
SETTINGS = JobSettings(
    processes=2,
    lease_seconds=1.0,
    max_attempts=1_000_000,
    backoff_seconds=0.01,
    backoff_max_seconds=0.05,
    poll_seconds=0.02,
    grace_seconds=30,
)
Kill = Callable[[random.Random], bool]
"""Kills something; returns whether there was anything to kill."""


@contextmanager
def pool_in_a_thread(url: str) -> Iterator[Kill]:
    """The pool lives, its workers are killed."""
    pool, stop = Pool(url, Limits(), settings=SETTINGS, checker=cheap), threading.Event()
    thread = threading.Thread(target=pool.run, args=(stop,))
    thread.start()

    def kill(rng: random.Random) -> bool:
        pids = pool.pids
        if pids:
            os.kill(rng.choice(pids), signal.SIGKILL)
        return bool(pids)

    try:
        yield kill
    finally:
        stop.set()
        thread.join()


@contextmanager
def workers_alone(url: str) -> Iterator[Kill]:
    """Nobody notices the dead: their leases have to pass."""
    spec = WorkerSpec(store_url=url, limits=Limits(), settings=SETTINGS, checker=cheap)

    def start() -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(target=work, args=(spec, new_owner()))
        process.start()
        return process

    running = [start() for _ in range(2)]

    def kill(rng: random.Random) -> bool:
        number = rng.randrange(len(running))
        running[number].kill()
        running[number].join()
        running[number] = start()
        return True

    try:
        yield kill
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.join()


@contextmanager
def whole_server(url: str) -> Iterator[Kill]:
    """The parent of the workers is killed and started anew: with them, or while the orphans are still finishing."""

    def start() -> SpawnProcess:
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(url,))
        process.start()
        return process

    running = [start()]

    def kill(rng: random.Random) -> bool:
        running[0].kill()
        if rng.random() < 0.7:
            kill_all()
        running[0].join()
        running[0] = start()
        return True

    try:
        yield kill
    finally:
        running[0].terminate()
        running[0].join()


def serve(url: str) -> None:
    stop = SignalStop()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    Pool(url, Limits(), settings=SETTINGS, checker=cheap).run(stop)


KINDS = {
    "worker": (pool_in_a_thread, 15),
    "alone": (workers_alone, 4),
    "server": (whole_server, 3),
}
"""What is killed, and how often in the short run."""


@pytest.fixture
def nothing_left() -> Iterator[None]:
    with marked():
        yield


def finished(store: Store) -> int:
    with store.read() as session:
        return session.scalar(select(func.count()).where(Chunk.state == "done")) or 0


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("nothing_left")
def test_killed_at_random(
    store: Store, store_url: str, kind: str, record_property: Callable[..., None]
) -> None:
    start, few = KINDS[kind]
    kills, rng = 100 if LONG else few, random.Random(f"{kind} {store.is_sqlite}")
    count_results(store)
    files: dict[str, list[tuple[str, bytes]]] = {}
    killed = 0

    def submit() -> str:
        batch = documents(DOCUMENTS, f"{kind} {len(files)}")
        job_id = queue.submit(
            store,
            batch,
            CheckOptions(),
            created_by="k1",
            webhook="https://portal.example/",
            priority=rng.randrange(3),
        )
        files[job_id] = batch
        return job_id

    job_id = submit()
    with start(store_url) as kill:
        while killed < kills:
            # At a random moment of the work: measured in documents, so that a slow machine kills no fewer of them.
            until = finished(store) + rng.randrange(30)
            while finished(store) < until:
                if find(store, job_id).finished_at:
                    job_id = submit()
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.03))
            killed += kill(rng)
        while not all(find(store, each).finished_at for each in files):
            time.sleep(0.05)

    for each, batch in files.items():
        assert find(store, each).state == "done"
        items = queue.results(store, each, limit=DOCUMENTS + 1).items
        assert [(item.ordinal, item.label, item.state) for item in items] == [
            (number, label, "done") for number, (label, _) in enumerate(batch)
        ]
        digests = [item.result["report"]["sha256"] for item in items if item.result]
        assert digests == [hashlib.sha256(data).hexdigest() for _, data in batch]
    ends = written(store)
    assert len({chunk for chunk, _ in ends}) == len(ends) == DOCUMENTS * len(files)
    assert {state for _, state in ends} == {"done"}
    with store.read() as session:
        messages = session.scalars(select(Delivery.job_id)).all()
        lost = session.scalar(select(func.sum(Chunk.attempts)))
    assert sorted(messages) == sorted(files)
    figures = f"{killed} kills, {len(files)} batches, {len(ends)} documents, {lost} turns lost"
    record_property("figures", figures)
    print(f"{kind}, {'SQLite' if store.is_sqlite else 'PostgreSQL'}: {figures}")
