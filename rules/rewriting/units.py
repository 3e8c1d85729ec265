"""Drafts about units: the missing one, the wrong one, the one that another place uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from nlp.measures import (
    has_measurable_noun,
    is_cost,
    is_count,
    is_money_name,
    is_rate,
    is_satisfaction,
    is_timeliness,
    is_unit_cost,
    is_zero_event,
)
from nlp.quantity import find_numbers
from nlp.subject import delivered, measured
from nlp.text import normalise
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Derivation, Draft
from rules.rewriting.blanks import unit_blank
from rules.rewriting.cells import figure_text, row_edits, value_cells
from rules.rewriting.costs import unit_cost_added
from rules.rewriting.counting import unit_of_name
from rules.rewriting.describe import DENIAL, describe
from rules.rewriting.rows import moved, replaced
from rules.rewriting.values import asked, with_unit
from rules.support.cells import plain

_MYRIAD: Final = Decimal(10_000)
_MEASURED: Final = re.compile(r"(?:面积|里程|长度|规模|金额|重量|容量|时间|时长|产量)$")
"""Tails that say which dimension is measured: a piece count beside the thing is another figure."""
_HAPPENS: Final = re.compile(r"(?:的)?(?:发生|出现)(?:情况|数|率)?$|(?:为零|为0|零发生)$")


def units_for(ctx: RowContext) -> Iterator[Draft]:
    """Yield drafts that give a bare figure its unit."""
    name, quantity = ctx.name, ctx.quantity
    number = quantity.number
    if number is None:
        return
    if quantity.scale:
        yield from _scaled(ctx)
        return
    told = unit_of_name(ctx.text("description"))
    if told is not None and ctx.category in ("数量", "时效") and not is_rate(name):
        yield from _one(ctx, told, f"单位「{told}」取自描述「{shorten(ctx.text('description'))}」，请核实")
    if (is_rate(name) or is_satisfaction(name) or is_timeliness(name)) and number <= 100:
        yield from _one(ctx, "%", f"补写单位「%」，{figure_text(quantity)}为百分比请核实")
    if number * _MYRIAD == ctx.project.budget_yuan and not is_rate(name) and not is_count(name):
        yield from _one(ctx, "万元", "数字与预算的万元数相同，按金额补写，请核实")
    goal = _unit_in_goals(ctx)
    if goal is not None:
        yield from _one(ctx, goal, f"单位「{goal}」取自绩效目标中的同一数字，请核实")
    priced = _price_in_purpose(ctx)
    if priced is not None:
        yield from _one(ctx, priced, f"单位「{priced}」取自资金用途中的同一单价，请核实")
    written = _unit_in_purpose(ctx)
    if written is not None:
        yield from _one(ctx, written, f"单位「{written}」取自资金用途或绩效目标中的同一物品，请核实")
    word = unit_of_name(ctx.text("name"))
    if word is not None:
        yield from _one(ctx, word, f"单位「{word}」按名称所指的对象拟定，请核实")
    if ctx.category == "数量" and not is_rate(name):
        yield from _blank(ctx, "个")
    if is_unit_cost(name):
        per = "户" if "户" in name else "人" if "人" in name else "个"
        yield from _blank(ctx, f"元/{per}")
    if is_money_name(name) or is_cost(name) or ctx.category in ("成本", "经济效益"):
        yield from _blank(ctx, "万元")
    if not has_measurable_noun(ctx.text("name")):
        yield from replaced(ctx, why="名称看不出计量什么")
    yield from _blank(ctx, "%" if number <= 100 and not is_count(name) else "个")


def suited(ctx: RowContext) -> Iterator[Draft]:
    """Yield drafts for a value that does not suit the name or the class."""
    name, quantity = ctx.name, ctx.quantity
    if is_zero_event(name) and quantity.kind == "ratio":
        yield from _zero(ctx)
    if quantity.kind == "ratio" and is_count(name):
        renamed = f"{measured(ctx.text('name'))}完成率"
        yield from asked(ctx, why="数量应当有确定的个数")
        cells = {"name": renamed, "description": describe(renamed, "质量").text}
        yield Draft(
            title=f"考核完成比例的，改为「{renamed}」",
            rationale=f"指标值「{ctx.filed_value}」沿用表内数，请核实",
            edits=row_edits(ctx, cells),
        )
    cost = is_unit_cost(name) or is_cost(name)
    if quantity.kind == "money" and cost and ctx.category not in ("成本", "时效"):
        yield from moved(ctx, "成本", why="名称和指标值均为成本，请核实归类")
    predicted = ctx.prediction
    if (
        quantity.kind == "money"
        and ctx.category not in ("成本", "经济效益")
        and predicted is not None
        and not predicted.abstain
        and predicted.category == "经济效益"
    ):
        yield from moved(ctx, "经济效益", why="名称和指标值均为经济收益，请核实归类")
    yield from asked(ctx, why=f"指标值「{ctx.filed_value}」与所考核的内容不相称")
    yield from replaced(ctx, why=f"指标值「{ctx.filed_value}」与所考核的内容不相称", keep=False)


def in_budget_unit(ctx: RowContext) -> Iterator[Draft]:
    """Yield drafts that state an amount in the unit of the budget, or correct a slip of ten thousand."""
    quantity, budget = ctx.quantity, ctx.project.budget_yuan
    amount, number = quantity.amount_yuan, quantity.number
    if amount is None or number is None or budget is None:
        return
    operator = quantity.operator or "≤"
    if amount == number and abs(amount - budget) <= budget / 100:
        result = amount / _MYRIAD
        sums = f"{plain(amount)}元＝{plain(result)}万元"
    elif quantity.unit == "元":
        yield Draft(
            title="单位改为万元",
            rationale=f"数字不变，单位与预算数一致，{plain(number)}万元请核实",
            edits=row_edits(ctx, value_cells(ctx, operator, plain(number), "万元")),
            lifted=True,
        )
        return
    else:
        yield Draft(
            title="单位改为元",
            rationale=f"数字不变，{plain(number)}元请核实",
            edits=row_edits(ctx, value_cells(ctx, operator, plain(number), "元")),
            lifted=True,
        )
        return
    yield Draft(
        title="统一为万元",
        rationale=f"{sums}，金额不变",
        edits=row_edits(ctx, value_cells(ctx, operator, plain(result), "万元")),
        derived=(Derivation(result, "scale", (amount,)),),
        lifted=True,
    )


def in_unit(ctx: RowContext, unit: str, why: str) -> Iterator[Draft]:
    """Yield the draft that states the row's figure in another counting unit; the name's counting word follows."""
    quantity = ctx.quantity
    cells = value_cells(ctx, quantity.operator or "", figure_text(quantity), unit)
    name = ctx.text("name")
    tail = re.search(r"(?:人|户|个|家|件|份|张|册)数$", name)
    if tail is not None and len(unit) == 1:
        cells["name"] = f"{name[: tail.start()]}{unit}数"
    edits = row_edits(ctx, cells)
    if edits:
        yield Draft(
            title=f"计量单位统一为「{unit}」", rationale=f"{why}，数字不变，请核实", edits=edits, lifted=True
        )


def _scaled(ctx: RowContext) -> Iterator[Draft]:
    """A lone 万: money takes 元, things take the unit that goals or name give."""
    money = is_money_name(ctx.name) or ctx.category in ("成本", "经济效益")
    goal = _unit_in_goals(ctx)
    if goal is not None:
        yield from _one(ctx, goal, f"单位「{goal}」取自绩效目标中的同一数字，请核实")
    word = unit_of_name(ctx.text("name"))
    if word is not None and not money:
        yield from _one(ctx, word, f"单位「{word}」按名称所指的对象拟定，请核实")
    if money or ctx.quantity.number == ctx.project.budget_yuan:
        yield from _one(ctx, "元", "按金额补全为万元，请核实")
        yield from replaced(ctx, why="金额不能说明该项要求达到什么程度", keep=False)
    yield from asked(ctx, why="只有「万」，没有计量单位")
    yield from _blank(ctx, "个")


def _one(ctx: RowContext, unit: str, why: str) -> Iterator[Draft]:
    shown = f"{ctx.quantity.scale or ''}{unit}"
    draft = with_unit(ctx, unit if not ctx.has("unit") else shown, title=f"补写单位「{shown}」", why=why)
    if draft is not None:
        yield draft


def _blank(ctx: RowContext, probe: str) -> Iterator[Draft]:
    blank = unit_blank(ctx.text("name"), probe)
    draft = with_unit(ctx, str(blank), title="补写计量单位", why="数字不变，单位由填报人填写", blank=blank)
    if draft is not None:
        yield draft


def _unit_in_goals(ctx: RowContext) -> str | None:
    number = ctx.quantity.number
    found = {
        item.unit
        for goal in ctx.project.project.goals
        for item in find_numbers(goal.text)
        if item.number == number and item.unit is not None and item.kind == "count" and not item.per
    }
    return next(iter(found)) if len(found) == 1 else None


def _price_in_purpose(ctx: RowContext) -> str | None:
    """Return 元/次 where the purpose says 「每次1500元」 and the row of a price files a bare 1500."""
    if not is_unit_cost(ctx.name) and not is_cost(ctx.name):
        return None
    number = re.escape(figure_text(ctx.quantity))
    found = re.search(
        rf"每(?P<each>[\u4e00-\u9fff]{{1,3}}?)(?:补助|补贴|按|约)?(?<![\d.]){number}(?P<money>万?元)",
        normalise(ctx.project.project.budget.purpose.text),
    )
    return f"{found['money']}/{found['each']}" if found is not None else None


def _unit_in_purpose(ctx: RowContext) -> str | None:
    """Return the unit that stands behind the row's own thing in purpose or goals (棉被1000床)."""
    if _MEASURED.search(ctx.text("name")):
        return None
    thing = delivered(ctx.text("name"))
    text = "\n".join((ctx.project.project.budget.purpose.text, ctx.project.goals_text))
    if len(thing) < 2:
        return None
    for figure in find_numbers(text):
        if figure.number_span is None or figure.unit is None or figure.kind != "count" or figure.per:
            continue
        if text[: figure.number_span[0]].endswith(thing):
            return figure.unit
    return None


def zero_cells(ctx: RowContext) -> dict[str, str]:
    """Return the cells that state 「无重大事件发生」 as a count of zero; {} where the name does not deny anything."""
    name = ctx.text("name")
    found = DENIAL.search(name)
    if found is None or not is_zero_event(ctx.name):
        return {}
    rest = _HAPPENS.sub("", name[: found.start()] + name[found.end() :])
    renamed = f"{rest}发生数"
    return {
        "name": renamed,
        "description": describe(renamed, "社会效益").text,
        **value_cells(ctx, "＝", "0", "起"),
    }


ZERO: Final = (Derivation(Decimal(0), "zero"),)
"""Zero follows from the name that denies the event."""


def _zero(ctx: RowContext) -> Iterator[Draft]:
    """「无重大事件发生 ≥95%」 → 「重大事件发生数 ＝0起」; zero stands in the name."""
    cells = zero_cells(ctx)
    if not cells:
        return
    why = "「没有发生」的百分比没有含义，0取自名称，请核实"
    if ctx.category in ("时效", "成本", "数量") and ctx.project.scheme.has("社会效益"):
        refill = unit_cost_added(ctx.project, why="移走后该类没有指标") if ctx.category == "成本" else ()
        yield from moved(ctx, "社会效益", why=why, also=cells, derived=ZERO, refill=refill)
        return
    yield Draft(
        title=f"改为「{cells['name']}」＝0起",
        rationale=why,
        edits=row_edits(ctx, cells),
        derived=ZERO,
        lifted=True,
    )
