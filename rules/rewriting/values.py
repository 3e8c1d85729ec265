"""Drafts that repair one value: its sign, unit, scale or kind. The figure itself stays the filer's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.records.finding import Applicability
from nlp.lexicon import bare
from nlp.measures import (
    has_measurable_noun,
    is_satisfaction,
    is_time_point_or_span,
    is_timeliness,
    is_unit_cost,
    lower_is_better,
    rate_word,
)
from nlp.subject import deadline_name
from nlp.text import normalise
from rules.engine.context import RowContext
from rules.engine.draft import Blank, Derivation, Draft
from rules.engine.edits import used
from rules.rewriting.basis import basis_kind_of
from rules.rewriting.blanks import date_blank, number_blank, unit_blank
from rules.rewriting.cells import row_edits, value_cells
from rules.rewriting.counting import countable, unit_of_name
from rules.rewriting.describe import describe, with_source
from rules.support.wording import BENEFITS

_LONGEST_NAME: Final = 16
_POINT: Final = re.compile(r"(?:完成)?(?:日期|时间|时点|时效|及时性|情况)$")
_EVENT: Final = re.compile(
    r"(?P<event>[\u4e00-\u9fff]{0,6}(?:结案|归档|申请|审批|审核|受理|报修|验收|考核|到货|签订|接到|备案|公示|结束|立案|登记)(?:归档|通过|合格|结果|备案)?)(?:以后|之后|后|之日起)"
)
"""Events of single cases, behind which something is due."""
_MORE: Final = re.compile(
    r"(?:增加|提高|提升|促进|带动|推动|拉动|扩大)(?P<thing>[\u4e00-\u9fff]{0,8}(?:收入|产值|利润|税收|营业额|销售额))(?:增加|增长|提高)?"
)
"""More of a sum of money, said as a goal."""
_DONE: Final = re.compile(r"(?:工程|项目|建设|施工|改造|任务|采购)(?:完成|完工|竣工)(?:时限|期限|时间)$")
"""The end of one piece of work: a date, however it is called."""
_DUE: Final = re.compile(
    r"(?:补助|补贴|津贴|优待金|生活费|抚恤金|奖励金|扶助金|救助金|低保金|养老金|慰问金|助学金)(?:发放)?(?:标准|金额)?$"
)
_PRICED: Final = ("标准", "单价", "费", "费用", "支出", "成本")
_REGISTERED: Final = re.compile(
    r"核定|编制|编办|在册|在编|花名册|名录|清册|台账|确权|机构设置|登记在册|实有|现有"
)
"""Words of registers: what they count is neither more nor less."""
_MOVES: Final = re.compile(
    r"(?:较|比)(?:上年|去年|上一年|同期|改造前)[^,，。;；]{0,8}(?P<verb>下降|降低|减少|增长|增加|提高)(?:幅度|比例|率|的比例)?"
)
_ABOUT: Final = re.compile(r"^(?:大约|大概|约为?|近)|(?:左右|上下)$")
_QUICK: Final = ("响应时间", "修复时间", "到场时间", "恢复时间", "反应时间", "处置时间", "抢修时间")
"""Times that are hours."""
_DAYS: Final = ("时限", "时长", "天数", "周期", "响应时间", "办理时间", "用时", *_QUICK)


def with_operator(
    ctx: RowContext, operator: str, *, title: str, why: str, safe: bool = False
) -> Draft | None:
    """Return the draft that writes another sign and leaves figure and unit as filed."""
    quantity = ctx.quantity
    if quantity.number is None and quantity.date is None:
        return None
    if ctx.has("operator"):
        edits = row_edits(ctx, {"operator": operator})
        if quantity.operator_span is not None:
            start, end = quantity.operator_span
            value = ctx.text("value")
            edits = row_edits(ctx, {"operator": operator, "value": (value[:start] + value[end:]).strip()})
    else:
        value = ctx.text("value")
        if quantity.operator_span is not None:
            start, end = quantity.operator_span
            rest = value[:start] + value[end:]
        else:
            rest = value
        # 「180件左右」 with a sign says two things.
        edits = row_edits(ctx, {"value": f"{operator}{_ABOUT.sub('', rest).strip()}"})
        if _ABOUT.search(rest):
            why = why.replace("数值不变", "数值不变，去掉约数用语")
    if not edits:
        return None
    return Draft(
        title=title,
        rationale=why,
        edits=edits,
        applicability=Applicability.SAFE if safe else Applicability.CONFIRM,
        lifted=True,
    )


def with_unit(
    ctx: RowContext, unit: str, *, title: str, why: str, blank: Blank | None = None
) -> Draft | None:
    """Return the draft that appends a unit behind the figure, in its own column where there is one."""
    cells = {"unit": unit} if ctx.has("unit") else {"value": ctx.text("value").rstrip() + unit}
    if ctx.quantity.operator is None and ctx.quantity.upper is None:
        # A sign that is missing too is put in at once; the cell is filled only once.
        sign = usual_sign(ctx)
        title = f"{title}和「{sign}」"
        if ctx.has("operator"):
            cells["operator"] = sign
        else:
            cells["value"] = f"{sign}{cells.get('value', ctx.text('value'))}"
    edits = row_edits(ctx, cells)
    if not edits:
        return None
    return Draft(title=title, rationale=why, edits=edits, blanks=(blank,) if blank else (), lifted=True)


def usual_sign(ctx: RowContext) -> str:
    """Return ＝ for what a policy sets or a register counts, ≤ for what should be low (costs, faults, time limits), ≥ for everything else."""
    if fixed_by_policy(ctx):
        return "＝"
    if ctx.category == "数量" and _REGISTERED.search(f"{ctx.text('description')}{ctx.text('basis')}"):
        return "＝"
    low = ctx.category in ("成本", "社会成本", "生态环境成本") or lower_is_better(ctx.name) is True
    return "≤" if low else "≥"


def fixed_by_policy(ctx: RowContext) -> bool:
    """Whether a cost is an amount that each person is due (补助标准): paying less is no saving."""
    return (
        ctx.category == "成本"
        and is_unit_cost(ctx.text("name"))
        and _DUE.search(bare(ctx.text("name"))) is not None
    )


def asked(
    ctx: RowContext,
    *,
    why: str,
    low: bool | None = None,
) -> Iterator[Draft]:
    """Yield drafts that keep the name and ask for a value of the kind that it measures."""
    text, target = ctx.text("name"), ctx.category
    counted = f"{text}数量" if target == "数量" and len(text) <= _LONGEST_NAME else None
    priced = target == "成本" and text.endswith(_PRICED)
    if not has_measurable_noun(text) and target != "时效" and counted is None and not priced:
        return
    quantity = ctx.quantity
    basis = basis_kind_of(target)
    title = f"为「{ctx.words()['name']}」填写可核对的指标值"
    if rate_word(text) is not None or is_satisfaction(text):
        low = quantity.operator in ("≤", "＜") if low is None else low
        blank = number_blank(text, basis, unit="%", probe="2" if low else None)
        cells = value_cells(ctx, "≤" if low else "≥", str(blank), "%")
    elif target == "时效" and any(bare(text).endswith(word) for word in _DAYS) and not _DONE.search(text):
        blank = number_blank(text, basis, probe="15")
        cells = value_cells(ctx, "≤", str(blank), "小时" if bare(text).endswith(_QUICK) else "个工作日")
    elif target == "时效" and (event := _event(ctx)) is not None:
        # What is done case by case (结案归档后发放) has no date, it has days.
        spent = f"{_POINT.sub('', text)}时限"
        blank = number_blank(spent, basis, probe="15")
        told = with_source(
            f"自{event}之日起至{_POINT.sub('', text)}完成之日止的平均工作日数", "办理台账和时间记录"
        )
        cells = {"name": spent, "description": told, **value_cells(ctx, "≤", str(blank), "个工作日")}
        title = f"将「{ctx.words()['name']}」改为「{spent}」"
    elif target == "时效" or (is_time_point_or_span(text) and is_timeliness(text)):
        dated = text if is_time_point_or_span(text) or _DONE.search(text) else deadline_name(text)
        if dated is None:
            return
        blank = date_blank(ctx.project, dated)
        cells = value_cells(ctx, "≤", str(blank), "")
        if dated != text:
            title = f"将「{ctx.words()['name']}」改为「{dated}」"
            cells |= {"name": dated, "description": describe(dated, target).text}
    elif target == "成本":
        blank = number_blank(text, basis, probe="1")
        if text.endswith("标准") and not is_unit_cost(text):
            each = unit_blank(text, "元/人")
            cells = value_cells(ctx, "＝", str(blank), str(each))
            edits = row_edits(ctx, cells)
            yield Draft(title=title, rationale=why, edits=edits, blanks=used((blank, each), edits))
            return
        cells = value_cells(ctx, "≤", str(blank), "元" if is_unit_cost(text) else "万元")
    elif target == "经济效益":
        more = _MORE.fullmatch(bare(text))
        named = f"{more['thing']}增加额" if more is not None else text
        blank = number_blank(named, basis, probe="1")
        cells = value_cells(ctx, "≥", str(blank), "万元")
        if more is not None:
            told = with_source(f"本年{more['thing']}－上年同口径{more['thing']}", "统计报表")
            cells |= {"name": named, "description": told}
            title = f"将「{ctx.words()['name']}」改为「{named}」"
    elif (
        quantity.kind == "ratio"
        and quantity.number
        and (moved := _MOVES.search(normalise(ctx.text("description"))))
    ):
        # The description says that the percentage is a change (较上年下降幅度): the name takes it over.
        down = moved["verb"] in ("下降", "降低", "减少")
        named = f"{text}{'下降' if down else '增长'}率"
        yield Draft(
            title=f"将「{ctx.words()['name']}」改为「{named}」",
            rationale=f"描述所说的是变化幅度，指标值「{ctx.filed_value}」沿用表内数，请核实",
            edits=row_edits(ctx, {"name": named}),
        )
        return
    else:
        blank = number_blank(text, basis)
        if counted is not None and not has_measurable_noun(text):
            extra = {"name": counted, "description": describe(counted, target).text}
            title = f"将「{ctx.words()['name']}」改为「{counted}」"
        else:
            extra = {}
            if (
                target in BENEFITS
                and quantity.kind == "text"
                and not countable(text)
                and unit_of_name(text) is None
            ):
                return  # 「厉行节约反对浪费」 has no figure.
        unit = quantity.unit if quantity.kind == "count" and quantity.unit else unit_of_name(text) or ""
        mark = unit_blank(text, "个") if not unit else None
        cells = {**value_cells(ctx, "≥", str(blank), unit or str(mark)), **extra}
        edits = row_edits(ctx, cells)
        yield Draft(
            title=title, rationale=why, edits=edits, blanks=used((blank, *([mark] if mark else [])), edits)
        )
        return
    edits = row_edits(ctx, cells)
    # A floor where low is good (事故率 ≥95%) was no target: a ceiling in its place weakens nothing.
    turned = low is True and quantity.operator not in ("≤", "＜")
    yield Draft(title=title, rationale=why, edits=edits, blanks=used((blank,), edits), lifted=turned)


def _event(ctx: RowContext) -> str | None:
    """Return what starts the clock of a row (结案归档后发放 → 结案归档), None where no event is named."""
    if _POINT.search(ctx.text("name")) is None:
        return None
    for text in (ctx.text("description"), ctx.text("name")):
        found = _EVENT.search(normalise(text))
        if found is not None:
            return found["event"]
    return None


def deadline(ctx: RowContext) -> Draft | None:
    """Return the draft that turns 「≥10月份」 into 「≤10月31日」; a month stands for its last day."""
    quantity = ctx.quantity
    if quantity.date is None or quantity.number_span is None:
        return None
    start, end = quantity.number_span
    filed = quantity.text[start:end]
    year, month, day = quantity.date.rsplit("-", 2)
    derived: tuple[Derivation, ...] = ()
    text, note = filed, "日期沿用表内数"
    if "日" not in filed and "号" not in filed:
        own = ctx.project.document.document.year
        dated = year.strip("-") or (str(own) if own is not None and str(own) in filed else "")
        text = f"{dated}年" if dated else ""
        text += f"{int(month)}月{int(day)}日"
        note = "月份沿用表内，日取期末"
        derived = (Derivation(Decimal(int(day)), "month-end", (Decimal(int(month)),)),)
    cells = value_cells(ctx, "≤", text, "")
    name = deadline_name(ctx.text("name"))
    if name is not None:
        cells |= {"name": name, "description": describe(name, "时效").text}
    return Draft(
        title=f"改为「{name or ctx.words()['name']} ≤{text}」",
        rationale=f"期限应为上限，{note}，请核实",
        edits=row_edits(ctx, cells),
        derived=derived,
        lifted=True,
    )
