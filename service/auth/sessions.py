"""Sessions of pages: a key buys a cookie whose value is stored as a hash; it ends by itself."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from fastapi import Response
from starlette.requests import Request

from service.auth import _rows
from service.auth.errors import CsrfFailed, Unauthenticated
from service.auth.key_values import hash_of, id_of
from service.auth.keys import Keys
from service.auth.network import is_loopback
from service.auth.roles import Actor
from service.auth.settings import AuthSettings
from service.auth.trail import audit
from service.store.engine import Store, now
from service.store.tables import WebSession

CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf_token"
_MOVED_AT_MOST: Final = timedelta(minutes=1)
_TOKEN: Final = 43
_OVER: Final = "登录已失效，请重新登录"


@dataclass(frozen=True, slots=True)
class PageSession:
    """A signed-in browser."""

    actor: Actor
    csrf: str = field(repr=False)
    """Has to come back with every changing request."""
    expires_at: datetime
    """When it ends if nothing more is asked."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session at the only moment at which the value of its cookie is known."""

    token: str = field(repr=False)
    session: PageSession


class Sessions:
    """The sessions of a store. One object serves all threads of a process."""

    def __init__(
        self, store: Store, keys: Keys, settings: AuthSettings, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._store = store
        self._keys = keys
        self._clock = clock
        self._idle = timedelta(minutes=settings.session_idle_minutes)
        self._longest = timedelta(hours=settings.session_hours)

    def open(self, key_text: str, *, old: str | None = None, request_id: str = "") -> SignedIn:
        """Sign in with a key; a session that the browser already had ends. Raises Unauthenticated."""
        try:
            shown = self._keys.verify(key_text)
            actor = self._keys.actor_of(shown.id, "session")
        except Unauthenticated:
            with self._store.session() as session:
                # The identifier in front of the secret is public; nothing else of what was typed is kept.
                audit(
                    session,
                    None,
                    "session.open",
                    "key",
                    id_of(key_text) or "-",
                    request_id=request_id,
                    outcome="refused",
                )
            raise
        at = self._clock()
        token, csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        until = min(at + self._idle, at + self._longest)
        row = WebSession(id_hash=hash_of(token), key_id=actor.id, csrf=csrf, created_at=at, expires_at=until)
        with self._store.session() as session:
            if old:
                _rows.end(session, hash_of(old))
            _rows.end_expired(session, at, at - self._longest)
            _rows.add(session, row)
            audit(session, actor, "session.open", "key", actor.id, request_id=request_id)
        return SignedIn(token, PageSession(actor, csrf, until))

    def find(self, token: str) -> PageSession:
        """Return the session of a cookie and keep it alive. Raises Unauthenticated."""
        if len(token) != _TOKEN or not token.isascii():
            raise Unauthenticated(_OVER)
        id_hash, at = hash_of(token), self._clock()
        with self._store.read() as session:
            row = _rows.web_session(session, id_hash)
        if row is None or row.expires_at <= at or row.created_at + self._longest <= at:
            raise Unauthenticated(_OVER)
        actor = self._keys.actor_of(row.key_id, "session")
        until = min(at + self._idle, row.created_at + self._longest)
        if until - row.expires_at >= _MOVED_AT_MOST:
            with self._store.session() as session:
                _rows.prolong(session, id_hash, until)
        return PageSession(actor, row.csrf, max(until, row.expires_at))

    def close(self, token: str, *, request_id: str = "") -> bool:
        """Sign out; return whether there was a session."""
        id_hash = hash_of(token)
        with self._store.read() as session:
            row = _rows.web_session(session, id_hash)
        if row is None:
            return False
        # Asked before the writing transaction begins: noting the use of a key is one of its own.
        try:
            actor = self._keys.actor_of(row.key_id, "session")
        except Unauthenticated:
            actor = None
        with self._store.session() as session:
            if not _rows.end(session, id_hash):
                return False
            audit(session, actor, "session.close", "key", row.key_id, request_id=request_id)
        return True

    def purge(self) -> int:
        """Delete the sessions that are over; return how many."""
        at = self._clock()
        with self._store.session() as session:
            return _rows.end_expired(session, at, at - self._longest)


def must_match(session: PageSession, shown: str | None) -> None:
    """Raise CsrfFailed unless the page has shown the token of its session."""
    given = (shown or "").encode("utf-8", "surrogatepass")
    if not hmac.compare_digest(session.csrf.encode("ascii"), given):
        raise CsrfFailed("页面已过期或请求不是从本系统页面发出，请刷新页面后重试")


def is_secure(request: Request, settings: AuthSettings) -> bool:
    """Whether the cookie may only travel over https: always, except on a page open over http on this machine."""
    return (
        settings.cookie_secure == "always"
        or request.url.scheme == "https"
        or not is_loopback(request.url.hostname or "")
    )


def cookie_name(secure: bool) -> str:
    """Return the name of the cookie. Browsers take a `__Host-` cookie from this very host over https only."""
    return "__Host-biaochi" if secure else "biaochi"


def read_cookie(request: Request, settings: AuthSettings) -> str | None:
    """Return the value of the session cookie."""
    return request.cookies.get(cookie_name(is_secure(request, settings)))


def write_cookie(request: Request, response: Response, settings: AuthSettings, signed_in: SignedIn) -> None:
    """Give the browser its session. The cookie goes when the browser closes; the server ends it earlier."""
    secure = is_secure(request, settings)
    response.set_cookie(
        cookie_name(secure), signed_in.token, path="/", secure=secure, httponly=True, samesite="strict"
    )


def drop_cookie(request: Request, response: Response, settings: AuthSettings) -> None:
    """Take the session away from the browser."""
    secure = is_secure(request, settings)
    response.delete_cookie(cookie_name(secure), path="/", secure=secure, httponly=True, samesite="strict")
