"""BC105 double-barrelled."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import double_barrelled
from rules.engine.base import LOGIC, RowRule, Source
from rules.engine.context import RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.rows import replaced
from rules.rewriting.split import split


class DoubleBarrelled(RowRule):
    """一个三级指标名称里有两项可以分别考核的内容。

    ## 为什么
    两项内容共用一个指标值，一项达标、一项不达标时无法判定。只有两半各自都是可考核的内容才提示；「及时」中的「及」、
    「和谐」中的「和」不是连接词。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 病历准确、及时率, value: ≥95%}
    fires: [name]
    severity: warning
    ```
    ```yaml
    row: {level2: 社会效益指标, name: 健康知识知晓率和体检参与率, value: ≥90%}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 时效指标, name: 疫苗配送及时率, value: ≥95%}
    ```
    ```yaml
    row: {level2: 服务对象满意度指标, name: 学生和家长满意度, value: ≥95%}
    ```

    ## 建议的把握
    拆成两行，指标值两行均沿用，因此不低于原目标；有权重的对半分。由填报人核实。

    ## 依据
    数据逻辑。
    """

    code = "BC105"
    name = "double-barrelled"
    title = "一个名称含两项指标"
    cure = True
    severity = Severity.WARNING
    handbook = ("CLS-05",)
    dimension = "相关性"
    reads = frozenset({"name", "operator", "value", "unit", "level2"})
    opinion_code = "5"
    source = Source(LOGIC, "一个指标只考核一项内容")
    fact = "三级指标「{name}」同时含有「{first}」和「{second}」两项内容，共用一个指标值{filed}"
    impact = "两项完成情况不一致时不能判断是否达标"
    advice = "建议拆分为「{first}」和「{second}」两个指标，分别填写类型和指标值，且不低于现有目标"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        halves = double_barrelled(ctx.text("name"))
        if halves is None:
            return
        first, second = (shorten(half, 24) for half in halves)
        yield self.found(
            ctx,
            "name",
            related=[ctx.at("value")],
            evidence=[Evidence("quote", f"「{first}」与「{second}」")],
            first=first,
            filed=f"「{ctx.words()['value']}」" if ctx.filed_value else "",
            second=second,
        )

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        halves = double_barrelled(ctx.text("name"))
        if halves is not None:
            yield from split(ctx, *halves)
            yield from replaced(ctx, why="两项内容换成一项可以统计的内容")


RULE = DoubleBarrelled
