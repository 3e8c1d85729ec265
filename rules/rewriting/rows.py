"""Drafts that rewrite, add or move whole rows from a proposal. The target number is kept where it fits, else asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import chain, islice
from types import MappingProxyType

from models.records.finding import Applicability, Edit
from nlp.measures import management_word
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Blank, Derivation, Draft
from rules.engine.edits import used
from rules.rewriting.basis import basis_text
from rules.rewriting.blanks import date_blank, number_blank, text_blank
from rules.rewriting.cells import (
    add_edit,
    class_cells,
    figure_text,
    grade_cells,
    row_edits,
    unique,
    value_cells,
)
from rules.rewriting.describe import with_source
from rules.rewriting.indicators import Proposal, Tier, proposals
from rules.rewriting.weights import carries_weights, shared
from rules.support.cells import percent

_MOST_REASONS = 6
_QUESTIONS = {
    "数量": ("本项目交付什么（如培训场次、设备台数）", "公共照明灯具更换数量", "年度内实际更换并验收的灯具盏数", "盏", "120"),
    "质量": ("交付的东西怎样算合格（如验收合格率）", "公共照明灯具验收合格率", "验收合格的灯具数÷验收的灯具总数×100%", "%", "96"),
    "时效": ("何时完成或多久办结（如办结时限）", "公共照明报修处理时限", "自接到报修之日起至修复之日止的天数", "天", "3"),
    "成本": ("每单位产出花多少钱（如每公里养护成本）", "每盏照明灯具更换成本", "灯具更换支出总额÷更换盏数", "元/盏", "1"),
    "社会成本": ("项目实施给公众带来什么不便（如占道天数）", "照明施工占道投诉件数", "施工期间受理并核实的投诉件数", "件", "3"),
    "生态环境成本": ("项目实施消耗或损害什么（如废弃物量）", "照明施工废弃物产生量", "施工期间产生的废弃物重量", "吨", "3"),
    "经济效益": ("项目带来多少收入或节约（如增收金额）", "照明改造节约电费金额", "上年同口径电费－本年同口径电费", "万元", "1"),
    "社会效益": ("谁因此得到什么变化（如覆盖率、事故下降率）", "夜间照明覆盖率", "已有照明的路段里程÷应照明的路段里程×100%", "%", "96"),
    "生态效益": ("环境因此有什么变化（如达标率、减排量）", "废旧灯具规范回收率", "规范回收的灯具数÷更换下的灯具总数×100%", "%", "96"),
    "可持续影响": ("项目结束后什么会持续（如使用年限）", "照明灯具持续使用年限", "自验收之日起至停止使用之日止的年数", "年", "6"),
    "服务对象满意度": ("调查谁的满意度（如参训学员满意度）", "沿线居民满意度", "表示满意的居民人数÷有效受访人数×100%，按问卷调查统计", "%", "92"),
}  # fmt: skip
"""Per class: the question, and a probe answer (name, formula, unit, number) that proves the shape."""
_UP = ("≥", "＞", "＝", None)


@dataclass(frozen=True, slots=True)
class Filled:
    """The cells of a row with the blanks that stand in them."""

    cells: Mapping[str, str]
    blanks: tuple[Blank, ...]
    kept: str = ""
    """The filed value that was kept, for the rationale."""


def filled(
    ctx: ProjectContext, proposal: Proposal, *, instead_of: RowContext | None = None, keep: bool = True
) -> Filled:
    """Return the cells of a row that states the proposal. A percentage of the old row is kept where it fits."""
    like = instead_of or ctx
    blanks: list[Blank] = []
    cells: dict[str, str] = {
        "name": proposal.name,
        "description": with_source(proposal.formula, proposal.source),
    }
    kept = ""
    if keep and instead_of is not None and _keeps(instead_of, proposal):
        quantity = instead_of.quantity
        operator = quantity.operator or proposal.operator
        cells |= value_cells(like, operator, figure_text(quantity), proposal.unit)
        kept = instead_of.filed_value
    elif proposal.kind == "grade":
        cells |= grade_cells(like)
    elif proposal.kind == "date":
        blank = date_blank(ctx, proposal.name)
        blanks.append(blank)
        cells |= value_cells(like, "≤", str(blank), "")
    else:
        # An exact figure (事故起数 ＝…) is set by those in charge; an average would be a fraction.
        source = "行业标准" if proposal.operator == "＝" else proposal.basis
        blank = number_blank(proposal.name, source, unit=proposal.unit, probe=proposal.probe)
        blanks.append(blank)
        cells |= value_cells(like, proposal.operator, str(blank), proposal.unit)
    text, document = basis_text(proposal.category, proposal.basis)
    if _has_basis(ctx):
        cells["basis"] = text
        blanks.append(document)
    return Filled(cells, tuple(blanks), kept)


def replaced(
    ctx: RowContext,
    *,
    kinds: frozenset[str] | None = None,
    why: str = "",
    keep: bool = True,
    upto: Tier = Tier.GENERIC,
    ask: bool = True,
    meant: bool = False,
) -> Iterator[Draft]:
    """Yield drafts that put a measurable indicator in the row's place, in its own class where there is one.

    Proposals that fit less closely than `upto` are left out: the business question (`ask`) is better than an
    indicator about something else. Where nothing of the row's class is known, the class that its name speaks for is
    tried. With `meant` only what usually stands for the row's own words (培训效果 → 结业考核合格率) counts.
    """
    target = ctx.category
    if upto is Tier.GENERIC and management_word(ctx.text("name")) is None:
        upto = (
            Tier.OUTPUT
        )  # A frame for any project stands in for what is no performance, not for what was meant.
    if target is None or not ctx.project.scheme.has(target):
        return
    found = [
        item
        for item in proposals(ctx.project, target, instead_of=ctx, kinds=kinds)
        if item.tier <= upto and (item.meant or not meant)
    ]
    prediction = ctx.prediction
    if not found and not meant and prediction is not None and not prediction.abstain:
        likely = prediction.category
        if likely != target:
            found = [
                item
                for item in proposals(ctx.project, likely, instead_of=ctx, kinds=kinds)
                if item.tier <= upto
            ]
    for proposal in found:
        new = filled(ctx.project, proposal, instead_of=ctx, keep=keep)
        cells = dict(new.cells)
        if proposal.category != ctx.category:
            cells |= class_cells(ctx.project, proposal.category)
        kept = f"；指标值「{new.kept}」沿用表内数，请核实" if new.kept else ""
        edits = row_edits(ctx, cells)
        yield Draft(
            title=f"将「{ctx.words()['name']}」改为「{proposal.name}」",
            rationale="；".join(part for part in (why, proposal.reason) if part) + kept,
            edits=edits,
            blanks=used(new.blanks, edits),
        )
    if ask and kinds is None:
        yield from _ask(ctx.project, target, why=why, row=ctx)


def added(ctx: ProjectContext, category: str, *, why: str) -> Iterator[Draft]:
    """Yield drafts that add a row of a class from the library or the frames."""
    if not ctx.scheme.has(category):
        return
    known = (
        _added(ctx, category, item, why) for item in proposals(ctx, category) if item.tier <= Tier.GENERIC
    )
    yield from _weighted(ctx, category, chain(islice(known, 3), _ask(ctx, category, why=why)))


def _added(ctx: ProjectContext, category: str, proposal: Proposal, why: str) -> Draft:
    new = filled(ctx, proposal)
    edit = add_edit(ctx, {**class_cells(ctx, category), **new.cells})
    return Draft(
        title=f"补充{ctx.scheme.level2_name(category)}「{proposal.name}」",
        rationale="；".join(part for part in (why, proposal.reason) if part),
        edits=(edit,),
        blanks=used(new.blanks, (edit,)),
    )


def _weighted(ctx: ProjectContext, category: str, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Give the row that each draft adds a weight, taken from another, where the table has weights."""
    if not carries_weights(ctx):
        yield from drafts
        return
    taken = shared(ctx, ctx.scheme.parent_group(category))
    if taken is None:
        return
    giver, weight, derived, why = taken
    for draft in drafts:
        edits = tuple(
            replace(
                edit, new=tuple((field, weight if field == "weight" else text) for field, text in edit.new)
            )
            if edit.old is None and isinstance(edit.new, tuple)
            else edit
            for edit in draft.edits
        )
        yield replace(
            draft,
            edits=(giver, *edits),
            derived=(*draft.derived, *derived),
            rationale=f"{draft.rationale}；{why}",
        )


def _ask(
    project: ProjectContext, category: str, *, why: str, row: RowContext | None = None
) -> Iterator[Draft]:
    """Yield the draft that asks what to measure, where nothing is known of the project: the business question."""
    question, probe, formula, unit, value = _QUESTIONS[category]
    name = text_blank(question, probe)
    how = text_blank("该指标的计算口径和数据来源", formula)
    number = Blank("该指标的目标值，依据年度计划或近三年平均值", "number", value)
    measure = Blank("该指标的计量单位", "unit", unit)
    basis, document = basis_text(category)
    sign = "≤" if category in ("时效", "成本", "社会成本", "生态环境成本") else "≥"
    cells = {
        "name": str(name),
        "description": str(how),
        "basis": basis,
        **value_cells(row or project, sign, str(number), "%" if unit == "%" else str(measure)),
    }
    edits: tuple[Edit, ...]
    if row is not None:
        if row.category != category:
            cells |= class_cells(project, category)
        edits = row_edits(row, cells)
    else:
        edits = (add_edit(project, {**class_cells(project, category), **cells}),)
    yield Draft(
        title=f"请回答：{question}",
        rationale=f"{why}；项目文字中没有可以据以拟定的内容" if why else "项目文字中没有可以据以拟定的内容",
        edits=edits,
        blanks=used((name, how, number, measure, document), edits),
    )


def moved(
    ctx: RowContext,
    category: str,
    *,
    why: str,
    also: Mapping[str, str] = MappingProxyType({}),
    derived: tuple[Derivation, ...] = (),
    refill: Iterable[Draft] = (),
) -> Iterator[Draft]:
    """Yield drafts that move the row to another class; `also` are further texts for its cells, `refill` drafts that
    add a row of the old class and come before those of the library.

    Where the scheme asks for a row of the old class and none would be left, an indicator of that class is added.
    """
    project = ctx.project
    place = row_edits(ctx, {**class_cells(project, category), **also})
    if not place:
        return
    name, old = ctx.words()["name"], ctx.category
    title = f"将「{name}」移到{project.scheme.level2_name(category)}"
    if also.get("name"):
        title += f"，改为「{also['name']}」"
    alone = Draft(title=title, rationale=why, edits=place, derived=derived, lifted=bool(also))
    if old is None or not _needed(ctx, old) or not project.scheme.has(old):
        yield alone
        return
    for extra in islice(chain(refill, added(project, old, why="移走后该类没有指标")), 3):
        yield replace(joined(alone, extra), title=f"{title}，{extra.title}")
    yield alone


def _needed(ctx: RowContext, category: str) -> bool:
    """Whether the table needs a row of the class, or of its branch, once this one has left."""
    project = ctx.project
    others = [row for row in project.live_rows if row is not ctx]
    if any(row.category == category for row in others):
        return False
    scheme = project.scheme
    group = scheme.parent_group(category)
    lonely = not any(row.group == group for row in others)
    return category in (*scheme.required_categories, "成本", "服务对象满意度") or lonely


def joined(first: Draft, *rest: Draft, title: str | None = None) -> Draft:
    """Return one draft of several, removals last; equal edits once."""
    parts = (first, *rest)
    merged = {old: new for part in parts for old, new in part.merged.items()}
    order = list(Applicability)
    return Draft(
        title=title or first.title,
        rationale=_shared(part.rationale for part in parts),
        edits=unique(edit for part in parts for edit in part.edits),
        blanks=tuple({blank.prompt: blank for part in parts for blank in part.blanks}.values()),
        applicability=max((part.applicability for part in parts), key=order.index),
        derived=tuple(item for part in parts for item in part.derived),
        merged=merged,
        lifted=any(part.lifted for part in parts),
    )


def _shared(texts: Iterable[str]) -> str:
    """Return the parts of several rationales, each once, not too many of them."""
    parts = list(dict.fromkeys(part for text in texts for part in text.split("；") if part))
    return "；".join(parts[:_MOST_REASONS]) + ("；等" if len(parts) > _MOST_REASONS else "")


def division(total: Decimal, count: Decimal) -> tuple[Decimal, Derivation]:
    """Return a quotient rounded to cents, and where it comes from."""
    result = round(total / count, 2)
    return result, Derivation(result, "quotient", (total, count))


def _keeps(row: RowContext, proposal: Proposal) -> bool:
    """Whether the row's percentage can stand for the proposal: both are rates that should be high."""
    return (
        proposal.kind == "ratio"
        and proposal.operator == "≥"
        and proposal.unit == "%"
        and percent(row.quantity) is not None
        and row.quantity.unit == "%"
        and row.quantity.upper is None
        and row.quantity.operator in _UP
        and (row.quantity.number or 0) <= 100
    )


def _has_basis(ctx: ProjectContext) -> bool:
    return any(row.has("basis") for row in ctx.rows)
