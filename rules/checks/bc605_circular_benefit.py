"""BC605 circular-benefit."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.rows import replaced
from rules.support.amounts import is_saving, money_of, yuan_text
from rules.support.cells import plain


class CircularBenefit(RowRule):
    """经济效益的金额与预算数几乎相同，疑似把花出去的钱当成效益。

    ## 为什么
    财政资金拨付给受益方不等于产生了经济效益；评价时这类指标不得分。

    ## 反例
    ```yaml
    project:
      budget: "20.00"
      rows: [{level2: 经济效益指标, name: 村集体增加收入, value: ≥19万元}]
    fires: ["rows[0].value"]
    severity: warning
    ```
    ```yaml
    project:
      budget: "20.00"
      rows: [{level2: 经济效益指标, name: 资助资金金额, value: ≥20万}]
    fires: ["rows[0].value"]
    ```

    ## 正例
    ```yaml
    project:
      budget: "20.00"
      rows: [{level2: 经济效益指标, name: 带动农户增收总额, value: ≥60万元}]
    fires: []
    ```
    ```yaml
    project:
      budget: "20.00"
      rows: [{level2: 经济效益指标, name: 节约电费支出, value: ≥19万元}]
    fires: []
    ```

    ## 建议的把握
    换成本项目的经济效益，数字由填报人填写。

    ## 依据
    数据逻辑。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: from which to which share of the budget a benefit is taken for the money paid out."""

        low: float = 0.9
        high: float = 1.0

    code = "BC605"
    name = "circular-benefit"
    title = "疑似以支出充作效益"
    cure = True
    severity = Severity.WARNING
    handbook = ("BEN-01",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "3"
    confident = False
    source = Source(LOGIC, "效益应是资金使用带来的变化，不是资金本身")
    fact = "经济效益指标「{name}」的指标值为「{value}」{reading}，是项目预算数{budget}的{share}%"
    impact = "疑似把拨付的资金算作效益，不能说明资金带来的变化"
    advice = "请核实该金额是否就是本项目拨付的资金；如是，请改为资金带来的增收、节支等变化〔待填：金额及测算依据〕，没有经济效益的可注明不适用"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.category == "经济效益"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.category != "经济效益" or not (budget := ctx.project.budget_yuan) or budget < 0:
            return
        money = money_of(ctx)
        if money is None or money.unit_price or is_saving(ctx):
            return
        share = money.yuan / budget
        if Decimal(str(self.options.low)) <= share <= Decimal(str(self.options.high)):
            shown = plain(round(share * 100, 1))
            yield self.found(
                ctx,
                "value",
                span=ctx.quantity.number_span,
                related=[ctx.project.at("budget.total")],
                evidence=[Evidence("arithmetic", f"{yuan_text(money.yuan)}÷{yuan_text(budget)}={shown}%")],
                reading="（按万元理解）" if money.assumed else "",
                budget=ctx.project.words()["budget"],
                share=shown,
            )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from replaced(ctx, why="支出不是收入，改为项目带来的变化", keep=False)


RULE = CircularBenefit
