"""Taking in batches."""

from __future__ import annotations

import threading
from datetime import date

import pytest
from jobs_cases import OPTIONS, T0, after, documents, submit

from rules.engine.suppress import Waiver
from service.jobs import queue
from service.jobs.errors import IdempotencyConflict, NoSuchJob, UnusableBatch, WebhookRefused
from service.jobs.options import options_from_json, options_to_json
from service.jobs.settings import JobSettings
from service.jobs.view import find, jobs
from service.pipeline import CheckOptions
from service.settings import WordingSettings
from service.store.engine import Store


def test_a_batch_stands_queued_with_its_files_in_order(store: Store) -> None:
    job_id = submit(store, 1203, priority=4, department="交通局", webhook="https://portal.example/x")
    job = find(store, job_id)
    assert (job.state, job.total, job.priority, job.department) == ("queued", 1203, 4, "交通局")
    assert (job.created_by, job.created_at, job.has_webhook) == ("k1", T0, True)
    page = queue.results(store, job_id, limit=2000)
    assert [item.label for item in page.items] == [label for label, _ in documents(1203)]
    assert {item.state for item in page.items} == {"queued"}
    assert page.next_after is None


def test_labels_are_made_fit_for_every_database(store: Store) -> None:
    job_id = submit(store, [("a\x00\nb\ud800", b"1"), ("长" * 500, b"2")])
    first, second = queue.results(store, job_id).items
    assert first.label == "a��b�"
    assert second.label == "长" * 400


def test_the_same_key_and_content_is_the_same_job(store: Store) -> None:
    first = submit(store, 3, idempotency_key="a")
    assert submit(store, 3, idempotency_key="a", at=after(60)) == first
    assert submit(store, 3, idempotency_key="b") != first
    assert submit(store, 3, idempotency_key="a", created_by="k2") != first
    assert submit(store, 3) != submit(store, 3)


@pytest.mark.parametrize(
    "other",
    [
        {"files": 4},
        {"files": documents(3, "other")},
        {"files": documents(3)[::-1]},
        {"files": [("x", data) for _, data in documents(3)]},
        {"priority": 1},
        {"department": "教育局"},
        {"webhook": "https://portal.example/y"},
        {"options": CheckOptions(suggest=False)},
    ],
    ids=["more", "content", "order", "labels", "priority", "department", "webhook", "options"],
)
def test_the_same_key_with_other_content_is_refused(store: Store, other: dict[str, object]) -> None:
    submit(store, 3, idempotency_key="a")
    with pytest.raises(IdempotencyConflict, match="幂等键"):
        submit(store, **({"files": 3, "idempotency_key": "a"} | other))  # type: ignore[arg-type]


def test_the_same_request_at_the_same_moment_is_one_job(store_url: str) -> None:
    found: list[str] = []
    barrier = threading.Barrier(6)

    def ask() -> None:
        own = Store(store_url)
        barrier.wait()
        found.append(submit(own, 40, idempotency_key="a"))
        own.close()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1


def test_unusable_batches_are_refused_and_leave_nothing(store: Store) -> None:
    with pytest.raises(UnusableBatch, match="没有文件"):
        submit(store, [])
    with pytest.raises(UnusableBatch, match="2 个文件"):
        submit(store, 3, settings=JobSettings(max_files=2))
    with pytest.raises(UnusableBatch, match="合计"):
        submit(store, [("a", b"12345"), ("b", b"6")], settings=JobSettings(max_total_bytes=5))
    for key in ("", "长" * 201, "a\nb"):
        with pytest.raises(UnusableBatch, match="幂等键"):
            submit(store, idempotency_key=key)
    with pytest.raises(WebhookRefused):
        submit(store, webhook="file:///etc/passwd")
    assert jobs(store).items == ()


def test_files_are_read_before_the_store_is_touched(store: Store) -> None:
    def broken() -> object:
        yield "a", b"1"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        submit(store, broken())  # type: ignore[arg-type]
    assert jobs(store).items == ()


def test_options_survive_the_store() -> None:
    waiver = Waiver(reason="r", author="a", rule="BC301", expires=date(2025, 12, 31))
    wording = WordingSettings(url="http://127.0.0.1:1/v1", model="m", key="s3cret")
    options = CheckOptions(
        profile="hebei",
        waivers=(waiver, Waiver(reason="x", author="y", fingerprint="f")),
        baseline=frozenset({"b", "a"}),
        suggest=False,
        today=date(2025, 3, 1),
        wording=wording,
    )
    stored = options_to_json(options)
    assert "s3cret" not in str(stored)
    assert options_from_json(stored, wording) == options
    assert options_from_json(stored).wording is None
    assert options_from_json(options_to_json(OPTIONS), wording) == OPTIONS


def test_jobs_are_listed_newest_first_page_by_page(store: Store) -> None:
    ids = [submit(store, department=f"d{i % 2}", at=after(i // 2)) for i in range(6)]
    first = jobs(store, limit=4)
    second = jobs(store, limit=4, before=first.next_before)
    listed = [item.id for item in (*first.items, *second.items)]
    assert second.next_before is None
    assert sorted(listed) == sorted(ids)
    times = [find(store, job_id).created_at for job_id in listed]
    assert times == sorted(times, reverse=True)
    assert {item.department for item in jobs(store, departments=["d1"]).items} == {"d1"}
    assert jobs(store, departments=[]).items == ()
    assert jobs(store, created_by="k2").items == ()
    queue.cancel(store, ids[3])
    assert [item.id for item in jobs(store, state="cancelled").items] == [ids[3]]
    with pytest.raises(NoSuchJob):
        find(store, "x")
