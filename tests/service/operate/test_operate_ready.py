"""Readiness: every part that answers are made with has its say."""

from __future__ import annotations

import threading

import pytest

from service.store.engine import Store
from service.store.errors import StoreError
from tests.service.api.stateful_tools import world


def test_a_service_whose_store_is_away_is_not_ready(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Store) -> None:
        raise StoreError("无法使用数据库")

    with world(store, store_url) as made:
        assert made.client.get("/readyz").json()["checks"] == {"workers": "ok", "store": "ok"}
        monkeypatch.setattr(Store, "ping", away)
        answer = made.client.get("/readyz")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert "store" in answer.json()["detail"]
        assert made.client.get("/healthz").status_code == 200


def test_a_service_whose_batches_stand_still_is_not_ready(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = threading.Event()
    monkeypatch.setattr("service.api.wiring.Pool.run", lambda *_: stopped.wait(60))
    with world(store, store_url, batch_workers=1) as made:
        assert made.client.get("/readyz").json()["checks"]["batches"] == "ok"
        stopped.set()
        for thread in threading.enumerate():
            if thread.name == "biaochi-batches":
                thread.join(10)
        answer = made.client.get("/readyz")
        assert answer.status_code == 503
        assert "batches" in answer.json()["detail"]
