"""Rows of a whole document by a key, kept up when one of its projects changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rules.engine.context import ProjectContext, RowContext

K = TypeVar("K", bound=Hashable)


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


def entries_of(
    project: ProjectContext, key: str, entries: Callable[[ProjectContext], Iterable[tuple[K, RowContext]]]
) -> tuple[tuple[K, RowContext], ...]:
    """Return what `entries` says of a project, asked once per project under `key`."""
    return project.once(key, lambda it: tuple(entries(it)))
