"""BC408 value-in-name."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from models.records.quantity import Quantity
from nlp.naming import placeholders
from nlp.prose import find_numbers
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_edits

_DIGIT: Final = re.compile(r"\d")
_SIGN: Final = re.compile(
    r"(?:[≥≤＞＜><=＝≧≦]+|达到|达|不低于|不少于|不超过|不高于|超过|控制在|保持在|稳定在)\s*$"
)
_REST: Final = re.compile(r"[\s)）\]】]*(?:以上|以内|以下|左右)?[\s)）\]】。]*$")
_NOT_VALUES: Final = frozenset({"time", "age", "grade", "bandwidth", "data", "power", "temperature", "sound"})
_NOT_UNITS: Final = frozenset(
    {"期", "届", "级", "号", "路", "批", "批次", "轮", "标段", "M", "组", "类", "次", "年"}
)


class ValueInName(RowRule):
    """指标名称中写了目标值或计算符号。

    ## 为什么
    名称和指标值各写一遍，改一处漏一处就互相矛盾；年度比较时名称也会变来变去。名称中的年龄、年份、电话号码、
    设备规格等限定语不算目标值。

    ## 反例
    ```yaml
    row: {level2: 社会效益指标, name: 禁毒知识知晓率达到90%, value: ≥90%}
    fires: [name]
    severity: info
    ```
    ```yaml
    row: {level2: 数量指标, name: 新建公共厕所20座, value: ≥20座}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 数量指标, name: 65岁以上老年人体检人数, value: ≥3000人}
    ```
    ```yaml
    row: {level2: 时效指标, name: 12345热线按时办结率, value: ≥95%}
    ```

    ## 建议的把握
    只删去名称中的目标值，指标值不变。

    ## 依据
    通用填报要求（名称与指标值分开填写）。
    """

    code = "BC408"
    name = "value-in-name"
    title = "名称含目标值"
    cure = True
    severity = Severity.INFO
    handbook = ("NAM-04",)
    dimension = "完整性"
    reads = frozenset({"name", "value", "operator", "unit"})
    opinion_code = "11"
    source = Source(FORM, "指标名称与指标值应当分开填写")
    fact = "三级指标「{name}」的名称中写了目标值「{quoted}」"
    impact = "名称与指标值重复，修改时容易前后矛盾，也不便于跨年度比较"
    advice = "建议将「{quoted}」从名称中移出，目标值只填写在指标值中"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        name = ctx.text("name")
        if not _DIGIT.search(name) or placeholders(name):
            return
        for figure in find_numbers(name):
            span = _as_value(name, figure)
            if span is not None:
                yield self.found(
                    ctx,
                    "name",
                    span=span,
                    related=[ctx.at("value")],
                    evidence=[Evidence("quote", name[slice(*span)])],
                    quoted=name[slice(*span)].strip("()（）。 "),
                )
                return

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        if finding.location.span is None:
            return
        name = ctx.text("name")
        start, end = finding.location.span
        rest = (name[:start] + name[end:]).rstrip("达到为不低于少超过高大小至（(，,：: ")
        if len(rest) >= 3:
            yield Draft(
                title="把目标值移出名称",
                rationale="目标值只在指标值中填写" if ctx.quantity.is_number else "目标值请填写在指标值中",
                edits=row_edits(ctx, {"name": rest}),
            )


def _as_value(name: str, figure: Quantity) -> tuple[int, int] | None:
    """Return the span of the target inside the name; None for a figure that only qualifies it."""
    if figure.number_span is None or figure.kind in ("date", "text"):
        return None
    start = figure.number_span[0]
    end = max(span[1] for span in (figure.number_span, figure.unit_span) if span is not None)
    if _REST.match(name, end) is None or name[:start].endswith("第"):
        return None
    sign = _SIGN.search(name[:start])
    if sign is not None:
        return sign.start(), len(name)
    inside = name.count("(", 0, start) + name.count("（", 0, start) > name.count(")", 0, start) + name.count(
        "）", 0, start
    )
    if inside or figure.unit is None or figure.unit in _NOT_UNITS or figure.dimension in _NOT_VALUES:
        return None
    return (start, len(name)) if start >= 3 else None


RULE = ValueInName
