"""BC507 unspecific-basis."""

from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import basis_kind, is_bare_kind
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_edits

_NAMELESS: Final = frozenset({"行业标准", "国家标准", "地方标准", "国际标准", "其他标准"})


class UnspecificBasis(RowRule):
    """确定依据只写「行业标准」等类型，没有写明是哪一项标准。

    ## 为什么
    只写类型，审核时无法找到标准核对目标值；整列都写「行业标准」时，多数指标其实没有行业标准可依。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 水质检测合格率, value: ≥98%, basis: 行业标准}
    fires: [basis]
    severity: warning
    ```
    ```yaml
    row: {level2: 质量指标, name: 水质检测合格率, value: ≥98%, basis: 国家标准。}
    fires: [basis]
    ```

    ## 正例
    ```yaml
    row: {level2: 质量指标, name: 水质检测合格率, value: ≥98%, basis: 行业标准（GB 5749-2022）}
    fires: []
    ```
    ```yaml
    row: {level2: 数量指标, name: 检测水样份数, value: ≥300份, basis: 2024年度水质检测工作计划}
    fires: []
    ```

    ## 建议的把握
    给出与类型相称的依据类型，文件名称和文号由填报人填写。

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC507"
    name = "unspecific-basis"
    title = "确定依据不具体"
    cure = True
    severity = Severity.WARNING
    handbook = ("BAS-02",)
    dimension = "可行性"
    reads = frozenset({"basis"})
    opinion_code = "11"
    source = Source(DOC_101, "指标值应有计划标准、行业标准、历史标准等依据支撑")
    fold = "always"
    fold_advice = "请逐行写明所依据标准的名称和文号；没有行业标准的，改填计划、历史数据或预算支出标准及其出处"
    fact = "三级指标「{name}」的确定依据只写「{basis}」，没有写明标准名称"
    impact = "目标值高低无从核对"
    advice = "请写明标准的名称和文号；没有行业标准的，改填计划、历史数据或预算支出标准及其出处"

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.has("basis")

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        text = ctx.text("basis")
        if text and basis_kind(text) in _NAMELESS and is_bare_kind(text):
            yield self.found(ctx, "basis", evidence=[Evidence("lexicon", text)])

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        text, blank = basis_text(ctx.category)
        yield Draft(
            title="写明依据的类型和文件",
            rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
            edits=row_edits(ctx, {"basis": text}),
            blanks=(blank,),
        )


RULE = UnspecificBasis
