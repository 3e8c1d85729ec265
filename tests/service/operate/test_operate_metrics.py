"""Metrics: what is counted, for whom, and what never stands in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from service.app import create_app
from service.logs import Observed
from service.metrics import Metrics, picture_of
from service.settings import ServerSettings
from service.store.engine import Store, new_id, now
from service.store.tables import Chunk, Delivery, Job
from tests.service.api.asgi import Client, running
from tests.service.api.stateful_tools import FIRST, OWN, SECRET, World, world

AWAY = {"Host": "biaochi.example"}
PAGE = Path(__file__).resolve().parents[3] / "docs" / "operate.md"


@pytest.fixture
def made(store: Store, store_url: str) -> Iterator[World]:
    with world(store, store_url, batch_workers=0) as found:
        yield found


def numbers(text: str) -> dict[str, float]:
    return {
        line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line and not line.startswith("#")
    }


def seen(**given: Any) -> Observed:
    plain = {
        "request_id": "r", "method": "GET", "route": "/v1/rules", "status": 200, "seconds": 0.02, "received": 5,
        "actor": "k1",
    }  # fmt: skip
    return Observed(**(plain | given))


def fill_queue(store: Store) -> None:
    at = now()
    with store.session() as session:
        job = Job(
            id=new_id(), state="running", priority=0, department=None, options={}, total=4, created_by="k",
            created_at=at, webhook="https://portal.example/",
        )  # fmt: skip
        session.add(job)
        session.flush()
        for ordinal, (state, minutes) in enumerate(
            (("queued", 10), ("queued", -10), ("done", 60), ("poison", 60))
        ):
            session.add(
                Chunk(
                    job_id=job.id, ordinal=ordinal, label=SECRET, state=state, attempts=0, payload_sha256="0" * 64,
                    not_before=at - timedelta(minutes=minutes),
                )
            )  # fmt: skip
        session.add(
            Delivery(
                id=new_id(), job_id=job.id, state="waiting", attempts=0, not_before=at, created_at=at, body={}
            )
        )


def test_requests_and_findings_are_counted_by_what_is_ours(made: World) -> None:
    document = made.document()["id"]
    made.file(document)
    made.ask("POST", "/check", json=FIRST, params={"x": SECRET})
    made.ask("GET", f"/rules/{SECRET}")
    made.client.request("GET", f"/{SECRET}")
    made.client.request("BREW", "/v1/check")
    text = made.client.get("/metrics").text
    found = numbers(text)
    assert found['biaochi_requests_total{method="POST",route="/v1/check",status="200"}'] == 1
    assert (
        found['biaochi_requests_total{method="POST",route="/v1/documents/{document}/rounds",status="201"}']
        == 1
    )
    assert found['biaochi_requests_total{method="GET",route="/v1/rules/{code}",status="404"}'] == 1
    assert found['biaochi_requests_total{method="GET",route="-",status="404"}'] == 1
    assert found['biaochi_request_seconds_count{method="POST",route="/v1/check"}'] == 1
    # The same table was filed and checked.
    assert found['biaochi_findings_total{code="BC301"}'] >= 2
    assert found["biaochi_store_up"] == 1
    for word in (SECRET, OWN, document, *made.keys.values()):
        assert word not in text
    labels = {value for values in re.findall(r"\{(.*)\}", text) for value in re.findall(r'"([^"]*)"', values)}
    assert all(re.fullmatch(r"[\w./{}+:-]{1,60}", value, re.ASCII) for value in labels)


def test_each_application_counts_for_itself(tmp_path: Path) -> None:
    with (
        running(create_app(ServerSettings(data=tmp_path / "a", batch_workers=0))) as one,
        running(create_app(ServerSettings(data=tmp_path / "b", batch_workers=0))) as two,
    ):
        one.get("/healthz")
        assert "/healthz" in one.get("/metrics").text
        assert "/healthz" not in two.get("/metrics").text


def test_only_this_machine_and_administrators_see_them(made: World) -> None:
    client = made.client
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers=AWAY).status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401
    for (role, _), key in made.keys.items():
        answer = client.get("/metrics", headers={**AWAY, "Authorization": f"Bearer {key}"})
        assert answer.status_code == (200 if role == "administrator" else 403), role
    assert client.request("POST", "/metrics").status_code == 405


@pytest.mark.parametrize(("mode", "here", "away"), [("off", 404, 404), ("open", 200, 200)])
def test_the_setting_closes_and_opens_them(tmp_path: Path, mode: Any, here: int, away: int) -> None:
    with running(create_app(ServerSettings(data=tmp_path, metrics=mode, batch_workers=0))) as client:
        assert client.get("/metrics").status_code == here
        assert client.get("/metrics", headers=AWAY).status_code == away


def test_the_queue_is_seen(store: Store) -> None:
    assert picture_of(store).queue_age == 0
    fill_queue(store)
    found = picture_of(store)
    assert found.up
    assert found.jobs == {"queued": 0, "running": 1, "done": 0, "cancelled": 0}
    assert found.chunks == {"queued": 2, "leased": 0, "poison": 1}
    assert found.deliveries == {"waiting": 1, "failed": 0}
    # What may not be worked on yet is not waiting.
    assert 590 < found.queue_age < 1200
    text = Metrics(lambda: store).render().decode()
    assert 'biaochi_jobs{state="running"} 1.0' in text
    assert SECRET not in text
    assert "portal.example" not in text


def test_a_store_that_is_away_is_a_number_and_no_failure(store: Store) -> None:
    with store.session() as session:
        session.connection().exec_driver_sql("DROP TABLE deliveries")
    text = Metrics(lambda: store).render().decode()
    assert "biaochi_store_up 0.0" in text
    assert "biaochi_jobs" not in text
    assert "biaochi_store_up 0.0" in Metrics().render().decode()


def test_the_store_is_not_asked_each_time(store: Store) -> None:
    metrics = Metrics(lambda: store)
    before = metrics.render()
    fill_queue(store)
    after = metrics.render()
    assert b'biaochi_jobs{state="running"} 0.0' in before
    assert b'biaochi_jobs{state="running"} 0.0' in after


def test_strange_values_become_few() -> None:
    metrics = Metrics()
    metrics.observe(seen(status=None, codes=("BC301", "BC301", SECRET, "BC９９９")))
    found = numbers(metrics.render().decode())
    assert found['biaochi_requests_total{method="GET",route="/v1/rules",status="-"}'] == 1
    assert found['biaochi_findings_total{code="BC301"}'] == 2
    assert found['biaochi_findings_total{code="other"}'] == 2


def test_every_metric_is_in_the_documents(store: Store) -> None:
    metrics = Metrics(lambda: store)
    metrics.observe(seen(codes=("BC301",)))
    names = set(re.findall(r"^# TYPE (\S+)", metrics.render().decode(), re.MULTILINE))
    page = PAGE.read_text("utf-8")
    assert {
        name
        for name in names
        if not name.endswith("_created") and not name.startswith("process_") and f"`{name}`" not in page
    } == set()
    written = set(re.findall(r"\| `(biaochi_\w+)` \|", page))
    assert written <= names


def test_metrics_are_not_logged_as_text(made: World, caplog: pytest.LogCaptureFixture) -> None:
    client: Client = made.client
    with caplog.at_level(logging.INFO):
        client.get("/metrics", params={"name": SECRET})
    assert SECRET not in caplog.text
