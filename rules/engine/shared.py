"""Rows of a whole document by a key, kept up when one of its projects changes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rules.engine.context import RowContext


class Shared:
    """Rows of a document by a key; a changed copy keeps the table of the filed one beside its own."""

    def __init__(
        self, before: Shared | None, changed: Iterable[tuple[int, Iterable[tuple[Hashable, RowContext]]]]
    ) -> None:
        self._before = before
        self._changed: set[int] = set()
        self._own: dict[Hashable, list[RowContext]] = {}
        for index, entries in changed:
            self._changed.add(index)
            for key, row in entries:
                self._own.setdefault(key, []).append(row)

    def __getitem__(self, key: Hashable) -> tuple[RowContext, ...]:
        """Return the rows under a key, in document order."""
        own = self._own.get(key, ())
        if self._before is None:
            return tuple(own)
        kept = [row for row in self._before[key] if row.project.index not in self._changed]
        if not kept:
            return tuple(own)
        return tuple(sorted((*kept, *own), key=lambda row: (row.project.index, row.index)))
