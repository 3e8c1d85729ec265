"""Findings of batches for Prometheus. Workers are other processes, so they are counted from the results in the store.

The store does the counting: only codes and numbers leave it. What was finished before this process started is not
counted, as of every counter; what is purged later stays counted.
"""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.jobs.view import OVER
from service.store.engine import Store, now
from service.store.tables import Chunk, Job

PIECE: Final = 50
"""Results counted by one statement."""
_SECONDS: Final = 0.5
"""Time for one look; what is left is counted by the next."""
_FRESH: Final = 5.0
"""Seconds that a look serves."""
_MARGIN: Final = timedelta(hours=1)
"""What the clocks of workers may differ by, with the time that a transaction takes to be seen."""
_CODE: Final = re.compile(r"BC\d{3}", re.ASCII)


@dataclass(slots=True)
class _Counted:
    """Which results of a batch are counted: all up to `below`, and some behind it."""

    below: int = -1
    some: set[int] = field(default_factory=set)

    def add(self, ordinals: Sequence[int]) -> None:
        self.some.update(ordinals)
        while self.below + 1 in self.some:
            self.below += 1
            self.some.discard(self.below)


class BatchFindings(Collector):
    """Counts the findings of every batch in the store, whichever worker made them."""

    def __init__(
        self, find_store: Callable[[], Store | None], *, fresh: float = _FRESH, seconds: float = _SECONDS
    ) -> None:
        self._find, self._fresh, self._seconds = find_store, fresh, seconds
        self._start = self._looked = now()
        self._until = 0.0
        self._lock = threading.Lock()
        self._findings: Counter[str] = Counter()
        self._open: dict[str, _Counted] = {}
        self._over: dict[str, datetime] = {}
        """Batches that are counted for good, with their end."""

    def collect(self) -> Iterator[Metric]:
        """Yield the counter."""
        # Whoever comes while somebody else is counting gets what was known before.
        if self._lock.acquire(blocking=False):
            try:
                store = self._find()
                if store is not None and time.monotonic() >= self._until:
                    self._look(store)
                    self._until = time.monotonic() + self._fresh
            except SQLAlchemyError:
                pass  # `biaochi_store_up` tells; what is not counted now is counted later.
            finally:
                self._lock.release()
        family = CounterMetricFamily(
            "biaochi_batch_findings", "Findings of the store's batches, by rule", labels=("code",)
        )
        for code, number in sorted(self._findings.items()):
            family.add_metric((code,), number)
        yield family

    def _look(self, store: Store) -> None:
        at = now()
        since = max(self._start, self._looked - _MARGIN)
        until = time.monotonic() + self._seconds
        with store.read() as session:
            # A reader of PostgreSQL sees one moment: a batch that is over here has all its results here.
            for job in session.execute(
                select(Job.id, Job.state, Job.finished_at)
                .where(or_(Job.finished_at.is_(None), Job.finished_at >= since))
                .order_by(Job.created_at, Job.id)
            ).all():
                if job.id in self._over:
                    continue
                if not self._count(session, job.id, until):
                    return
                if job.state in OVER:
                    self._open.pop(job.id, None)
                    self._over[job.id] = job.finished_at
        self._looked = at
        self._over = {job: end for job, end in self._over.items() if end >= at - 2 * _MARGIN}

    def _count(self, session: Session, job: str, until: float) -> bool:
        """Count the new results of a batch; return whether that was all of them."""
        known = self._open.setdefault(job, _Counted())
        done = session.scalars(
            select(Chunk.ordinal)
            .where(Chunk.job_id == job, Chunk.state == "done", Chunk.ordinal > known.below)
            .order_by(Chunk.ordinal)
        )
        new = [ordinal for ordinal in done if ordinal not in known.some]
        for start in range(0, len(new), PIECE):
            piece = new[start : start + PIECE]
            for code, number in session.execute(_findings(session, job, piece, self._start)):
                self._findings[code if _CODE.fullmatch(str(code)) else "other"] += number
            known.add(piece)
            if time.monotonic() >= until and start + PIECE < len(new):
                return False
        return True


def _findings(session: Session, job: str, ordinals: Sequence[int], since: datetime) -> Any:
    """Select how often each code stands in these results; one without a report has none."""
    code: ColumnElement[str]
    if session.get_bind().dialect.name == "sqlite":
        found = func.json_each(Chunk.result, "$.report.findings").table_valued("value")
        code = func.json_extract(found.c.value, "$.code")
    else:
        found = func.json_array_elements(Chunk.result["report"]["findings"]).table_valued("value")
        code = func.json_extract_path_text(found.c.value, "code")
    mine = and_(Chunk.job_id == job, Chunk.ordinal.in_(ordinals), Chunk.finished_at >= since)
    return select(code, func.count()).select_from(Chunk).join(found, mine).group_by(code)
