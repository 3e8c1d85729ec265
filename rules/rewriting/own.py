"""Keeping the row's own object: grades with standards, a formula with parts, a date, before anything else is put there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nlp.lexicon import bare
from nlp.naming import goal_phrase, is_rate, is_satisfaction, respondent
from nlp.subject import cased, deadline_name, measured
from nlp.text import normalise
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.engine.edits import used
from rules.rewriting.blanks import date_blank, number_blank
from rules.rewriting.cells import GRADES, figure_text, grade_cells, row_edits, value_cells
from rules.rewriting.describe import (
    ALL_DUE,
    EFFECTS,
    asked_group,
    describe,
    parts,
    standards,
    survey,
    table_word,
    with_source,
)
from rules.rewriting.units import ZERO
from rules.support.wording import BENEFITS

_COSTS: Final = ("社会成本", "生态环境成本")
_CARE: Final = re.compile(r"分类|回收|利用|处置|处理|达标|保护|治理|恢复|清运")
"""What is done against a harm is no harm."""
_NEGATIVE: Final = re.compile(
    r"影响(?!力)|污染|扰民|损失|风险|破坏|噪声|扬尘|占道|占用|占压|排放|消耗|废弃|废水|废气|停水|停电|中断|拥堵|不便|投诉|隐患"
)
_BAD_GRADES: Final = ("达到控制要求", "部分达到控制要求", "未达到控制要求")
_TIMELY_TAIL: Final = re.compile(
    r"(?:工作)?(?:及时性|及时率|时效性?|按时|及时|按期|完成及时性|完成时间|完成情况|完成|进度|时间)+$"
)
_QUALITY_TAIL: Final = re.compile(r"(?:(?:完成|工作|建设)?(?:质量|水平|效果|情况|达标|标准))*$")
_PRAISE: Final = re.compile(
    r"(?:[、，,和]?(?:美观|整洁|大方|规范|有序|良好|优质|优良|完好|到位|扎实|高效|真实|准确|全面|完整|清晰|可靠|合理|科学)性?)+$"
)
_INTANGIBLE: Final = ("管理", "工作", "服务", "业务", "事务", "履职", "执法", "值守")
_SHORTEST_WORK: Final = 4
_DEGREES: Final = frozenset(
    {
        "提升", "提高", "增强", "改善", "优化", "促进", "保障", "维护", "丰富", "推动", "推进", "带动", "完善", "巩固",
        "减少", "降低", "减轻", "缓解", "扩大", "调动", "激发", "延长", "增进", "弘扬", "保护", "满足", "助力", "拉动", "增加", "营造", "稳定",
    }
)  # fmt: skip
_STATED: Final = re.compile(
    r"(?P<thing>[\u4e00-\u9fff]{2,12}?)(?:得到|获得|实现)(?:有效|进一步|明显|持续|充分|切实)?(?P<verb>提升|提高|增强|改善|优化|保障|保护|维护|丰富|完善|巩固|满足|发展|修复|缓解)$"
)
_REPEATED: Final = re.compile(
    r"(?:办案|审批|办理|受理|处理|审理|调解|执法|接访|救治|月报|季报|日报|报送|上报|填报|通报|救助|配送|响应|出警|演出|展演|活动|培训|检查|巡查|巡检|抽检|抽查|处置|清运|维修|抢修|检测|回访|出诊)$"
)
_LISTS: Final = re.compile(r"[、，,；;与]|和(?!谐|平|睦|美)|及(?!时)")
_AND: Final = re.compile(r"[和与](?!谐|平|睦|美)")
_KIND: Final = re.compile(r"(?:良好|浓厚|积极|优良|和谐)(?:的)?(?=氛围|环境|形象|秩序|风气|生态)")
_COMMAS: Final = re.compile(r"[，,；;、]")
_LONGEST_PAIR: Final = 24
_TRAILING: Final = re.compile(
    r"(?P<thing>[\u4e00-\u9fff]{2,12}?)(?P<verb>提高|提升|增强|改善|优化|稳定|丰富|完善|减少|降低|发展|提质增效|增效|普及|传承|弘扬)$"
)
_STATES: Final = ("稳定", "和谐", "公平", "安全", "安宁")
_RATED: Final = frozenset({"达标", "合格", "完好", "规范", "准确", "齐全", "完整", "到位", "通过"})
_TREND: Final = re.compile(
    r"(?:有所|逐年|持续|明显|大幅|逐步|不断|稳步|显著|进一步)*(?P<verb>下降|减少|降低|增加|增长|提高|上升)"
)
_LEADING: Final = re.compile(r"^(?:减少|降低|压减|下降|增加|提高|扩大)")
_CLEARED: Final = re.compile(r"(?P<thing>[\u4e00-\u9fff]{2,12}?)(?:动态)?清零")
_COUNTABLE: Final = re.compile(
    r"(?:人员|案件|事故|投诉|信访|上访|纠纷|警情|人口|企业|用户|数|数量|量|收入|额|产值|次数|起数)$"
)
_FIGURE: Final = re.compile(r"(?:数|数量|量|收入|额|产值)$")
_PAYING: Final = re.compile(r"支付|付款|拨付")
_STAFF: Final = re.compile(
    r"(?P<who>[\u4e00-\u9fff]{1,8}?(?:员|河长|所长|人员|医生|教师|民警|辅警|队伍))(?:履职|工作|管理|服务|业务|执法|值守)"
)
_ACTS: Final = ("参保", "投保", "签约", "覆盖", "配备", "参训", "参赛")
_MADE: Final = re.compile(
    r"(?:工程|设备|产品|材料|物资|耗材|报告|成果|数据|器材|食品|花坛|教材|课程|讲座|图书|系统|设施|道路|路面|苗木|种子|水质|服装|被装|印刷品|宣传品|规划|方案|档案|录入|加工|施工|维修|筛查|检测|培训|运营|保洁|养护)$"
)
_QUALITIES: Final = ("力量", "素质", "能力", "环境", "氛围", "水平", "意识")
_VAGUE_ACTIONS: Final = frozenset({"工作", "任务", "项目", "各项工作", "各项任务", "资金", "项目完成"})


def graded(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that gives an effect in words three grades, and asks for their standards."""
    if ctx.category not in BENEFITS:
        return
    name = bare(ctx.text("name"))
    harmful = _NEGATIVE.search(name) is not None or (ctx.category in _COSTS and not _CARE.search(name))
    grades = _BAD_GRADES if harmful else GRADES
    told = standards(ctx.text("name"), grades=grades)
    cells = grade_cells(ctx, grades)
    if ctx.has("description"):
        cells["description"] = told.text
    edits = row_edits(ctx, cells)
    yield Draft(
        title="写出分级标准",
        rationale=f"{why}，各级标准由填报人写明",
        edits=edits,
        blanks=told.blanks if ctx.has("description") else (),
    )


def explained(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that keeps an abstract name and its percentage, and asks what is divided by what."""
    if ctx.quantity.kind != "ratio" or not ctx.has("description") or is_rate(ctx.text("name")):
        return
    told = parts(ctx.text("name"))
    yield Draft(
        title="写明百分比的分子和分母",
        rationale=f"{why}，指标值「{ctx.filed_value}」沿用表内数",
        edits=row_edits(ctx, {"description": told.text}),
        blanks=told.blanks,
    )


def dated(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that turns a timeliness in words into a date of the row's own action."""
    if ctx.category != "时效" or is_rate(ctx.text("name")) or is_satisfaction(ctx.text("name")):
        return
    if _PAYING.search(ctx.text("name")):
        return  # When money is paid is no performance (BC104).
    name = deadline_name(ctx.text("name"))
    if name is None:
        action = _TIMELY_TAIL.sub("", bare(ctx.text("name")))
        if len(action) < 2 or len(action) > 14 or action in _VAGUE_ACTIONS:
            return
        if _REPEATED.search(action):
            name = f"{action}按期完成率"
            told = describe(name, "时效", table_word(ctx, name)).text
            yield _as_rate(ctx, name, "计划标准", told, why)
            return
        name = f"{action}完成日期"
    blank = date_blank(ctx.project, name)
    cells = {
        "name": name,
        "description": describe(name, "时效").text,
        **value_cells(ctx, "≤", str(blank), ""),
    }
    yield Draft(
        title=f"将「{ctx.words()['name']}」改为「{name}」",
        rationale=why,
        edits=row_edits(ctx, cells),
        blanks=(blank,),
    )


def stated(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that makes a state in words (尾气排放｜达标) the rate of it (尾气排放达标率)."""
    state = normalise(ctx.text("value"))
    if state == "安全" and ctx.category == "质量" and len(bare(ctx.text("name"))) <= 10:
        name = f"{bare(ctx.text('name')).removesuffix('安全')}安全检查合格率"
        told = with_source("安全检查合格的项次÷安全检查的总项次×100%", "安全检查记录")
        yield _as_rate(ctx, name, "行业标准", told, why)
        return
    if state not in _RATED or is_rate(ctx.text("name")) or ctx.category not in ("质量", *BENEFITS):
        return
    thing = bare(ctx.text("name")).removesuffix(state)
    if not 2 <= len(thing) <= 12 or thing in _VAGUE_ACTIONS or _LISTS.search(thing) or goal_phrase(thing):
        return
    name = f"{cased(ctx.text('name'), thing)}{state}率"
    yield _as_rate(ctx, name, "行业标准", describe(name, ctx.category, table_word(ctx, name)).text, why)


def surveyed(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that asks the group a satisfaction row only names (过往驾驶员和群众 → …满意度)."""
    who = bare(ctx.text("name"))
    if ctx.category != "服务对象满意度" or is_satisfaction(who) or respondent(who) is None or len(who) > 12:
        return
    name = f"{who}满意度"
    told = survey(asked_group(name), name)
    blank = number_blank(name, "历史标准", unit="%")
    keeps = ctx.quantity.kind == "ratio" and ctx.quantity.number is not None
    value = {} if keeps else value_cells(ctx, "≥", str(blank), "%")
    edits = row_edits(ctx, {"name": name, "description": told.text, **value})
    yield Draft(
        title=f"将「{ctx.words()['name']}」改为「{name}」",
        rationale=why,
        edits=edits,
        blanks=used((*told.blanks, blank), edits),
    )


def cleared(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that counts what is to be cleared (零就业家庭动态清零 → 零就业家庭数 ＝0户)."""
    found = _CLEARED.fullmatch(bare(ctx.text("name")))
    if found is None or ctx.quantity.kind != "text":
        return
    name = f"{cased(ctx.text('name'), found['thing'])}数"
    unit = (
        "户"
        if name.endswith(("户数", "家庭数"))
        else "件"
        if name.endswith(("案数", "案件数", "线索数"))
        else "个"
    )
    cells = {
        "name": name,
        "description": with_source(f"年末登记在册、尚未解决的{name}", "动态管理台账"),
        **value_cells(ctx, "＝", "0", unit),
    }
    yield Draft(
        title=f"改为「{name}」＝0{unit}",
        rationale=f"{why}，0取自名称中的「清零」，请核实",
        edits=row_edits(ctx, cells),
        derived=ZERO,
    )


def trended(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that makes a trend in words (新发现吸毒人员｜下降) the rate of it (新发现吸毒人员数下降率)."""
    found = _TREND.fullmatch(normalise(ctx.text("value")))
    thing = _LEADING.sub("", bare(ctx.text("name")))
    if found is None or ctx.category not in BENEFITS or is_rate(thing) or not _COUNTABLE.search(thing):
        return
    figure = thing if _FIGURE.search(thing) else f"{thing}数"
    down = found["verb"] in ("下降", "减少", "降低")
    name = f"{cased(ctx.text('name'), thing)}{figure.removeprefix(thing)}{'下降' if down else '增长'}率"
    yield _as_rate(ctx, name, "历史标准", describe(name, ctx.category).text, why)


def _as_rate(ctx: RowContext, name: str, basis: str, told: str, why: str) -> Draft:
    """Return the draft that renames the row to a rate and asks for its floor."""
    blank = number_blank(name, basis, unit="%")
    cells = {"name": name, "description": told, **value_cells(ctx, "≥", str(blank), "%")}
    return Draft(
        title=f"将「{ctx.words()['name']}」改为「{name}」",
        rationale=why,
        edits=row_edits(ctx, cells),
        blanks=(blank,),
    )


def quality(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that asks of the row's own output how much of it is up to the standard."""
    if ctx.category != "质量" or is_rate(ctx.text("name")):
        return
    thing = _PRAISE.sub("", _QUALITY_TAIL.sub("", measured(ctx.text("name"))))
    if (
        _LISTS.search(thing)
        or thing.endswith((*_INTANGIBLE, *_QUALITIES))
        or not 2 <= len(thing) <= 14
        or thing in _VAGUE_ACTIONS
        or goal_phrase(ctx.text("name")) is not None
    ):
        return
    shown = cased(ctx.text("name"), thing)
    due = ALL_DUE.search(thing)
    # What is joined or covered is no goods: 「志愿者参保」 has a rate of its own, 「办公条件」 is looked at.
    if (due is not None and due.end() == len(thing)) or thing.endswith(_ACTS):
        name = f"{shown}率"
    else:
        kind = "质量达标率" if _MADE.search(thing) else "达标率" if thing.endswith("结果") else "检查达标率"
        name = f"{shown}{kind}"
    quantity = ctx.quantity
    keeps = (
        quantity.kind == "ratio" and quantity.operator in ("≥", "＝", "＞", None) and quantity.upper is None
    )
    blank = number_blank(name, "行业标准", unit="%")
    figure = figure_text(quantity) if keeps else str(blank)
    cells = {
        "name": name,
        "description": describe(name, "质量", table_word(ctx, name)).text,
        **value_cells(ctx, (quantity.operator or "≥") if keeps else "≥", figure, "%"),
    }
    edits = row_edits(ctx, cells)
    kept = f"，指标值「{ctx.filed_value}」沿用表内数，请核实" if keeps else ""
    yield Draft(
        title=f"将「{ctx.words()['name']}」改为「{name}」",
        rationale=f"{why}{kept}",
        edits=edits,
        blanks=() if keeps else (blank,),
    )


def assessed(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that asks how much of a work that yields no things (信访工作) is up to its assessment."""
    if ctx.category != "质量" or is_rate(ctx.text("name")) or goal_phrase(ctx.text("name")) is not None:
        return
    thing = _PRAISE.sub("", _QUALITY_TAIL.sub("", measured(ctx.text("name"))))
    if thing.endswith(_QUALITIES) or _LISTS.search(thing):
        return
    if not thing.endswith(_INTANGIBLE):
        thing = f"{thing}工作"
    if not _SHORTEST_WORK <= len(thing) <= 14 or thing in _VAGUE_ACTIONS:
        return
    name = f"{cased(ctx.text('name'), thing)}考核达标率"
    who = _STAFF.match(thing)
    told = (
        with_source(f"考核达标的{who['who']}人数÷参加考核的{who['who']}总人数×100%", "考核记录")
        if who is not None
        else with_source(f"考核达标的{thing}事项数÷考核的{thing}事项总数×100%", "考核记录")
    )
    yield _as_rate(ctx, name, "计划标准", told, why)


def renamed(ctx: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield the draft that turns a goal (提升医疗服务能力) into a degree in grades (医疗服务能力提升程度)."""
    if ctx.category not in EFFECTS or ctx.quantity.kind != "text":
        return
    several = _goals_together(ctx.text("name"))
    if several is not None:
        yield _as_degree(ctx, several, why)
        return
    text, verb = bare(ctx.text("name")), goal_phrase(ctx.text("name"))
    stated = _STATED.fullmatch(text) or _TRAILING.fullmatch(text)
    thing = text.removeprefix(verb) if verb is not None else stated["thing"] if stated is not None else ""
    degree = verb or (stated["verb"] if stated is not None else "")
    # Of several things none may get lost: such a name keeps its wording.
    if (degree not in _DEGREES and stated is None) or not 2 <= len(thing) <= 16 or _lists_goals(thing):
        return
    shown = cased(ctx.text("name"), _KIND.sub("", thing))
    # 「维护社会和谐稳定」: the state itself has degrees.
    name = f"{shown}程度" if thing.endswith(_STATES) else f"{shown}{degree}程度"
    yield _as_degree(ctx, name, why)


def _lists_goals(thing: str) -> bool:
    """Whether a thing lists goals or kinds of things; 「信任和依从性」 is one thing of two words."""
    parts = _AND.split(thing)
    return _LISTS.search(_AND.sub("", thing)) is not None or any(
        goal_phrase(part) is not None for part in parts[1:]
    )


def _goals_together(name: str) -> str | None:
    """Return the degree of two goals under one name (保护森林资源，维护生态平衡 → 森林资源保护和生态平衡维护程度)."""
    parts = [part for part in _COMMAS.split(bare(name)) if part]
    if len(parts) != 2:
        return None
    verbs = [goal_phrase(part) for part in parts]
    things = [
        f"{part.removeprefix(verb)}{verb}"
        for part, verb in zip(parts, verbs, strict=True)
        if verb is not None and verb in _DEGREES
    ]
    whole = f"{'和'.join(things)}程度"
    return (
        whole
        if len(things) == 2 and len(whole) <= _LONGEST_PAIR and not _LISTS.search("".join(things))
        else None
    )


def _as_degree(ctx: RowContext, name: str, why: str) -> Draft:
    told = standards(name)
    cells = {"name": name, **grade_cells(ctx)}
    if ctx.has("description"):
        cells["description"] = told.text
    return Draft(
        title=f"将「{ctx.words()['name']}」改为「{name}」并分级",
        rationale=f"{why}，各级标准由填报人写明",
        edits=row_edits(ctx, cells),
        blanks=told.blanks if ctx.has("description") else (),
    )
