"""What a description cell should say: formula or scope, and where the actual value comes from.

Formulas are built around the indicator's own name, so that they stay grammatical whatever the name is; what cannot be
known (the parts of an abstract percentage, the standards of grades) is left to the filer as a blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from nlp import library
from nlp.measures import (
    is_count,
    is_satisfaction,
    is_time_point_or_span,
    is_unit_cost,
    is_zero_event,
    rate_word,
    respondent,
)
from nlp.phrases import abstract_entry
from nlp.sameness import same
from nlp.subject import counted_as
from nlp.text import strip_prefix
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Blank

_DENOMINATORS: Final = (
    (("知晓率", "知晓度", "认知率"), "有效受访人数", "问卷调查"),
    (("覆盖率", "普及率"), "应覆盖的总数量", "工作台账"),
    (("及时率", "按时率", "按期率", "准时率", "按期完成率", "按时完成率", "及时完成率"), "应完成的总数量", "办理台账和时间记录"),
    (("合格率", "达标率", "通过率", "优良率", "优秀率", "完好率"), "检查、检验或验收的总数量", "检查、检验或验收记录"),
    (("准确率", "正确率"), "核对的总数量", "核查记录"),
    (("完成率",), "计划完成的总数量", "工作计划和完成台账"),
    (("发放率", "兑现率", "足额率", "到位率"), "应发放的总数量", "发放清册和支付凭证"),
    (("办结率", "化解率", "处置率", "结案率", "整改率", "解决率"), "应办结的总数量", "办理台账"),
    (("参与率", "参加率", "出勤率", "到岗率", "在岗率"), "应参加的总人数", "签到或考勤记录"),
    (("使用率", "利用率"), "可使用的总数量", "使用记录"),
)  # fmt: skip
_FAULTY: Final = ("故障率", "差错率", "错误率", "返工率", "退件率", "投诉率", "空置率", "闲置率")
_TRENDS: Final = (
    (("下降率", "降低率", "减少率"), "（上年同口径数－本年数）÷上年同口径数×100%"),
    (("增长率", "提高率", "增加率", "提升率"), "（本年数－上年同口径数）÷上年同口径数×100%"),
)
_PAYING: Final = re.compile(r"支付|拨付|发放|缴纳|兑付|付款")
_COUNTED: Final = re.compile(r"[数量额次积度程模长]$|面积|里程|[(（]")
_IN_FULL: Final = re.compile(r"足额(?P<after>发放|缴纳|支付|拨付|兑付|到位)?|(?P<before>发放|缴纳|支付|拨付|兑付)足额")
_PROPER_USE: Final = re.compile(r"(?:资金|经费|专款).*(?:合规|规范|合法|专用)|(?:合规|规范)使用.*(?:资金|经费)")
_SAVING: Final = re.compile(r"节约率$")
_DENIAL: Final = re.compile(r"(?:不发生|未发生|没有|杜绝|防止|避免|零|无)")
_HAPPENS: Final = re.compile(r"(?:的)?(?:发生|出现)?(?:情况|起数|件数|数|率)?$")
_LONGEST: Final = 24
_EFFECTS: Final = ("经济效益", "社会效益", "生态效益", "可持续影响")


@dataclass(frozen=True, slots=True)
class Described:
    """A description and the blanks that stand in it."""

    text: str
    blanks: tuple[Blank, ...] = ()


def description_of(ctx: RowContext) -> Described:
    """Return a description for a row as it is named and valued."""
    if is_satisfaction(ctx.text("name")):
        name = ctx.text("name")
        return survey(respondent(name) or respondent(ctx.text("description")) or "服务对象", name)
    if ctx.quantity.kind == "text":
        return (
            standards(ctx.text("name"))
            if ctx.category in _EFFECTS
            else describe(ctx.text("name"), ctx.category)
        )
    if ctx.quantity.kind == "ratio" and rate_word(ctx.text("name")) is None:
        return parts(ctx.text("name"))
    return describe(ctx.text("name"), ctx.category)


@lru_cache(maxsize=8192)
def describe(name: str, category: str | None) -> Described:
    """Return formula or scope with the data source, from the library where it knows the indicator."""
    for entry in library.entries():
        if entry.category == category and entry.name[-1:] == name[-1:] and same(entry.name, name):
            return Described(with_source(entry.formula, entry.source))
    name = shorten(strip_prefix(name), _LONGEST)
    if is_satisfaction(name):
        return survey(respondent(name) or "服务对象", name)
    word = rate_word(name)
    if word is not None:
        return Described(_rate(name))
    if is_zero_event(name):
        thing = _HAPPENS.sub("", _DENIAL.sub("", name, count=1)) or name
        return Described(with_source(f"按台账统计的年度{thing}发生数", "事件登记台账"))
    if is_unit_cost(name):
        return Described(with_source(f"{name}＝实际支出总额÷实际完成或受益的数量", "支付凭证和结算资料"))
    if category == "成本" or category == "经济成本":
        return Described(with_source(f"按支付凭证和结算资料核算的{name}", "财务账簿"))
    if is_time_point_or_span(name):
        record = "支付凭证" if _PAYING.search(name) else "办理记录"
        return Described(with_source(f"按{record}核对的{name}", record))
    if abstract_entry(name) is not None:
        return parts(name)
    if is_count(name) or category == "数量":
        counted = name if _COUNTED.search(name) else f"{name}数量"
        return Described(with_source(f"按工作台账和相关记录统计的年度{counted}", "工作台账"))
    if category == "时效":
        record = "支付凭证" if _PAYING.search(name) else "办理记录"
        return Described(with_source(f"按{record}核对{name}的完成时间", record))
    if category == "经济效益":
        return Described(with_source(f"按同口径统计报表核算的{name}", "统计报表"))
    return standards(name)


def survey(who: str, name: str) -> Described:
    """Return how a satisfaction is asked; the number of forms is the filer's."""
    blank = Blank(f"{shorten(name, _LONGEST)}的有效问卷份数", "number", "200")
    counted = counted_as(who)
    asked = "有效受访人数" if counted.endswith("人数") else f"有效受访{counted}"
    return Described(
        with_source(f"表示满意的{counted}÷{asked}×100%", f"问卷调查，有效问卷{blank}份"), (blank,)
    )


def parts(name: str) -> Described:
    """Return a formula whose parts the filer names: an abstract percentage has no other meaning."""
    short = shorten(strip_prefix(name), _LONGEST)
    upper = Blank(f"{short}的分子，如达到要求的事项数", "text", "检查达到要求的事项数")
    lower = Blank(f"{short}的分母，如检查的事项总数", "text", "检查的事项总数")
    return Described(with_source(f"{upper}÷{lower}×100%", "工作台账"), (upper, lower))


def standards(name: str, *, grades: tuple[str, str, str] = ("全部达成", "部分达成", "未达成")) -> Described:
    """Return the standards of three grades; the first two are the filer's, the last is what remains."""
    short = shorten(strip_prefix(name), _LONGEST)
    first = Blank(f"{short}“{grades[0]}”的标准", "text", "年度任务全部完成并经考核确认")
    second = Blank(f"{short}“{grades[1]}”的标准", "text", "完成主要任务，个别事项未经考核确认")
    return Described(
        f"分三级评定。{grades[0]}：{first}；{grades[1]}：{second}；{grades[2]}：其余情形", (first, second)
    )


def _rate(name: str) -> str:
    plain = name.rstrip("（）()")
    for trends, formula in _TRENDS:
        if plain.endswith(trends):
            return with_source(formula, "统计台账")
    if _SAVING.search(plain):
        return with_source("（预算数－实际支出数）÷预算数×100%", "预算批复和支付凭证")
    full = _IN_FULL.search(plain)
    if full is not None:
        verb = full["after"] or full["before"] or "发放"
        return with_source(f"实际{verb}金额÷应{verb}金额×100%", "发放清册和支付凭证" if verb == "发放" else "支付凭证")
    if _PROPER_USE.search(plain):
        return with_source("经检查使用合规的资金额÷检查的资金总额×100%", "财务账簿和监督检查记录")
    core = re.sub(r"(?:率|比例|占比|比率)$", "", plain)
    if plain.endswith(_FAULTY):
        return with_source(f"{core}的数量÷运行、办理或检查的总数量×100%", "运行、办理或检查记录")
    for endings, base, source in _DENOMINATORS:
        if plain.endswith(endings):
            top = f"{core}的受访人数" if base == "有效受访人数" else f"{core}的数量"
            return with_source(f"{top}÷{base}×100%", source)
    return with_source(f"{core}的数量÷应纳入统计的总数量×100%", "工作台账")


def with_source(formula: str, source: str) -> str:
    """Return formula and data source as one text."""
    return f"{formula}；数据来源：{source}"
