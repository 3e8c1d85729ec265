"""BC303 operator-missing."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import lower_is_better
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.units import units_for
from rules.rewriting.values import fixed_by_policy, usual_sign, with_operator
from rules.support.cells import has_unit_column, is_figure, marked_qualitative

_SAID_IN_NAME: Final = re.compile(r"[≥≤<>=]|控制在|控制数|不超|以内|上限|下限|不低于|不少于|不高于|至少")


class OperatorMissing(RowRule):
    """指标值是数字，但没有写计算符号（≥、＝、≤）。

    ## 为什么
    没有计算符号时，监控只能按“等于”理解：超过一点算未达标，少用一点也算未达标。成本指标尤其需要写明上限。
    日期、等次、定性目标、区间值和 0 本身已说明如何比较，
    名称中已写明上限、下限的也不在此列。

    ## 反例
    ```yaml
    row: {level2: 数量指标, name: 聘用乡村保洁员, value: 60人}
    fires: [value]
    severity: info
    ```
    ```yaml
    row: {level2: 成本指标, name: 课桌椅单套价格, operator: "", value: "420", unit: 元/套}
    fires: [operator]
    ```

    ## 正例
    ```yaml
    row: {level2: 数量指标, name: 聘用乡村保洁员, value: ＝60人}
    ```
    ```yaml
    row: {level2: 时效指标, name: 工程竣工时间, value: 2024年11月底前}
    ```

    ## 建议的把握
    按指标方向补符号，数值不变，由填报人确认。

    ## 依据
    通用填报要求（定量指标应当选择计算符号）。
    """

    code = "BC303"
    name = "operator-missing"
    title = "缺少计算符号"
    cure = True
    severity = Severity.INFO
    handbook = ("VAL-08",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows"})
    opinion_code = "4"
    source = Source(FORM, "定量指标应当写明计算符号")
    fact = "三级指标「{name}」的指标值「{value}」没有计算符号"
    impact = "监控时只能按「＝」比较，实际值略高或略低都会被判为偏离"
    advice = "请核实该值是下限、上限还是固定值，并相应补充「≥」「≤」或「＝」"
    fold_advice = "请逐行核实指标值是下限、上限还是固定值，并相应补充「≥」「≤」或「＝」"

    def eligible(self, ctx: RowContext) -> bool:
        return is_figure(ctx.quantity)

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if quantity.operator is not None or not is_figure(quantity) or quantity.upper is not None:
            return
        if ctx.text("operator") or marked_qualitative(ctx) or quantity.number == 0:
            return
        if _SAID_IN_NAME.search(ctx.norm("name")):
            return
        money = quantity.kind == "money"
        ceiling = (ctx.category == "成本" and money) or lower_is_better(ctx.name) is True
        yield self.found(
            ctx,
            "operator" if ctx.has("operator") else "value",
            span=None if ctx.has("operator") else quantity.number_span,
            related=[ctx.at("value")] if ctx.has("operator") else [],
            evidence=[Evidence("quote", ctx.filed_value)],
            advice="该指标以低为好，请核实后补充「≤」（固定标准可用「＝」）" if ceiling else None,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if ctx.category not in ("成本", "经济效益") and ctx.quantity.kind == "money":
            return  # The value itself is at fault there, not its sign.
        if ctx.quantity.unit is None and not has_unit_column(ctx):
            yield from units_for(ctx)  # The cell is filled once: unit and sign together.
            return
        sign = usual_sign(ctx)
        if ctx.category == "时效" and ctx.quantity.kind == "count":
            sign = "＝"  # 「每月发放 12次」: how often, neither more nor less.
        if ctx.quantity.kind == "ratio" and ctx.quantity.number == 100 and sign == "≥":
            draft = with_operator(ctx, "＝", title="补充「＝」", why="比率不会超过100%，数值不变，请核实")
            if draft is not None:
                yield draft
        fixed = (
            "政策规定的标准为固定值"
            if fixed_by_policy(ctx)
            else "核定、在册的数为固定数"
            if ctx.category == "数量"
            else "固定的次数使用等号"
        )
        why = {"≤": "以低为好的指标使用上限", "≥": "以高为好的指标使用下限"}.get(sign, fixed)
        for operator, title in ((sign, f"补充「{sign}」"), ("＝", "固定标准补充「＝」")):
            draft = with_operator(ctx, operator, title=title, why=f"{why}，数值不变，请核实")
            if draft is not None:
                yield draft


RULE = OperatorMissing
