"""One worker, in this process; and the pool with real ones."""

from __future__ import annotations

import functools
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jobs_cases import cheap, moody, submit
from sqlalchemy import update
from sqlalchemy.exc import DataError, OperationalError

from models.records.codec import dumps, report_to_json
from nlp.quantity import of_row
from service.jobs import queue
from service.jobs.pool import Pool
from service.jobs.settings import JobSettings
from service.jobs.stopping import SignalStop
from service.jobs.view import find
from service.jobs.worker import Exhausted, Worker
from service.pipeline import CheckOptions, check_bytes
from service.settings import Limits
from service.store.engine import Store
from service.store.tables import Chunk

FAST = JobSettings(
    processes=2,
    lease_seconds=30,
    max_attempts=2,
    backoff_seconds=0.01,
    backoff_max_seconds=0.02,
    poll_seconds=0.02,
    grace_seconds=30,
)
PROJECT = {
    "title": "",
    "projects": [
        {
            "name": "道路养护",
            "budget": {"total": "8.12", "unit": "万元"},
            "goals": ["完成养护"],
            "rows": [
                {
                    "level1": "产出指标",
                    "level2": "数量指标",
                    "name": "养护里程",
                    "value": "≥100",
                    "basis": "计划",
                }
            ],
        }
    ],
}


def finish(store: Store, url: str, settings: JobSettings = FAST, checker: Any = moody) -> None:
    """Work in this process until nothing is due any more."""
    worker = Worker(url, Limits(), settings=settings, checker=checker)
    while worker.step(store) or any(
        item.counts["queued"] for item in [queue.progress(store, job_id) for job_id in _open(store)]
    ):
        pass


def _open(store: Store) -> list[str]:
    from service.jobs.view import jobs

    return [job.id for job in jobs(store).items if job.finished_at is None]


def test_a_document_is_checked_as_everywhere(store: Store, store_url: str) -> None:
    data = json.dumps(PROJECT, ensure_ascii=False).encode()
    options = CheckOptions(profile="hebei", suggest=False)
    job_id = submit(store, [("a.json", data), ("b.txt", b"")], options=options)
    worker = Worker(store_url, Limits())
    assert worker.step(store)
    assert worker.step(store)
    assert not worker.step(store)
    good, empty = queue.results(store, job_id).items
    report = check_bytes(data, name="a.json", options=options, limits=Limits())
    expected = json.loads(dumps(report_to_json(report, of_row)))
    assert expected["findings"]
    assert good.result == {"kind": "report", "report": expected}
    assert empty.result is not None
    assert (empty.result["kind"], empty.result["code"]) == ("problem", "empty-input")
    assert find(store, job_id).state == "done"


def test_what_becomes_of_each_kind_of_trouble(store: Store, store_url: str) -> None:
    words = ["fine", "empty", "settings", "crash", "memory"]
    job_id = submit(store, [(word, word.encode()) for word in words])
    with pytest.raises(Exhausted):
        finish(store, store_url)
    # Memory that has run out ends the worker; the next one goes on.
    with pytest.raises(Exhausted):
        finish(store, store_url)
    finish(store, store_url)
    items = {item.label: item for item in queue.results(store, job_id).items}
    assert [items[word].state for word in words] == ["done", "done", "poison", "poison", "poison"]
    assert items["empty"].result == {"kind": "problem", "code": "no-table", "message": "没有找到绩效目标表"}
    assert (items["settings"].error, items["settings"].attempts) == ("没有这个检查配置", 1)
    assert items["crash"].error == "连续 2 次处理失败，已搁置：程序内部错误（RuntimeError）"
    assert "内存不足" in (items["memory"].error or "")


def test_a_purged_document_is_set_aside(store: Store, store_url: str) -> None:
    job_id = submit(store)
    with store.session() as session:
        session.execute(update(Chunk).values(payload=None))
    finish(store, store_url)
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.error) == ("poison", queue.PURGED)


def _flaky(monkeypatch: pytest.MonkeyPatch, name: str, times: int, error: Callable[[], Exception]) -> None:
    real, left = getattr(queue, name), [times]

    @functools.wraps(real)
    def call(*args: Any, **given: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise error()
        return real(*args, **given)

    monkeypatch.setattr(queue, name, call)


def test_a_store_that_is_away_for_a_moment_costs_nothing(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = lambda: OperationalError("x", {}, Exception("away"))  # noqa: E731
    for name in ("lease", "complete", "release"):
        _flaky(monkeypatch, name, 2, away)
    job_id = submit(store, 3)
    stop = threading.Event()
    thread = threading.Thread(
        target=Worker(store_url, Limits(), settings=FAST, checker=cheap).run, args=(stop,)
    )
    thread.start()
    while not find(store, job_id).finished_at:
        stop.wait(0.02)
    stop.set()
    thread.join()
    assert [item.attempts for item in queue.results(store, job_id).items] == [0, 0, 0]


def test_a_result_that_the_store_does_not_take_is_a_failure(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _flaky(monkeypatch, "complete", 9, lambda: DataError("表中的文字", {}, Exception("表中的文字")))
    job_id = submit(store)
    finish(store, store_url, checker=cheap)
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.error) == (
        "poison",
        "连续 2 次处理失败，已搁置：结果无法写入数据库（DataError）",
    )


def test_the_heartbeat_keeps_a_long_check(store: Store, store_url: str, tmp_path: Path) -> None:
    job_id = submit(store, [("a", f"slow {tmp_path / 'seen'}".encode())])
    settings = replace(FAST, lease_seconds=0.9)
    with workers(store_url, settings, moody, 1):
        await_file(tmp_path / "seen")
        while not find(store, job_id).finished_at:
            assert queue.lease(store, "thief", 30) == ()
            time.sleep(0.05)
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.attempts) == ("done", 0)


def test_a_stop_from_a_signal_handler() -> None:
    stop = SignalStop()
    assert not stop.wait(0)
    before = signal.signal(signal.SIGUSR1, lambda *_: stop.set())
    try:
        signal.raise_signal(signal.SIGUSR1)
        assert stop.wait(60)
        for _ in range(100_000):
            stop.set()
        assert stop.is_set()
    finally:
        signal.signal(signal.SIGUSR1, before)
        stop.close()


@contextmanager
def workers(url: str, settings: JobSettings, checker: Any, count: int) -> Iterator[None]:
    """Workers as threads of this process."""
    stop = threading.Event()
    threads = [
        threading.Thread(target=Worker(url, Limits(), settings=settings, checker=checker).run, args=(stop,))
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextmanager
def pool(url: str, settings: JobSettings, checker: Any = moody) -> Iterator[tuple[Pool, threading.Event]]:
    """A pool with real processes; none is left at the end."""
    found, stop = Pool(url, Limits(), settings=settings, checker=checker), threading.Event()
    thread = threading.Thread(target=found.run, args=(stop,))
    thread.start()
    try:
        yield found, stop
    finally:
        stop.set()
        thread.join()
        assert found.pids == ()


def await_file(path: Path) -> None:
    while not path.exists():
        time.sleep(0.02)


def await_end(store: Store, job_id: str) -> None:
    while not find(store, job_id).finished_at:
        time.sleep(0.05)


def test_documents_that_kill_or_hold_their_worker_are_set_aside(store: Store, store_url: str) -> None:
    words = ["fine", "die", "fine", "exit", "hang", "fine"]
    job_id = submit(store, [(word, word.encode()) for word in words])
    with pool(store_url, replace(FAST, chunk_seconds=0.5)):
        await_end(store, job_id)
    items = queue.results(store, job_id).items
    assert [item.state for item in items] == ["done", "poison", "done", "poison", "poison", "done"]
    assert [item.attempts for item in items] == [0, 2, 0, 2, 2, 0]
    assert [item.error for item in items if item.error] == [
        "连续 2 次处理失败，已搁置：处理进程被系统终止，可能是内存不足",
        "连续 2 次处理失败，已搁置：处理进程异常退出（状态 3）",
        "连续 2 次处理失败，已搁置：检查超过 0.5 秒的时限，请拆分文件或精简内容后再检查",
    ]


def test_memory_is_bounded(store: Store, store_url: str) -> None:
    job_id = submit(store, [("a", b"memory"), ("b", b"fine")])
    with pool(store_url, replace(FAST, memory_mb=4096, processes=1)):
        await_end(store, job_id)
    first, second = queue.results(store, job_id).items
    assert (first.state, second.state) == ("poison", "done")
    assert "内存不足" in (first.error or "")


def test_a_stopped_worker_finishes_what_it_has_in_hand(store: Store, store_url: str, tmp_path: Path) -> None:
    job_id = submit(store, [("a", f"slow {tmp_path / 'seen'}".encode()), ("b", b"fine")])
    with pool(store_url, replace(FAST, processes=1)) as (_, stop):
        await_file(tmp_path / "seen")
        stop.set()
    items = queue.results(store, job_id).items
    assert [(item.state, item.attempts) for item in items] == [("done", 0), ("queued", 0)]


def test_what_takes_too_long_to_finish_is_given_back(store: Store, store_url: str, tmp_path: Path) -> None:
    job_id = submit(store, [("a", f"stuck {tmp_path / 'seen'}".encode())])
    with pool(store_url, replace(FAST, processes=1, grace_seconds=0.2)) as (_, stop):
        await_file(tmp_path / "seen")
        stop.set()
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.attempts) == ("queued", 0)


def test_a_signal_to_one_worker_gives_its_chunk_to_another(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    job_id = submit(store, [("a", f"slow {tmp_path / 'seen'}".encode())])
    with pool(store_url, replace(FAST, processes=1, grace_seconds=0.1)) as (found, _):
        await_file(tmp_path / "seen")
        os.kill(found.pids[0], signal.SIGTERM)
        (tmp_path / "seen").unlink()
        await_file(tmp_path / "seen")
        (item,) = queue.results(store, job_id).items
        assert item.attempts == 0
