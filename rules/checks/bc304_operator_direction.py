"""BC304 operator-direction."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of, bare
from nlp.naming import is_cost, is_count, is_unit_cost, lower_is_better, not_a_cost
from rules.engine.base import DOC_101, LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.values import asked, fixed_by_policy, with_operator
from rules.support.amounts import money_of
from rules.support.cells import CEILINGS, FLOORS, is_figure, marked_qualitative, operator_at

_FEW = 50
"""Percentage from which a rate of faults was hardly meant."""
_MONEY = ("money", "money_per")
_BY_POLICY = "如政策规定了最低标准，建议按标准写「＝」并注明文件；否则建议将「{sign}」调整为「≤」"


class OperatorDirection(RowRule):
    """计算符号的方向与指标含义相反：越低越好的写了「≥」，越高越好的写了「≤」。

    ## 为什么
    成本写「≥8万元」，超支反而判为达标；合格率写「≤95%」，做得好反而判为未完成。节约率、控制达标率、下降率、
    处置率虽含成本、故障等字样，仍是越高越好。时间节点写「≥」由 BC306 提示。

    ## 反例
    ```yaml
    row: {level2: 成本指标, name: 乡村公路养护费用, value: ≥8.6万元}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 质量指标, name: 教学设备故障率, value: ≥5%}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 质量指标, name: 工程验收合格率, value: ≤95%}
    fires: [value]
    severity: warning
    ```

    ## 正例
    ```yaml
    row: {level2: 成本指标, name: 乡村公路养护费用, value: ≤8.6万元}
    ```
    ```yaml
    row: {level2: 成本指标, name: 办公经费节约率, value: ≥5%}
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 交通事故下降率, value: ≥10%}
    ```

    ## 建议的把握
    只改符号，数值不变，由填报人确认；金额等于或超过预算数的改为单位成本，列出算式。

    ## 依据
    财预〔2021〕101号（成本指标用于控制支出上限）。条文未经人工核对。
    """

    code = "BC304"
    name = "operator-direction"
    title = "计算符号方向相反"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING})
    handbook = ("VAL-07",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows"})
    opinion_code = "4"
    source = Source(DOC_101, "成本指标应当体现对支出的控制，计算符号应与指标方向一致")
    fact = "三级指标「{name}」的指标值为「{value}」，以低为好却使用了「{sign}」"
    impact = "监控时超出越多完成率越高，超支或情况恶化仍会判为达标"
    advice = "建议将「{sign}」调整为「≤」，并核实上限数值"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if not is_figure(quantity) or marked_qualitative(ctx):
            return
        if quantity.operator in FLOORS:
            yield from self._floor(ctx)
        elif quantity.operator in CEILINGS:
            yield from self._ceiling(ctx)

    def _floor(self, ctx: RowContext) -> Iterator[Finding]:
        name, quantity = bare(ctx.text("name")), ctx.quantity
        if any_of("targets", "saving").search(name) and not is_unit_cost(name):
            return
        by_policy = any_of("targets", "floor_by_policy").search(name) is not None
        if ctx.category == "成本" and _is_money(ctx):
            yield self._found(
                ctx,
                None if not by_policy else Severity.WARNING,
                f"成本指标的金额使用下限「{quantity.operator}」",
                advice=_BY_POLICY if by_policy else None,
            )
        elif ctx.category == "成本" and quantity.unit is None and is_cost(name):
            reason = "名称为成本，数字未写单位，方向按成本判断"
            yield self._found(ctx, Severity.WARNING, reason, advice=_BY_POLICY if by_policy else None)
        elif lower_is_better(name) is True and quantity.number != 0:
            if ctx.category == "成本":
                yield self._found(ctx, Severity.WARNING, f"「{name[-8:]}」以低为好")
                return
            slow = quantity.kind in ("date", "duration")
            yield self._found(
                ctx,
                Severity.WARNING,
                f"「{name[-8:]}」以低为好",
                impact="监控时拖得越久完成率越高，超时仍会判为达标"
                if slow
                else "监控时数值越高完成率越高，情况变差仍会判为达标",
                source=Source(LOGIC, "计算符号应与指标方向一致"),
            )

    def _ceiling(self, ctx: RowContext) -> Iterator[Finding]:
        name, quantity = bare(ctx.text("name")), ctx.quantity
        if "控制" in name or ctx.category in ("成本", "社会成本", "生态环境成本") or quantity.number == 0:
            return
        if any_of("targets", "ceiling_count").search(name) or lower_is_better(name) is True:
            return
        good = lower_is_better(name) is False and quantity.kind == "ratio"
        counted = (
            ctx.category in ("数量", "社会效益")
            and is_count(name)
            and any_of("targets", "delivered").search(name)
        )
        if not good and not counted:
            return
        yield self._found(
            ctx,
            Severity.WARNING,
            f"「{name[-8:]}」以高为好",
            fact="三级指标「{name}」的指标值为「{value}」，以高为好却使用了「{sign}」",
            impact="监控时完成得越多越被判为偏离，未完成反而判为达标",
            advice="建议将「{sign}」调整为「≥」，确为数量上限的请说明原因",
            source=Source(LOGIC, "计算符号应与指标方向一致"),
        )

    def _found(
        self,
        ctx: RowContext,
        severity: Severity | None,
        reason: str,
        *,
        fact: str | None = None,
        impact: str | None = None,
        advice: str | None = None,
        source: Source | None = None,
    ) -> Finding:
        return self.found(
            ctx,
            location=operator_at(ctx),
            severity=severity,
            evidence=[Evidence("quote", ctx.filed_value), Evidence("lexicon", reason)],
            sign=ctx.quantity.operator or "",
            fact=fact,
            impact=impact,
            advice=advice,
            source=source,
        )

    @staticmethod
    def _whole_budget(ctx: RowContext) -> bool:
        """Whether the amount is the budget or more, so that turning the sign alone would not control anything."""
        money, budget = money_of(ctx), ctx.project.budget_yuan
        return money is not None and budget is not None and money.yuan >= budget

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if ctx.category == "成本" and (not_a_cost(ctx.text("name")) is not None or self._whole_budget(ctx)):
            yield from unit_costs_of(ctx, why="成本指标应为单位成本的上限")
        sign = ctx.quantity.operator or ""
        turned = "≤" if sign in FLOORS else "≥"
        if turned == "≤" and ctx.quantity.kind == "ratio" and (ctx.quantity.number or 0) >= _FEW:
            # 「事故率 ≥95%」: the figure was meant for something else as well.
            yield from asked(ctx, why="该指标以低为好，数值也需重新核定", low=True)
        if turned == "≤" and fixed_by_policy(ctx):
            exact = with_operator(
                ctx,
                "＝",
                title=f"将「{sign}」调整为「＝」",
                why="政策规定的标准为固定值，数值不变，请核实",
            )
            if exact is not None:
                yield exact
        draft = with_operator(
            ctx,
            turned,
            title=f"将「{sign}」调整为「{turned}」",
            why="计算符号与指标方向一致，数值不变，请核实",
        )
        if draft is not None:
            yield draft


def _is_money(ctx: RowContext) -> bool:
    """Whether the value is money. A lone 万 or 亿 in 成本 counts as 万元 / 亿元."""
    quantity = ctx.quantity
    if quantity.kind == "money" or quantity.dimension in _MONEY:
        return True
    return quantity.unit is None and quantity.scale in ("万", "亿")


RULE = OperatorDirection
