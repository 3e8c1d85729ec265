"""BC508 basis-kind-mismatch."""

from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import basis_kind, basis_names_document, is_bare_kind, is_money_name
from rules.engine.base import DOC_101, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_at, row_edits
from rules.support.category import lexicon_verdict

_NOT_FOR_COST: Final = frozenset({"行业标准", "历史标准", "计划标准", "国际标准", "其他标准"})
_SPENDING: Final = "预算支出标准"


class BasisKindMismatch(ProjectRule):
    """确定依据的类型与指标类别不相称：成本指标没有引用预算支出标准，或计划标准没有写明文件。

    ## 为什么
    成本的上限来自支出标准、合同或测算，行业标准一般不规定花多少钱；计划标准要有计划文件才能核对。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 成本指标, name: 每公里管护成本, value: ≤8000元/公里, basis: 行业标准}
        - {level2: 数量指标, name: 管护里程, value: ≥120公里, basis: 计划标准}
    fires: ["rows[0].basis", "rows[1].basis"]
    severity: info
    ```
    ```yaml
    project:
      rows:
        - {level2: 质量指标, name: 管护合格率, value: ≥95%, basis: 预算支出标准}
    fires: ["rows[0].basis"]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 成本指标, name: 每公里管护成本, value: ≤8000元/公里, basis: 预算支出标准}
        - {level2: 数量指标, name: 管护里程, value: ≥120公里, basis: 计划标准（2024年农村公路管护计划）}
    fires: []
    ```
    ```yaml
    project:
      rows:
        - {level2: 成本指标, name: 每公里管护成本, value: ≤8000元/公里, basis: 管护合同}
        - {level2: 质量指标, name: 管护合格率, value: ≥95%, basis: 行业标准}
    fires: []
    ```

    ## 建议的把握
    给出与类型相称的依据类型，文件名称和文号由填报人填写。

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC508"
    name = "basis-kind-mismatch"
    title = "确定依据类型与指标不相称"
    cure = True
    severity = Severity.INFO
    handbook = ("BAS-03",)
    dimension = "可行性"
    opinion_code = "11"
    source = Source(DOC_101, "成本指标的目标值应以预算支出标准等为依据")
    fold = "always"
    fold_advice = "成本指标请改引预算支出标准、合同或测算依据；计划标准请写明计划文件名称"
    fact = "成本指标「{row}」的确定依据为「{filed}」，没有引用预算支出标准或测算依据"
    impact = "成本上限从何而来无从核对"
    advice = "建议改引预算支出标准、合同或测算依据，并写明文件名称"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        for row in ctx.live_rows:
            rest = row.once(self.code, _mismatch)
            if rest is None:
                continue
            text = row.text("basis")
            yield self.found(
                ctx,
                location=row.at("basis"),
                related=[row.at("name")],
                evidence=[Evidence("lexicon", text)],
                row=row.text("name"),
                level=row.text("level2") or "指标",
                filed=text,
                **rest,  # type: ignore[arg-type]
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        text, blank = basis_text(row.category)
        yield Draft(
            title="改引相称的依据并写明文件",
            rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
            edits=row_edits(row, {"basis": text}),
            blanks=(blank,),
        )


def _mismatch(row: RowContext) -> dict[str, str] | None:
    """Return the texts that replace the rule's own where the basis does not suit the row, None where it does."""
    text = row.text("basis")
    if not text or (kind := basis_kind(text)) is None or basis_names_document(text):
        return None
    if row.category == "成本":
        if kind not in _NOT_FOR_COST or not is_bare_kind(text):
            return None
        verdict = lexicon_verdict(row)
        # BC101 moves the row; a cost standard would not help it there.
        return None if verdict is not None and verdict.severity is Severity.ERROR else {}
    if kind == _SPENDING and row.category is not None and not is_money_name(row.name):
        return {
            "fact": "{level}「{row}」的确定依据为「{filed}」，预算支出标准只适用于成本指标",
            "impact": "该依据不能说明目标值的高低",
            "advice": "建议改填计划标准、历史标准或行业标准，并写明文件名称",
        }
    if kind == "计划标准" and is_bare_kind(text):
        return {
            "fact": "{level}「{row}」的确定依据只写「{filed}」，没有写明计划文件",
            "impact": "目标值是否符合计划无从核对",
            "advice": "建议写明计划文件的名称和文号",
        }
    return None


RULE = BasisKindMismatch
