"""Text of tables is kept as long as the site says and then removed; paths, fingerprints, codes and hashes stay.

What removal means on disk. SQLite: content is overwritten with zeros (`PRAGMA secure_delete`), and the write-ahead log,
where earlier copies stand, is emptied after every purge and deletion; `VACUUM` (`compact`) is only needed to give space
back. PostgreSQL: removed rows are unreadable at once and their space is released by `VACUUM`, which purging runs; the
bytes are gone from disk when the space is used again, or at once with `compact` (`VACUUM FULL`, locks the tables), and
from the server's own log and archives by their own rules. Backups are the operator's to expire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, null, or_, select, text, update
from sqlalchemy.orm import Session

from service.config.source import environment
from service.errors import SettingsError
from service.store.engine import Store
from service.store.tables import Chunk, Idempotent, Job, Opinion, Run, Version, WebSession

_TEXT_TABLES = ("versions", "runs", "opinions", "chunks", "idempotency", "sessions", "documents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long text is kept."""

    keep_days: int = 365
    """Days after which a round's text is removed (BIAOCHI_KEEP_DAYS); written into each round when it is filed."""
    keep_job_days: int = 30
    """Days after the end of a batch (BIAOCHI_KEEP_JOB_DAYS)."""
    keep_answer_hours: int = 24
    """Hours that the answer to a request with an idempotency key is kept (BIAOCHI_KEEP_ANSWER_HOURS)."""

    def until(self, at: datetime) -> datetime:
        """Return `purge_after` for a round filed at this moment."""
        return at + timedelta(days=self.keep_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Purged:
    """How many rows lost their text or were deleted."""

    versions: int
    runs: int
    opinions: int
    chunks: int
    answers: int
    sessions: int
    scrubbed: bool
    """False where a long reader kept the write-ahead log from being emptied; the next purge tries again."""


def retention_from(environ: Mapping[str, str] | None = None) -> Retention:
    """Return the retention with BIAOCHI_KEEP_* applied. Raises SettingsError on a value that cannot be used."""
    env = environment() if environ is None else environ
    values: dict[str, int] = {}
    for name in ("keep_days", "keep_job_days", "keep_answer_hours"):
        key = f"BIAOCHI_{name.upper()}"
        given = env.get(key, "").strip()
        if not given:
            continue
        if not (given.isascii() and given.isdecimal() and 1 <= int(given[:9]) <= 36_500 and len(given) <= 5):
            raise SettingsError(f"环境变量 {key} 应为 1 到 36500 的整数，请改正后重试")
        values[name] = int(given)
    return Retention(**values)


def purge(store: Store, at: datetime, retention: Retention | None = None, *, compact: bool = False) -> Purged:
    """Remove text whose time has passed at this moment, expired sessions and old answers. Doing it twice is no error.

    With `compact` the space is given back to the system as well, which takes the tables for itself meanwhile.
    """
    keep = retention or Retention()
    over = select(Version.id).where(Version.purge_after <= at)
    with store.session() as session:
        opinions = _emptied(
            session,
            update(Opinion)
            .where(
                Opinion.text.is_not(None), Opinion.run_id.in_(select(Run.id).where(Run.version_id.in_(over)))
            )
            .values(text=null()),
        )
        runs = _emptied(
            session,
            update(Run).where(Run.report.is_not(None), Run.version_id.in_(over)).values(report=null()),
        )
        versions = _emptied(
            session,
            update(Version)
            .where(Version.purge_after <= at, _any_left(Version.document, Version.original))
            .values(document=null(), original=null()),
        )
        ended = select(Job.id).where(Job.finished_at <= at - timedelta(days=keep.keep_job_days))
        chunks = _emptied(
            session,
            update(Chunk)
            .where(Chunk.job_id.in_(ended), _any_left(Chunk.payload, Chunk.result))
            .values(payload=null(), result=null()),
        )
        answers = _emptied(
            session,
            delete(Idempotent).where(Idempotent.created_at <= at - timedelta(hours=keep.keep_answer_hours)),
        )
        sessions = _emptied(session, delete(WebSession).where(WebSession.expires_at <= at))
    return Purged(
        versions=versions,
        runs=runs,
        opinions=opinions,
        chunks=chunks,
        answers=answers,
        sessions=sessions,
        scrubbed=_vacuum(store, compact=compact),
    )


def _any_left(first: Any, second: Any) -> ColumnElement[bool]:
    return or_(first.is_not(None), second.is_not(None))


def _emptied(session: Session, statement: Any) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", done).rowcount


def _vacuum(store: Store, *, compact: bool) -> bool:
    if store.is_sqlite:
        if compact:
            pooled = store.engine.raw_connection()
            try:
                # The statement cannot run in a transaction, and SQLAlchemy begins one for everything.
                pooled.cursor().execute("PRAGMA query_only=OFF").close()
                pooled.cursor().execute("VACUUM").close()
            finally:
                pooled.close()
        return store.scrub()
    how = "VACUUM (FULL)" if compact else "VACUUM"
    with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"{how} {', '.join(_TEXT_TABLES)}"))
    return True
