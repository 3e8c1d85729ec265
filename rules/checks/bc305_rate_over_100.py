"""BC305 rate-over-100."""

from collections.abc import Iterator
from decimal import Decimal

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of
from nlp.naming import is_satisfaction, lower_is_better, rate_cap, rate_word
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Derivation, Draft
from rules.rewriting.cells import row_edits, value_cells
from rules.rewriting.values import with_operator
from rules.support.cells import CEILINGS, operator_at, percent_top, plain


class RateOver100(RowRule):
    """比率的目标值超过 100%，或者对最多只能到 100% 的比率写成「≥100%」。

    ## 为什么
    合格率、及时率、覆盖率的分子是分母的一部分，不可能超过 100%。「≥100%」在数学上等于「＝100%」，写成「≥」
    会让人以为还能更高。增长率、收益率、完成倍数等可以超过 100% 的不在此列；「≤100%」是控制上限，也不在此列。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 疫苗冷链验收合格率, value: ≥105%}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 时效指标, name: 教师工资按时发放率, value: ≥100%}
    fires: [value]
    severity: info
    ```

    ## 正例
    ```yaml
    row: {level2: 时效指标, name: 教师工资按时发放率, value: ＝100%}
    ```
    ```yaml
    row: {level2: 经济效益指标, name: 合作社销售收入增长率, value: ≥120%}
    ```

    ## 建议的把握
    「≥100%」与「＝100%」含义相同，可直接采用；超过 100% 的按最高值改写，由填报人核实。

    ## 依据
    数据逻辑（部分不可能大于整体）。
    """

    code = "BC305"
    name = "rate-over-100"
    title = "比率超过100%"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.INFO})
    handbook = ("VAL-06",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows"})
    opinion_code = "4"
    source = Source(LOGIC, "部分占整体的比率最高为100%")
    fact = "三级指标「{name}」的指标值为「{value}」，该比率最高只能达到100%"
    impact = "目标在数学上不可能完成，监控和自评时该指标只能判为未达标"
    advice = "请核实分子、分母口径，将指标值调整为不超过100%〔待填：目标值〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        top = percent_top(quantity)
        if top is None or top < 100 or quantity.operator in CEILINGS or quantity.per:
            return
        name = ctx.name
        over = top > 100 or quantity.operator == "＞"
        if over:
            if rate_cap(name) == "hard" or is_satisfaction(name):
                yield self._over(ctx, plain(top))
            return
        if quantity.operator != "≥" or _may_exceed(name):
            return
        yield self.found(
            ctx,
            location=operator_at(ctx),
            severity=Severity.INFO,
            subcode="at-least-100",
            evidence=[Evidence("arithmetic", "≥100% 且 ≤100%，即＝100%")],
            fact="三级指标「{name}」的指标值为「{value}」，「≥」与100%同时使用",
            impact="该值实际等于「＝100%」，只要有一件未完成即判为未达标，且没有更高的完成空间",
            advice="如确需全部完成，建议将「≥100%」调整为「＝100%」；否则请按实际水平填写下限",
        )

    def _over(self, ctx: RowContext, top: str) -> Finding:
        word = rate_word(ctx.name) or "满意度"
        return self.found(
            ctx,
            "value",
            span=ctx.quantity.number_span,
            evidence=[
                Evidence(
                    "arithmetic", f"{ctx.quantity.operator or ''}{top}% ＞ 100%" if top != "100" else "＞100%"
                ),
                Evidence("lexicon", f"「{word}」的分子包含于分母"),
            ],
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if finding.subcode == "at-least-100":
            draft = with_operator(
                ctx,
                "＝",
                title="将「≥100%」调整为「＝100%」",
                why="二者含义相同，比率不会超过100%",
                safe=True,
            )
            if draft is not None:
                yield draft
            return
        if percent_top(ctx.quantity) == 100:
            draft = with_operator(
                ctx, "＝", title="将「＞100%」调整为「＝100%」", why="比率不会超过100%，请核实"
            )
            if draft is not None:
                yield draft
        yield Draft(
            title="改为全部完成",
            rationale="分子包含于分母，最高为100%；如另有口径请改写名称",
            edits=row_edits(ctx, value_cells(ctx, "＝", "100", "%")),
            derived=(Derivation(Decimal(100), "whole"),),
            lifted=True,
        )


def _may_exceed(name: str) -> bool:
    """Whether more than 100 % can make sense: growth, returns, and what the lists know as open."""
    if rate_cap(name) is not None or is_satisfaction(name):
        return False
    if rate_word(name) is not None:
        return True
    return lower_is_better(name) is True or any_of("targets", "growing").search(name) is not None


RULE = RateOver100
