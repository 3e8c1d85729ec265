"""A storage for `limits` in the memory of this process.

The library's own starts a thread with nearly every count to clear what is over, which costs more than the count and
shows in the slowest requests; this one clears while counting, and goes by a clock that nobody sets back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from limits.storage import Storage

_SWEEP: Final = 60.0
"""Seconds between two clearings."""


class Counters(Storage):
    """Counts per key in fixed windows that begin with the first count."""

    STORAGE_SCHEME = None

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._ticks = ticks
        self._lock = threading.Lock()
        self._counts: dict[str, tuple[int, float]] = {}
        self._swept = ticks()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a broken storage raises: memory does not break."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count and return the count of the window, which ends `expiry` seconds after its first count."""
        at = self._ticks()
        with self._lock:
            self._sweep(at)
            count, until = self._counts.get(key, (0, at))
            if until <= at:
                count, until = 0, at + expiry
            self._counts[key] = (count + amount, until)
            return count + amount

    def get(self, key: str) -> int:
        """Return the count of the window."""
        count, until = self._counts.get(key, (0, 0.0))
        return count if until > self._ticks() else 0

    def get_expiry(self, key: str) -> float:
        """Return the end of the window by the clock of the storage."""
        at = self._ticks()
        return max(self._counts.get(key, (0, at))[1], at)

    def check(self) -> bool:
        """Whether the storage works."""
        return True

    def reset(self) -> int:
        """Forget all counts; return how many there were."""
        with self._lock:
            number = len(self._counts)
            self._counts.clear()
        return number

    def clear(self, key: str) -> None:
        """Forget a count."""
        with self._lock:
            self._counts.pop(key, None)

    def __len__(self) -> int:
        return len(self._counts)

    def _sweep(self, at: float) -> None:
        if at - self._swept >= _SWEEP:
            self._swept = at
            self._counts = {key: value for key, value in self._counts.items() if value[1] > at}
