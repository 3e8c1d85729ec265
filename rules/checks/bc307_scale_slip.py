"""BC307 scale-slip."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import pattern
from nlp.naming import is_unit_cost
from nlp.text import normalise
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.units import in_budget_unit
from rules.support.cells import plain

_TEN_THOUSAND: Final = Decimal(10_000)
_TOLERANCE: Final = Decimal("0.01")
_PER: Final = re.compile(
    r"每(?:一)?(?:名|个)?([一-龥]{1,3}?)(?:年|月|日|次|的|平均|$|[一-龥])|([户人亩件台套村校班床生])均"
)


class ScaleSlip(RowRule):
    """金额的数量级可疑：单位成本等于整个预算、与预算数相差一万倍，或元与万元混用。

    ## 为什么
    表头以万元为单位，单价以元为单位，两者混淆时数字相差一万倍。单价写成元本身是对的，不会提示。

    ## 反例
    ```yaml
    project:
      budget: "60.00"
      rows:
        - {level2: 数量指标, name: 参加农业保险户数, value: ≥6000户}
        - {level2: 成本指标, name: 农业保险每户补贴金额, value: ≤60万元}
    fires: ["rows[1].value"]
    severity: warning
    ```
    ```yaml
    project:
      budget: "25.00"
      rows:
        - {level2: 成本指标, name: 文化惠民演出经费, value: ≤25元}
    fires: ["rows[0].value"]
    severity: warning
    ```
    ```yaml
    project:
      budget: "25.00"
      rows:
        - {level2: 成本指标, name: 文化惠民演出经费, value: ≤250000元}
    fires: ["rows[0].value"]
    severity: info
    ```

    ## 正例
    ```yaml
    project:
      budget: "24.00"
      rows:
        - {level2: 数量指标, name: 监测终端数量, value: 300台}
        - {level2: 成本指标, name: 每台终端年运维费用, value: ≤800元}
    ```
    ```yaml
    project:
      budget: "25.00"
      rows:
        - {level2: 成本指标, name: 文化惠民演出经费, value: ≤25万元}
    ```

    ## 建议的把握
    单位成本按预算数除以数量推算并列出算式，请填报人核实；元与万元混用的换算为预算数的单位，金额不变。

    ## 依据
    数据逻辑（元与万元相差一万倍）。
    """

    code = "BC307"
    name = "scale-slip"
    title = "金额数量级可疑"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("UNI-03",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "4"
    source = Source(LOGIC, "同一项目的金额应当口径一致")
    fact = "三级指标「{name}」的指标值为「{value}」，与项目预算数{budget}相差一万倍"
    impact = "金额单位疑似误写，监控时实际支出与目标值无法比较"
    advice = "请核实该金额的单位是元还是万元，并更正"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        amount, budget = ctx.quantity.amount_yuan, ctx.project.budget_yuan
        if amount is None or not budget or amount <= 0 or budget < 0:
            return
        if is_unit_cost(ctx.name) or ctx.quantity.per:
            yield from self._unit_price(ctx, amount, budget)
        elif (
            _close(amount, budget) and ctx.quantity.unit == "元" and ctx.project.project.budget.unit == "万元"
        ):
            yield self._found(
                ctx,
                f"{plain(amount)}元＝{plain(budget / _TEN_THOUSAND)}万元",
                severity=Severity.INFO,
                subcode="mixed",
                fact="三级指标「{name}」的指标值以元填报（「{value}」），项目预算数以万元填报（{budget}），二者金额相等",
                impact="同一金额使用两种单位，审核和汇总时容易看错数量级",
                advice="建议与预算数统一为万元",
            )
        elif _close(amount, budget * _TEN_THOUSAND):
            yield self._found(ctx, f"{_yuan(amount)}÷{_yuan(budget)}≈10000")
        elif _close(amount * _TEN_THOUSAND, budget):
            yield self._found(ctx, f"{_yuan(budget)}÷{_yuan(amount)}≈10000")

    def _unit_price(self, ctx: RowContext, amount: Decimal, budget: Decimal) -> Iterator[Finding]:
        counted = _counted_row(ctx)
        if counted is None:
            return
        count = counted.quantity.number
        assert count is not None
        filed = counted.filed_value.lstrip("≥＞=＝>≧")
        unit = counted.quantity.unit or ""
        price = f"{plain(round(budget / count, 2))}元/{unit}"
        sums = f"{_yuan(budget)}÷{plain(count)}{unit}＝{price}"
        if _close(amount, budget):
            yield self._found(
                ctx,
                sums,
                subcode="unit-price",
                related=counted,
                fact="三级指标「{name}」是单位成本，指标值「{value}」却与项目预算数{budget}相同",
                impact="整个预算被写成了一个单位的价格，不能反映成本控制",
                advice="建议核实后调整为「≤{price}」（预算数÷「{filed}」，表内数推算，请核实是否含其他支出）",
                price=price,
                filed=filed,
            )
        elif _close(amount * count, budget * _TEN_THOUSAND):
            yield self._found(
                ctx,
                f"{_yuan(amount)}×{plain(count)}{unit}＝{_yuan(amount * count)}，预算数{_yuan(budget)}",
                subcode="unit-price",
                related=counted,
                fact="三级指标「{name}」的指标值「{value}」乘以「{filed}」是项目预算数{budget}的一万倍",
                advice="请核实单位是否应为元（预算数÷数量：{sums}）",
                filed=filed,
                sums=sums,
            )

    def _found(
        self, ctx: RowContext, arithmetic: str, *, related: RowContext | None = None, **rest: object
    ) -> Finding:
        places = [ctx.project.at("budget.total")]
        if related is not None:
            places.append(related.at("value"))
        return self.found(
            ctx,
            "value",
            span=ctx.quantity.unit_span or ctx.quantity.number_span,
            related=places,
            evidence=[Evidence("arithmetic", arithmetic)],
            budget=ctx.project.words()["budget"],
            **rest,  # type: ignore[arg-type]
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if finding.subcode == "unit-price":
            yield from unit_costs_of(ctx, why="单位成本不能等于整个预算")
            return
        yield from in_budget_unit(ctx)


def _close(first: Decimal, second: Decimal) -> bool:
    return abs(first - second) <= _TOLERANCE * max(abs(first), abs(second))


def _yuan(amount: Decimal) -> str:
    if amount >= _TEN_THOUSAND:
        return f"{plain(amount / _TEN_THOUSAND)}万元"
    return f"{plain(amount)}元"


def _counted_row(ctx: RowContext) -> RowContext | None:
    """Return the 数量 row that counts what the unit price is about, when exactly one does (more than one piece)."""
    wanted = set(ctx.quantity.per)
    cue = pattern("cost_names", "unit_cues").search(ctx.name)
    found = _PER.search(cue[0] + ctx.name[cue.end() :]) if cue is not None else None
    noun = (found[1] or found[2]) if found is not None else ""
    if noun:
        wanted.add(noun)
    if not wanted:
        return None
    rows = [
        row
        for row in ctx.project.of("数量")
        if row is not ctx
        and row.quantity.kind == "count"
        and (row.quantity.number or 0) > 1
        and (row.quantity.unit in wanted or any(normalise(word) in row.name for word in wanted))
    ]
    return rows[0] if len(rows) == 1 else None


RULE = ScaleSlip
