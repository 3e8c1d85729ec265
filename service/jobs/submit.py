"""Taking in a batch: all of it or nothing, and the same request twice is one batch."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.jobs.addresses import parse
from service.jobs.errors import IdempotencyConflict, UnusableBatch
from service.jobs.settings import JobSettings
from service.store.engine import Store, new_id, now
from service.store.tables import Chunk, Job

if TYPE_CHECKING:
    from service.pipeline import CheckOptions

_LABEL = 400
_KEY = 200
_ROWS = 500
"""Rows of one INSERT; bounds what stands in memory twice."""


@dataclass(frozen=True, slots=True)
class _File:
    label: str
    data: bytes
    sha256: str


def submit(
    store: Store,
    files: Iterable[tuple[str, bytes]],
    options: CheckOptions,
    *,
    created_by: str,
    department: str | None = None,
    priority: int = 0,
    idempotency_key: str | None = None,
    webhook: str | None = None,
    settings: JobSettings | None = None,
    at: datetime | None = None,
    also: Callable[[Session, str], None] | None = None,
) -> str:
    """Store a batch and return the id of its job.

    The same `created_by` and `idempotency_key` with the same content return the same job. Raises IdempotencyConflict
    where the content differs, UnusableBatch, WebhookRefused. Whether the address resolves to one that may be called is
    for the caller to ask (`addresses.check`) and is looked at again before every message. `also` is called in the
    transaction that stores a new job, with its id.
    """
    # Workers use this module's neighbours; one that waits for work should not hold the rules in memory.
    from service.jobs.options import options_to_json

    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= _KEY and idempotency_key.isprintable()
    ):
        raise UnusableBatch(f"幂等键应为 1 至 {_KEY} 个可见字符，请改正后重试")
    if webhook is not None:
        parse(webhook)
    # Read before the transaction: while one is open on SQLite, nobody else writes.
    parts = list(_files(files, settings or JobSettings()))
    if not parts:
        raise UnusableBatch("批次中没有文件，请至少提交一个")
    values: dict[str, Any] = {
        "priority": priority,
        "department": department,
        "options": options_to_json(options),
        "total": len(parts),
        "created_by": created_by,
        "idempotency_key": idempotency_key,
        "webhook": webhook,
        "created_at": at or now(),
    }
    try:
        return _store(store, parts, values, also)
    except IntegrityError:
        if idempotency_key is None:
            raise
    # Another request with the same key was faster by a moment; now its job can be seen.
    return _store(store, parts, values, also)


def _store(
    store: Store, parts: list[_File], values: dict[str, Any], also: Callable[[Session, str], None] | None
) -> str:
    with store.session() as session:
        known = _known(session, parts, values)
        if known is not None:
            return known
        job_id = new_id()
        session.execute(insert(Job).values(id=job_id, state="queued", **values))
        for start in range(0, len(parts), _ROWS):
            rows = [
                {
                    "job_id": job_id,
                    "ordinal": ordinal,
                    "label": part.label,
                    "state": "queued",
                    "attempts": 0,
                    "not_before": values["created_at"],
                    "payload": part.data,
                    "payload_sha256": part.sha256,
                }
                for ordinal, part in enumerate(parts[start : start + _ROWS], start)
            ]
            session.execute(insert(Chunk), rows)
        if also is not None:
            also(session, job_id)
        return job_id


def _known(session: Session, parts: list[_File], values: dict[str, Any]) -> str | None:
    """Return the job of an earlier request with this key. Raises IdempotencyConflict where it asked for other things."""
    if values["idempotency_key"] is None:
        return None
    job = session.scalars(
        select(Job).where(
            Job.created_by == values["created_by"], Job.idempotency_key == values["idempotency_key"]
        )
    ).one_or_none()
    if job is None:
        return None
    asked = ("priority", "department", "options", "total", "webhook")
    same = all(getattr(job, name) == values[name] for name in asked)
    if same:
        stored = session.execute(
            select(Chunk.label, Chunk.payload_sha256).where(Chunk.job_id == job.id).order_by(Chunk.ordinal)
        )
        same = [tuple(row) for row in stored] == [(part.label, part.sha256) for part in parts]
    if not same:
        raise IdempotencyConflict("该幂等键已用于内容不同的批次；重新提交请换一个键，重试请原样发送")
    return job.id


def _files(files: Iterable[tuple[str, bytes]], settings: JobSettings) -> Iterator[_File]:
    total = 0
    for number, (label, data) in enumerate(files, 1):
        total += len(data)
        if number > settings.max_files:
            raise UnusableBatch(f"一个批次不能超过 {settings.max_files} 个文件，请分批提交")
        if total > settings.max_total_bytes:
            raise UnusableBatch(
                f"一个批次的文件合计不能超过 {settings.max_total_bytes // 1024 // 1024} MB，请分批提交"
            )
        yield _File(_clean(label), bytes(data), hashlib.sha256(data).hexdigest())


def _clean(label: str) -> str:
    """Return a label that every database and every log can hold."""
    return "".join(c if c.isprintable() else "�" for c in label)[:_LABEL]
