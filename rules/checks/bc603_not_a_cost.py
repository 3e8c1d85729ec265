"""BC603 not-a-cost."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import not_a_cost
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.rows import replaced


class NotACost(RowRule):
    """成本指标的名称说的不是成本。

    ## 为什么
    「经费保障工作完成」「资金到位率」等说的是投入条件或工作完成，看不出花多少钱办一件事，成本无从控制。

    ## 反例
    ```yaml
    row: {level2: 成本指标, name: 专项经费保障工作顺利开展, value: ≥95%}
    fires: [name]
    severity: warning
    ```
    ```yaml
    row: {level2: 成本指标, name: 河道巡查任务完成率, value: ≥95%}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 成本指标, name: 每公里河道保洁成本, value: ≤3000元/公里}
    fires: []
    ```
    ```yaml
    row: {level2: 成本指标, name: 预算成本控制率, value: ≤100%}
    fires: []
    ```

    ## 建议的把握
    改为单位成本，推算的数字列出算式，其余由填报人填写。

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC603"
    name = "not-a-cost"
    title = "成本指标不是成本"
    cure = True
    severity = Severity.WARNING
    handbook = ("CST-03",)
    dimension = "适当性"
    opinion_code = "7"
    source = Source(DOC_101, "成本指标应反映项目的直接成本，优先采用单位成本")
    fact = "成本指标「{name}」不是成本：{why}"
    impact = "该行不能反映成本控制，评价时成本部分无从对照"
    advice = "建议{hint}"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.category == "成本"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.category != "成本":
            return
        entry = not_a_cost(ctx.text("name"))
        if entry is not None:
            yield self.found(
                ctx,
                "name",
                evidence=[Evidence("lexicon", entry.phrase)],
                subcode=entry.id,
                why=entry.why,
                hint=entry.hint,
            )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from unit_costs_of(ctx, why="成本指标应反映直接成本")
        yield from replaced(ctx, why="成本指标应反映直接成本", keep=False)


RULE = NotACost
