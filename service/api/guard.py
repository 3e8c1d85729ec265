"""The outermost layer of the application: request ids, bounds on bodies and on their number, headers, last errors."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.errors import Problem, problem_of, response
from service.logs import Observed, access
from service.settings import ServerSettings

Observer = Callable[[Observed], None]
"""Told of every request that is over."""
HEADER: Final = "X-Request-ID"
FORM_OVERHEAD: Final = 64 * 1024
"""What the wrapping of a form may add to its file."""
BODIES_HELD: Final = 8
"""So many bodies of the greatest size may be in memory at the same time."""
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BODILESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS: Final = _BODILESS | {"POST", "PUT", "PATCH", "DELETE"}
_SECURITY: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
"""Set where a route does not say otherwise."""

_log = logging.getLogger("biaochi.access")


class Guard:
    """ASGI middleware. Counts the requests in hand, so there is one of it for each application."""

    def __init__(
        self, app: ASGIApp, settings: ServerSettings, observers: Sequence[Observer] = (access,)
    ) -> None:
        self._app = app
        self._observers = tuple(observers)
        self._settings = settings
        self._active = 0
        self._held = _Held(BODIES_HELD * (settings.limits.max_bytes + FORM_OVERHEAD))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send, self._settings, self._held)
        counted = scope["method"] not in _BODILESS
        self._active += counted
        try:
            if counted and self._active > self._settings.max_concurrency:
                raise Problem(
                    "overloaded", "同时处理的请求已达上限，请稍后重试", headers={"Retry-After": "1"}
                )
            call.refuse_declared_size()
            await self._app(scope, call.receive, call.send)
        except Exception as error:
            await call.fail(error)
        finally:
            self._active -= counted
            seen = call.end()
            for observer in self._observers:
                observer(seen)


class _Held:
    """The bytes of bodies that are in memory."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.now = 0


class _Call:
    """One request on its way through."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, settings: ServerSettings, held: _Held
    ) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._settings, self._held = settings, held
        self._started = time.perf_counter()
        self._headers = Headers(scope=scope)
        given = self._headers.get(HEADER, "")
        self.id = given if _SAFE_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = self.id
        self._status: int | None = None
        self._read = 0
        self._complete = False
        self._deadline: float | None = None
        is_json = "json" in self._headers.get("content-type", "").partition(";")[0]
        self._most = settings.max_body_bytes if is_json else settings.limits.max_bytes + FORM_OVERHEAD

    def refuse_declared_size(self) -> None:
        """Raise Problem where the caller announces more than may come, before any of it is read."""
        declared = self._headers.get("content-length", "")
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > self._most):
            raise self._too_large()

    async def receive(self) -> Message:
        """Pass on what arrives, within the bounds of size and time. Raises Problem."""
        if self._complete:
            # What comes after the body is only that the caller has gone; that may take as long as it takes.
            return await self._receive()
        loop = asyncio.get_running_loop()
        if self._deadline is None:
            self._deadline = loop.time() + self._settings.upload_seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            raise Problem(
                "upload-timeout",
                f"正文未在 {self._settings.upload_seconds:g} 秒内传完，请检查网络后重试，或拆分成较小的文件",
                headers={"Connection": "close"},
            ) from None
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._read += size
            self._held.now += size
            self._complete = not message.get("more_body", False)
            if self._read > self._most:
                raise self._too_large()
            if self._held.now > self._held.most:
                raise Problem(
                    "overloaded",
                    "正在接收的文件过多，请稍后重试",
                    headers={"Retry-After": "2", "Connection": "close"},
                )
        return message

    def _too_large(self) -> Problem:
        size = self._most - (0 if self._most == self._settings.max_body_bytes else FORM_OVERHEAD)
        return Problem(
            "too-large",
            f"正文超过 {size / 1024 / 1024:.4g} MB 的上限，请拆分后重试；各项上限见 /v1/limits",
            headers={"Connection": "close"},
        )

    async def send(self, message: Message) -> None:
        """Pass on the answer with the headers that every answer has."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[HEADER] = self.id
            for name, value in _SECURITY:
                headers.setdefault(name, value)
        await self._send(message)

    async def fail(self, error: Exception) -> None:
        """Answer an exception that nobody has answered; one of unknown kind is noted without its text."""
        problem = problem_of(error)
        if problem.kind.slug == "internal":
            # The text of an exception may hold what a caller sent; where it was raised may not.
            frames = traceback.extract_tb(error.__traceback__)[-8:]
            _log.error(
                "request %s failed: %s at %s",
                self.id,
                type(error).__name__,
                " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames)),
            )
        if self._status is None:
            await response(problem, self.id)(self._scope, self._receive, self.send)
        else:
            # Half an answer is out already; only ending the connection tells the caller.
            raise ConnectionError("the answer was cut off") from None

    def end(self) -> Observed:
        """Let go of the body, and return what may be known of the request: its route, never what was sent."""
        self._held.now -= self._read
        state = self._scope["state"]
        return Observed(
            request_id=self.id,
            method=self._scope["method"] if self._scope["method"] in _METHODS else "-",
            route=getattr(self._scope.get("route"), "path", "-"),
            status=self._status,
            seconds=time.perf_counter() - self._started,
            received=self._read,
            actor=getattr(state.get("actor"), "id", None),
            codes=state.get("codes", ()),
        )
