"""Quotas per key and a throttle of sign-ins, counted in memory: per process, and anew after a restart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Final

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from service.auth.counters import Counters
from service.auth.errors import TooMany
from service.auth.network import network_of
from service.auth.roles import Actor
from service.auth.settings import AuthSettings

_DAY: Final = 86_400


class Quotas:
    """Counts what callers ask. One object serves all threads of a process."""

    def __init__(self, settings: AuthSettings, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._ticks = ticks
        self._counter = FixedWindowRateLimiter(Counters(ticks))

    def spend(self, actor: Actor) -> Mapping[str, str]:
        """Count one request; return the headers that tell what is left. Raises TooMany with the same headers.

        The local actor of the open mode has no quota: there is nobody else to protect.
        """
        if actor.via == "local":
            return {}
        quota = self._settings.quota(actor.role)
        minute = RateLimitItemPerMinute(actor.per_minute or quota.per_minute)
        day = RateLimitItemPerDay(actor.per_day or quota.per_day)
        if not self._counter.hit(minute, "key", actor.id):
            raise TooMany("请求过于频繁，请稍后再试", headers=self._refusal(minute, "key", actor.id))
        if not self._counter.hit(day, "key", actor.id):
            raise TooMany(
                "已达到当日请求上限，请明日再试，或请管理员调整限额",
                headers=self._refusal(day, "key", actor.id),
            )
        minute_headers = self._headers(minute, "key", actor.id)
        day_headers = self._headers(day, "key", actor.id)
        scarcer = int(day_headers["RateLimit-Remaining"]) < int(minute_headers["RateLimit-Remaining"])
        return day_headers if scarcer else minute_headers

    def attempt(self, address: str) -> None:
        """Count an attempt to sign in, before it is looked at. Raises TooMany."""
        item = RateLimitItemPerMinute(self._settings.sign_ins_per_minute)
        caller = network_of(address)
        if not self._counter.hit(item, "sign-in", caller):
            raise TooMany("登录尝试过于频繁，请稍后再试", headers=self._refusal(item, "sign-in", caller))

    def _refusal(self, item: RateLimitItem, kind: str, caller: str) -> dict[str, str]:
        headers = self._headers(item, kind, caller)
        return {**headers, "Retry-After": headers["RateLimit-Reset"]}

    def _headers(self, item: RateLimitItem, kind: str, caller: str) -> dict[str, str]:
        stats = self._counter.get_window_stats(item, kind, caller)
        wait = math.ceil(stats.reset_time - self._ticks())
        return {
            "RateLimit-Limit": str(item.amount),
            "RateLimit-Remaining": str(stats.remaining),
            "RateLimit-Reset": str(min(max(wait, 1), _DAY)),
        }
