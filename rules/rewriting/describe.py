"""What a description cell should say: formula or scope, and where the actual value comes from."""

from __future__ import annotations

import re
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
from nlp.sameness import same
from nlp.subject import measured
from rules.engine.context import RowContext

_RATES: Final = (
    (("知晓率", "知晓度", "认知率"), "知晓{object}的受访人数÷有效受访人数×100%", "问卷调查"),
    (("覆盖率",), "实际覆盖的{object}数÷应覆盖的{object}总数×100%", "工作台账"),
    (("及时率", "按时率", "按期率", "准时率", "按期完成率", "按时完成率", "及时完成率"), "在规定时限内完成的{object}数÷应完成的{object}总数×100%", "办理台账和时间记录"),
    (("合格率", "达标率", "通过率", "优良率", "优秀率"), "检查验收合格的{object}数÷检查验收的{object}总数×100%", "验收单或检查记录"),
    (("准确率", "正确率"), "核对无误的{object}数÷核对的{object}总数×100%", "核查记录"),
    (("完成率",), "实际完成的{object}数÷计划完成的{object}数×100%", "工作计划和完成台账"),
    (("故障率", "差错率", "错误率", "返工率", "退件率"), "出现问题的{object}数÷{object}总数×100%", "运行或核查记录"),
    (("下降率", "降低率", "减少率"), "（上年{object}－本年{object}）÷上年{object}×100%", "统计台账"),
    (("增长率", "提高率", "增加率", "提升率"), "（本年{object}－上年{object}）÷上年{object}×100%", "统计台账"),
    (("发放率", "兑现率", "到位率", "足额发放率"), "实际发放到位的{object}数÷应发放的{object}总数×100%", "发放清册和支付凭证"),
    (("办结率", "化解率", "处置率", "结案率", "整改率", "解决率"), "当年办结的{object}数÷当年应办结的{object}总数×100%", "办理台账"),
    (("参与率", "参加率", "出勤率", "到岗率", "在岗率"), "实际参加的{object}人数÷应参加的{object}人数×100%", "签到或考勤记录"),
    (("使用率", "利用率"), "实际使用的{object}数÷可使用的{object}总数×100%", "使用记录"),
    (("发生率",), "当年发生的{object}数÷统计总数×100%", "统计台账"),
)  # fmt: skip
_BY_CLASS: Final = {
    "数量": ("年度内实际完成的{object}，按{source}据实统计", "工作台账"),
    "质量": ("按验收或考核标准核定{object}的达标情况", "验收单或考核记录"),
    "时效": ("按{source}核对{object}的完成时间", "办理记录"),
    "成本": ("{object}的实际支出，按{source}核算", "财务支付凭证"),
    "社会成本": ("项目实施期间发生的{object}，按{source}统计", "投诉和工作台账"),
    "生态环境成本": ("项目实施期间的{object}，按{source}统计", "计量和监测记录"),
    "经济效益": ("项目实施带来的{object}，按{source}核算", "统计报表"),
    "社会效益": ("项目实施带来的{object}变化，与上年同口径数据比较", "部门统计数据"),
    "生态效益": ("项目实施带来的{object}变化，与上年同口径数据比较", "监测数据"),
    "可持续影响": ("项目结束后{object}的持续情况，按{source}核对", "管护和制度文件"),
}
_DENIAL: Final = re.compile(r"(?:不发生|未发生|没有|杜绝|防止|避免|零|无)")
_HAPPENS: Final = re.compile(r"(?:的)?(?:发生|出现)?(?:情况|数|率|起数|件数)?$")
_LONGEST_OBJECT: Final = 16


def description_of(ctx: RowContext) -> str | None:
    """Return a description for a row as it is named, None where nothing sensible can be said."""
    return describe(ctx.text("name"), ctx.category, graded=ctx.quantity.kind == "text")


@lru_cache(maxsize=8192)
def describe(name: str, category: str | None, *, graded: bool = False) -> str | None:
    """Return formula or scope with the data source, from the library where it knows the indicator."""
    for entry in library.entries():
        if entry.category == category and entry.name[-1:] == name[-1:] and same(entry.name, name):
            return with_source(entry.formula, entry.source)
    if is_satisfaction(name):
        who = respondent(name) or "服务对象"
        return with_source(f"表示满意的{who}人数÷有效受访人数×100%", "问卷调查，样本数据实填写")
    thing = measured(name)
    if not thing or len(thing) > _LONGEST_OBJECT:
        thing = "该项内容" if not thing else thing[-_LONGEST_OBJECT:]
    thing = thing.removesuffix("质量") or thing
    word = rate_word(name)
    if word is not None:
        for endings, formula, source in _RATES:
            if name.rstrip("（）()").endswith(endings):
                return with_source(formula.format(object=thing), source)
        core = name.rstrip("（）()").removesuffix("率").removesuffix("比例").removesuffix("占比")
        return with_source(f"{core}的数量÷应纳入统计的总数量×100%", "工作台账")
    if is_zero_event(name):
        thing = _HAPPENS.sub("", _DENIAL.sub("", name, count=1)) or thing
        return with_source(f"年度内实际发生的{thing}起数", "工作台账")
    if is_unit_cost(name):
        return with_source(f"{thing}的支出总额÷实际数量", "财务支付凭证和验收单")
    if is_time_point_or_span(name):
        return with_source(f"{thing}自开始至全部完成的日期或时长", "办理记录")
    if is_count(name):
        return with_source(f"年度内实际完成并有记录可查的{thing}数量", "工作台账")
    if graded and category in _BY_CLASS:
        return with_source(f"按{thing}的实际成效分级评定，逐级写明判断依据", _BY_CLASS[category][1])
    if category in _BY_CLASS:
        text, source = _BY_CLASS[category]
        return with_source(text.format(object=thing, source=source), source)
    return None


def with_source(formula: str, source: str) -> str:
    """Return formula and data source as one text."""
    return f"{formula}；数据来源：{source}"
