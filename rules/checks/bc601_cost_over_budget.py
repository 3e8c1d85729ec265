"""BC601 cost-over-budget."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.rows import replaced
from rules.support.amounts import covers_other_money, money_of, same, unit_costs, yuan_text


class CostOverBudget(RowRule):
    """成本指标的金额大于项目预算数。

    ## 为什么
    成本目标高于预算，要么单位或数字有误，要么资金没有来源；监控时无论花多少都算达标。

    ## 反例
    ```yaml
    project:
      budget: "6.00"
      rows: [{level2: 成本指标, name: 水质监测费用, value: ≤8万元}]
    fires: ["rows[0].value"]
    severity: error
    ```
    ```yaml
    project:
      budget: "6.00"
      rows: [{level2: 成本指标, name: 水质监测经费, value: ≥9万}]
    fires: ["rows[0].value"]
    ```

    ## 正例
    ```yaml
    project:
      budget: "6.00"
      rows: [{level2: 成本指标, name: 每个断面监测费用, value: ≤5000元/个}]
    fires: []
    ```
    ```yaml
    project:
      budget: "600.00"
      rows: [{level2: 成本指标, name: 污水处理厂总投资, value: ≤3000万元}]
    fires: []
    ```

    ## 建议的把握
    改为单位成本，推算的数字列出算式，其余由填报人填写；指标值与预算数哪个有误由填报人核实。

    ## 依据
    数据逻辑。
    """

    code = "BC601"
    name = "cost-over-budget"
    title = "成本超过预算"
    cure = True
    severity = Severity.ERROR
    handbook = ("CST-02",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "4"
    source = Source(LOGIC, "成本目标不应超过项目预算数")
    fact = "成本指标「{name}」的指标值为「{value}」{reading}，大于项目预算数{budget}"
    impact = "成本目标没有资金来源，监控时不能反映是否超支"
    advice = "请核实指标值与预算数，更正有误的一项；成本指标应为不超过预算的上限"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.category != "成本" or not (budget := ctx.project.budget_yuan) or budget < 0:
            return
        money = money_of(ctx)
        if money is None or covers_other_money(ctx) or (ctx.quantity.per and not _by_whole_units(ctx)):
            return
        if money.yuan > budget and not same(money.yuan, budget):
            yield self.found(
                ctx,
                "value",
                span=ctx.quantity.number_span,
                related=[ctx.project.at("budget.total")],
                evidence=[
                    Evidence("arithmetic", f"{yuan_text(money.yuan)} > {ctx.project.words()['budget']}")
                ],
                reading="（按万元理解）" if money.assumed else "",
                budget=ctx.project.words()["budget"],
            )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from unit_costs_of(ctx, why="成本目标不应超过预算数")
        yield from replaced(ctx, why="成本目标不应超过预算数", keep=False)


def _by_whole_units(ctx: RowContext) -> bool:
    """Whether at least one whole unit of a unit price is bought and no product speaks of it (BC604, BC307).

    Half a kilometre may cost less than the price of a kilometre.
    """
    per = ctx.quantity.per
    if len(per) != 1 or any(pair.price is ctx for pair in unit_costs(ctx.project)):
        return False
    return any(row.quantity.unit in per and (row.quantity.number or 0) >= 1 for row in ctx.project.of("数量"))


RULE = CostOverBudget
