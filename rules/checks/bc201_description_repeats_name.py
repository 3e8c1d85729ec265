"""BC201 description-repeats-name."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_edits
from rules.rewriting.describe import description_of
from rules.support.repeats import repeats_name, rewords_name


class DescriptionRepeatsName(RowRule):
    """绩效指标描述只是重复三级指标名称。

    ## 为什么
    描述应说明考核什么、怎样计算、数据从哪里来。照抄名称等于没有说明，评价时口径各说各话。许多行同时如此时，通常是
    软件用名称自动填入了空的描述，合并为一条并按可优化处理。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 门诊病历合格率, description: 门诊病历合格率, value: ≥95%}
    fires: [description]
    severity: warning
    ```
    ```yaml
    row: {level2: 数量指标, name: "指标1：图书购置册数", description: 图书购置册数。, value: ≥800册}
    fires: [description]
    ```

    ## 正例
    ```yaml
    row: {level2: 质量指标, name: 门诊病历合格率, description: 抽查合格病历份数÷抽查病历总份数, value: ≥95%}
    ```
    ```yaml
    row: {level2: 质量指标, name: 门诊病历合格率, description: "", value: ≥95%}
    ```

    ## 建议的把握
    按名称和类型拟定口径，不含任何数字，由填报人核实。

    ## 依据
    财预〔2021〕101号。条文未经人工核对。
    """

    code = "BC201"
    name = "description-repeats-name"
    title = "描述重复名称"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.WARNING, Severity.INFO})
    handbook = ("NAM-01",)
    dimension = "完整性"
    opinion_code = "2"
    source = Source(DOC_101, "绩效指标应当说明含义和计算方法")
    fold = "always"
    fold_severity = Severity.INFO
    fold_advice = "如描述为空时由软件自动填入名称，请补填考核内容、计算公式和数据来源；先补比率类和满意度指标，其余可逐步完善"
    fact = "三级指标「{name}」的描述与名称相同"
    impact = "描述没有说明考核内容、计算方法和数据来源，监控和评价时口径不明"
    advice = "请补充描述〔待填：考核内容、计算公式、数据来源〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        equal = repeats_name(ctx, "description")
        if equal or rewords_name(ctx):
            yield self.found(
                ctx,
                "description",
                evidence=[Evidence("quote", "描述：「{}」".format(ctx.text("description")))],
                fact=None if equal else "三级指标「{name}」的描述「{description}」只是名称换了说法",
            )

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.has("description") and bool(ctx.norm("description"))

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        text = description_of(ctx)
        yield Draft(
            title="在描述中写明口径和数据来源",
            rationale="按指标名称和类型拟定的计算口径，请核实分子、分母和数据来源",
            edits=row_edits(ctx, {"description": text.text}),
            blanks=text.blanks,
        )


RULE = DescriptionRepeatsName
