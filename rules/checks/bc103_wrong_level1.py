"""BC103 wrong-level1."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import ending, head, words
from nlp.naming import double_barrelled, side
from nlp.scheme import label_key
from rules.engine.base import DOC_88, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import class_cells, row_edits
from rules.rewriting.rows import moved
from rules.support.category import UNFIT, is_own_action, model_evidence, model_verdict
from rules.support.cells import CEILINGS

_BENEFITS = ("经济效益", "社会效益", "生态效益", "可持续影响")
_SATISFACTION = frozenset({"满意度", "满意率", "满意程度"})


class WrongLevel1(RowRule):
    """把本单位自己开展工作的次数、份数填在效益指标下。

    ## 为什么
    开展多少次、发放多少份是产出，不是效益。产出填在效益下，效益就没有目标，评价时产出与效益重复的一侧不得分。
    受益人数、就业人数、减少的事故起数等是效果，不提示。没有二级指标的表格，满意度名称填在产出或效益下也属此类。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 防溺水宣传次数, value: ≥6次}
    fires: [level1]
    severity: error
    ```
    ```yaml
    row: {level2: 经济效益指标, name: 农技培训力度, value: ≥4场}
    fires: [level1]
    severity: warning
    ```

    ## 正例
    ```yaml
    row: {level2: 社会效益指标, name: 带动就业人数, value: ≥60人}
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 医疗纠纷减少数, value: ≥3件}
    ```

    ## 建议的把握
    移动由填报人确认；效益因此没有指标的，同时给出一条本项目的效益指标。

    ## 依据
    财预〔2015〕88号。条文未经人工核对。
    """

    code = "BC103"
    name = "wrong-level1"
    title = "疑似一级指标类型不符"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.ERROR, Severity.WARNING})
    handbook = ("CLS-02",)
    dimension = "完整性"
    reads = frozenset({"level1", "level2", "name", "description", "operator", "value", "unit", "rows"})
    opinion_code = "6"
    source = Source(DOC_88, "产出指标反映提供的产品和服务，效益指标反映产出带来的效果")
    fact = "三级指标「{name}」填在「{level1}」下，指标值「{value}」为工作的{unit_word}数，疑似属于产出"
    impact = "产出与效益重复，「{level2}」没有实际的效益目标，评价时可能不得分"
    advice = "建议核实后将本行调整至产出指标下的「{quantity_class}」，「{level2}」改填产出带来的变化〔待填：指标及数值〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if not label_key(ctx.text("level2")):
            yield from self._satisfaction(ctx)
            return
        found = list(self._by_words(ctx))
        yield from found or self._by_model(ctx)

    def _by_words(self, ctx: RowContext) -> Iterator[Finding]:
        if ctx.category not in _BENEFITS or ctx.group not in (None, "效益"):
            return
        quantity = ctx.quantity
        if quantity.kind != "count" or quantity.unit not in words("own_actions", "units") or quantity.per:
            return
        if quantity.operator in CEILINGS or not quantity.number:
            return
        word = is_own_action(ctx.text("name"))
        if word is None or side(ctx.text("name")) == "效益":
            return
        certain = side(ctx.text("name")) == "产出"
        yield self.found(
            ctx,
            "level1",
            severity=Severity.ERROR if certain else Severity.WARNING,
            related=[ctx.at("level2"), ctx.at("name"), ctx.at("value")],
            evidence=[
                Evidence("lexicon", f"「{word}」是本单位开展的工作，「{quantity.unit}」是工作次数的单位")
            ],
            unit_word=quantity.unit,
            quantity_class=ctx.project.scheme.level2_name("数量"),
        )

    def _by_model(self, ctx: RowContext) -> Iterator[Finding]:
        """Say that the branch is wrong where no class of the filed branch is likely."""
        verdict, prediction = model_verdict(ctx), ctx.prediction
        if verdict is None or prediction is None or ctx.group is None:
            return
        scheme = ctx.project.scheme
        likely = scheme.parent_group(verdict.likely)
        rest = max(
            (share for name, share in prediction.ranked if scheme.parent_group(name) == ctx.group),
            default=0.0,
        )
        if likely == ctx.group or rest > UNFIT:
            return
        yield self.found(
            ctx,
            "level1",
            severity=Severity.WARNING,
            confidence=verdict.confidence,
            related=[ctx.at("level2"), ctx.at("name")],
            evidence=model_evidence(ctx, prediction),
            fact="三级指标「{name}」填在「{level1}」下，所考核的内容更接近「{branch}」，疑似一级指标不符",
            impact="「{level1}」没有实际的目标，评价时可能按指标归类不当扣分",
            advice="建议核实，如无特殊口径，将本行调整至「{branch}」下的「{likely}」",
            branch=scheme.level1_name(likely),
            likely=scheme.level2_name(verdict.likely),
        )

    def _satisfaction(self, ctx: RowContext) -> Iterator[Finding]:
        cue = ending(head(ctx.text("name")), _SATISFACTION)
        if cue is None or ctx.group not in ("产出", "成本", "效益") or double_barrelled(ctx.text("name")):
            return
        # Forms without a satisfaction branch keep satisfaction under 效益 or 效果.
        if not any(branch.group == "满意度" for branch in ctx.project.scheme.level1):
            return
        yield self.found(
            ctx,
            "level1",
            severity=Severity.ERROR,
            related=[ctx.at("name")],
            evidence=[Evidence("lexicon", f"名称以「{cue}」结尾")],
            fact="三级指标「{name}」填在「{level1}」下，名称表明其为满意度",
            impact="满意度没有单独的一级指标，汇总和评价时不能识别",
            advice="建议核实后将本行调整至「{branch}」",
            branch=ctx.project.scheme.level1_name("满意度"),
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if not label_key(ctx.text("level2")):
            yield Draft(
                title="调整一级指标",
                rationale="名称表明其为满意度",
                edits=row_edits(ctx, {"level1": class_cells(ctx.project, "服务对象满意度")["level1"]}),
            )
            return
        verdict = model_verdict(ctx)
        target = (
            "数量"
            if verdict is None or not list(self._by_model(ctx)) or list(self._by_words(ctx))
            else verdict.likely
        )
        yield from moved(ctx, target, why="该行反映的内容属于另一类，请核实归类")


RULE = WrongLevel1
