"""BC209 description-off-topic."""

import re
from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.classify import Query, classify
from nlp.naming import category_cues
from nlp.sameness import read
from nlp.text import normalise
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_edits
from rules.rewriting.describe import description_of
from rules.support.repeats import repeats_name
from rules.support.wording import explains_measure

_SURE = 0.9
_UNFIT = 0.06
_SHARED = 0.5
"""Share of the name's telling characters up to which a description may still speak of something else."""
_NEUTRAL = re.compile(
    r"依据|根据|按照|按(?!时|期|月)|抽样|抽查|调查|走访|来源|口径|标准|要求|计划|合同|方案|文件|完成情况|考核|反映"
)


class DescriptionOffTopic(RowRule):
    """绩效指标描述说的是另一件事。

    ## 为什么
    描述应说明名称的含义、口径和数据来源。描述与名称没有相同的内容，而且考核的类型也不同（名称是成本、描述是
    完成时间），多为粘贴错行，监控和评价时不知道按哪一个。公式、依据、范围类描述不提示。

    ## 反例
    ```yaml
    row: {level2: 成本指标, name: 人均培训费用, description: 按时完成全部课程, value: ≤400元/人}
    fires: [description]
    ```

    ## 正例
    ```yaml
    row: {level2: 成本指标, name: 人均培训费用, description: 培训总支出÷培训人数, value: ≤400元/人}
    ```
    ```yaml
    row: {level2: 数量指标, name: 举办讲座场次, description: 面向社区居民的健康讲座, value: ≥12场}
    ```

    ## 建议的把握
    按名称和类型拟定口径，由填报人核实。

    ## 依据
    数据逻辑。
    """

    code = "BC209"
    name = "description-off-topic"
    title = "疑似描述与名称无关"
    cure = True
    severity = Severity.WARNING
    handbook = ("NAM-02",)
    dimension = "相关性"
    opinion_code = "4"
    confident = False
    source = Source(LOGIC, "描述应当说明本指标的含义和口径")
    fact = "三级指标「{name}」考核的是{first}，描述「{description}」说的疑似是{second}"
    impact = "名称和描述口径不一，监控和评价时不知道按哪一个核对"
    advice = "建议核实描述是否填错行，并改为本指标的含义和口径〔待填：考核内容、计算公式、数据来源〕"

    def eligible(self, ctx: RowContext) -> bool:
        return (
            ctx.has("description") and bool(ctx.norm("description")) and not repeats_name(ctx, "description")
        )

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        description = ctx.norm("description")
        if not self.eligible(ctx) or not 4 <= len(description) <= 30 or len(ctx.name) < 4:
            return
        if (
            explains_measure(ctx)
            or _NEUTRAL.search(description)
            or read(ctx.name).measures & read(description).measures
        ):
            return
        shared = {char for char in ctx.name if char in description and char not in _COMMON}
        if len(shared) > _SHARED * len(set(ctx.name) - _COMMON) or ctx.name[-4:-1] in description:
            return
        # Explanations are written in many ways; only a description that is itself a measure speaks of something else.
        sure_cues = {
            category
            for category, _, strength in category_cues(ctx.text("description"))
            if strength == "certain"
        }
        if len(sure_cues) != 1:
            return
        known = frozenset(name for name, _ in ctx.prediction.ranked) if ctx.prediction else None
        name = classify(Query(ctx.text("name")), known)
        other = classify(Query(ctx.text("description")), known)
        if (
            other.category not in sure_cues
            or name.category == other.category
            or min(name.confidence, other.confidence) < _SURE
        ):
            return
        if max(name.probability(other.category), other.probability(name.category)) > _UNFIT:
            return
        yield self.found(
            ctx,
            "description",
            related=[ctx.at("name")],
            evidence=[Evidence("model", f"名称：{name.category}；描述：{other.category}")],
            confidence=round(min(name.confidence, other.confidence), 2),
            first=name.category,
            second=other.category,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        text = description_of(ctx)
        yield Draft(
            title="按指标名称改写描述",
            rationale="按指标名称和类型拟定的计算口径，请核实",
            edits=row_edits(ctx, {"description": text.text}),
            blanks=text.blanks,
        )


_COMMON = frozenset(normalise("的数量率情况工作完成时间标准费用金额人次率度及和与等全部各项年月日"))
RULE = DescriptionOffTopic
