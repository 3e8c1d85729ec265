"""BC407 input-as-target."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of, bare, pattern
from nlp.naming import is_cost
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_costs_of
from rules.rewriting.rows import replaced
from rules.support.cells import CEILINGS, is_figure

_CLASSES = ("数量", "经济效益", "社会效益", "生态效益", "可持续影响")


class InputAsTarget(RowRule):
    """把投入的资金、人员、物资当作绩效目标。

    ## 为什么
    花多少钱、投入多少人是条件，不是结果。把投入写成目标，钱花出去就算完成，看不出产出和效益。成本指标中的金额
    上限、带动收入、节约资金等不在此列。

    ## 反例
    ```yaml
    row: {level2: 经济效益指标, name: 危房改造投入资金, value: ≥60万元}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 数量指标, name: 防汛投入人员数量, value: ≥30人}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 经济效益指标, name: 带动社会资本投入金额, value: ≥60万元}
    ```
    ```yaml
    row: {level2: 成本指标, name: 危房改造支出总额, value: ≤60万元}
    ```

    ## 建议的把握
    换成本项目同类的产出或效果，数字由填报人填写。

    ## 依据
    通用填报要求（绩效指标反映产出和效益，不反映投入）。
    """

    code = "BC407"
    name = "input-as-target"
    title = "以投入代替目标"
    cure = True
    severity = Severity.WARNING
    handbook = ("STR-13",)
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "3"
    source = Source(FORM, "绩效指标应当反映产出和效益，投入不作为目标")
    fact = "三级指标「{name}」（{level2}）的指标值「{value}」是{what}"
    impact = "钱花出去或人派出去即判为完成，不能说明产出和效益"
    advice = "建议改为该项投入形成的结果〔待填：数量、比率或变化及其单位〕，金额上限写入成本指标"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if not is_figure(quantity):
            return
        name = bare(ctx.text("name"))
        money = quantity.amount_yuan is not None or (quantity.unit is None and quantity.scale in ("万", "亿"))
        if ctx.category in _CLASSES:
            if any_of("targets", "money_effect").search(name):
                return
            word = pattern("targets", "input_money").search(name) if money and not quantity.per else None
            if word is not None and not (ctx.category == "数量" and "发放" in name):
                yield self._found(ctx, "value", word[0], "投入或支付的资金")
                return
            word = pattern("targets", "input_other").search(name)
            if word is not None:
                yield self._found(ctx, "name", word[0], "投入的人员或物资")
        elif (
            ctx.category == "成本"
            and money
            and quantity.operator not in (*CEILINGS, "≥", "＞")
            and not is_cost(name)
        ):
            word = pattern("targets", "budget_as_target").search(name)
            if word is not None and quantity.amount_yuan == ctx.project.budget_yuan:
                yield self._found(ctx, "value", word[0], "全部预算资金", budget=True)

    def _found(self, ctx: RowContext, field: str, word: str, what: str, *, budget: bool = False) -> Finding:
        total = ctx.project.project.budget.total
        return self.found(
            ctx,
            field,
            span=ctx.quantity.number_span if field == "value" else None,
            related=[ctx.project.at("budget.total")]
            if budget and total
            else [ctx.at("name" if field == "value" else "value")],
            evidence=[Evidence("lexicon", f"「{word}」是投入")],
            what=what,
            advice="建议改为主要支出的单位成本或成本控制数，并使用「≤」〔待填：金额及单位〕"
            if budget
            else None,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if ctx.category == "成本":
            yield from unit_costs_of(ctx, why="全部预算资金不是成本控制目标")
        yield from replaced(ctx, why="投入换成它形成的结果", keep=False)


RULE = InputAsTarget
