"""BC506 basis-not-a-basis."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp import units
from nlp.naming import is_basis
from nlp.text import is_not_applicable, normalise
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_edits

_VALUE: Final = re.compile(r"[≥≤<>=]*-?\d[\d.,]*(?P<unit>\D{0,6})")
_SIGNS: Final = re.compile(r"[≥≤<>=]+")


class BasisNotABasis(RowRule):
    """指标值确定依据填的是计量单位或数值，不是依据。

    ## 为什么
    依据栏应当说明目标值从哪里来。填成单位或数值往往是整列错位，审核时无从判断目标值是否合理。

    ## 反例
    ```yaml
    row: {level2: 数量指标, name: 印发防溺水手册数量, value: ≥2万册, basis: 万册}
    fires: [basis]
    severity: error
    ```
    ```yaml
    row: {level2: 质量指标, name: 手册印制合格率, value: ≥95%, basis: "%"}
    fires: [basis]
    ```

    ## 正例
    ```yaml
    row: {level2: 数量指标, name: 印发防溺水手册数量, value: ≥2万册, basis: 行业标准}
    fires: []
    ```
    ```yaml
    row: {level2: 质量指标, name: 手册印制合格率, value: ≥95%, basis: 上年合格率为95%}
    fires: []
    ```

    ## 建议的把握
    给出与类型相称的依据类型，文件名称和文号由填报人填写。

    ## 依据
    通用填报要求。
    """

    code = "BC506"
    name = "basis-not-a-basis"
    title = "确定依据填成单位或数值"
    cure = True
    severity = Severity.ERROR
    handbook = ("BAS-01",)
    dimension = "可行性"
    reads = frozenset({"basis"})
    opinion_code = "11"
    source = Source(FORM, "指标值应当写明确定依据")
    fact = "三级指标「{name}」的确定依据填写为「{basis}」，是{what}而不是依据"
    impact = "目标值的来源无从核对，疑似填报时整列错位"
    advice = "请填写确定依据的类型和文件，如计划标准、历史标准、行业标准及其名称"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.has("basis")

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        text = ctx.text("basis")
        if not text or len(text) > 16 or is_not_applicable(text) or is_basis(text):
            return
        what = _what(normalise(text))
        if what is not None:
            yield self.found(ctx, "basis", evidence=[Evidence("quote", text)], what=what)

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        text, blank = basis_text(ctx.category)
        yield Draft(
            title="写明依据的类型和文件",
            rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
            edits=row_edits(ctx, {"basis": text}),
            blanks=(blank,),
        )


def _what(text: str) -> str | None:
    if units.lookup(text) is not None:
        return "计量单位"
    if _SIGNS.fullmatch(text):
        return "计算符号"
    found = _VALUE.fullmatch(text)
    if found is not None and (not found["unit"] or units.lookup(found["unit"]) is not None):
        return "数值"
    return None


RULE = BasisNotABasis
