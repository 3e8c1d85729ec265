"""The queue: who works on which chunk, and what became of it. Every change of state is one transaction.

Chunks: queued → leased → done, back to queued after a failure, poison after too many; cancelled from queued or leased.
Jobs: queued → running with the first lease, → done with the last chunk, → cancelled. A transaction locks chunks first,
in the order of their ids, and then jobs, in the order of theirs; so none waits for another in a circle, and of two that
finish the last two chunks the second one sees both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.orm import Session, defer

from service.jobs.errors import NoSuchJob
from service.jobs.policy import Policy
from service.jobs.submit import submit
from service.jobs.view import progress, results
from service.store.engine import Store, new_id, now
from service.store.tables import Chunk, Delivery, Job

__all__ = [
    "EXPIRED", "Task", "abandon", "cancel", "complete", "fail", "heartbeat", "lease", "progress", "release", "results",
    "submit",
]  # fmt: skip

EXPIRED: Final = "处理进程中断，未在时限内报告"
PURGED: Final = "原文已按保存期限清除，无法再检查"
_ERROR: Final = 400
_RECLAIMED: Final = 100
"""Expired chunks taken back by one lease; bounds its transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A chunk in somebody's hands. `owner` and `attempts` together say whose turn it is; a later turn differs."""

    id: int
    job_id: str
    ordinal: int
    label: str
    attempts: int
    """Failures so far."""
    owner: str
    lease_until: datetime
    payload: bytes | None
    options: dict[str, Any]


def lease(
    store: Store,
    owner: str,
    seconds: float,
    limit: int = 1,
    *,
    policy: Policy | None = None,
    at: datetime | None = None,
) -> tuple[Task, ...]:
    """Take up to `limit` chunks: of the job with the highest priority, then of the oldest, in the order of the batch.

    Chunks whose lease has passed are taken back first, which counts as a failure of each.
    """
    at = at or now()
    until = at + timedelta(seconds=seconds)
    tasks: list[Task] = []
    with store.session() as session:
        _reclaim(session, policy or Policy(), at)
    with store.session() as session:
        for job_id in session.scalars(_due_jobs(at)).all():
            # What another worker is about to take is passed over, not waited for.
            chosen = session.scalars(_due_chunks(job_id, at, limit - len(tasks))).all()
            if chosen:
                tasks += _take(session, job_id, chosen, owner, until)
                session.execute(
                    update(Job)
                    .where(Job.id == job_id, Job.state == "queued")
                    .values(state="running", started_at=at)
                )
            if len(tasks) >= limit:
                break
    return tuple(tasks)


def _due_jobs(at: datetime) -> Select[str]:
    due = exists().where(Chunk.job_id == Job.id, Chunk.state == "queued", Chunk.not_before <= at)
    return (
        select(Job.id)
        .where(Job.state.in_(("queued", "running")), due)
        .order_by(Job.priority.desc(), Job.created_at, Job.id)
    )


def _due_chunks(job_id: str, at: datetime, limit: int) -> Select[int]:
    return (
        select(Chunk.id)
        .where(Chunk.job_id == job_id, Chunk.state == "queued", Chunk.not_before <= at)
        .order_by(Chunk.ordinal)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


def _take(session: Session, job_id: str, ids: Sequence[int], owner: str, until: datetime) -> list[Task]:
    options = session.scalars(select(Job.options).where(Job.id == job_id)).one()
    session.execute(
        update(Chunk).where(Chunk.id.in_(ids)).values(state="leased", owner=owner, lease_until=until)
    )
    rows = session.execute(
        select(Chunk.id, Chunk.job_id, Chunk.ordinal, Chunk.label, Chunk.attempts, Chunk.payload)
        .where(Chunk.id.in_(ids))
        .order_by(Chunk.ordinal)
    )
    return [Task(**row._mapping, owner=owner, lease_until=until, options=options) for row in rows]


def heartbeat(store: Store, owner: str, seconds: float, *, at: datetime | None = None) -> frozenset[int]:
    """Extend every lease of an owner; return the chunks that are still its own."""
    until = (at or now()) + timedelta(seconds=seconds)
    with store.session() as session:
        ids = _held(session, owner)
        if ids:
            session.execute(update(Chunk).where(Chunk.id.in_(ids)).values(lease_until=until))
    return frozenset(ids)


def release(store: Store, owner: str) -> int:
    """Give back what an owner holds, as if it had never been taken; return how many chunks that were."""
    with store.session() as session:
        ids = _held(session, owner)
        if ids:
            session.execute(
                update(Chunk).where(Chunk.id.in_(ids)).values(state="queued", owner=None, lease_until=None)
            )
    return len(ids)


def abandon(
    store: Store,
    owner: str,
    reason: str = EXPIRED,
    *,
    policy: Policy | None = None,
    at: datetime | None = None,
) -> int:
    """Take back what an owner held when it died, without waiting for the lease to pass; counts as a failure."""
    with store.session() as session:
        held = session.execute(_leased().where(Chunk.owner == owner).with_for_update()).all()
        _set_back(session, held, reason, policy or Policy(), at or now())
    return len(held)


def complete(store: Store, task: Task, result: dict[str, Any], *, at: datetime | None = None) -> bool:
    """Write the result of a chunk; return whether the result of this turn stands.

    Said twice, the first one stands. False where the lease went to somebody else or the job was cancelled; then
    nothing is written.
    """
    at = at or now()
    with store.session() as session:
        written = session.scalars(
            update(Chunk)
            .where(*_turn(task), Chunk.state == "leased")
            .values(state="done", result=result, error=None, lease_until=None, finished_at=at)
            .returning(Chunk.id)
        ).all()
        if written:
            _settle(session, {task.job_id}, at)
            return True
        return session.scalar(select(Chunk.id).where(*_turn(task), Chunk.state == "done")) is not None


def fail(
    store: Store,
    task: Task,
    reason: str,
    *,
    policy: Policy | None = None,
    final: bool = False,
    at: datetime | None = None,
) -> str | None:
    """Note a failure; return the new state, None where the lease is no longer this turn's.

    The chunk rests and is tried again, or is set aside as poison after `policy.max_attempts` failures, at once where
    `final`. `reason` is Chinese and holds no text of the table.
    """
    with store.session() as session:
        held = session.execute(_leased().where(*_turn(task)).with_for_update()).all()
        states = _set_back(session, held, reason, policy or Policy(), at or now(), final=final)
    return states[0] if states else None


def cancel(
    store: Store,
    job_id: str,
    *,
    at: datetime | None = None,
    also: Callable[[Session], None] | None = None,
) -> str:
    """Cancel a job and return its state: `done` where it was already finished. Raises NoSuchJob.

    Finished chunks keep their results; what a worker has in hand is dropped when it comes. `also` is called in the
    transaction that ends the job.
    """
    at = at or now()
    with store.session() as session:
        open_ids = session.scalars(
            select(Chunk.id)
            .where(Chunk.job_id == job_id, Chunk.state.in_(("queued", "leased")))
            .order_by(Chunk.id)
            .with_for_update()
        ).all()
        job = session.scalars(_job(job_id)).one_or_none()
        if job is None:
            raise NoSuchJob("没有这个批次，请核对编号")
        if job.state in ("done", "cancelled"):
            return job.state
        session.execute(
            update(Chunk)
            .where(Chunk.job_id == job_id, Chunk.state.in_(("queued", "leased")))
            .values(state="cancelled", owner=None, lease_until=None, finished_at=at)
        )
        # Where nothing was open any more, the last chunk was finished while we waited for the job.
        _finish(session, job, "cancelled" if open_ids else "done", at)
        if also is not None:
            session.flush()
            also(session)
        return job.state


def _turn(task: Task) -> tuple[Any, ...]:
    return (Chunk.id == task.id, Chunk.owner == task.owner, Chunk.attempts == task.attempts)


def _held(session: Session, owner: str) -> Sequence[int]:
    return session.scalars(
        select(Chunk.id)
        .where(Chunk.state == "leased", Chunk.owner == owner)
        .order_by(Chunk.id)
        .with_for_update()
    ).all()


def _leased() -> Select[int, str, int, int]:
    """Select what `_set_back` needs of leased chunks."""
    return (
        select(Chunk.id, Chunk.job_id, Chunk.ordinal, Chunk.attempts)
        .where(Chunk.state == "leased")
        .order_by(Chunk.id)
    )


def _reclaim(session: Session, policy: Policy, at: datetime) -> None:
    expired = session.execute(
        _leased().where(Chunk.lease_until <= at).limit(_RECLAIMED).with_for_update(skip_locked=True)
    ).all()
    _set_back(session, expired, EXPIRED, policy, at)


def _set_back(
    session: Session, rows: Iterable[Any], reason: str, policy: Policy, at: datetime, *, final: bool = False
) -> list[str]:
    """Count a failure of each chunk; return their new states."""
    states: list[str] = []
    touched: set[str] = set()
    for row in rows:
        attempts = row.attempts + 1
        values: dict[str, Any] = {"attempts": attempts, "owner": None, "lease_until": None}
        if final or attempts >= policy.max_attempts:
            told = reason if final else f"连续 {attempts} 次处理失败，已搁置：{reason}"
            values |= {"state": "poison", "error": told[:_ERROR], "finished_at": at}
            touched.add(row.job_id)
        else:
            rest = policy.pause(f"{row.job_id}:{row.ordinal}", attempts)
            values |= {"state": "queued", "error": reason[:_ERROR], "not_before": at + rest}
        session.execute(update(Chunk).where(Chunk.id == row.id).values(**values))
        states.append(values["state"])
    _settle(session, touched, at)
    return states


def _settle(session: Session, job_ids: Iterable[str], at: datetime) -> None:
    """Finish the jobs that have no open chunk left."""
    for job_id in sorted(job_ids):
        # Locked before looking: of two that finish the last two chunks, the second waits here and then sees both.
        job = session.scalars(_job(job_id)).one()
        is_open = session.scalar(
            select(exists().where(Chunk.job_id == job_id, Chunk.state.in_(("queued", "leased"))))
        )
        if job.state in ("queued", "running") and not is_open:
            _finish(session, job, "done", at)


def _job(job_id: str) -> Select[Job]:
    """Select a job for its end; its options may be long and are of no interest then."""
    return select(Job).where(Job.id == job_id).options(defer(Job.options)).with_for_update()


def _finish(session: Session, job: Job, state: str, at: datetime) -> None:
    """End a job and put the message about it into the same transaction, so that neither is ever without the other."""
    job.state, job.finished_at = state, at
    if job.webhook is None:
        return
    session.flush()
    counted = session.execute(
        select(Chunk.state, func.count().label("chunks")).where(Chunk.job_id == job.id).group_by(Chunk.state)
    )
    delivery = new_id()
    session.add(
        Delivery(
            id=delivery,
            job_id=job.id,
            state="waiting",
            attempts=0,
            not_before=at,
            created_at=at,
            body={
                "delivery": delivery,
                "event": "job.finished",
                "job": job.id,
                "state": state,
                "total": job.total,
                "counts": {row.state: row.chunks for row in counted},
                "finished_at": f"{at.isoformat()}Z",
            },
        )
    )
