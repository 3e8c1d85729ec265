"""Counters for Prometheus, in a registry of their own for each application.

Labels are routes with their placeholders, methods, statuses, rule codes and states: all of them ours and few. No text,
no identifier and nothing that a caller chose is among them.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from service.logs import Observed
from service.store.engine import Store, now
from service.store.tables import Chunk, Delivery, Job

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
JOB_STATES: Final = ("queued", "running", "done", "cancelled")
CHUNK_STATES: Final = ("queued", "leased", "poison")
"""States whose number says something about now; there is an index for them."""
DELIVERY_STATES: Final = ("waiting", "failed")
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_CODE: Final = re.compile(r"BC\d{3}", re.ASCII)
_FRESH: Final = 5.0
"""Seconds that a picture of the store serves: whoever asks more often costs the store nothing."""

FindStore = Callable[[], Store | None]
"""Returns the store of the application, None while it is not running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The store at one moment."""

    up: bool
    jobs: dict[str, int] = field(default_factory=dict)
    chunks: dict[str, int] = field(default_factory=dict)
    deliveries: dict[str, int] = field(default_factory=dict)
    queue_age: float = 0.0
    """Seconds that the longest waiting document could have been worked on."""


class Metrics:
    """What one application counts."""

    def __init__(self, find_store: FindStore = lambda: None) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Counter(
            "biaochi_requests", "Requests answered, by route and status", labels, registry=self.registry
        )
        self._seconds = Histogram(
            "biaochi_request_seconds",
            "Seconds from the head of a request to the end of its answer",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._received = Counter("biaochi_received_bytes", "Bytes of bodies received", registry=self.registry)
        self._findings = Counter(
            "biaochi_findings", "Findings in direct answers, by rule", ("code",), registry=self.registry
        )
        Gauge("biaochi_info", "Version of the program", ("version",), registry=self.registry).labels(
            version("biaochi")
        ).set(1)
        ProcessCollector(registry=self.registry)
        self.registry.register(_StoreCollector(find_store))

    def observe(self, observed: Observed) -> None:
        """Count a request that is over."""
        status = "-" if observed.status is None else str(observed.status)
        self._requests.labels(observed.method, observed.route, status).inc()
        self._seconds.labels(observed.method, observed.route).observe(observed.seconds)
        self._received.inc(observed.received)
        for code in observed.codes:
            self._findings.labels(code if _CODE.fullmatch(code) else "other").inc()

    def render(self) -> bytes:
        """Return everything in Prometheus' text format. Asks the store, so it is not for the event loop."""
        return generate_latest(self.registry)


def picture_of(store: Store) -> Picture:
    """Return the state of the queue; a store that does not answer is a picture as well."""
    at = now()
    try:
        with store.read() as session:
            jobs = session.execute(select(Job.state, func.count()).group_by(Job.state)).all()
            chunks = session.execute(
                select(Chunk.state, func.count()).where(Chunk.state.in_(CHUNK_STATES)).group_by(Chunk.state)
            ).all()
            deliveries = session.execute(
                select(Delivery.state, func.count())
                .where(Delivery.state.in_(DELIVERY_STATES))
                .group_by(Delivery.state)
            ).all()
            oldest = session.scalar(
                select(func.min(Chunk.not_before)).where(Chunk.state == "queued", Chunk.not_before <= at)
            )
    except SQLAlchemyError:
        return Picture(up=False)
    return Picture(
        up=True,
        jobs=_filled(JOB_STATES, jobs),
        chunks=_filled(CHUNK_STATES, chunks),
        deliveries=_filled(DELIVERY_STATES, deliveries),
        queue_age=0.0 if oldest is None else max(0.0, (at - oldest).total_seconds()),
    )


def _filled(states: Iterable[str], rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    counts = dict.fromkeys(states, 0)
    counts.update((state, number) for state, number in rows if state in counts)
    return counts


class _StoreCollector(Collector):
    """Looks at the store when metrics are asked for, one at a time and not too often."""

    def __init__(self, find_store: FindStore) -> None:
        self._find = find_store
        self._lock = threading.Lock()
        self._picture = Picture(up=False)
        self._until = 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges of the store."""
        found = self._present()
        yield GaugeMetricFamily("biaochi_store_up", "Whether the store answers", value=float(found.up))
        if not found.up:
            # No numbers are better than old or invented ones.
            return
        for name, text, counts in (
            ("biaochi_jobs", "Batches by state", found.jobs),
            ("biaochi_job_documents", "Documents of batches by state", found.chunks),
            ("biaochi_deliveries", "Webhook messages not delivered, by state", found.deliveries),
        ):
            family = GaugeMetricFamily(name, text, labels=("state",))
            for state, number in counts.items():
                family.add_metric((state,), number)
            yield family
        yield GaugeMetricFamily(
            "biaochi_queue_age_seconds",
            "Waiting time of the oldest document in the queue",
            value=found.queue_age,
        )

    def _present(self) -> Picture:
        # Whoever comes while somebody else is asking a slow store gets what was known before.
        if self._lock.acquire(blocking=False):
            try:
                if time.monotonic() >= self._until:
                    store = self._find()
                    self._picture = Picture(up=False) if store is None else picture_of(store)
                    self._until = time.monotonic() + (_FRESH if store is not None else 0.0)
            finally:
                self._lock.release()
        return self._picture
