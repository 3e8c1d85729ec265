"""Looking at batches: what there is, how far it is, what came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from service.jobs.errors import NoSuchJob
from service.store.engine import Store, now
from service.store.tables import Chunk, Job

STATES: Final = ("queued", "leased", "done", "poison", "cancelled")
OVER: Final = frozenset({"done", "cancelled"})
"""States of a job that never change again."""
_WINDOW: Final = 60.0
"""Seconds over which the present rate is taken."""
_POISON_SHOWN: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class JobInfo:
    """What is known of a job besides its chunks; whose it is decides who may see it."""

    id: str
    state: str
    priority: int
    department: str | None
    created_by: str
    total: int
    has_webhook: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Poison:
    """A chunk that was set aside."""

    ordinal: int
    label: str
    attempts: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """How far a job is."""

    job: JobInfo
    counts: dict[str, int]
    """Chunks by state, every state of `STATES`."""
    poison: tuple[Poison, ...]
    """The first hundred; `counts` has the number."""
    per_second: float | None
    """Documents a second over the last minute; None before the first and after the last."""
    seconds_left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkResult:
    """One document of a batch. `result` is None unless it is done, and once it is purged."""

    ordinal: int
    label: str
    state: str
    attempts: int
    sha256: str
    result: dict[str, Any] | None
    error: str | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultPage:
    """Some results in the order of the batch; `next_after` continues, None at the end."""

    items: tuple[ChunkResult, ...]
    next_after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """Some jobs, newest first; `next_before` continues, None at the end."""

    items: tuple[JobInfo, ...]
    next_before: str | None


def find(store: Store, job_id: str) -> JobInfo:
    """Return a job. Raises NoSuchJob."""
    with store.read() as session:
        return _find(session, job_id)


def progress(store: Store, job_id: str, *, at: datetime | None = None) -> JobProgress:
    """Return how far a job is, as of one moment. Raises NoSuchJob."""
    at = at or now()
    with store.read() as session:
        job = _find(session, job_id)
        counts = dict.fromkeys(STATES, 0)
        for state, count in session.execute(
            select(Chunk.state, func.count()).where(Chunk.job_id == job_id).group_by(Chunk.state)
        ).all():
            counts[state] = count
        poison: tuple[Poison, ...] = ()
        if counts["poison"]:
            poison = tuple(
                Poison(ordinal=row.ordinal, label=row.label, attempts=row.attempts, reason=row.error or "")
                for row in session.execute(
                    select(Chunk.ordinal, Chunk.label, Chunk.attempts, Chunk.error)
                    .where(Chunk.job_id == job_id, Chunk.state == "poison")
                    .order_by(Chunk.ordinal)
                    .limit(_POISON_SHOWN)
                )
            )
        rate = None if job.state in OVER else _rate(session, job, at)
    left = counts["queued"] + counts["leased"]
    return JobProgress(
        job=job,
        counts=counts,
        poison=poison,
        per_second=rate,
        seconds_left=left / rate if rate else None,
    )


def results(
    store: Store, job_id: str, *, after: int = -1, limit: int = 50, with_result: bool = True
) -> ResultPage:
    """Return the chunks behind the ordinal `after`, finished or not, with their results unless only the list is wanted.

    Raises NoSuchJob.
    """
    columns = [
        Chunk.ordinal, Chunk.label, Chunk.state, Chunk.attempts, Chunk.payload_sha256, Chunk.error, Chunk.finished_at,
    ]  # fmt: skip
    with store.read() as session:
        _find(session, job_id)
        rows = session.execute(
            select(*columns, *([Chunk.result] if with_result else []))
            .where(Chunk.job_id == job_id, Chunk.ordinal > after)
            .order_by(Chunk.ordinal)
            .limit(limit + 1)
        ).all()
    items = tuple(
        ChunkResult(
            ordinal=row.ordinal,
            label=row.label,
            state=row.state,
            attempts=row.attempts,
            sha256=row.payload_sha256,
            result=row.result if with_result else None,
            error=row.error,
            finished_at=row.finished_at,
        )
        for row in rows[:limit]
    )
    return ResultPage(items=items, next_after=items[-1].ordinal if len(rows) > limit else None)


def jobs(
    store: Store,
    *,
    departments: Sequence[str] | None = None,
    created_by: str | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> JobPage:
    """Return jobs, newest first: of these departments (None: of all), of this caller, in this state.

    `before` is the `next_before` of the page before; a job that is gone by then ends the listing.
    """
    conditions: list[ColumnElement[bool]] = []
    if departments is not None:
        conditions.append(Job.department.in_(departments))
    if created_by is not None:
        conditions.append(Job.created_by == created_by)
    if state is not None:
        conditions.append(Job.state == state)
    with store.read() as session:
        if before is not None:
            last = select(Job.created_at).where(Job.id == before).scalar_subquery()
            conditions.append(or_(Job.created_at < last, and_(Job.created_at == last, Job.id < before)))
        rows = session.execute(
            select(*_INFO).where(*conditions).order_by(Job.created_at.desc(), Job.id.desc()).limit(limit + 1)
        ).all()
    items = tuple(_info(row) for row in rows[:limit])
    return JobPage(items=items, next_before=items[-1].id if len(rows) > limit else None)


_INFO: Final = (
    Job.id, Job.state, Job.priority, Job.department, Job.created_by, Job.total, Job.webhook, Job.created_at,
    Job.started_at, Job.finished_at,
)  # fmt: skip


def _find(session: Session, job_id: str) -> JobInfo:
    row = session.execute(select(*_INFO).where(Job.id == job_id)).one_or_none()
    if row is None:
        raise NoSuchJob("没有这个批次，请核对编号")
    return _info(row)


def _info(row: Any) -> JobInfo:
    return JobInfo(
        id=row.id,
        state=row.state,
        priority=row.priority,
        department=row.department,
        created_by=row.created_by,
        total=row.total,
        has_webhook=row.webhook is not None,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def _rate(session: Session, job: JobInfo, at: datetime) -> float | None:
    """Return the documents a second of the last minute, of the time since the start where that is shorter."""
    if job.started_at is None:
        return None
    since = max(job.started_at, at - timedelta(seconds=_WINDOW))
    finished = session.scalar(
        select(func.count()).where(Chunk.job_id == job.id, Chunk.finished_at > since, Chunk.finished_at <= at)
    )
    seconds = (at - since).total_seconds()
    return finished / seconds if finished and seconds > 0 else None
