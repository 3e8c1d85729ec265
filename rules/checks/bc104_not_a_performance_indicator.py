"""BC104 not-a-performance-indicator."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import management_word
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.rows import replaced

_UNLIKELY = 0.03
_LIKELY = 0.8


class NotAPerformanceIndicator(RowRule):
    """把资金支付、预算执行、制度建设等管理要求当作绩效指标。

    ## 为什么
    资金到位、支付进度、预算执行、会议记录说明的是管理过程，钱付出去就算完成，看不出产出和效益。补助、工资等发到
    个人的资金属于产出，不在此列。名称一般（不必然）属于管理要求的，只列为可优化。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 专项资金到位率, value: ＝100%}
    fires: [name]
    severity: warning
    ```
    ```yaml
    row: {level2: 时效指标, name: 预算执行率, value: ≥95%}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 质量指标, name: 养老补贴资金到位率, value: ＝100%}
    ```
    ```yaml
    row: {level2: 数量指标, name: 工资发放率, value: ＝100%}
    ```

    ## 建议的把握
    换成本项目同类的绩效指标，数字由填报人填写。

    ## 依据
    财预〔2021〕101号。条文未经人工核对。
    """

    code = "BC104"
    name = "not-a-performance-indicator"
    title = "不是绩效指标"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.WARNING, Severity.INFO})
    handbook = ("CLS-04",)
    dimension = "相关性"
    reads = frozenset({"name", "level2", "operator", "value", "unit", "description"})
    opinion_code = "3"
    source = Source(DOC_101, "绩效指标应当反映产出、成本和效益，管理要求不作为绩效指标")
    fact = "三级指标「{name}」（{level2}）中的「{phrase}」不反映绩效：{why}"
    impact = "完成该指标不能说明项目的产出和效益，评价时按与项目无关的指标扣分"
    advice = "建议{hint}〔待填：指标及数值〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        entry = management_word(ctx.text("name"))
        if entry is None:
            return
        prediction = ctx.prediction
        share = prediction.management if prediction is not None else 0.0
        certain = entry.certainty == "certain"
        # The words alone only hint; the model, which sees the whole name, drops the hint or makes it a finding.
        if not certain and share < _UNLIKELY:
            return
        evidence = [Evidence("lexicon", f"「{entry.phrase}」：{entry.why}")]
        if not certain:
            evidence.append(Evidence("model", f"属于管理要求的可能性 {share:.2f}"))
        yield self.found(
            ctx,
            "name",
            severity=Severity.WARNING if certain or share >= _LIKELY else Severity.INFO,
            confidence=None if certain else round(share, 2),
            related=[ctx.at("level2")],
            evidence=evidence,
            advice=None
            if "改为" in entry.hint or "写明" in entry.hint
            else "建议{hint}，改填项目的产出或效益指标〔待填：指标及数值〕",
            phrase=entry.phrase,
            why=entry.why,
            hint=entry.hint,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from replaced(ctx, why="管理要求换成本项目的产出或效果", keep=False)


RULE = NotAPerformanceIndicator
