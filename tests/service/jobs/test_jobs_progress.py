"""How far a batch is, by asking and as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from jobs_cases import T0, after, answer, submit
from sqlalchemy import delete

from service.jobs import queue
from service.jobs.errors import NoSuchJob
from service.jobs.policy import Policy
from service.jobs.progress import events, progress_to_json
from service.store.engine import Store
from service.store.tables import Job

RESULT = answer(b"x")


def work(store: Store, count: int, at: float, owner: str = "w") -> None:
    for task in queue.lease(store, owner, 600, count, at=after(at)):
        assert queue.complete(store, task, RESULT, at=after(at))


def test_counts_rate_and_time_left(store: Store) -> None:
    job_id = submit(store, 100)
    found = queue.progress(store, job_id, at=T0)
    assert found.counts == {"queued": 100, "leased": 0, "done": 0, "poison": 0, "cancelled": 0}
    assert (found.per_second, found.seconds_left) == (None, None)
    queue.lease(store, "other", 600, 2, at=T0)
    work(store, 10, at=10)
    found = queue.progress(store, job_id, at=after(20))
    assert found.counts == {"queued": 88, "leased": 2, "done": 10, "poison": 0, "cancelled": 0}
    assert (found.per_second, found.seconds_left) == (0.5, 180.0)
    # Only the last minute counts.
    work(store, 30, at=100)
    assert queue.progress(store, job_id, at=after(130)).per_second == 0.5
    assert queue.progress(store, job_id, at=after(500)).per_second is None


def test_poison_is_listed_with_its_reason(store: Store) -> None:
    job_id = submit(store, 2)
    one, two = queue.lease(store, "w", 60, 2, at=T0)
    queue.fail(store, two, "内存不足", policy=Policy(max_attempts=1), at=after(1))
    found = queue.progress(store, job_id, at=after(2))
    (poison,) = found.poison
    assert (poison.ordinal, poison.label, poison.attempts) == (1, "1.json", 1)
    assert poison.reason == "连续 1 次处理失败，已搁置：内存不足"
    queue.complete(store, one, RESULT, at=after(4))
    told = progress_to_json(queue.progress(store, job_id, at=after(5)))
    assert json.loads(json.dumps(told)) == told
    assert told["finished"] == told["total"] == 2
    assert (told["state"], told["per_second"], told["seconds_left"]) == ("done", None, None)


def test_results_page_by_page(store: Store) -> None:
    job_id = submit(store, 7)
    work(store, 5, at=1)
    pages, after_ordinal = [], -1
    while True:
        page = queue.results(store, job_id, after=after_ordinal, limit=3)
        pages.append([item.ordinal for item in page.items])
        if page.next_after is None:
            break
        after_ordinal = page.next_after
    assert pages == [[0, 1, 2], [3, 4, 5], [6]]
    last = queue.results(store, job_id, after=3, limit=2).items
    assert [(item.state, item.result) for item in last] == [("done", RESULT), ("queued", None)]
    assert queue.results(store, job_id, limit=1, with_result=False).items[0].result is None
    for ask in (queue.results, queue.progress):
        with pytest.raises(NoSuchJob):
            ask(store, "x")


class Clock:
    """Time that passes only while the stream sleeps, with something happening at each step."""

    def __init__(self, steps: list[Callable[[], object]]) -> None:
        self.now = 0.0
        self._steps = steps

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        assert self._steps, "the stream should have ended"
        await asyncio.to_thread(self._steps.pop(0))

    def time(self) -> float:
        return self.now


def listen(store: Store, job_id: str, steps: list[Callable[[], object]], **given: Any) -> list[str]:
    clock = Clock(steps)

    async def collect() -> list[str]:
        stream = events(store, job_id, sleep=clock.sleep, clock=clock.time, **given)
        return [item async for item in stream]

    return asyncio.run(collect())


def fields(event: str) -> dict[str, str]:
    assert event.endswith("\n\n")
    return dict(line.split(": ", 1) for line in event.strip().splitlines())


def idle() -> None:
    """Nothing happens."""


def test_the_stream_tells_changes_and_ends_with_the_job(store: Store) -> None:
    job_id = submit(store, 2)
    heard = listen(
        store, job_id, [idle, lambda: work(store, 1, at=1), idle, idle, lambda: work(store, 1, at=2)]
    )
    assert heard[0] == "retry: 3000\n\n"
    told = [fields(event) for event in heard[1:]]
    assert [item["event"] for item in told] == ["progress", "progress", "progress", "end"]
    data = [json.loads(item["data"]) for item in told]
    assert [item["state"] for item in data] == ["queued", "running", "done", "done"]
    assert [item["finished"] for item in data[:3]] == [0, 1, 2]
    assert len({item["id"] for item in told[:3]}) == 3


def test_comments_keep_the_line_open(store: Store) -> None:
    job_id = submit(store, 1)
    steps = [idle] * 10 + [lambda: queue.cancel(store, job_id)]
    heard = listen(store, job_id, steps, poll_seconds=2, heartbeat_seconds=6)
    assert [event.split(":")[0] for event in heard] == ["retry", "event", "", "", "", "event", "event"]


def test_a_reader_that_comes_back_hears_only_news(store: Store) -> None:
    job_id = submit(store, 2)
    work(store, 1, at=1)
    heard = listen(store, job_id, [lambda: work(store, 1, at=2)])
    first = fields(heard[1])["id"]
    again = submit(store, 2, idempotency_key="again")
    work(store, 1, at=3)
    heard = listen(store, again, [idle, lambda: work(store, 1, at=4)], last_event_id=first)
    assert [fields(event)["event"] for event in heard[1:]] == ["progress", "end"]
    # After the end the end is told once more, so that the reader closes.
    last = fields(heard[-1])["id"]
    heard = listen(store, again, [], last_event_id=last)
    assert [fields(event)["event"] for event in heard[1:]] == ["end"]
    # An id of somewhere else does no harm.
    heard = listen(store, again, [], last_event_id="x\ny")
    assert [fields(event)["event"] for event in heard[1:]] == ["progress", "end"]


def test_a_deleted_job_ends_its_stream(store: Store) -> None:
    job_id = submit(store, 1)

    def gone() -> None:
        with store.session() as session:
            session.execute(delete(Job).where(Job.id == job_id))

    told = fields(listen(store, job_id, [gone])[-1])
    assert (told["event"], json.loads(told["data"])["state"]) == ("end", "deleted")
    with pytest.raises(NoSuchJob):
        listen(store, job_id, [])


def test_a_label_cannot_break_out_of_its_event(store: Store) -> None:
    job_id = submit(store, [("a\n\nevent: end\r\rdata: x", b"x")])
    (task,) = queue.lease(store, "w", 60, at=T0)
    assert queue.fail(store, replace(task), "x", final=True) == "poison"
    heard = listen(store, job_id, [])
    assert [fields(event)["event"] for event in heard[1:]] == ["progress", "end"]


def test_a_reader_may_leave_at_any_moment(store: Store) -> None:
    job_id = submit(store, 1)

    async def leave() -> str:
        stream = events(store, job_id)
        first = await anext(stream)
        closing: Awaitable[None] = stream.aclose()  # type: ignore[attr-defined]
        await closing
        return first

    assert asyncio.run(leave()).startswith("retry")
