"""Work in other processes: deadlines that end it, deaths that are noticed, answers that stay the same."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from service.api.errors import Problem
from service.api.workers import Workers
from service.app import create_app
from service.errors import DamagedInput
from service.settings import ServerSettings
from tests.service.api.asgi import Client, running
from tests.service.api.samples import DOCX, PROJECT, problem, upload


def number() -> int:
    return os.getpid()


def hang() -> None:
    time.sleep(600)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def refuse() -> None:
    raise DamagedInput("文件已损坏")


@pytest.fixture(scope="module")
def pooled() -> Iterator[Client]:
    with running(create_app(ServerSettings(processes=2, request_seconds=20.0))) as found:
        yield found


def workers(client: Client) -> Workers:
    found: Workers = client.app.state.services.workers
    return found


def test_answers_are_those_of_threads(pooled: Client, client: Client) -> None:
    for path in ("check", "parse", "fix"):
        one, other = (item.post(f"/v1/{path}", files=upload(DOCX)) for item in (pooled, client))
        assert one.status_code == 200
        assert one.content == other.content


def test_refusals_cross_the_border(pooled: Client) -> None:
    problem(pooled.post("/v1/check", files={"file": ("a.docx", b"PK\x03\x04")}), 422, "damaged-input")
    body = problem(pooled.post("/v1/classify", json={"items": [{}]}), 422, "invalid-request")
    assert body["errors"] == [{"path": "items[0].name", "detail": "缺少此项"}]
    request = {"document": {"projects": [PROJECT]}, "choices": [{"suggestion": {
        "title": "", "rationale": "", "edits": [{"path": "x", "old": "", "new": ""}], "slots": [],
        "applicability": "safe", "verification": "verified",
    }}]}  # fmt: skip
    assert problem(pooled.post("/v1/preview", json=request), 422, "unusable-edit")["errors"]


def test_the_work_is_done_elsewhere(pooled: Client) -> None:
    found = {pooled.portal.call(workers(pooled).run, number) for _ in range(6)}
    assert os.getpid() not in found
    assert len(found) <= 2


def test_a_process_that_takes_too_long_is_ended_and_replaced(pooled: Client) -> None:
    before = pooled.portal.call(workers(pooled).run, number)
    hasty = Workers(1, 0.5)

    async def too_long() -> Any:
        await hasty.start()
        try:
            return await hasty.run(hang)
        finally:
            await hasty.stop()

    with pytest.raises(Problem) as caught:
        pooled.portal.call(too_long)
    assert caught.value.kind.slug == "overdue"
    assert caught.value.headers == {"Retry-After": "2"}
    assert isinstance(before, int)
    assert pooled.post("/v1/check", json=PROJECT).status_code == 200


def test_a_process_that_dies_is_an_answer(pooled: Client) -> None:
    with pytest.raises(Problem) as caught:
        pooled.portal.call(workers(pooled).run, die)
    assert caught.value.kind.slug == "interrupted"
    assert pooled.post("/v1/check", json=PROJECT).status_code == 200


def test_errors_of_ours_come_back_as_they_were(pooled: Client) -> None:
    with pytest.raises(DamagedInput, match="文件已损坏"):
        pooled.portal.call(workers(pooled).run, refuse)


def test_a_request_that_takes_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from service.api import tasks

    monkeypatch.setattr(tasks, "parse", lambda *_: time.sleep(1.0))
    settings = replace(ServerSettings(), request_seconds=0.2)
    with running(create_app(settings)) as client:
        body = problem(client.post("/v1/parse", files=upload(DOCX)), 503, "overdue")
        assert "0.2 秒" in body["detail"]
