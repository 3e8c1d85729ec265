"""BC403 pseudo-quantified."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import abstract_entry, has_measurable_noun, head
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.measurable import measurable
from rules.support.wording import BENEFITS, explains_measure

_VAGUE = 0.9


class PseudoQuantified(RowRule):
    """效益指标用抽象名词作名称，却填了百分比，没有分子和分母。

    ## 为什么
    「影响力 ≥95%」看似量化，实际不知道 95% 由什么除以什么得到，自评时只能随意填写。描述中写明公式、问卷或
    数据来源的不提示；指数、满意度、各类比率不在此列。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 非遗文化影响力, value: ≥95%}
    fires: [name]
    severity: warning
    ```
    ```yaml
    row: {level2: 可持续影响指标, name: 基层服务水平, value: ≥90%}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 社会效益指标, name: 非遗文化知晓率, value: ≥95%}
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 非遗文化影响力, description: 知晓人数占受访人数的比例, value: ≥95%}
    ```

    ## 建议的把握
    名称改为本项目可以统计的内容，百分比沿用表内数，由填报人核实。

    ## 依据
    数据逻辑（百分比应当有分子和分母）。
    """

    code = "BC403"
    name = "pseudo-quantified"
    title = "虚假量化"
    cure = True
    severity = Severity.WARNING
    handbook = ("VAL-05",)
    dimension = "相关性"
    opinion_code = "2"
    source = Source(LOGIC, "百分比应当有明确的分子和分母")
    fact = "效益指标「{name}」以「{word}」为名称，指标值「{value}」没有分子和分母"
    impact = "实际完成值无从计算，自评时只能凭主观填写"
    advice = "请补充计算公式〔待填：分子÷分母〕和数据来源，或{hint}"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.category in BENEFITS and ctx.quantity.kind == "ratio"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if not self.eligible(ctx):
            return
        entry = abstract_entry(ctx.name)
        if entry is not None and entry.kind == "action":
            # 宣传效果提升: what is meant stands before the trend word.
            entry = abstract_entry(head(ctx.name))
        if explains_measure(ctx):
            return
        if entry is None or entry.kind != "abstract":
            yield from self._by_model(ctx)
            return
        yield self.found(
            ctx,
            "name",
            related=[ctx.at("value")],
            evidence=[
                Evidence("lexicon", f"「{entry.phrase}」：{entry.why}"),
                Evidence("quote", ctx.filed_value),
            ],
            word=entry.phrase,
            hint=entry.hint.removeprefix("写明").join(("将名称改为", "")),
        )

    def _by_model(self, ctx: RowContext) -> Iterator[Finding]:
        """Ask where the model is sure that nothing in the name can be divided, and no word says what is measured."""
        prediction = ctx.prediction
        if prediction is None or prediction.vague < _VAGUE or has_measurable_noun(ctx.text("name")):
            return
        yield self.found(
            ctx,
            "name",
            related=[ctx.at("value")],
            evidence=[
                Evidence("model", f"没有可度量对象的可能性 {prediction.vague:.2f}"),
                Evidence("quote", ctx.filed_value),
            ],
            confidence=round(prediction.vague, 2),
            fact="效益指标「{name}」疑似没有可计算的对象，指标值「{value}」看不出分子和分母",
            hint="将名称改为可统计的具体事项",
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from measurable(ctx, why="百分比需要分子和分母")


RULE = PseudoQuantified
