"""BC101 category-mismatch."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import DOC_88, RowRule, Source
from rules.engine.context import RowContext
from rules.support.category import lexicon_verdict


class CategoryMismatch(RowRule):
    """三级指标的名称与申报的二级指标类型疑似不符。

    ## 为什么
    归类不当的指标会使本类缺少应有的目标，评价时三级指标放错二级指标通常扣分。只有名称能够确定类型时才提示：
    满意度不在满意度指标、及时率放在成本指标为必须修改，其余为建议修改；完成率、覆盖率、受益人数等各类均有使用的
    名称不提示。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 就诊患者满意度, value: ≥95%}
    fires: [level2]
    severity: error
    ```
    ```yaml
    row: {level2: 质量指标, name: 助学金发放及时率, value: ≥95%}
    fires: [level2]
    severity: warning
    ```
    ```yaml
    row: {level2: 成本指标, name: 设备维修及时率, value: ≥95%}
    fires: [level2]
    severity: error
    ```

    ## 正例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 就诊患者满意度, value: ≥95%}
    ```
    ```yaml
    row: {level2: 质量指标, name: 任务完成率, value: ≥95%}
    ```

    ## 依据
    财预〔2015〕88号。条文未经人工核对。
    """

    code = "BC101"
    name = "category-mismatch"
    title = "疑似二级指标类型不符"
    severity = Severity.WARNING
    severities = frozenset({Severity.ERROR, Severity.WARNING})
    handbook = ("CLS-01",)
    dimension = "完整性"
    opinion_code = "7"
    source = Source(DOC_88, "绩效指标应当按产出、效益和满意度分类填报")
    fact = "三级指标「{name}」申报为「{level2}」，名称中的「{cue}」通常属于「{likely}」，疑似归类不符"
    impact = "所在类型缺少对应的目标，评价时可能按三级指标归类不当扣分"
    advice = "建议核实归类，如无特殊口径，将本行调整至「{likely}」，「{level2}」另行设置指标"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        # The verdict of a class model joins here, after the lexicon: `lexicon_verdict(ctx) or model_verdict(ctx)`.
        verdict = lexicon_verdict(ctx)
        if verdict is None:
            return
        yield self.found(
            ctx,
            "level2",
            severity=verdict.severity,
            related=[ctx.at("name")],
            evidence=[Evidence("lexicon", f"名称中的「{verdict.cue}」属于{verdict.likely}")],
            cue=verdict.cue,
            likely=ctx.project.scheme.level2_name(verdict.likely),
        )


RULE = CategoryMismatch
