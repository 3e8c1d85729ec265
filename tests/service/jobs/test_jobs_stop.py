"""`biaochi serve` told to stop while a batch runs and somebody follows its progress."""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest
from jobs_cases import count_results, written
from jobs_processes import PATIENT, Serving, marked
from sqlalchemy import func, select

from service.store.engine import Store
from service.store.tables import Chunk, Job

DOCUMENTS = 12
SHUTDOWN = 5
ROW = {"level1": "产出指标", "level2": "数量指标", "value": "≥100", "description": "全年完成的数量"}


class Follower:
    """Reads a stream of events to its end in the background."""

    def __init__(self, url: str, last: str | None = None) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []
        self.tail = ""
        self.error: Exception | None = None
        self.moved = threading.Event()
        headers = {"Last-Event-ID": last} if last else {}
        self._thread = threading.Thread(target=self._read, args=(url, headers))
        self._thread.start()

    def _read(self, url: str, headers: dict[str, str]) -> None:
        try:
            with httpx.stream("GET", url, headers=headers, timeout=60, trust_env=False) as answer:
                for piece in answer.iter_text():
                    self.tail += piece
                    *whole, self.tail = self.tail.split("\n\n")
                    for text in whole:
                        self._note(text)
        except httpx.HTTPError as error:
            self.error = error
        self.moved.set()

    def _note(self, text: str) -> None:
        fields = dict(line.split(": ", 1) for line in text.split("\n") if not line.startswith(":"))
        if "event" in fields:
            self.events.append((fields["event"], fields["id"], json.loads(fields["data"])))
            if self.events[-1][2].get("counts", {}).get("done"):
                self.moved.set()

    def over(self) -> None:
        """Wait for the end; it has to be one between two events, said by the server."""
        self._thread.join(60)
        assert (self._thread.is_alive(), self.error, self.tail) == (False, None, "")


def document(number: int, rows: int) -> dict[str, Any]:
    """Return a table that takes a while: hundreds of milliseconds with its suggestions."""
    return {
        "projects": [
            {
                "name": f"养护项目{number}",
                "rows": [ROW | {"name": f"养护里程{number}{'甲乙丙丁'[i % 4]}{i}"} for i in range(rows)],
            }
        ]
    }


def states(store: Store) -> dict[str, int]:
    with store.read() as session:
        counted = session.execute(select(Chunk.state, func.count()).group_by(Chunk.state))
        return {row[0]: row[1] for row in counted}


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_stopping_in_the_middle_of_a_batch(store: Store, store_url: str) -> None:
    count_results(store)
    settings = PATIENT | {"BIAOCHI_SHUTDOWN_SECONDS": str(SHUTDOWN), "BIAOCHI_JOB_LEASE_SECONDS": "60"}
    with marked():
        # No document is finished within this grace, so the one in hand is given back.
        server = Serving(store_url, **settings, BIAOCHI_JOB_GRACE_SECONDS="0.05")
        body = {"items": [{"label": f"{i}.json", "document": document(i, 30)} for i in range(DOCUMENTS)]}
        job = httpx.post(f"{server.url}/v1/batches", json=body, timeout=60, trust_env=False).json()["id"]
        events = f"/v1/batches/{job}/events"
        first = Follower(server.url + events)
        assert first.moved.wait(60)
        # Nothing may hang: what is beyond the time for requests is for the interpreter to end.
        assert server.end(signal.SIGTERM, SHUTDOWN + 10) == 0
        first.over()
        assert not any("Traceback" in line for line in server.lines)
        assert {name for name, _, _ in first.events} == {"progress"}
        left = states(store)
        assert set(left) == {"queued", "done"}

        server = Serving(store_url, **settings)
        second = Follower(server.url + events, first.events[-1][1])
        second.over()
        assert second.events[-1][0] == "end"
        assert second.events[-1][2]["state"] == "done"
        assert server.end(signal.SIGTERM, SHUTDOWN + 10) == 0
    assert states(store) == {"done": DOCUMENTS}
    ends = written(store)
    assert len(ends) == len({chunk for chunk, _ in ends}) == DOCUMENTS
    with store.read() as session:
        # Stopping is nobody's failure.
        assert session.scalar(select(func.sum(Chunk.attempts))) == 0
        assert session.scalar(select(Job.state)) == "done"
