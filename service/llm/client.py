"""Asking an OpenAI-compatible endpoint: one bounded request at a time, and silence once it has failed too often.

`http.client` instead of `urllib.request`: it follows no redirect, reads no proxy from the environment and knows no
scheme besides http and https, so that what is sent goes to the configured host and nowhere else; and its socket is at
hand, so that a server that sends one byte at a time can be cut off. Socket time limits alone count from byte to byte.
"""

from __future__ import annotations

import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from typing import Final, TypeVar
from urllib.parse import urlsplit

from service.settings import WordingSettings

T = TypeVar("T")
Message = dict[str, str]

MAX_BYTES: Final = 256 * 1024
"""Longest answer that is read."""
MAX_FAILURES: Final = 3
_SETTLE: Final = 0.5
"""Seconds a cut-off request may take to let go of its socket."""

_log = logging.getLogger("biaochi.llm")


class Client:
    """Asks for one check. Nothing it logs holds a text that was sent or received."""

    def __init__(self, settings: WordingSettings) -> None:
        self._settings = settings
        self._left = settings.budget
        self._failed = 0

    @property
    def open(self) -> bool:
        """Whether the endpoint is still worth asking: time is left and it has not failed three times in a row."""
        return self._left > 0 and self._failed < MAX_FAILURES

    def ask(self, messages: Sequence[Message], read: Callable[[str], T | None]) -> T | None:
        """Return what `read` makes of the answer, None where there is none or `read` cannot use it. Never raises."""
        if not self.open:
            return None
        started = time.monotonic()
        exchange = _Exchange(self._settings, messages, min(self._settings.timeout, self._left))
        body = exchange.result()
        self._left -= time.monotonic() - started
        found, why = None, exchange.why
        if body is not None:
            content = content_of(body)
            found, why = (None if content is None else read(content)), "unreadable answer"
        if found is None:
            self._failed += 1
            _log.info("request failed (%s), %d in a row", why, self._failed)
        else:
            self._failed = 0
        return found


def content_of(body: bytes) -> str | None:
    """Return the text of the first choice of a chat completion, None where the body is anything else."""
    try:
        content = json.loads(body.decode("utf-8"))["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return content if isinstance(content, str) else None


class _Exchange:
    """One request in a thread of its own, so that no stage of it (names, handshake, headers) can hold up a check."""

    def __init__(self, settings: WordingSettings, messages: Sequence[Message], seconds: float) -> None:
        self.why = "timeout"
        self._settings = settings
        self._messages = messages
        self._seconds = seconds
        self._body: bytes | None = None
        self._socket: socket.socket | None = None
        self._over = threading.Event()

    def result(self) -> bytes | None:
        """Return the body of the answer, None (and `why`) where there is none in time."""
        thread = threading.Thread(target=self._run, name="biaochi-llm", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self.why = "no thread"
            return None
        thread.join(self._seconds)
        if not thread.is_alive():
            return self._body
        self._over.set()
        if self._socket is not None:
            try:
                self._socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # It has just been closed.
        thread.join(_SETTLE)
        self.why = "timeout"
        return None

    def _run(self) -> None:
        try:
            self._body = self._talk()
        except Exception as error:  # whatever the endpoint does, it is a failed request and no more
            # The exception's own text may hold a piece of the answer, so only its type is kept.
            self.why = type(error).__name__

    def _talk(self) -> bytes | None:
        parts = urlsplit(self._settings.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._seconds)
        try:
            connection.connect()
            self._socket = connection.sock
            if self._over.is_set():
                return None
            connection.request(
                "POST", f"{parts.path.rstrip('/')}/chat/completions", self._payload(), self._headers()
            )
            with connection.getresponse() as response:
                if response.status != http.client.OK:
                    self.why = f"status {response.status}"
                    return None
                body = response.read(MAX_BYTES + 1)
            if len(body) > MAX_BYTES:
                self.why = "too large"
                return None
            return body
        finally:
            connection.close()

    def _payload(self) -> bytes:
        asked = {
            "model": self._settings.model,
            "messages": list(self._messages),
            "temperature": 0,
            "stream": False,
        }
        return json.dumps(asked, ensure_ascii=False).encode("utf-8", "replace")

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
        if self._settings.key:
            headers["Authorization"] = f"Bearer {self._settings.key}"
        return headers
