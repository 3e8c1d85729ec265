"""Taking signed messages: each genuine one once. Part of the client; standard library only."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from service.errors import BiaochiError
from service.jobs.errors import BadSignature
from service.jobs.signing import DELIVERY, TOLERANCE, verify

__all__ = ["BadSignature", "Message", "Receiver", "Replayed"]

_REMEMBERED: Final = 48 * 3600.0
"""Longer than the service goes on sending (BIAOCHI_WEBHOOK_RETRY_HOURS, a day by default)."""


class Replayed(BiaochiError):
    """A message that was taken already."""

    code = "replayed"


@dataclass(frozen=True, slots=True)
class Message:
    """A genuine message about a batch."""

    delivery: str
    event: str
    job: str
    state: str
    total: int
    counts: Mapping[str, int]


@dataclass(slots=True)
class Receiver:
    """Takes signed messages: each genuine one once.

    `secrets` are those of `Client.webhook_secrets`. Deliveries are remembered in memory; a site with several processes
    keeps them in its database instead.
    """

    secrets: Sequence[str]
    clock: Callable[[], float] = time.time
    _taken: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def receive(self, headers: Mapping[str, str], body: bytes) -> Message:
        """Return the message of a request. Raises BadSignature (answer 401) or Replayed (answer 200)."""
        now = self.clock()
        message = self._verified(headers, body, now)
        delivery = str(message["delivery"])
        with self._lock:
            # A message may be sent again for a day, each time with a new timestamp and the same delivery.
            self._taken = {known: at for known, at in self._taken.items() if now - at < _REMEMBERED}
            if delivery in self._taken:
                raise Replayed("该消息已收过，不再处理")
            self._taken[delivery] = now
        return Message(
            delivery=delivery,
            event=str(message.get("event", "")),
            job=str(message.get("job", "")),
            state=str(message.get("state", "")),
            total=int(message.get("total", 0)),
            counts=dict(message.get("counts", {})),
        )

    def forget(self, message: Message) -> None:
        """Let a message come again, where it could not be dealt with (answer 500, and it will)."""
        with self._lock:
            self._taken.pop(message.delivery, None)

    def _verified(self, headers: Mapping[str, str], body: bytes, now: float) -> dict[str, Any]:
        if not self.secrets:
            raise BadSignature(f"没有核对 {DELIVERY} 的密钥，已拒绝；请先取得密钥")
        for secret in self.secrets[:-1]:
            try:
                return verify(secret, headers, body, now, tolerance=TOLERANCE)
            except BadSignature:
                continue
        return verify(self.secrets[-1], headers, body, now, tolerance=TOLERANCE)
