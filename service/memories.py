"""What functions remember of texts (`functools.lru_cache`), bounded altogether.

Each memory is bounded by itself, as large as one great file needs it; there are more than a hundred. In a process that
checks one table after the other all of them fill up in the course of hours, to several times what the program needs. So
processes that stay forget everything once it has become much; what is needed again is found again.
"""

from __future__ import annotations

import functools
import sys
from typing import Final

MOST: Final = 60_000
"""Entries of all memories together that stay from one task to the next: some 20 MB with ordinary tables."""
_OURS: Final = frozenset({"nlp", "rules", "service"})
_Memory = functools._lru_cache_wrapper


def forget() -> None:
    """Empty all memories where they hold more than `MOST` entries together; to be called between two tasks.

    Memories without a bound hold what the program itself brings, and stay.
    """
    if held() > MOST:
        for memory in _memories():
            memory.cache_clear()


def held() -> int:
    """Return how many entries all memories hold together."""
    return sum(memory.cache_info().currsize for memory in _memories())


def _memories() -> tuple[_Memory[object], ...]:
    # Modules come when they are first needed; only then is there anything new to look for.
    return _memories_of(len(sys.modules))


@functools.cache
def _memories_of(modules: int) -> tuple[_Memory[object], ...]:
    values = (
        value
        for name, module in tuple(sys.modules.items())
        if name.partition(".")[0] in _OURS
        for value in tuple(vars(module).values())
    )
    # A name that is imported elsewhere is the same memory.
    found = {id(value): value for value in values if isinstance(value, _Memory) and _is_bounded(value)}
    return tuple(found.values())


def _is_bounded(memory: _Memory[object]) -> bool:
    return memory.cache_parameters()["maxsize"] is not None
