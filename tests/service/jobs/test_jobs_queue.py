"""Every transition of chunks and jobs, with the time given."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace

import pytest
from jobs_cases import T0, after, answer, count_results, submit, written
from sqlalchemy import select, update

from service.jobs import queue
from service.jobs.errors import NoSuchJob
from service.jobs.policy import Policy
from service.jobs.queue import Task
from service.jobs.view import find
from service.store.engine import Store
from service.store.tables import Chunk, Delivery

POLICY = Policy(max_attempts=3, backoff=10, backoff_max=15)
RESULT = answer(b"x")


def take(store: Store, owner: str = "w1", at: float = 0, seconds: float = 30) -> Task:
    (task,) = queue.lease(store, owner, seconds, policy=POLICY, at=after(at))
    return task


def states(store: Store, job_id: str) -> list[str]:
    return [item.state for item in queue.results(store, job_id, limit=1000).items]


def test_a_batch_from_queued_to_done(store: Store) -> None:
    job_id = submit(store, 2)
    assert find(store, job_id).state == "queued"
    first = take(store, at=1)
    assert (first.ordinal, first.label, first.payload) == (0, "0.json", b'{"document": 0, "salt": ""}')
    assert first.lease_until == after(31)
    assert (find(store, job_id).state, find(store, job_id).started_at) == ("running", after(1))
    second = take(store, "w2", at=2)
    assert queue.lease(store, "w3", 30, at=after(3)) == ()
    assert queue.complete(store, first, RESULT, at=after(4))
    assert states(store, job_id) == ["done", "leased"]
    assert find(store, job_id).state == "running"
    assert queue.complete(store, second, RESULT, at=after(5))
    job = find(store, job_id)
    assert (job.state, job.started_at, job.finished_at) == ("done", after(1), after(5))
    assert [item.result for item in queue.results(store, job_id).items] == [RESULT, RESULT]


def test_priority_first_then_age_then_order(store: Store) -> None:
    low = submit(store, 2, priority=-1, at=after(-9))
    old = submit(store, 2, at=after(-5))
    new = submit(store, 2, at=after(-4))
    high = submit(store, 2, priority=7)
    got = queue.lease(store, "w", 30, 7, at=T0)
    assert [(task.job_id, task.ordinal) for task in got] == [
        (high, 0), (high, 1), (old, 0), (old, 1), (new, 0), (new, 1), (low, 0),
    ]  # fmt: skip
    assert find(store, low).state == "running"


def test_a_chunk_is_not_taken_before_its_time(store: Store) -> None:
    submit(store, at=after(10))
    assert queue.lease(store, "w", 30, at=after(9)) == ()
    assert len(queue.lease(store, "w", 30, at=after(10))) == 1


def test_completing_twice_keeps_the_first_result(store: Store) -> None:
    job_id = submit(store)
    task = take(store)
    assert queue.complete(store, task, RESULT, at=after(1))
    assert queue.complete(store, task, answer(b"other"), at=after(2))
    (item,) = queue.results(store, job_id).items
    assert (item.result, item.finished_at) == (RESULT, after(1))


def test_only_the_holder_writes(store: Store) -> None:
    job_id = submit(store)
    task = take(store)
    stranger = replace(task, owner="w2")
    assert not queue.complete(store, stranger, RESULT)
    assert queue.fail(store, stranger, "x") is None
    assert states(store, job_id) == ["leased"]


def test_a_late_worker_does_not_write_over_its_successor(store: Store) -> None:
    job_id = submit(store)
    late = take(store, "w1", at=0, seconds=30)
    assert queue.lease(store, "w2", 30, policy=POLICY, at=after(29)) == ()
    # Taken back at 30 as a failure, it rests first.
    assert queue.lease(store, "w2", 30, policy=POLICY, at=after(30)) == ()
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.attempts, item.error) == ("queued", 1, queue.EXPIRED)
    assert not queue.complete(store, late, answer(b"late"), at=after(31))
    successor = take(store, "w2", at=41)
    assert successor.attempts == 1
    assert not queue.complete(store, late, answer(b"late"), at=after(42))
    assert queue.fail(store, late, "x", at=after(42)) is None
    assert queue.complete(store, successor, RESULT, at=after(43))
    assert not queue.complete(store, late, answer(b"late"), at=after(44))
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.result, item.error) == ("done", RESULT, None)


def test_a_later_turn_of_the_same_worker_is_another_turn(store: Store) -> None:
    submit(store)
    first = take(store, "w1")
    assert queue.abandon(store, "w1", "停", policy=POLICY, at=after(1)) == 1
    second = take(store, "w1", at=20)
    assert not queue.complete(store, first, RESULT)
    assert queue.complete(store, second, RESULT)


def test_an_expired_lease_that_nobody_took_still_counts(store: Store) -> None:
    submit(store)
    task = take(store, seconds=30)
    assert queue.complete(store, task, RESULT, at=after(500))


def test_heartbeat_extends_and_tells_what_is_held(store: Store) -> None:
    submit(store, 2)
    one, two = queue.lease(store, "w1", 30, 2, at=T0)
    assert queue.heartbeat(store, "w1", 30, at=after(25)) == {one.id, two.id}
    assert queue.lease(store, "w2", 30, at=after(54)) == ()
    queue.complete(store, one, RESULT)
    assert queue.heartbeat(store, "w1", 30) == {two.id}
    assert queue.heartbeat(store, "nobody", 30) == frozenset()


def test_release_gives_back_without_counting(store: Store) -> None:
    job_id = submit(store, 2)
    one, _ = queue.lease(store, "w1", 30, 2, at=T0)
    assert queue.release(store, "w1") == 2
    assert queue.release(store, "w1") == 0
    assert not queue.complete(store, one, RESULT)
    assert [item.attempts for item in queue.results(store, job_id).items] == [0, 0]
    assert states(store, job_id) == ["queued", "queued"]
    assert len(queue.lease(store, "w2", 30, 2, at=after(1))) == 2


def test_failures_rest_longer_and_end_as_poison(store: Store) -> None:
    job_id = submit(store, webhook="https://portal.example/x")
    at, rests = 0.0, []
    for _ in range(POLICY.max_attempts - 1):
        task = take(store, at=at)
        assert queue.fail(store, task, "程序内部错误", policy=POLICY, at=after(at)) == "queued"
        with store.read() as session:
            due = session.scalars(select(Chunk.not_before)).one()
        rests.append((due - after(at)).total_seconds())
        assert queue.lease(store, "w", 30, at=after(at + rests[-1] - 0.001)) == ()
        at += rests[-1]
    # 10 then 20, bounded by 15, each times a fixed fraction between a half and one.
    assert 5 <= rests[0] <= 10
    assert 7.5 <= rests[1] <= 15
    assert rests == [POLICY.pause(f"{job_id}:0", n).total_seconds() for n in (1, 2)]
    task = take(store, at=at)
    assert queue.fail(store, task, "程序内部错误", policy=POLICY, at=after(at)) == "poison"
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.attempts) == ("poison", 3)
    assert item.error == "连续 3 次处理失败，已搁置：程序内部错误"
    # Poison ends the job all the same, and its message tells.
    assert find(store, job_id).state == "done"
    with store.read() as session:
        body = session.scalars(select(Delivery.body)).one()
    assert (body["state"], body["counts"]) == ("done", {"poison": 1})


def test_a_final_failure_is_poison_at_once(store: Store) -> None:
    job_id = submit(store)
    assert queue.fail(store, take(store), "长" * 500, policy=POLICY, final=True) == "poison"
    (item,) = queue.results(store, job_id).items
    assert (item.error, item.attempts) == ("长" * 400, 1)


def test_expired_leases_count_until_poison(store: Store) -> None:
    job_id = submit(store)
    for at in (0, 100, 200):
        take(store, f"w{at}", at=at)
        assert queue.lease(store, "w", 30, policy=POLICY, at=after(at + 80)) == ()
    (item,) = queue.results(store, job_id).items
    assert (item.state, item.attempts) == ("poison", 3)
    assert item.error == f"连续 3 次处理失败，已搁置：{queue.EXPIRED}"


def test_reclaiming_the_last_chunk_finishes_the_job(store: Store) -> None:
    job_id = submit(store)
    take(store)
    assert queue.lease(store, "w2", 30, policy=Policy(max_attempts=1), at=after(31)) == ()
    assert (find(store, job_id).state, find(store, job_id).finished_at) == ("done", after(31))


def test_abandon_touches_only_its_owner(store: Store) -> None:
    job_id = submit(store, 2)
    take(store, "w1")
    take(store, "w2")
    assert queue.abandon(store, "w1", "处理进程被系统终止", policy=POLICY, at=after(1)) == 1
    assert states(store, job_id) == ["queued", "leased"]
    assert queue.results(store, job_id).items[0].error == "处理进程被系统终止"


def test_cancel_while_leased(store: Store) -> None:
    job_id = submit(store, 3, webhook="https://portal.example/x")
    done, held = queue.lease(store, "w1", 30, 2, at=T0)
    queue.complete(store, done, RESULT, at=after(1))
    assert queue.cancel(store, job_id, at=after(2)) == "cancelled"
    assert states(store, job_id) == ["done", "cancelled", "cancelled"]
    assert not queue.complete(store, held, RESULT, at=after(3))
    assert queue.fail(store, held, "x", at=after(3)) is None
    assert queue.heartbeat(store, "w1", 30) == frozenset()
    assert queue.lease(store, "w2", 30, at=after(1000)) == ()
    assert states(store, job_id) == ["done", "cancelled", "cancelled"]
    assert queue.cancel(store, job_id, at=after(4)) == "cancelled"
    assert find(store, job_id).finished_at == after(2)
    with store.read() as session:
        bodies = session.scalars(select(Delivery.body)).all()
    assert [(b["state"], b["counts"]) for b in bodies] == [("cancelled", {"done": 1, "cancelled": 2})]


def test_cancelling_what_is_finished_changes_nothing(store: Store) -> None:
    job_id = submit(store)
    queue.complete(store, take(store), RESULT, at=after(1))
    assert queue.cancel(store, job_id) == "done"
    assert states(store, job_id) == ["done"]
    with pytest.raises(NoSuchJob, match="批次"):
        queue.cancel(store, "x")


def test_the_message_is_written_with_the_end_and_holds_no_text(store: Store) -> None:
    job_id = submit(store, [("机密文件.docx", b"x")], webhook="https://portal.example/x")
    queue.complete(store, take(store), RESULT, at=after(1))
    with store.read() as session:
        row = session.scalars(select(Delivery)).one()
    assert (row.state, row.attempts, row.not_before) == ("waiting", 0, after(1))
    assert row.body == {
        "delivery": row.id,
        "event": "job.finished",
        "job": job_id,
        "state": "done",
        "total": 1,
        "counts": {"done": 1},
        "finished_at": "2025-03-01T08:00:01Z",
    }


def test_purged_payload_is_handed_out_empty(store: Store) -> None:
    submit(store)
    with store.session() as session:
        session.execute(update(Chunk).values(payload=None))
    assert take(store).payload is None


@pytest.mark.parametrize("per_lease", [1, 3])
def test_racing_workers_share_every_chunk_once(store: Store, store_url: str, per_lease: int) -> None:
    count_results(store)
    ids = [submit(store, 60, priority=i) for i in range(2)]
    taken: Counter[int] = Counter()
    barrier = threading.Barrier(6)

    def work(name: str) -> None:
        own = Store(store_url)
        barrier.wait()
        while tasks := queue.lease(own, name, 30, per_lease):
            for task in tasks:
                taken[task.id] += 1
                assert task.payload is not None
                assert queue.complete(own, task, answer(task.payload))
        own.close()

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken.values()) == [1] * 120
    assert [find(store, job_id).state for job_id in ids] == ["done", "done"]
    assert sorted(written(store)) == sorted((chunk, "done") for chunk in taken)


def test_cancelling_and_failing_against_working_ends_every_job(store: Store, store_url: str) -> None:
    count_results(store)
    ids = [submit(store, 8) for _ in range(12)]
    barrier = threading.Barrier(4)
    policy = Policy(max_attempts=2, backoff=0.001, backoff_max=0.001)

    def work(name: str) -> None:
        own = Store(store_url)
        barrier.wait()
        for turn in range(400):
            tasks = queue.lease(own, name, 30, 2, policy=policy)
            for task in tasks:
                if (task.id + turn) % 3:
                    queue.complete(own, task, RESULT)
                else:
                    queue.fail(own, task, "试", policy=policy)
            queue.heartbeat(own, name, 30)
            if not tasks and all(find(own, job_id).finished_at for job_id in ids):
                break
        own.close()

    def stop() -> None:
        own = Store(store_url)
        barrier.wait()
        for job_id in ids[::2]:
            queue.cancel(own, job_id)
        own.close()

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(3)]
    threads.append(threading.Thread(target=stop))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for job_id in ids:
        progress = queue.progress(store, job_id)
        assert progress.job.state in ("done", "cancelled")
        assert progress.counts["queued"] == progress.counts["leased"] == 0
        assert (progress.counts["cancelled"] > 0) == (progress.job.state == "cancelled")
    assert len(written(store)) == len({chunk for chunk, _ in written(store)}) == 96
