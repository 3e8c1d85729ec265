"""API keys: made once, shown once, stored as a hash; scoped, expiring, revocable."""

from __future__ import annotations

import hmac
import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service.auth import _rows
from service.auth.errors import BadKey, Forbidden, Unauthenticated, UnknownKey
from service.auth.key_values import Key, NewKey, checked, covers, from_row, hash_of, id_of, new_id, new_text
from service.auth.roles import Actor, Via
from service.auth.settings import AuthSettings
from service.auth.trail import audit
from service.store import keys as rows
from service.store.engine import Store, now
from service.store.errors import NotFound
from service.store.tables import ApiKey
from service.store.values import PAGE, Page

SYSTEM: Final = Actor("system", "系统", "administrator", None, via="local")
"""Acts at the first start."""
_NO_HASH: Final = "0" * 64
_USED_AT_MOST: Final = timedelta(minutes=1)

_log = logging.getLogger("biaochi.auth")


@dataclass(frozen=True, slots=True)
class _Known:
    key: Key
    secret_hash: str = field(repr=False)
    asked_at: float


class Keys:
    """The keys of a store. One object serves all threads of a process."""

    def __init__(
        self,
        store: Store,
        settings: AuthSettings,
        *,
        clock: Callable[[], datetime] = now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._fresh = settings.key_cache_seconds
        self._clock = clock
        self._ticks = ticks
        self._known: dict[str, _Known] = {}
        self._lock = threading.Lock()
        self._any = False
        self._none_at: float | None = None

    def any(self) -> bool:
        """Whether there has ever been a key. Once there was one, there always was."""
        known = self.any_known()
        if known is not None:
            return known
        asked = self._ticks()
        with self._store.read() as session:
            self._any = rows.has_keys(session)
        self._none_at = asked
        return self._any

    def any_known(self) -> bool | None:
        """Return `any` without asking the store, None where it has to be asked."""
        if self._any:
            return True
        fresh = self._none_at is not None and self._ticks() - self._none_at < self._fresh
        return False if fresh else None

    def create(
        self,
        *,
        name: str,
        role: str,
        departments: Iterable[str] | None,
        by: Actor,
        expires_at: datetime | None = None,
        per_minute: int | None = None,
        per_day: int | None = None,
        request_id: str = "",
    ) -> NewKey:
        """Make a key; `departments` None is all of them. Raises BadKey, Forbidden."""
        key = checked(name, role, departments, expires_at, per_minute, per_day, at=self._clock())
        _must_manage(by)
        if not covers(by, key):
            raise Forbidden("只能为本人负责的部门建立密钥，请缩小部门范围")
        with self._store.session() as session:
            made = self._add(session, key, by, request_id)
        self._any = True
        return made

    def create_first(self) -> NewKey | None:
        """Make a key of an administrator where there is none at all, None where there is one."""
        key = checked("初始管理员", "administrator", None, None, None, None, at=self._clock())
        with self._store.session() as session:
            _rows.lock_keys(session)
            return None if rows.has_keys(session) else self._add(session, key, SYSTEM, "")

    def list(self, by: Actor, *, cursor: str | None = None, limit: int = PAGE) -> Page[Key]:
        """Return the keys that the caller may manage, the newest first; a page may hold fewer than there are rows.

        Raises Forbidden, BadCursor, BadValue.
        """
        _must_manage(by)
        with self._store.read() as session:
            page = rows.list_keys(session, cursor=cursor, limit=limit)
        found = (key for row in page.items if (key := from_row(row)) is not None)
        return Page(tuple(key for key in found if covers(by, key)), page.next)

    def revoke(self, key_id: str, *, by: Actor, request_id: str = "") -> Key:
        """Make a key useless for good and end its sessions; a revoked key stays as it is. Raises UnknownKey."""
        _must_manage(by)
        with self._store.session() as session:
            row, key = self._manageable(session, key_id, by)
            if row.revoked_at is None:
                rows.revoke_key(session, key_id, at=self._clock())
                key = replace(key, revoked_at=row.revoked_at)
                _rows.end_all_of(session, key_id)
                audit(session, by, "key.revoke", "key", key_id, request_id=request_id)
        self._forget(key_id)
        return key

    def rotate(self, key_id: str, *, by: Actor, request_id: str = "") -> NewKey:
        """Replace the secret of a key, which keeps its identifier and what belongs to it; the old text ends at once.

        Raises UnknownKey, and BadKey for a key that is revoked or expired.
        """
        _must_manage(by)
        with self._store.session() as session:
            row, key = self._manageable(session, key_id, by)
            if key.state(self._clock()) != "active":
                raise BadKey("密钥已停用或过期，不能换发，请另建新密钥")
            text = new_text(key_id)
            row.secret_hash = hash_of(text)
            row.last_used_at = None
            _rows.end_all_of(session, key_id)
            audit(session, by, "key.rotate", "key", key_id, request_id=request_id)
        self._forget(key_id)
        return NewKey(text, replace(key, last_used_at=None))

    def verify(self, text: str) -> Actor:
        """Return the actor of a key. Raises Unauthenticated; why it does not hold is only told to who has it."""
        key_id = id_of(text)
        known = self._ask(key_id) if key_id is not None else None
        expected = known.secret_hash if known is not None else _NO_HASH
        if not hmac.compare_digest(expected, hash_of(text)) or known is None:
            raise Unauthenticated("密钥无效，请核对是否完整复制，或向管理员申请新密钥")
        return self._use(known, "key")

    def verify_known(self, text: str) -> Actor | None:
        """Return the actor of a valid key without asking the store, None where it has to be asked."""
        known = self._known.get(id_of(text) or "")
        if known is None or not self._is_fresh(known) or self._is_due(known.key):
            return None
        if not hmac.compare_digest(known.secret_hash, hash_of(text)):
            return None
        return self._use(known, "key")

    def actor_of(self, key_id: str, via: Via) -> Actor:
        """Return the actor of a key that a session stands for. Raises Unauthenticated."""
        known = self._ask(key_id)
        if known is None:
            raise Unauthenticated("登录所用的密钥已不存在，请重新登录")
        return self._use(known, via)

    def _use(self, known: _Known, via: Via) -> Actor:
        key, at = known.key, self._clock()
        state = key.state(at)
        if state == "revoked":
            raise Unauthenticated("密钥已停用，请向管理员申请新密钥")
        if state == "expired":
            raise Unauthenticated("密钥已过期，请向管理员申请新密钥")
        if self._is_due(key):
            self._touch(known, at)
        scope = None if key.departments is None else frozenset(key.departments)
        return Actor(key.id, key.name, key.role, scope, via, key.per_minute, key.per_day)

    def _ask(self, key_id: str) -> _Known | None:
        """Return a key, from memory where it was read a moment ago."""
        known = self._known.get(key_id)
        if known is not None and self._is_fresh(known):
            return known
        asked = self._ticks()
        with self._store.read() as session:
            row = _find(session, key_id)
            key = from_row(row) if row is not None else None
            known = _Known(key, row.secret_hash, asked) if row is not None and key is not None else None
        with self._lock:
            if known is None:
                self._known.pop(key_id, None)
            else:
                self._known[key_id] = known
        return known

    def _touch(self, known: _Known, at: datetime) -> None:
        key = replace(known.key, last_used_at=at)
        with self._lock:
            self._known[key.id] = replace(known, key=key)
        try:
            with self._store.session() as session:
                rows.touch_key(session, key.id, at)
        except SQLAlchemyError as error:
            # A busy database is no reason to turn away somebody with a valid key.
            _log.warning("last use of key %s not noted (%s)", key.id, type(error).__name__)

    def _is_fresh(self, known: _Known) -> bool:
        return self._ticks() - known.asked_at < self._fresh

    def _is_due(self, key: Key) -> bool:
        return key.last_used_at is None or self._clock() - key.last_used_at >= _USED_AT_MOST

    def _forget(self, key_id: str) -> None:
        with self._lock:
            self._known.pop(key_id, None)

    def _add(self, session: Session, key: Key, by: Actor, request_id: str) -> NewKey:
        while True:
            key_id = new_id()
            if _find(session, key_id) is None:
                break
        text = new_text(key_id)
        rows.insert_key(
            session,
            key_id=key_id,
            name=key.name,
            role=key.role,
            secret_hash=hash_of(text),
            departments=None if key.departments is None else frozenset(key.departments),
            expires_at=key.expires_at,
            per_minute=key.per_minute,
            per_day=key.per_day,
            at=key.created_at,
        )
        audit(session, by, "key.create", "key", key_id, request_id=request_id)
        return NewKey(text, replace(key, id=key_id))

    def _manageable(self, session: Session, key_id: str, by: Actor) -> tuple[ApiKey, Key]:
        row = _find(session, key_id)
        key = from_row(row) if row is not None else None
        if row is None or key is None or not covers(by, key):
            raise UnknownKey("没有此编号的密钥，请用密钥列表核对编号")
        return row, key


def _find(session: Session, key_id: str) -> ApiKey | None:
    try:
        return rows.get_key(session, key_id)
    except NotFound:
        return None


def _must_manage(by: Actor) -> None:
    if not by.may("manage_keys"):
        raise Forbidden("只有管理员可以管理密钥")
