"""Weights when rows come or go: they are shared, so that their sum stays what it was."""

from __future__ import annotations

from decimal import Decimal

from models.records.amount import parse_percent
from models.records.finding import Edit
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Derivation
from rules.rewriting.cells import cell_edit
from rules.support.cells import plain


def carries_weights(ctx: ProjectContext) -> bool:
    """Whether rows have weights, so that a new row would upset their sum."""
    return any(row.has("weight") and row.norm("weight") for row in ctx.rows)


def halves(row: RowContext) -> tuple[Decimal, Decimal, tuple[Derivation, ...]] | None:
    """Return the row's weight in two parts, the first not smaller, with their derivation; None where it has none."""
    weight = parse_percent(row.text("weight")) if row.has("weight") else None
    if weight is None or weight < 2:
        return None
    second = (weight / 2).quantize(Decimal(1)) if weight == weight.to_integral_value() else weight / 2
    first = weight - second
    if first < second:
        first, second = second, first
    return first, second, tuple(Derivation(part, "half", (weight,)) for part in (first, second))


def shared(ctx: ProjectContext, group: str) -> tuple[Edit, str, tuple[Derivation, ...], str] | None:
    """Return (edit of the giving row, weight of the new row, derivation, reason), None where nothing can be shared.

    The heaviest row gives half of its weight, one of the same branch if there is one.
    """
    weighted = [
        (parse_percent(row.text("weight")) or Decimal(0), row) for row in ctx.live_rows if row.has("weight")
    ]
    branch = [item for item in weighted if item[1].group == group] or weighted
    if not branch:
        return None
    giver = max(branch, key=lambda item: (item[0], -item[1].index))[1]
    parts = halves(giver)
    if parts is None:
        return None
    first, second, derived = parts
    mark = "%" if "%" in giver.text("weight") else ""
    edit = cell_edit(giver, "weight", f"{plain(first)}{mark}")
    if edit is None:
        return None
    return (
        edit,
        f"{plain(second)}{mark}",
        derived,
        f"权重由「{giver.words()['name']}」分出（{giver.text('weight')}＝{plain(first)}＋{plain(second)}），请核实",
    )
