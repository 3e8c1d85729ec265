"""BC602 cost-restates-budget."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import DOC_101, LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.rows import replaced
from rules.rewriting.values import asked
from rules.support.amounts import Money, covers_other_money, is_saving, money_of, same, yuan_text
from rules.support.cells import plain

_NOT_MONEY: Final = frozenset({"质量", "时效", "社会效益", "生态效益", "可持续影响", "服务对象满意度"})
_EACH: Final = frozenset(
    {"人", "人次", "户", "公里", "亩", "台", "套", "册", "份", "平方米", "家", "所", "座", "村", "株"}
)


class CostRestatesBudget(ProjectRule):
    """成本指标照抄项目预算数，没有单位成本或分项成本。

    ## 为什么
    成本等于整个预算，只说明钱要花完，看不出花得贵不贵；计算符号为≥时，超支也判为达标。

    ## 反例
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥600人}
        - {level2: 成本指标, name: 培训经费, value: ≤30万元}
    fires: ["rows[1].value"]
    severity: warning
    ```
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 时效指标, name: 按合同时间支付培训费用, value: 30万元}
        - {level2: 成本指标, name: 人均培训费用, value: ≤500元/人}
    fires: ["rows[0].value"]
    ```

    ## 正例
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥600人}
        - {level2: 成本指标, name: 人均培训费用, value: ≤500元/人}
        - {level2: 成本指标, name: 培训经费总额, value: ≤30万元}
    fires: []
    ```
    ```yaml
    project:
      budget: "30.00"
      rows:
        - {level2: 数量指标, name: 购置车辆数, value: 1辆}
        - {level2: 成本指标, name: 每辆车购置价格, value: ≤30万元}
    fires: []
    ```

    ## 建议的把握
    单位成本按预算数除以数量推算并列出算式，请填报人核实；推算不出的由填报人填写。

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC602"
    name = "cost-restates-budget"
    title = "指标值照抄预算数"
    cure = True
    severity = Severity.WARNING
    handbook = ("CST-01",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "2"
    source = Source(DOC_101, "成本指标优先采用单位成本")
    fact = "三级指标「{row}」的指标值为「{filed}」{reading}，与项目预算数{budget}相同{floor}"
    impact = "{effect}"
    advice = "建议将其调整为单位成本或主要支出项目的成本控制数{hint}"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        budget = ctx.budget_yuan
        if not budget or budget < 0:
            return
        equal: list[tuple[RowContext, Money]] = []
        finer = False
        for row in ctx.live_rows:
            money = money_of(row)
            if money is None or row.quantity.per:
                finer = finer or (money is not None and row.category == "成本")
            elif same(money.yuan, budget):
                equal.append((row, money))
            elif row.category == "成本" and money.unit_price and money.yuan < budget:
                finer = True
        costs = [item for item in equal if item[0].category == "成本" and not is_saving(item[0])]
        others = [item for item in equal if item[0].category in _NOT_MONEY]
        benefits = [row for row, _ in equal if row.category == "经济效益"]
        for row, money in costs:
            if finer or covers_other_money(row) or (money.unit_price and not _many(ctx)):
                continue
            floor = row.quantity.operator in ("≥", "＞")
            effect = "只说明预算要用完，不能反映成本控制"
            yield self._found(
                ctx,
                row,
                money,
                [*(other for other, _ in others), *benefits],
                floor=f"且计算符号为{row.quantity.operator}" if floor else "",
                effect="监控时超支仍判为达标，不能反映成本控制" if floor else effect,
                hint=_hint(ctx, budget),
            )
        for row, money in others:
            yield self._found(
                ctx,
                row,
                money,
                [],
                subcode="other-class",
                source=Source(LOGIC, "预算数不能作为产出或效益的目标"),
                effect=f"「{row.text('level2')}」不应填写金额，预算数不能说明该项要求达到什么程度",
                advice="请改填与指标名称相称的目标值，如时间、比率或数量",
                floor="",
                hint="",
            )

    def _found(
        self, ctx: ProjectContext, row: RowContext, money: Money, also: list[RowContext], **rest: object
    ) -> Finding:
        budget = ctx.words()["budget"]
        return self.found(
            ctx,
            location=row.at("value"),
            related=[ctx.at("budget.total"), *(other.at("value") for other in also)],
            evidence=[Evidence("arithmetic", f"{yuan_text(money.yuan)} = 预算数{budget}")],
            row=row.words()["name"],
            filed=row.filed_value,
            reading="（按万元理解）" if money.assumed else "",
            **rest,  # type: ignore[arg-type]
        )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        if finding.subcode == "other-class":
            yield from asked(row, why="该类不应填写金额")
            yield from replaced(row, why="该类不应填写金额", keep=False)
            return
        yield from unit_costs_of(row, why="整个预算不能反映成本控制")
        yield from replaced(row, why="整个预算不能反映成本控制", keep=False)


def _counts(ctx: ProjectContext) -> list[RowContext]:
    return [row for row in ctx.of("数量") if row.quantity.kind == "count" and (row.quantity.number or 0) > 1]


def _many(ctx: ProjectContext) -> bool:
    """Whether more than one piece is counted, so that the whole budget cannot be the price of one."""
    return bool(_counts(ctx))


def _hint(ctx: ProjectContext, budget: Decimal) -> str:
    counts = [row for row in _counts(ctx) if row.quantity.unit in _EACH]
    if len(counts) != 1 or not counts[0].quantity.number or counts[0].quantity.upper is not None:
        return "〔待填：元/单位，依据支出标准或合同〕"
    number, unit = counts[0].quantity.number, counts[0].quantity.unit
    price = plain(round(budget / number, 2))
    return (
        f"，参考上限：预算{yuan_text(budget)}÷{plain(number)}{unit}={price}元/{unit}"
        "（表内数推算，请核实是否含其他支出）"
    )


RULE = CostRestatesBudget
