"""BC404 ungraded-qualitative."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.measures import is_satisfaction
from nlp.naming import is_yes_no, placeholders, vague_words
from rules.engine.base import DOC_88, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.measurable import measurable
from rules.rewriting.values import asked
from rules.support.cells import marked_qualitative
from rules.support.wording import BENEFITS, graded_in_description, official_grade, same_text

_DIGIT: Final = re.compile(r"\d")
_GRADED_TEXT: Final = re.compile(
    r"部分达成|未达成|部分达到|基本达成|优[/、,]?良|良[/、,]?中|高[/、,]中[/、,]低|[一二三四]级[/、,]|较差|一般[/、,]|分级|等级|档(?!案)"
)
_EFFECTS: Final = (*BENEFITS, "服务对象满意度")


class UngradedQualitative(RowRule):
    """效益指标用文字作目标，但没有写出分级标准。

    ## 为什么
    定性目标可以用，但要分级分档（达成、部分达成、未达成，或优、良、中、差），否则评价时无法打分。已选「定性」的
    只在使用较好、明显一类程度词时轻度提示；政策要求的「持续改善」等定性表述不提示。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 农村人居环境, value: 有所改善}
    fires: [value]
    severity: warning
    ```
    ```yaml
    row: {level2: 可持续影响指标, name: 河湖管护长效机制, operator: 定性, value: 效果较好}
    fires: [value]
    severity: info
    ```

    ## 正例
    ```yaml
    row: {level2: 社会效益指标, name: 农村人居环境改善, value: 达成/部分达成/未达成}
    ```
    ```yaml
    row: {level2: 可持续影响指标, name: 水源地水质, operator: 定性, value: 持续改善}
    ```

    ## 建议的把握
    写出三级标准，或换成可以统计的内容，由填报人选择。

    ## 依据
    财预〔2015〕88号（不能量化的目标采用分级分档的形式表述）。条文未经人工核对。
    """

    code = "BC404"
    name = "ungraded-qualitative"
    title = "定性目标未分级"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("VAL-03",)
    dimension = "相关性"
    opinion_code = "2"
    source = Source(DOC_88, "不能量化的目标应当采用分级分档的形式表述")
    fact = "{level2}「{name}」的目标是文字「{value}」，没有分级标准"
    impact = "评价时无法区分达成、部分达成和未达成，得分只能凭主观判断"
    advice = "请写出分级标准，如「达成/部分达成/未达成」，并逐级说明判断依据〔待填：各级标准〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        quantity, value = ctx.quantity, ctx.norm("value")
        if quantity.kind != "text" or quantity.grades or len(value) < 2 or ctx.category not in _EFFECTS:
            return
        if _DIGIT.search(value) or same_text(ctx, "value", "name") or placeholders(ctx.text("value")):
            return
        if (
            is_yes_no(ctx.name)
            or official_grade(ctx)
            or graded_in_description(ctx)
            or _GRADED_TEXT.search(value)
            or _GRADED_TEXT.search(ctx.norm("description"))
        ):
            return
        marked = marked_qualitative(ctx)
        if marked and not vague_words(value, ("degree",)):
            return
        if not any("一" <= char <= "龥" for char in value):
            return
        yield self.found(
            ctx,
            "value",
            severity=Severity.INFO if marked else Severity.WARNING,
            evidence=[Evidence("quote", ctx.filed_value)],
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if is_satisfaction(ctx.name):
            yield from asked(ctx, why="满意度以百分比衡量")
            return
        yield from measurable(ctx, why="定性目标分级后才能评定")


RULE = UngradedQualitative
