"""BC202 value-repeats-name."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.measurable import measurable
from rules.support.cells import marked_qualitative
from rules.support.repeats import repeats_name

_SHORTEST_DESCRIPTION = 4


class ValueRepeatsName(RowRule):
    """指标值只是重复三级指标名称或描述。

    ## 为什么
    指标值是考核的标准。把名称再写一遍没有给出标准，无法判断是否完成。

    ## 反例
    ```yaml
    row: {level2: 时效指标, name: 按期开馆, value: 按期开馆}
    fires: [value]
    severity: error
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 阅读环境, description: 改善基层阅读环境, value: 改善基层阅读环境}
    fires: [value]
    ```

    ## 正例
    ```yaml
    row: {level2: 时效指标, name: 按期开馆, value: 6月底前}
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 阅读环境改善, description: 优/良/中/差, value: 优/良/中/差}
    ```

    ## 建议的把握
    只给出指标值的形式，数字由填报人填写；名称不可衡量的换成可以统计的内容。

    ## 依据
    财预〔2021〕101号。条文未经人工核对。
    """

    code = "BC202"
    name = "value-repeats-name"
    title = "指标值重复名称"
    cure = True
    severity = Severity.ERROR
    handbook = ("VAL-02",)
    dimension = "相关性"
    opinion_code = "4"
    source = Source(DOC_101, "绩效指标应当有明确的指标值")
    fact = "三级指标「{name}」的指标值「{value}」与{what}相同"
    impact = "没有考核标准，监控和评价时无法判断是否完成"
    advice = "请将指标值改为可核对的目标〔待填：计算符号、数值及单位〕；确需定性的，请分级写明达成、部分达成、未达成的标准"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        if not ctx.norm("value"):
            return
        if repeats_name(ctx, "value"):
            yield self._found(ctx, "name", "名称")
        elif (
            ctx.has("description")
            and len(ctx.norm("value")) >= _SHORTEST_DESCRIPTION
            and ctx.norm("value") == ctx.norm("description")
            and ctx.quantity.kind == "text"
            and not marked_qualitative(ctx)
        ):
            yield self._found(ctx, "description", "描述")

    def _found(self, ctx: RowContext, field: str, what: str) -> Finding:
        return self.found(
            ctx,
            "value",
            related=[ctx.at(field)],
            evidence=[
                Evidence(
                    "quote", "{}：「{}」；指标值：「{}」".format(what, ctx.text(field), ctx.text("value"))
                )
            ],
            what=what,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        yield from measurable(ctx, why="指标值不重复名称，改为可以计数、计算或分级的内容")


RULE = ValueRepeatsName
