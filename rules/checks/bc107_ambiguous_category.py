"""BC107 ambiguous-category."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.finding import Finding, Severity
from nlp.naming import category_cues
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.support.category import model_evidence


class AmbiguousCategory(RowRule):
    """三级指标的内容在两类二级指标中都有使用。

    ## 为什么
    完成率、覆盖率、受益人数等名称在各地指标库中归入不同类型，都不算错。申报的类型不是最常见的一类时提示一次，
    由填报人按考核目的确认；同一项目内口径一致即可，不作为扣分依据。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 巡查任务完成率, value: ≥95%}
    fires: [level2]
    ```

    ## 正例
    ```yaml
    row: {level2: 数量指标, name: 巡查任务完成率, value: ≥95%}
    ```
    ```yaml
    row: {level2: 质量指标, name: 工程验收合格率, value: ＝100%}
    ```

    ## 依据
    数据逻辑。
    """

    code = "BC107"
    name = "ambiguous-category"
    title = "二级指标类型两可"
    severity = Severity.INFO
    handbook = ("CLS-03",)
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "name", "description", "operator", "value", "unit", "rows"})
    opinion_code = "11"
    confident = False
    fold = "always"
    fold_advice = "请按考核目的确认归类，各项目口径一致即可，不必逐条修改"
    source = Source(LOGIC, "同一口径的指标归入同一类型")
    fact = "三级指标「{name}」申报为「{level2}」，也常归入「{likely}」，两类均有使用"
    impact = "归类口径不一，汇总和比较时容易重复或遗漏"
    advice = "建议核实，考核的是数量还是效果、标准，口径确定后保持一致；无误的可不修改"

    @dataclass(frozen=True)
    class Options:
        """Options of BC107."""

        sure: float = 0.8
        """Probability (0 to 1) of the other class from which a hint is given."""
        least: float = 0.3
        """Probability (0 to 1) of the filed class from which it counts as usual too."""
        most: float = 0.9
        """Probability (0 to 1) of the filed class up to which a hint is given."""

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        prediction, declared = ctx.prediction, ctx.category
        if prediction is None or declared is None or prediction.category == declared:
            return
        # Beneficiaries under 社会效益 are common and right; whether they repeat an output is another rule's.
        if declared == "社会效益" and "受益" in ctx.name:
            return
        # A word that speaks for the filed class settles it (水质达标率 under 生态效益).
        if any(
            category == declared and cue == "certain" for category, _, cue in category_cues(ctx.text("name"))
        ):
            return
        share = prediction.probability(declared)
        if prediction.confidence < self.options.sure or not self.options.least <= share <= self.options.most:
            return
        yield self.found(
            ctx,
            "level2",
            related=[ctx.at("name")],
            evidence=model_evidence(ctx, prediction),
            confidence=round(prediction.confidence, 2),
            likely=ctx.project.scheme.level2_name(prediction.category),
        )


RULE = AmbiguousCategory
