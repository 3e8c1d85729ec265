"""BC301 unit-missing."""

from collections.abc import Iterator
from decimal import Decimal

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import is_count, is_money_name, is_rate, is_satisfaction, is_time_point_or_span
from nlp.text import normalise
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.units import units_for
from rules.support.cells import bracket_unit, has_unit_column, is_figure, marked_qualitative, plain

_DIMENSIONLESS = (
    "指数", "系数", "倍数", "等级", "级别", "名次", "排名", "位次", "得分", "评分", "分值", "分数", "ph值", "ph",
    "之比", "产出比", "师生比", "生师比", "医护比", "床护比",
)  # fmt: skip


class UnitMissing(RowRule):
    """指标值是数字，但没有计量单位，或者只写了「万」「亿」。

    ## 为什么
    指标值写成「≥100」而不写单位，无法判断是 100%、100 元还是 100 人，监控和自评时没有比较的口径。数字与单位写在
    同一个单元格、单位另列一栏、名称括号中已写明单位的，都不算缺少单位。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 管网水质检测合格率, value: ≥98}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 数量指标, name: 印制健康手册, value: ≥3万}
    fires: [value]
    ```

    ## 正例
    ```yaml
    row: {level2: 数量指标, name: 印制健康手册, value: ≥3万册}
    ```
    ```yaml
    row: {level2: 数量指标, name: 改造村卫生室, operator: ≥, value: "12", unit: 个}
    ```
    ```yaml
    row: {level2: 质量指标, name: 苗木成活率（%）, value: "85"}
    ```

    ## 建议的把握
    比率补「%」，目标文字或名称能说明单位的沿用，其余由填报人填写；数字不变。

    ## 依据
    通用填报要求（定量指标应当填写计量单位）。
    """

    code = "BC301"
    name = "unit-missing"
    title = "缺少计量单位"
    cure = True
    severity = Severity.ERROR
    handbook = ("UNI-01",)
    dimension = "适当性"
    opinion_code = "4"
    source = Source(FORM, "定量指标应当写明计量单位")
    fact = "三级指标「{name}」的指标值「{value}」没有计量单位"
    impact = "同一个数字可以理解为百分比、金额或数量，监控和自评时无法与实际完成值比较"
    advice = "请在数字后补充计量单位〔待填：计量单位〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if quantity.unit is not None or not is_figure(quantity) or has_unit_column(ctx):
            return
        name = ctx.name
        if not quantity.number and name == normalise(ctx.text("level2").removesuffix("指标")):
            return  # 「社会成本｜无｜0」 says that there is none.
        if bracket_unit(ctx.text("name")) or marked_qualitative(ctx) or name.endswith(_DIMENSIONLESS):
            return
        number = quantity.number
        assert number is not None
        if _is_year(number) and (ctx.category == "时效" or is_time_point_or_span(name)):
            return
        bare_scale = bool(quantity.scale)
        yield self.found(
            ctx,
            "value",
            span=quantity.number_span,
            related=[ctx.at("unit")] if ctx.has("unit") else [],
            evidence=[Evidence("quote", ctx.filed_value)],
            subcode="scale-only" if bare_scale else None,
            fact=f"{self.fact}，「{quantity.scale}」只是数量级" if bare_scale else None,
            advice=_advice(ctx, number, bare_scale),
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from units_for(ctx)


def _is_year(number: Decimal) -> bool:
    return 1990 <= number <= 2100 and number == number.to_integral_value()


def _advice(ctx: RowContext, number: Decimal, bare_scale: bool) -> str | None:
    name, scale = ctx.name, ctx.quantity.scale
    if bare_scale:
        if is_money_name(name) or ctx.category in ("成本", "经济效益"):
            return f"如为金额，请将单位写全为「{scale}元」；如为实物数量，请在「{scale}」之后补充计量单位"
        return f"请在「{scale}」之后补充计量单位〔待填：计量单位〕"
    if (is_rate(name) or is_satisfaction(name)) and number <= 100:
        return f"建议将指标值调整为「{ctx.quantity.operator or ''}{plain(number)}%」，请核实"
    if is_money_name(name) or ctx.category == "成本":
        return "请补充金额的计量单位（元、万元，或元/人、元/户等单位成本），并核实数字"
    if is_count(name):
        return "请按名称所指的对象补充计量单位〔待填：如人、次、个〕"
    return None


RULE = UnitMissing
