"""Reading and writing the rows of page sessions; those of keys are in `service.store.keys`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, delete, or_, text, update
from sqlalchemy.orm import Session

from service.store.tables import WebSession


def lock_keys(session: Session) -> None:
    """Let no other process make a key before this transaction ends. On SQLite every writer is alone anyway."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("LOCK TABLE api_keys IN EXCLUSIVE MODE"))


def add(session: Session, row: WebSession) -> None:
    """Add a session."""
    session.add(row)
    session.flush()


def web_session(session: Session, id_hash: str) -> WebSession | None:
    """Return a session."""
    return session.get(WebSession, id_hash)


def prolong(session: Session, id_hash: str, until: datetime) -> None:
    """Move the idle end of a session, never backwards."""
    session.execute(
        update(WebSession)
        .where(WebSession.id_hash == id_hash, WebSession.expires_at < until)
        .values(expires_at=until)
    )


def end(session: Session, id_hash: str) -> bool:
    """Delete a session; return whether there was one."""
    done = session.execute(delete(WebSession).where(WebSession.id_hash == id_hash))
    return cast(CursorResult[Any], done).rowcount > 0


def end_all_of(session: Session, key_id: str) -> None:
    """Delete the sessions of a key."""
    session.execute(delete(WebSession).where(WebSession.key_id == key_id))


def end_expired(session: Session, at: datetime, born_before: datetime) -> int:
    """Delete the sessions that are over; return how many."""
    over = or_(WebSession.expires_at <= at, WebSession.created_at <= born_before)
    return cast(CursorResult[Any], session.execute(delete(WebSession).where(over))).rowcount
