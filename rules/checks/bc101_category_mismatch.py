"""BC101 category-mismatch."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.finding import Evidence, Finding, Severity
from nlp.measures import management_word
from rules.engine.base import DOC_88, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_cost_added
from rules.rewriting.rows import moved, replaced
from rules.rewriting.units import ZERO, zero_cells
from rules.support.category import SURE, UNFIT, lexicon_verdict, model_evidence, model_verdict

_BARE_FACT = "三级指标「{name}」申报为「{level2}」，所考核的内容更接近「{likely}」，疑似归类不符"


class CategoryMismatch(RowRule):
    """三级指标的名称与申报的二级指标类型疑似不符。

    ## 为什么
    归类不当的指标会使本类缺少应有的目标，评价时三级指标放错二级指标通常扣分。满意度不在满意度指标、及时率放在
    成本指标为必须修改，其余为建议修改。词表不能确定的由分类模型判断：只有另一类型的把握很高、申报类型基本不可能
    时才提示，并列出可能的类型、判断依据的词语和最相近的范例；模型没有把握时不提示。完成率、覆盖率、受益人数等
    各类均有使用的名称不提示。

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

    ```yaml
    row: {level2: 可持续影响指标, name: 举办法治讲座, value: ≥12场}
    fires: [level2]
    severity: warning
    ```
    ```yaml
    row: {level2: 经济效益指标, name: 居民垃圾分类知识知晓情况, value: 有所提高}
    fires: [level2]
    severity: warning
    ```

    ## 正例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 就诊患者满意度, value: ≥95%}
    ```
    ```yaml
    row: {level2: 质量指标, name: 任务完成率, value: ≥95%}
    ```

    ## 建议的把握
    移动类型由填报人确认；原类型因此没有指标的，同时给出一条该类型的指标。

    ## 依据
    财预〔2015〕88号。条文未经人工核对。
    """

    code = "BC101"
    name = "category-mismatch"
    title = "疑似二级指标类型不符"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.ERROR, Severity.WARNING})
    handbook = ("CLS-01",)
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "name", "description", "operator", "value", "unit", "rows"})
    opinion_code = "7"
    source = Source(DOC_88, "绩效指标应当按产出、效益和满意度分类填报")
    fact = "三级指标「{name}」申报为「{level2}」，名称中的「{cue}」通常属于「{likely}」，疑似归类不符"
    impact = "所在类型缺少对应的目标，评价时可能按三级指标归类不当扣分"
    advice = "建议核实归类，如无特殊口径，将本行调整至「{likely}」，「{level2}」另行设置指标"

    @dataclass(frozen=True)
    class Options:
        """Options of BC101."""

        sure: float = SURE
        """Probability (0 to 1) of another class from which the model speaks."""
        unfit: float = UNFIT
        """Probability (0 to 1) of the filed class up to which the model speaks."""

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        by_words = lexicon_verdict(ctx)
        verdict = by_words or model_verdict(ctx, sure=self.options.sure, unfit=self.options.unfit)
        if verdict is None:
            return
        prediction = ctx.prediction
        scheme = ctx.project.scheme
        evidence: list[Evidence] = []
        if by_words is not None:
            evidence.append(Evidence("lexicon", f"名称中的「{verdict.cue}」属于{verdict.likely}"))
        if prediction is not None and prediction.category == verdict.likely:
            evidence += model_evidence(ctx, prediction)
        yield self.found(
            ctx,
            "level2",
            severity=verdict.severity,
            confidence=verdict.confidence,
            related=[ctx.at("name")],
            evidence=evidence,
            fact=None if verdict.cue else _BARE_FACT,
            cue=verdict.cue,
            likely=scheme.level2_name(verdict.likely),
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        verdict = lexicon_verdict(ctx) or model_verdict(ctx, sure=self.options.sure, unfit=self.options.unfit)
        if verdict is None:
            return
        if management_word(ctx.text("name")):
            yield from replaced(ctx, why="管理要求不属于任何绩效类型", keep=False)
            return
        likely = ctx.project.scheme.level2_name(verdict.likely)
        refill = (
            list(unit_cost_added(ctx.project, why="移走后该类没有指标")) if ctx.category == "成本" else []
        )
        why = f"名称所考核的内容更接近{likely}，请核实归类"
        if verdict.likely == "社会效益" and ctx.quantity.kind == "ratio" and (cells := zero_cells(ctx)):
            yield from moved(
                ctx, verdict.likely, why=f"{why}，0取自名称", also=cells, derived=ZERO, refill=refill
            )
        yield from moved(ctx, verdict.likely, why=why, refill=refill)
        yield from replaced(ctx, why=f"保留在{ctx.text('level2')}的，改为该类自身的指标", keep=False)


RULE = CategoryMismatch
