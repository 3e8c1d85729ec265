"""The rows of API keys. What a key may do, and how its secret is hashed, is decided in `service.auth`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from service.store.documents import missing
from service.store.engine import new_id, now
from service.store.tables import ApiKey
from service.store.values import PAGE, Page, fitting, key, paged

_TOUCH = timedelta(minutes=1)


def insert_key(
    session: Session,
    *,
    name: str,
    role: str,
    secret_hash: str,
    departments: frozenset[str] | None,
    expires_at: datetime | None = None,
    per_minute: int | None = None,
    per_day: int | None = None,
    key_id: str | None = None,
    at: datetime | None = None,
) -> ApiKey:
    """Add a key. `departments` None means all. Raises BadValue."""
    row = ApiKey(
        id=key_id or new_id(),
        name=fitting(ApiKey.name, name, "密钥名称", required=True),
        role=role,
        secret_hash=secret_hash,
        departments=None if departments is None else sorted(departments),
        created_at=at or now(),
        expires_at=expires_at,
        per_minute=per_minute,
        per_day=per_day,
    )
    session.add(row)
    session.flush()
    return row


def find_key(session: Session, secret_hash: str) -> ApiKey | None:
    """Return the key with this hash, expired and revoked ones included."""
    return session.scalars(select(ApiKey).where(ApiKey.secret_hash == key(secret_hash))).one_or_none()


def get_key(session: Session, key_id: str) -> ApiKey:
    """Return a key. Raises NotFound."""
    row = session.scalars(select(ApiKey).where(ApiKey.id == key(key_id))).one_or_none()
    if row is None:
        raise missing("这个密钥")
    return row


def has_keys(session: Session) -> bool:
    """Return whether any key was ever made; the first start makes one otherwise."""
    return session.scalar(select(ApiKey.id).limit(1)) is not None


def list_keys(session: Session, *, cursor: str | None = None, limit: int = PAGE) -> Page[ApiKey]:
    """Return keys, newest first. Raises BadCursor, BadValue."""
    return paged(
        session,
        select(ApiKey),
        by=(ApiKey.created_at, ApiKey.id),
        newest_first=True,
        cursor=cursor,
        limit=limit,
    )


def revoke_key(session: Session, key_id: str, *, at: datetime | None = None) -> ApiKey:
    """Revoke a key for good; the first time counts. Raises NotFound."""
    row = get_key(session, key_id)
    if row.revoked_at is None:
        row.revoked_at = at or now()
        session.flush()
    return row


def due_for_touch(row: ApiKey, at: datetime) -> bool:
    """Return whether `touch_key` would write: ask this first, so that most requests need no writing session."""
    return row.last_used_at is None or row.last_used_at <= at - _TOUCH


def touch_key(session: Session, key_id: str, at: datetime) -> bool:
    """Note that a key was used, at most once a minute; return whether it was noted."""
    result = session.execute(
        update(ApiKey)
        .where(
            ApiKey.id == key(key_id), or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= at - _TOUCH)
        )
        .values(last_used_at=at)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", result).rowcount > 0
