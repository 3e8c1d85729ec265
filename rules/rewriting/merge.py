"""Merging rows that measure one thing: the stricter stays; a class that would be empty gets an indicator of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import remove_edit
from rules.rewriting.rows import joined, replaced
from rules.rewriting.weights import carries_weights
from rules.support.same_thing import comparable


def merged(rows: Sequence[RowContext]) -> Iterator[Draft]:
    """Yield drafts for rows that say the same: other indicators in their classes, or one row instead of several."""
    if len(rows) < 2:
        return
    keep = _best(rows)
    rest = [row for row in rows if row is not keep]
    project = keep.project
    name = keep.words()["name"]
    removable = not carries_weights(project) and all(_no_stricter(row, keep) for row in rest)
    needed = [row for row in rest if not _others(row, rest)]
    away = Draft(
        title=f"合并到「{name}」",
        rationale=f"同一内容只设一个指标，保留「{keep.filed_value}」",
        edits=tuple(remove_edit(row) for row in rest),
        merged={row.index: keep.index for row in rest},
    )
    if removable and not needed:
        yield away
    parts = [
        next(replaced(row, why=f"同一内容已由「{name}」考核，此行改为该类自身的目标", keep=False), None)
        for row in rest
    ]
    found = [part for part in parts if part is not None]
    if found and len(found) == len(parts):
        yield joined(found[0], *found[1:])
    if removable and needed:
        yield away


def _best(rows: Sequence[RowContext]) -> RowContext:
    """Return the row to keep: the one whose class the name fits, then the strictest, then the first."""

    def rank(row: RowContext) -> tuple[bool, float, int]:
        fits = row.prediction is not None and row.prediction.category == row.category
        return (not fits, -_strictness(row), row.index)

    return min(rows, key=rank)


def _strictness(row: RowContext) -> float:
    number = row.quantity.number
    if number is None:
        return 0.0
    return -float(number) if row.quantity.operator in ("≤", "＜") else float(number)


def _no_stricter(row: RowContext, keep: RowContext) -> bool:
    if row.quantity.number is None:
        return True
    if keep.quantity.number is None or not comparable(row.quantity, keep.quantity):
        return False
    return _strictness(row) <= _strictness(keep)


def _others(row: RowContext, going: Sequence[RowContext]) -> bool:
    """Whether the class of the row keeps another row."""
    return any(
        other.category == row.category and all(other is not item for item in going)
        for other in row.project.live_rows
    )
