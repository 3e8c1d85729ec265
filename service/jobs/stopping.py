"""A wish to stop that a signal handler may express."""

from __future__ import annotations

import os
import select
from typing import Protocol


class Stop(Protocol):
    """What `threading.Event` and `SignalStop` have in common."""

    def set(self) -> None:
        """Express the wish."""

    def is_set(self) -> bool:
        """Return whether the wish was expressed."""

    def wait(self, timeout: float) -> bool:
        """Wait for it at most so long; return whether it was expressed."""


class SignalStop:
    """Like `threading.Event`, but may be set from a signal handler.

    An event has a lock; a handler that runs while the same thread holds it would wait for itself.
    """

    def __init__(self) -> None:
        self._is_set = False
        self._read, self._write = os.pipe()
        os.set_blocking(self._write, False)

    def set(self) -> None:
        """Express the wish."""
        self._is_set = True
        try:
            os.write(self._write, b"x")
        except OSError:
            pass  # The pipe is full of the same wish, or closed.

    def is_set(self) -> bool:
        """Return whether the wish was expressed."""
        return self._is_set

    def wait(self, timeout: float) -> bool:
        """Wait for it at most so long; return whether it was expressed."""
        if not self._is_set:
            select.select([self._read], [], [], timeout)
        return self._is_set

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._read)
        os.close(self._write)
