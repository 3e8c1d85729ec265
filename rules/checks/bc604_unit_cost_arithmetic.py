"""BC604 unit-cost-arithmetic."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.costs import unit_costs_of
from rules.support.amounts import TEN_THOUSAND, UnitCost, same, unit_costs, yuan_text
from rules.support.cells import plain

_TIMES = "「{counted}」{count}乘以「{priced}」{price}为{total}，约为项目预算数{budget}的{times}倍"
"""Used where a percentage would say nothing (a slip of ten thousand)."""


class UnitCostArithmetic(ProjectRule):
    """数量乘以单位成本与项目预算数不符。

    ## 为什么
    数量、单位成本和预算三者应当能够互相验证，对不上说明其中至少一个数没有测算。

    ## 反例
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥800人}
        - {level2: 成本指标, name: 人均培训费用, value: ≤500元/人}
    fires: ["rows[1].value"]
    severity: warning
    ```
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 补贴农机台数, value: ≥100台}
        - {level2: 成本指标, name: 每台农机补贴标准, value: ≤2000元}
    fires: ["rows[1].value"]
    ```

    ## 正例
    ```yaml
    project:
      budget: "17.00"
      rows:
        - {level2: 数量指标, name: 运维终端数量, value: 240台}
        - {level2: 成本指标, name: 每台终端年运维费, value: 708元}
    fires: []
    ```
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥200人}
        - {level2: 数量指标, name: 编印教材册数, value: ≥2000册}
        - {level2: 成本指标, name: 人均培训费用, value: ≤500元/人}
    fires: []
    ```

    ## 建议的把握
    单位成本按预算数除以数量推算并列出算式，数量、单价、预算哪个有误由填报人核实；预算另有用途的不代为改动。

    ## 依据
    数据逻辑（数量×单位成本≈预算数）。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: `tolerance` is the relative difference that is still called consistent."""

        tolerance: float = 0.05

    code = "BC604"
    name = "unit-cost-arithmetic"
    title = "数量与单位成本之积同预算不符"
    cure = True
    incurable = frozenset({"under"})
    severity = Severity.WARNING
    handbook = ("CST-04",)
    dimension = "可行性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "4"
    source = Source(LOGIC, "数量与单位成本之积应与预算数相符")
    fact = "「{counted}」{count}乘以「{priced}」{price}为{total}，与项目预算数{budget}相差{gap}%"
    impact = "{effect}"
    advice = "{todo}"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        budget = ctx.budget_yuan
        if not budget or budget < 0:
            return
        for pair in unit_costs(ctx):
            # A unit price that is the whole budget or 10^4 off is a slip of scale: that is BC307's.
            if same(pair.yuan, budget) or _near(pair.total, budget * TEN_THOUSAND, 0.05):
                continue
            if _near(pair.total, budget, self.options.tolerance):
                continue
            if pair.total < budget and not _explains_all(ctx):
                continue
            yield self._found(ctx, pair, budget)

    def _found(self, ctx: ProjectContext, pair: UnitCost, budget: Decimal) -> Finding:
        over = pair.total > budget
        gap = abs(pair.total - budget) / budget * 100
        sign, shown = (">" if over else "<"), ctx.words()["budget"]
        sums = (
            f"{plain(pair.number)}{pair.unit}×{yuan_text(pair.yuan)}={yuan_text(pair.total)} {sign} {shown}"
        )
        return self.found(
            ctx,
            location=pair.price.at("value", pair.price.quantity.number_span),
            related=[pair.count.at("value"), ctx.at("budget.total")],
            evidence=[Evidence("arithmetic", sums)],
            subcode="over" if over else "under",
            counted=pair.count.words()["name"],
            count=f"{plain(pair.number)}{pair.unit}",
            priced=pair.price.words()["name"],
            price=yuan_text(pair.yuan),
            total=yuan_text(pair.total),
            fact=_TIMES if gap >= 1000 else None,
            gap=plain(round(gap, 1)),
            times=str(round(1 + gap / 100)),
            effect="预算不足以完成该数量" if over else "预算中有一部分没有对应的产出",
            todo="请核实数量、单位成本与预算数，更正有误的一项"
            if over
            else "请核实数量和单位成本；预算另有其他用途的，请补充相应的产出和成本指标",
        )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is not None:
            yield from unit_costs_of(row, why="数量、单位成本与预算数应当相符，哪个有误请核实")


def _near(first: Decimal, second: Decimal, tolerance: float) -> bool:
    return abs(first - second) <= Decimal(str(tolerance)) * abs(second)


def _explains_all(ctx: ProjectContext) -> bool:
    """Whether the table has one counted output and one cost only, so that they should account for the budget."""
    counts = [row for row in ctx.of("数量") if row.quantity.kind == "count"]
    return len(counts) == 1 and len(ctx.of("成本")) == 1


RULE = UnitCostArithmetic
