"""Splitting a name that holds two measures into two rows. Both keep the filed value, so nothing gets weaker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from models.records.finding import Edit
from nlp.classify import Query, classify
from nlp.naming import is_satisfaction, is_timeliness, rate_word
from rules.engine.context import RowContext
from rules.engine.draft import Blank, Derivation, Draft
from rules.engine.edits import used
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import add_edit, class_cells, row_edits
from rules.rewriting.describe import describe
from rules.rewriting.weights import halves
from rules.support.cells import plain

_LEAST: Final = 4


def split(ctx: RowContext, first: str, second: str) -> Iterator[Draft]:
    """Yield drafts with the first half in the row's place and the second as a new row, each in its class."""
    halves = [first, *second.split("、")] if "、" in second else [first, second]
    named = [_full(ctx, half, first) for half in halves]
    classes = [_class_of(ctx, name) for name in named]
    project = ctx.project
    base = {field: ctx.text(field) for field in ("operator", "value", "unit") if ctx.has(field)}
    blanks: list[Blank] = []
    weights, derived = _weights(ctx, len(named))
    own = ctx.category
    # The half that belongs to the row's own class stays in its place.
    order = sorted(range(len(named)), key=lambda k: classes[k] != own)
    edits: list[Edit] = []
    for nth, k in enumerate(order):
        told = describe(named[k], classes[k])
        blanks += told.blanks
        cells = {"name": named[k], "description": told.text}
        if weights:
            cells["weight"] = weights[nth]
        if nth == 0:
            place = {} if classes[k] in (own, None) else class_cells(project, str(classes[k]))
            edits += row_edits(ctx, cells | place)
        else:
            place = (
                class_cells(project, str(classes[k]))
                if classes[k] is not None
                else {"level1": ctx.text("level1"), "level2": ctx.text("level2")}
            )
            cells["basis"], blank = basis_text(classes[k])
            blanks.append(blank)
            edits.append(add_edit(project, base | cells | place, nth=nth - 1))
    shown = "」和「".join(named[k] for k in order)
    yield Draft(
        title=f"拆分为「{shown}」",
        rationale=f"一个指标只考核一项内容，指标值「{ctx.filed_value}」均沿用表内数{_told(ctx, weights)}，请核实",
        edits=tuple(edits),
        blanks=used(tuple(blanks), tuple(edits)),
        derived=derived,
    )


def _told(ctx: RowContext, weights: list[str]) -> str:
    return f"，权重{ctx.text('weight')}＝{'＋'.join(weights)}" if weights else ""


def _full(ctx: RowContext, half: str, first: str) -> str:
    """Return a half as a name of its own; a bare measure takes the object of the other half."""
    if len(half) >= _LEAST or half == first:
        return half
    word = rate_word(first)
    return f"{first[: -len(word)]}{half}" if word is not None and first.endswith(word) else half


def _class_of(ctx: RowContext, name: str) -> str | None:
    """Return the class of a half: by its words where they decide, else by the model where it is sure."""
    scheme = ctx.project.scheme
    if is_satisfaction(name) and scheme.has("服务对象满意度"):
        return "服务对象满意度"
    if is_timeliness(name) and scheme.has("时效"):
        return "时效"
    known = scheme.categories
    if not known:
        return ctx.category
    found = classify(Query(name, "", ctx.text("value"), ctx.text("unit"), ctx.text("operator")), known)
    if ctx.category is not None and (
        found.abstain or found.probability(ctx.category) >= found.confidence / 2
    ):
        return ctx.category
    return found.category


def _weights(ctx: RowContext, parts: int) -> tuple[list[str], tuple[Derivation, ...]]:
    """Return the weight of each of two parts; [] where the row has none."""
    shares = halves(ctx) if parts == 2 else None
    if shares is None:
        return [], ()
    mark = "%" if "%" in ctx.text("weight") else ""
    return [f"{plain(shares[0])}{mark}", f"{plain(shares[1])}{mark}"], shares[2]
