"""When a failed chunk is tried again, and when it is set aside."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from service.jobs.settings import JobSettings


def spread(key: str) -> float:
    """Return a fixed fraction between 0.5 and 1 for a key, so that failures do not all come back at once."""
    number = int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big")
    return 0.5 + number / 2**33


def pause(key: str, attempts: int, *, base: float, most: float) -> timedelta:
    """Return the pause after the given number of failures: doubling, bounded, with a fixed jitter."""
    # 2**64 seconds are beyond any bound; larger powers would not fit a float.
    return timedelta(seconds=min(base * 2.0 ** min(attempts - 1, 64), most) * spread(f"{key}:{attempts}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What failures cost."""

    max_attempts: int = 5
    backoff: float = 2.0
    """Seconds after the first failure; doubles with each further one."""
    backoff_max: float = 300.0

    def pause(self, key: str, attempts: int) -> timedelta:
        """Return how long a chunk rests after its failure of this number."""
        return pause(key, attempts, base=self.backoff, most=self.backoff_max)


def policy_of(settings: JobSettings) -> Policy:
    """Return the policy that the settings ask for."""
    return Policy(
        max_attempts=settings.max_attempts,
        backoff=settings.backoff_seconds,
        backoff_max=settings.backoff_max_seconds,
    )
