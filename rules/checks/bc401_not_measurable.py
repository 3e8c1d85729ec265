"""BC401 not-measurable."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp import units
from nlp.degrees import is_named_deadline
from nlp.naming import abstract_entry, goal_phrase, is_yes_no, placeholders
from nlp.valuewords import value_words
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.measurable import measurable
from rules.support.cells import marked_qualitative
from rules.support.wording import BENEFITS, explains_measure, graded_in_description, official_grade, same_text

_DIGIT: Final = re.compile(r"\d|^零|全覆盖$|^全部$")
_WORD: Final = re.compile(r"[一-龥a-z]")
_SIGN: Final = re.compile(r"^[≥≤<>=≮≯]+")
_RESIDUE: Final = frozenset({"无", "暂无", "待定", "待填", "同上", "见附件", "/", "-"})


class NotMeasurable(RowRule):
    """指标值是一句话而不是数字，或者指标名称中没有可以衡量的内容。

    ## 为什么
    「按要求推进」无法与实际完成情况比较。确实只能定性的，应当选择「定性」或写出分级标准（如优、良、合格），
    这样填写的不会提示。名称只写「能力」「情况」「管控」而值为百分比的，不知道用什么除以什么。

    ## 反例
    ```yaml
    row: {level2: 数量指标, name: 新建停车场, value: 按工程进度推进}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 村民文化生活, value: 明显改善}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 质量指标, name: 基层医疗服务能力, value: ≥95%}
    fires: [name]
    severity: warning
    ```

    ## 正例
    ```yaml
    row: {level2: 社会效益指标, name: 村民文化生活改善程度, value: 优/良/中/差}
    ```
    ```yaml
    row: {level2: 可持续影响指标, name: 河湖管护机制, operator: 定性, value: 持续改善}
    ```
    ```yaml
    row: {level2: 质量指标, name: 基层医疗服务考核合格率, value: ≥95%}
    ```

    ## 建议的把握
    名称可衡量的只请填报人填数，名称不可衡量的换成本项目可以统计的内容；数字一律由填报人填写。

    ## 依据
    财预〔2021〕101号（绩效指标应当细化、量化）。条文未经人工核对。
    """

    code = "BC401"
    name = "not-measurable"
    title = "指标无法衡量"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING})
    handbook = ("VAL-01", "NAM-03")
    dimension = "相关性"
    opinion_code = "2"
    source = Source(DOC_101, "绩效指标应当细化、量化，不能量化的应当分级")
    fact = "三级指标「{name}」的指标值「{value}」是文字，不是数字，也没有注明定性或分级"
    impact = "没有可比较的目标，监控和自评时完成与否只能凭主观判断"
    advice = "建议填写数字和单位〔待填：目标值及单位〕；确需定性的，请注明「定性」并写出分级标准"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity = ctx.quantity
        if quantity.kind == "text":
            if _is_wording(ctx):
                yield self.found(
                    ctx,
                    "value",
                    severity=Severity.WARNING if _mild(ctx) else Severity.ERROR,
                    evidence=[Evidence("quote", ctx.text("value"))],
                )
            return
        unmeasured = quantity.kind == "ratio" or (quantity.kind == "count" and quantity.unit is None)
        if not unmeasured or marked_qualitative(ctx) or goal_phrase(ctx.name) is not None:
            return
        entry = abstract_entry(ctx.name)
        if entry is None or explains_measure(ctx):
            return
        yield self.found(
            ctx,
            "name",
            severity=Severity.WARNING,
            subcode="name",
            related=[ctx.at("value")],
            evidence=[Evidence("lexicon", f"「{entry.phrase}」：{entry.why}")],
            fact="三级指标「{name}」没有可以衡量的名词，指标值却为「{value}」",
            impact="不知道这个数字由什么除以什么得到，实际完成值无从取得",
            advice=f"建议将名称改为可以计数或计算的内容，{entry.hint}",
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from measurable(ctx, why="改为可以计数、计算或分级的内容")


def _is_wording(ctx: RowContext) -> bool:
    value = _SIGN.sub("", ctx.norm("value"))
    if not value or _DIGIT.search(value) or not _WORD.search(value) or value in _RESIDUE:
        return False
    if len(value) < 2 and ctx.quantity.trend is None:
        return False
    if (
        marked_qualitative(ctx)
        or official_grade(ctx)
        or graded_in_description(ctx)
        or is_named_deadline(ctx.norm("value"))
        or is_yes_no(ctx.name)
        or placeholders(ctx.text("value"))
    ):
        return False
    # 「≥%」 or 「公里」 alone is a value whose figure was forgotten, not a sentence.
    return value != "万" and units.lookup(value) is None


def _mild(ctx: RowContext) -> bool:
    """A trend under an effect class, or one word of a grade scale: right in kind, only without grades."""
    value = ctx.norm("value")
    if value in value_words().grades:
        return ctx.category not in ("数量", "成本", "服务对象满意度")
    return ctx.category in BENEFITS and ctx.quantity.trend is not None and not same_text(ctx, "value", "name")


RULE = NotMeasurable
