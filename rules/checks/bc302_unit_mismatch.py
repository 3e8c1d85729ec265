"""BC302 unit-mismatch."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from models.records.quantity import Quantity
from nlp.lexicon import any_of, bare, ending, words
from nlp.naming import (
    is_cost,
    is_count,
    is_rate,
    is_satisfaction,
    is_time_point_or_span,
    is_timeliness,
    is_unit_cost,
    is_zero_event,
    rate_word,
)
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.units import suited
from rules.support.cells import is_figure, marked_qualitative

COUNTABLE: Final = frozenset({
    "person", "visit", "household", "organisation", "place", "count", "document", "event", "case", "equipment",
    "livestock", "plant",
})  # fmt: skip
_PER_MANY: Final = re.compile(r"[万千](?:人|车|户|公里|工时|小时)")
"""万车死亡率 and the like are counts per ten thousand, not percentages."""
_MONEY: Final = "金额"
_COUNT: Final = "数量"
_TIME: Final = "日期或时长"

# Class → kinds of value that the plausibility matrix marks as a mismatch. What the matrix merely allows is absent.
_MATRIX: Final = {
    "质量": (_MONEY, _TIME),
    "时效": (_MONEY, _COUNT),
    "成本": (_COUNT, _TIME),
    "经济效益": (_TIME,),
    "社会效益": (_MONEY, _TIME),
    "生态效益": (_MONEY, _TIME),
    "可持续影响": (_MONEY,),
    "服务对象满意度": (_MONEY, _COUNT, _TIME),
}
_FORM_OF: Final = {
    "质量": "合格率、达标率等比率",
    "时效": "完成日期或办理时限",
    "成本": "金额，优先填写单位成本（元/人、元/件等）",
    "经济效益": "金额、比率或数量",
    "社会效益": "数量或比率",
    "生态效益": "数量或比率",
    "可持续影响": "使用年限、比率或分级目标",
    "服务对象满意度": "百分比",
}


class UnitMismatch(RowRule):
    """指标值的单位与指标类别或指标名称对不上，如时效指标填了金额、比率填了件数。

    ## 为什么
    单位决定用什么去比较。时效指标填「32万元」，无法判断是否按时；名称是「率」而单位是「件」，没有分子分母。

    ## 反例
    ```yaml
    row: {level2: 时效指标, name: 校舍维修款按期拨付, value: 21万元}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 数量指标, name: 受益学生人数, value: ≥95%}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 汛期无重大险情事故发生, value: ≥95%}
    fires: [value]
    ```

    ## 正例
    ```yaml
    row: {level2: 时效指标, name: 校舍维修完成时间, value: 2024年8月底前}
    ```
    ```yaml
    row: {level2: 数量指标, name: 家庭医生签约覆盖率, value: ≥70%}
    ```

    ## 建议的把握
    按名称所考核的内容给出指标值的形式，数字由填报人填写；「无……发生」改为发生数＝0起，0取自名称。

    ## 依据
    通用填报要求（单位与指标类别、名称相符）。
    """

    code = "BC302"
    name = "unit-mismatch"
    title = "单位与指标不匹配"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING})
    handbook = ("UNI-02",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "budget"})
    opinion_code = "4"
    source = Source(FORM, "指标值的单位应当与指标类别和名称相符")
    fact = "三级指标「{name}」填报在「{level2}」，指标值「{value}」却是{kind}"
    impact = "{kind}不能说明该类指标是否完成，监控和自评时无法判断"
    advice = "请核实指标含义，建议将指标值调整为{form}〔待填：目标值〕，或将本行移到与{kind}相符的类别"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if not (is_figure(quantity) or quantity.kind == "date") or marked_qualitative(ctx):
            return
        kind = _MONEY if _lone_scale_money(ctx) else _kind(quantity)
        if ctx.category == "时效" and kind == _MONEY:
            yield self._of_class(ctx, kind, Severity.ERROR)
            return
        by_name = _by_name(ctx, kind)
        if by_name is not None:
            what, impact, advice = by_name
            yield self.found(
                ctx,
                "value",
                span=quantity.unit_span or quantity.number_span,
                severity=Severity.WARNING,
                related=[ctx.at("name")],
                evidence=[Evidence("quote", ctx.filed_value)],
                fact="三级指标「{name}」" + what + "，指标值却为「{value}」",
                impact=impact,
                advice=advice,
            )
        elif kind in _MATRIX.get(ctx.category or "", ()) and not _allowed(ctx, kind):
            yield self._of_class(ctx, kind, Severity.WARNING)

    def _of_class(self, ctx: RowContext, kind: str, severity: Severity) -> Finding:
        return self.found(
            ctx,
            "value",
            span=ctx.quantity.unit_span or ctx.quantity.number_span,
            severity=severity,
            related=[ctx.at("level2")],
            evidence=[Evidence("quote", ctx.filed_value)],
            subcode="class",
            kind=kind,
            form=_FORM_OF[ctx.category or ""],
            advice=_class_advice(ctx, kind),
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from suited(ctx)


def _class_advice(ctx: RowContext, kind: str) -> str | None:
    """Where the name says that the row stands in the wrong class, moving the row comes first."""
    name, category = bare(ctx.text("name")), ctx.category
    if kind == _MONEY and category != "时效" and (is_unit_cost(name) or is_cost(name)):
        cost = ctx.project.scheme.level2_name("成本")
        return f"名称为成本，建议核实后将本行移到「{cost}」，「{{level2}}」另行填报{{form}}"
    if category == "成本" and not (is_unit_cost(name) or is_cost(name)):
        return "建议核实后将本行移到与{kind}相符的类别，「{level2}」另行填报{form}〔待填：目标值〕"
    return None


def _kind(quantity: Quantity) -> str | None:
    if quantity.kind == "money" or (quantity.dimension or "").startswith("money"):
        return _MONEY
    if quantity.kind == "date" or quantity.kind == "duration":
        return _TIME
    if quantity.kind == "count" and not quantity.per and quantity.dimension in COUNTABLE:
        return _COUNT
    return None


def _lone_scale_money(ctx: RowContext) -> bool:
    """Whether 「45万」 without a unit under 时效 is money: it equals the budget, or the name is about paying."""
    quantity = ctx.quantity
    if ctx.category != "时效" or quantity.unit is not None or quantity.scale not in ("万", "亿"):
        return False
    return (
        quantity.number == ctx.project.budget_yuan or any_of("targets", "paying").search(ctx.name) is not None
    )


def _by_name(ctx: RowContext, kind: str | None) -> tuple[str, str, str] | None:
    """Return (what the name is, impact, advice) where name and unit cannot go together, else None."""
    name, quantity = ctx.name, ctx.quantity
    ratio = quantity.kind == "ratio"
    if is_satisfaction(name) and not is_count(name):
        if kind is not None:
            return "是满意度", f"满意度以百分比衡量，{kind}不能比较", "建议将指标值调整为百分比〔待填：%〕"
        return None
    if is_rate(name) and kind is not None and quantity.unit and _PER_MANY.search(name) is None:
        word = rate_word(name)
        return (
            f"以「{word}」为名称",
            f"比率应当是百分比，{kind}没有分子和分母，无法计算",
            "请核实：如考核比率，建议将指标值调整为百分比〔待填：%〕；如考核数量，建议修改名称",
        )
    if ratio and is_count(name) and not name.endswith("天数") and not quantity.per:
        return (
            "是数量",
            "数量应当有确定的个数，百分比没有说明占谁的比例",
            "建议填写数量和单位〔待填：数量〕；如考核完成比例，建议将名称改为完成率并写明分子、分母",
        )
    if ratio and is_zero_event(name) and quantity.number != 0:
        return (
            "表示没有事件发生",
            "「没有发生」的百分比没有含义，无法判断是否达标",
            "建议将名称调整为发生数，指标值写为「＝0起」（0取自名称，请核实）",
        )
    if ratio and ending(bare(ctx.text("name")), words("targets", "amount_heads")) and not is_timeliness(name):
        return (
            "是金额",
            "百分比没有说明增长的基数，无法与金额比较",
            "请核实：如考核金额，建议填写〔待填：金额和单位〕；如考核增幅，建议将名称改为增长率并写明上年基数",
        )
    if kind == _MONEY and is_timeliness(name) and ctx.category != "成本" and not is_rate(name):
        return (
            "考核是否及时",
            "金额不能说明是否按时完成",
            "建议将指标值调整为完成日期或办理时限 ≤〔待填：日期或天数〕",
        )
    return None


def _allowed(ctx: RowContext, kind: str | None) -> bool:
    """Whether the name makes a time right: service life as quality, waiting time or days of clean air as benefit."""
    if kind != _TIME:
        return False
    if ctx.quantity.kind == "duration" and (is_time_point_or_span(ctx.name) or is_count(ctx.name)):
        return True
    key = "lasting" if ctx.category == "质量" else "shorter"
    return any_of("targets", key).search(ctx.name) is not None


RULE = UnitMismatch
