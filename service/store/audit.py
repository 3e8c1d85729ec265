"""The audit trail: who did what and when, never any text of a table.

Entries are numbered without gaps and each holds the digest of the one before, so that changing, removing or slipping
in an entry shows. Triggers of the database refuse UPDATE and DELETE besides. What no chain can show is a tail cut off
by somebody who rules the database: keep an export, or the last digest, elsewhere and hand it to `verify`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from service.store.engine import Store, now
from service.store.tables import Audit
from service.store.values import PAGE, Page, fitting, paged

START = "0" * 64
"""What the first entry has in place of a digest before it."""

_LOCK = 0x6269616F_6368_6902
_BATCH = 1000
_FIELDS = ("actor", "role", "action", "object_type", "object_id", "sha256", "request_id", "outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `sha256` is that of the document concerned."""

    actor: str
    role: str
    action: str
    object_type: str
    object_id: str = ""
    sha256: str | None = None
    request_id: str = ""
    outcome: str = "ok"


def append(session: Session, entry: Entry, *, at: datetime | None = None) -> Audit:
    """Add an entry in the session's own transaction: the act and its entry stand or fall together. Raises BadValue.

    Call it last. On PostgreSQL other sessions that append wait until this one ends.
    """
    values: dict[str, Any] = {name: getattr(entry, name) for name in _FIELDS}
    for name, value in values.items():
        if value is not None:
            fitting(getattr(Audit, name), value, f"审计字段 {name} ")
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = session.execute(select(Audit.seq, Audit.digest).order_by(Audit.seq.desc()).limit(1)).one_or_none()
    row = Audit(
        seq=1 if last is None else last.seq + 1,
        at=at or now(),
        previous=START if last is None else last.digest,
        **values,
    )
    row.digest = digest_of(row)
    session.add(row)
    session.flush()
    return row


def digest_of(row: Audit) -> str:
    """Return the SHA-256 of the entry as canonical JSON: sorted keys, no spaces, without its own digest."""
    content = to_json(row)
    del content["digest"]
    plain = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode("utf-8")).hexdigest()


def to_json(row: Audit) -> dict[str, Any]:
    """Return an entry as JSON."""
    return {
        "seq": row.seq,
        "at": row.at.isoformat(timespec="microseconds") + "Z",
        **{name: getattr(row, name) for name in _FIELDS},
        "previous": row.previous,
        "digest": row.digest,
    }


def verify(store: Store, *, last: tuple[int, str] | None = None) -> int | None:
    """Return the number of the first entry that is not as it was written or is missing, None for a whole trail.

    `last` is the number and digest of an entry that was noted elsewhere.
    """
    seq, previous = 0, START
    for row in _all(store):
        seq += 1
        if row.seq != seq or row.previous != previous or row.digest != digest_of(row):
            return seq
        if last is not None and last[0] == seq and last[1] != row.digest:
            return seq
        previous = row.digest
    return seq + 1 if last is not None and last[0] > seq else None


def list_entries(
    session: Session,
    *,
    actor: str | None = None,
    object_id: str | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[Audit]:
    """Return entries, newest first. Raises BadCursor, BadValue."""
    query = select(Audit)
    if actor is not None:
        query = query.where(Audit.actor == fitting(Audit.actor, actor, "操作人"))
    if object_id is not None:
        query = query.where(Audit.object_id == fitting(Audit.object_id, object_id, "对象"))
    return paged(session, query, by=(Audit.seq,), newest_first=True, cursor=cursor, limit=limit)


def export(store: Store, *, after: int = 0, limit: int | None = None) -> Iterator[str]:
    """Yield entries after a number as JSON lines, oldest first; the whole trail never stands in memory."""
    for row in _all(store, after=after, limit=limit):
        yield json.dumps(to_json(row), ensure_ascii=False) + "\n"


def _all(store: Store, *, after: int = 0, limit: int | None = None) -> Iterator[Audit]:
    left = limit
    while left is None or left > 0:
        size = _BATCH if left is None else min(left, _BATCH)
        # A session for each batch: nothing is held open while the caller sends what it got.
        with store.read() as session:
            rows = session.scalars(
                select(Audit).where(Audit.seq > after).order_by(Audit.seq).limit(size)
            ).all()
        yield from rows
        if len(rows) < size:
            return
        after = rows[-1].seq
        left = None if left is None else left - len(rows)
