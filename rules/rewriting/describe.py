"""What a description cell should say: formula or scope, and where the actual value comes from.

Formulas are built around the indicator's own name, so that they stay grammatical whatever the name is; what cannot be
known (the parts of an abstract percentage, the standards of grades) is left to the filer as a blank.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from nlp import library
from nlp.lexicon import bare
from nlp.measures import (
    has_measurable_noun,
    is_count,
    is_rate,
    is_satisfaction,
    is_time_point_or_span,
    is_unit_cost,
    is_zero_event,
    rate_word,
    respondent,
)
from nlp.phrases import abstract_entry
from nlp.sameness import same
from nlp.subject import counted_as, delivered, is_generic, served, tally_word
from nlp.text import normalise, strip_prefix
from nlp.tokenise import words
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Blank
from rules.rewriting.cells import GRADES
from rules.rewriting.counting import countable, counted, divided, scope_of

_DENOMINATORS: Final = (
    (("知晓率", "知晓度", "认知率"), "有效受访{}", "问卷调查"),
    (("覆盖率", "普及率"), "应覆盖的{}", "工作台账"),
    (("及时率", "按时率", "按期率", "准时率", "按期完成率", "按时完成率", "及时完成率"), "应完成的{}", "办理台账和时间记录"),
    (("合格率", "达标率", "通过率", "优良率", "优秀率", "完好率"), "检查、检验或验收的{}", "检查、检验或验收记录"),
    (("准确率", "正确率"), "核对的{}", "核查记录"),
    (("完成率",), "计划完成的{}", "工作计划和完成台账"),
    (("发放率", "兑现率", "到位率"), "应发放的{}", "发放清册和支付凭证"),
    (("办结率", "化解率", "处置率", "结案率", "整改率", "解决率"), "应办结的{}", "办理台账"),
    (("开工率", "完工率", "竣工率"), "计划实施的{}", "项目进度台账"),
    (("签约率",), "应签约的{}", "签约服务系统或协议"),
    (("管理率",), "登记在管的{}", "管理台账或信息系统"),
    (("办复率", "答复率", "回复率"), "应办复的{}", "交办和办复台账"),
    (("参与率", "参加率", "出勤率", "到岗率", "在岗率"), "应参加的{}", "签到或考勤记录"),
    (("使用率", "利用率"), "可使用的{}", "使用记录"),
)  # fmt: skip
"""Endings of rates → what is divided by, and where the figures come from; {} is how the thing is counted."""
_EVENTS: Final = ("场次", "场数", "次数", "期数")
_BY_HEAD: Final = ("人数", "人次", "户数")
_ANY_COUNT: Final = (*_EVENTS, "项数", None)
_SHORT: Final = 4
"""A core of so few characters (完成及时) names no thing."""
_REACHED: Final = re.compile(r"覆盖|发放|到位|享受|受益")
_FAULTY: Final = ("故障率", "差错率", "错误率", "返工率", "退件率", "投诉率", "空置率", "闲置率")
_TRENDS: Final = (
    (("下降率", "降低率", "减少率", "降幅"), "（上年同口径{0}－本年{0}）÷上年同口径{0}×100%"),
    (
        ("增长率", "提高率", "增加率", "提升率", "增幅", "增速"),
        "（本年{0}－上年同口径{0}）÷上年同口径{0}×100%",
    ),
)
_FIGURE: Final = re.compile(r"[数量额值价次产]$|面积|收入|产值|费用|成本|能耗|时间|时长")
"""Ends of what is a figure itself: 亩产增幅 compares 亩产, 游客增长率 compares numbers of something."""
_PAYING: Final = re.compile(r"支付|拨付|发放|缴纳|兑付|付款")
_STANDARD: Final = re.compile(
    r"标准|单价|^(?:单|每|人均|户均)|(?:均|每[\u4e00-\u9fff]{1,4})(?:费用|支出|金额|补助|补贴)"
)
_PAYMENT: Final = re.compile(r"(?:资金|经费|费用?|款|补贴|补助)(?P<after>支付|拨付|兑付|发放)(?:进度|到位)")
_JOINED: Final = re.compile(r"、|以及|及(?!时)(?=[\u4e00-\u9fff]{3})")
"""Two measures or two things under one name; 和, 与 also stand inside names of one thing."""
_IN_TIME: Final = re.compile(r"按期|按时|如期|准时|及时(?!性|率)")
_DIMENSIONS: Final = {
    "公里": "长度", "千米": "长度", "米": "长度", "km": "长度", "亩": "面积", "平方米": "面积", "㎡": "面积",
    "公顷": "面积", "万亩": "面积",
}  # fmt: skip
_SPAN: Final = re.compile(r"(?:的)?(?:平均)?(?:响应)?(?:时长|用时|时限|响应时间|办理时间|周期)$")
_WORKS: Final = re.compile(r"工程|项目|完工|竣工|开工|改造|建设|施工")
_REPAIR: Final = re.compile(r"响应|故障|维修|修复|抢修|报修|出警|处置")
_DATE_TAIL: Final = re.compile(r"(?:的)?(?:完成)?(?:日期|时间|时点|时效|情况|及时性|进度|期限)*$")
_LEAST_ACTION: Final = 2
_IN_FULL: Final = re.compile(
    r"足额(?P<after>发放|缴纳|支付|拨付|兑付|到位)?|(?P<before>发放|缴纳|支付|拨付|兑付)足额"
)
_PAID_IN_TIME: Final = re.compile(
    r"(?:资金|贴息|奖金|奖补|补贴|补助|工资|报酬|津贴)(?P<verb>兑现|兑付|拨付|支付)(?:及时|按时|按期|准时)率?$"
)
_PLANNED: Final = re.compile(r"(?:计划|任务)完成(?:及时|按期|按时)率$")
ALL_DUE: Final = re.compile(r"应(?P<what>[\u4e00-\u9fff])尽(?P=what)")
_DUE_WORDS: Final = {
    "助": "资助", "保": "保障", "补": "补助", "享": "享受", "救": "救助", "治": "治疗", "养": "供养", "收": "收取",
    "种": "接种", "检": "检查", "查": "排查", "报": "上报", "签": "签约", "免": "免疫", "入": "入学",
}  # fmt: skip
_PROPER_USE: Final = re.compile(
    r"(?:资金|经费|专款).*(?:合规|规范|合法|专用)|(?:合规|规范)使用.*(?:资金|经费)"
)
_SEVERAL: Final = re.compile(
    r"(?P<who>[^,，;；]{2,12}?(?:及|和|与|、)[^,，;；]{2,8}?)(?:(?:总体|综合)?满意(?:度|率)?)?$"
)
_QUALIFIED: Final = re.compile(r"(?P<who>[^,，;；、对的]{2,10}?)(?:总体|综合)?满意(?:度|率)?$")
_SAVED: Final = re.compile(
    r"(?:降低|减少|节约|节省|减轻)(?P<cost>[\u4e00-\u9fff]{2,14}(?:支出|费用|成本|负担|开支))"
)
_RATE_RISES: Final = re.compile(
    r"(?P<rate>[\u4e00-\u9fff]{2,12}率)(?P<verb>提高|提升|上升|增长|下降|降低)(?:幅度|百分点|情况)?"
)
_SAVING: Final = re.compile(r"节约率$")
DENIAL: Final = re.compile(r"(?:不发生|未发生|没有|杜绝|防止|避免|零|无)")
_HAPPENS: Final = re.compile(r"(?:的)?(?:发生|出现)?(?:情况|起数|件数|数|率)?$")
_LONGEST: Final = 24
EFFECTS: Final = ("经济效益", "社会效益", "生态效益", "可持续影响")


@dataclass(frozen=True, slots=True)
class Described:
    """A description and the blanks that stand in it."""

    text: str
    blanks: tuple[Blank, ...] = ()


def description_of(ctx: RowContext) -> Described:
    """Return a description for a row as it is named and valued."""
    name = ctx.text("name")
    if is_satisfaction(name) or ctx.category == "服务对象满意度":
        return survey(asked_group(name) or asked_group(ctx.text("description")) or _served(ctx), name)
    if _JOINED.search(name) and (is_rate(name) or ctx.category == "数量"):
        return _several(name, ctx.category)
    if ctx.category == "数量" and not is_rate(name) and not countable(name):
        return describe(name + _DIMENSIONS.get(ctx.quantity.unit or "", "数量"), ctx.category)
    if ctx.quantity.kind == "text":
        return (
            standards(name)
            if ctx.category in EFFECTS and not has_measurable_noun(name)
            else describe(name, ctx.category, table_word(ctx))
        )
    if ctx.quantity.kind == "ratio" and rate_word(name) is None:
        named = f"{name}率"  # 「卫生达标」 in per cent is the rate of it.
        if usual_rate(name) is None and rate_word(named) is not None and named.endswith(_known_endings()):
            return describe(named, ctx.category, table_word(ctx))
        return describe(name, ctx.category) if usual_rate(name) is not None else parts(name)
    return describe(name, ctx.category, table_word(ctx), ctx.quantity.per)


def _served(ctx: RowContext) -> str | None:
    """Return whom the project serves, for a satisfaction that names nobody."""
    names = tuple(row.text("name") for row in ctx.project.live_rows if row is not ctx)
    return served(names, ctx.project.project.budget.purpose.text)


def _several(name: str, category: str | None) -> Described:
    """Return how several measures under one name are worked out: each by its own formula, or counted apart."""
    parts = [part for part in _JOINED.split(name) if part]
    if all(rate_word(part) is not None for part in parts):
        told = [describe(part, category).text.split("；数据来源：")[0] for part in parts]
        return Described(
            with_source(
                "；".join(f"{part}：{how}" for part, how in zip(parts, told, strict=True)), "工作台账"
            )
        )
    kinds = [scope_of(part) for part in parts]
    # 「印制证书、证明」 is one kind of work, 「开发岗位、购买保险」 is two.
    if (
        category == "数量"
        and not is_rate(name)
        and (len(set(kinds)) == 1 or (kinds[0] and not any(kinds[1:])))
    ):
        output = counted(name)
        return Described(with_source(f"{output.text}，分项登记、分别列明", output.source))
    each = Blank(f"分别写明{shorten(name, _LONGEST)}各自的口径", "text", "各项分别统计，分别登记")
    return Described(with_source(str(each), "工作台账"), (each,))


def table_word(ctx: RowContext, name: str | None = None) -> str | None:
    """Return how the table counts the thing that a name is about (改造户数 → 户数 for 改造验收合格率); None if it does not."""
    text = name or ctx.text("name")
    for row in ctx.project.of("数量"):
        unit = row.quantity.unit
        if row.quantity.kind != "count" or not unit or row.quantity.per:
            continue
        thing = words(normalise(delivered(row.text("name"))))
        if any(len(word) >= _LEAST_ACTION and word in text and not is_generic(word) for word in thing):
            return unit if unit.endswith("次") else f"{unit}数"
    return None


@lru_cache(maxsize=8192)
def describe(
    name: str, category: str | None, word: str | None = None, per: tuple[str, ...] = ()
) -> Described:
    """Return formula or scope with the data source, from the library where it knows the indicator.

    `word` is how the table counts the thing (户数), where it does; `per` is what the value's unit divides by (人, 月).
    """
    for entry in library.ending(category, name[-1:]):
        # 户数 is not told by the formula of 人数, however alike the names are.
        if same(entry.name, name) and (entry.name[-2:] == name[-2:] or not name.endswith("数")):
            return Described(with_source(entry.formula, entry.source))
    name = shorten(strip_prefix(name), _LONGEST)
    if is_satisfaction(name):
        return survey(asked_group(name), name)
    known = usual_rate(name)
    if known is not None or rate_word(name) is not None:
        return Described(known or _rate(name, word))
    if is_zero_event(name):
        thing = _HAPPENS.sub("", DENIAL.sub("", name, count=1)) or name
        return Described(with_source(f"按台账统计的年度{thing}发生数", "事件登记台账"))
    if is_unit_cost(name) or (category == "成本" and (per or _STANDARD.search(name))):
        formula, missing = divided(name, per)
        return Described(
            with_source(formula, "支付凭证和结算资料"), (missing,) if missing is not None else ()
        )
    if category == "成本":
        scope = Blank(f"{name}包括的支出内容", "text", "材料费、人工费")
        return Described(with_source(f"年度内实际支付的{scope}合计", "支付凭证和结算资料"), (scope,))
    if name.endswith(("年限", "寿命")):
        return Described(with_source("自验收交付之日起至停止使用之日止的年数", "资产台账"))
    if is_time_point_or_span(name) or category == "时效":
        return Described(_dated(name))
    if abstract_entry(name) is not None:
        return parts(name)
    if is_count(name) or category == "数量":
        output = counted(name)
        return Described(with_source(output.text, output.source))
    saved = _SAVED.fullmatch(name)
    if saved is not None:
        return Described(with_source(f"上年同口径{saved['cost']}－本年同口径{saved['cost']}", "统计报表"))
    if category == "经济效益":
        return Described(with_source(f"按同口径统计报表核算的{name}", "统计报表"))
    return standards(name)


def _dated(name: str) -> str:
    """Return which moment is meant: the last payment, the last piece of the work; or how long each case takes."""
    if _SPAN.search(name) and not _WORKS.search(name):
        thing = _SPAN.sub("", name)
        begin = "接到报告" if _REPAIR.search(name) else "受理"
        return with_source(f"自{begin}之时起至{thing or '办理'}完成之时止的平均时长", "办理台账和时间记录")
    action = _DATE_TAIL.sub("", _IN_TIME.sub("", _SPAN.sub("", name)))
    action = re.sub(r"(?:完工|竣工)$", "", action) or action
    if len(action) < _LEAST_ACTION:
        return with_source("最后一项工作完成并经确认的日期", "验收或办理记录")
    if _PAYING.search(action):
        return with_source(f"最后一笔{action}到账的日期", "支付凭证")
    return with_source(f"{action}全部完成并经确认的日期", "验收或办理记录")


def asked_group(name: str) -> str | None:
    """Return who is asked, all of them where a name lists several (农户及村干部); None where nobody is named."""
    who = respondent(name)
    if who is None:
        return None
    listed = _SEVERAL.match(bare(name))
    if listed is not None:
        return re.sub(r"满意(?:度|率)", "", listed["who"])
    # 「受灾群众满意度」 asks 受灾群众, not everybody.
    qualified = _QUALIFIED.match(bare(name))
    return qualified["who"] if qualified is not None and qualified["who"].endswith(who) else who


def survey(who: str | None, name: str) -> Described:
    """Return how a satisfaction is asked; the number of forms is the filer's, and who is asked where no one is named."""
    forms = Blank(f"{shorten(name, _LONGEST)}的有效问卷份数", "number", "200")
    group = Blank(f"{shorten(name, _LONGEST)}的调查对象", "text", "参训学员") if who is None else None
    counted = counted_as(who) if who is not None else f"{group}人数"
    asked = "有效受访人数" if counted.endswith("人数") else f"有效受访{counted}"
    text = with_source(f"表示满意的{counted}÷{asked}×100%", f"问卷调查，有效问卷{forms}份")
    return Described(text, (group, forms) if group is not None else (forms,))


def parts(name: str) -> Described:
    """Return a formula for an abstract percentage: what meets the requirement, of what is looked at; the filer says of what."""
    short = shorten(strip_prefix(name), _LONGEST)
    thing = Blank(f"{short}的评价对象，如点位、批次、户数", "text", "点位数")
    return Described(with_source(f"经检查评价达到要求的{thing}÷同类对象总数×100%", "检查评价记录"), (thing,))


def standards(name: str, *, grades: tuple[str, str, str] = GRADES) -> Described:
    """Return the standards of three grades; the first two are the filer's, the last is what remains."""
    short = shorten(strip_prefix(name), _LONGEST)
    first = Blank(f"{short}“{grades[0]}”的标准", "text", "年度任务全部完成并经考核确认")
    second = Blank(f"{short}“{grades[1]}”的标准", "text", "完成主要任务，个别事项未经考核确认")
    return Described(
        f"分三级评定。{grades[0]}：{first}；{grades[1]}：{second}；{grades[2]}：其余情形", (first, second)
    )


def usual_rate(name: str) -> str | None:
    """Return the formula of a percentage that everybody works out alike (增幅, 节约率, 支付进度), None for others."""
    plain = name.rstrip("（）()")
    for trends, formula in _TRENDS:
        if plain.endswith(trends):
            core = re.sub(f"(?:{'|'.join(trends)})$", "", plain)
            return with_source(formula.format(core if _FIGURE.search(core) else "数"), "统计台账")
    risen = _RATE_RISES.fullmatch(plain)
    if risen is not None:
        rate, up = risen["rate"], risen["verb"] in ("提高", "提升", "上升", "增长")
        first, last = ("本年", "上年") if up else ("上年", "本年")
        return with_source(f"{first}{rate}－{last}{rate}（百分点）", "统计台账")
    if _SAVING.search(plain):
        return with_source("（预算数－实际支出数）÷预算数×100%", "预算批复和支付凭证")
    paid = _PAID_IN_TIME.search(plain)
    if paid is not None:
        return with_source(f"按时{paid['verb']}的金额÷应{paid['verb']}的总金额×100%", "发放清册和支付凭证")
    planned = _PLANNED.search(plain)
    if planned is not None:
        return with_source("按期完成的任务数÷计划完成的任务总数×100%", "工作计划和完成台账")
    due = ALL_DUE.search(plain)
    if due is not None:
        what = _DUE_WORDS.get(due["what"], due["what"])
        return with_source(f"实际{what}的对象数÷符合条件应{what}的对象总数×100%", "对象认定名册和办理台账")
    full = _IN_FULL.search(plain) or _PAYMENT.search(plain)
    if full is not None:
        groups = full.groupdict()
        verb = groups.get("after") or groups.get("before") or "发放"
        return with_source(
            f"实际{verb}金额÷应{verb}金额×100%", "发放清册和支付凭证" if verb == "发放" else "支付凭证"
        )
    if _PROPER_USE.search(plain):
        return with_source("经检查使用合规的资金额÷检查的资金总额×100%", "财务账簿和监督检查记录")
    return None


def _rate(name: str, counted: str | None) -> str:
    plain = name.rstrip("（）()")
    core = re.sub(r"(?:率|比例|占比|比率)$", "", plain)
    word = _counted_by(counted, tally_word(core)) or _unnamed(core)
    total = f"总{word}"
    if plain.endswith(_FAULTY):
        return with_source(f"{core}的{word}÷运行、办理或检查的{total}×100%", "运行、办理或检查记录")
    for endings, base, source in _DENOMINATORS:
        if plain.endswith(endings):
            if base.startswith("有效受访"):
                return with_source(f"{core}的受访人数÷有效受访人数×100%", source)
            if base.startswith("检查") and word in _EVENTS:
                base, source = "检查评价的{}", "检查评价记录"  # Events are not accepted like goods.
            elif base.startswith("检查") and word in _BY_HEAD:
                base, source = "接受检查或考核的{}", "检查或考核记录"  # Nor are people.
            return with_source(f"{core}的{word}÷{base.format(total)}×100%", source)
    return with_source(f"{core}的{word}÷应纳入统计的{total}×100%", "工作台账")


@cache
def _known_endings() -> tuple[str, ...]:
    return (*(ending for endings, _, _ in _DENOMINATORS for ending in endings), *_FAULTY)


def _counted_by(table: str | None, own: str | None) -> str | None:
    """Return the word that counts the thing: its own (建议办复 → 件数), the table's where its own is any (工程 → 项数)."""
    return table if table is not None and own in _ANY_COUNT else own or table


def _unnamed(core: str) -> str:
    """Return how a thing is counted of which nothing is known."""
    if _REACHED.search(core):
        return "对象数"
    return "事项数" if len(core) <= _SHORT else "项次"


def with_source(formula: str, source: str) -> str:
    """Return formula and data source as one text."""
    return f"{formula}；数据来源：{source}"
