"""BC309 operator-form."""

from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import lower_is_better
from nlp.text import normalise
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.values import with_operator
from rules.support.cells import operator_at

_STRICT: Final = {"＞": "≥", "＜": "≤"}
_ASCII: Final = frozenset({">", "<", "=", ">=", "<=", "=>", "=<", "=="})
_LOOKALIKE: Final = frozenset("≧≦═》《〉〈﹥﹤")


class OperatorForm(RowRule):
    """计算符号写成了「＞」「＜」或者半角、近似字符。

    ## 为什么
    计算符号的规范形式是「≥」「＝」「≤」。「＞95%」意味着恰好达到 95% 也算未完成，多半不是本意；半角和近似
    字符导入系统后可能无法识别。

    ## 反例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 学生家长满意度, value: ">90%"}
    fires: [value]
    severity: info
    ```
    ```yaml
    row: {level2: 数量指标, name: 新建公厕, value: ">=8座"}
    fires: [value]
    ```

    ## 正例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 学生家长满意度, value: ≥90%}
    ```
    ```yaml
    row: {level2: 数量指标, name: 新建公厕, value: 不少于8座}
    ```

    ## 建议的把握
    只换规范字符的可直接采用；「＞」改「≥」的由填报人确认。

    ## 依据
    通用填报要求（计算符号使用规范字符）。
    """

    code = "BC309"
    name = "operator-form"
    title = "计算符号不规范"
    cure = True
    severity = Severity.INFO
    handbook = ("VAL-09",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows"})
    opinion_code = "11"
    source = Source(FORM, "计算符号应当使用「≥」「＝」「≤」")
    fact = "三级指标「{name}」的指标值「{value}」使用了计算符号「{filed}」"
    impact = "该符号不含等于，实际值恰好达到目标时会被判为未完成"
    advice = "如包含目标值本身，建议将「{filed}」调整为「{better}」"
    fold_advice = "请统一将计算符号调整为「≥」「＝」「≤」"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.quantity.operator is not None

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        filed = (quantity.operator_filed or ctx.text("operator")).strip()
        if quantity.operator is None or quantity.kind == "text" or not filed or len(filed) > 2:
            return
        strict = quantity.operator in _STRICT and normalise(filed) in (">", "<") and quantity.number != 0
        odd = filed in _ASCII or filed[0] in _LOOKALIKE
        if not strict and not odd:
            return
        yield self.found(
            ctx,
            location=operator_at(ctx),
            evidence=[Evidence("quote", filed)],
            filed=filed,
            better=_STRICT.get(quantity.operator, quantity.operator) if strict else quantity.operator,
            impact=None if strict else "该字符不是规范的计算符号，导入系统后可能无法识别",
            advice=self._advice(ctx, strict),
        )

    @staticmethod
    def _advice(ctx: RowContext, strict: bool) -> str | None:
        if not strict:
            return "建议将「{filed}」调整为「{better}」"
        # A floor on a cost is operator-direction's; advising 「≥」 here would contradict it.
        if ctx.quantity.operator == "＞" and (ctx.category == "成本" or lower_is_better(ctx.name)):
            return "请先核实方向，成本等以低为好的指标应使用「≤」"
        return None

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        quantity = ctx.quantity
        low = ctx.category == "成本" or lower_is_better(ctx.name)
        plain_sign = _STRICT.get(quantity.operator or "", quantity.operator or "")
        sign = "≤" if plain_sign == "≥" and low else plain_sign
        filed = (quantity.operator_filed or ctx.text("operator")).strip()
        same = sign == quantity.operator
        draft = with_operator(
            ctx,
            sign,
            title=f"将「{filed}」调整为「{sign}」",
            why="规范写法，含义不变" if same else "边界值一般计入达标，请核实",
            safe=same,
        )
        if draft is not None:
            yield draft


RULE = OperatorForm
