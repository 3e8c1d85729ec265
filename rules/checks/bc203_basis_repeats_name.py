"""BC203 basis-repeats-name."""

import re
from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import FORM, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_edits
from rules.support.repeats import repeats_name

_NAMES_A_STANDARD = re.compile(r"(?:标准|定额|办法|规定|规划|规范|方案|文件|通知|意见|条例|合同|协议)$")


class BasisRepeatsName(RowRule):
    """指标值确定依据只是重复三级指标名称。

    ## 为什么
    依据说明指标值从哪里来：计划、历史、行业标准或支出标准。填成名称等于没有依据，指标值高低无从核对。

    ## 反例
    ```yaml
    row: {level2: 质量指标, name: 管网漏损改善情况, value: ≥90%, basis: 管网漏损改善情况}
    fires: [basis]
    severity: error
    ```
    ```yaml
    row: {level2: 时效指标, name: 按时供暖, value: 11月15日前, basis: 按时供暖。}
    fires: [basis]
    ```

    ## 正例
    ```yaml
    row: {level2: 质量指标, name: 管网漏损改善情况, value: ≥90%, basis: 行业标准}
    ```
    ```yaml
    row: {level2: 成本指标, name: 护林员补助标准, value: ≤800元/人·月, basis: 预算支出标准}
    ```

    ## 建议的把握
    给出与类型相称的依据类型，文件名称和文号由填报人填写。

    ## 依据
    通用填报要求（依据栏填写标准类型和文件）。
    """

    code = "BC203"
    name = "basis-repeats-name"
    title = "依据重复名称"
    cure = True
    severity = Severity.ERROR
    handbook = ("BAS-01",)
    dimension = "可行性"
    opinion_code = "11"
    source = Source(FORM, "指标值确定依据应当填写标准类型，宜写明文件")
    fact = "三级指标「{name}」的指标值确定依据与名称相同"
    impact = "看不出指标值的来源，目标高低无法核对"
    advice = "请将依据改为计划标准、历史标准、行业标准、预算支出标准之一，并写明〔待填：文件名称或历史数据〕"

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        # 「…补助标准」 may be named after the very standard that is its basis.
        if _NAMES_A_STANDARD.search(ctx.norm("basis")) is None and repeats_name(ctx, "basis"):
            yield self.found(
                ctx,
                "basis",
                related=[ctx.at("name")],
                evidence=[Evidence("quote", "依据：「{}」".format(ctx.text("basis")))],
            )

    def eligible(self, ctx: RowContext) -> bool:
        return ctx.has("basis") and bool(ctx.norm("basis"))

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        text, blank = basis_text(ctx.category)
        yield Draft(
            title="写明依据的类型和文件",
            rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
            edits=row_edits(ctx, {"basis": text}),
            blanks=(blank,),
        )


RULE = BasisRepeatsName
