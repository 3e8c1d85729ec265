"""BC409 respondent-unnamed."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of
from nlp.naming import is_satisfaction, names_respondent
from nlp.subject import served, together
from rules.engine.base import DOC_101, RowRule, Source
from rules.engine.context import RowContext
from rules.engine.draft import Draft
from rules.rewriting.blanks import text_blank
from rules.rewriting.cells import row_edits

_BEFORE: Final = re.compile(r"满意")


class RespondentUnnamed(RowRule):
    """满意度指标没有写明调查的是谁。

    ## 为什么
    「服务对象满意度」照抄了指标类别的名称，调查时可以任选对象，结果无法核对。

    ## 反例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 服务对象满意度, value: ≥95%}
    fires: [name]
    severity: info
    ```
    ```yaml
    row: {level2: 服务对象满意度指标, name: 相关人员满意度, value: ≥90%}
    fires: [name]
    ```

    ## 正例
    ```yaml
    row: {level2: 服务对象满意度指标, name: 住院患者满意度, value: ≥95%}
    ```
    ```yaml
    row: {level2: 服务对象满意度指标, name: 服务对象满意度, description: 接受免费体检的老年人满意人数占受访人数的比例, value: ≥95%}
    ```

    ## 建议的把握
    对象取自本项目的其他指标，取不到的由填报人填写。

    ## 依据
    财预〔2021〕101号（满意度指标反映服务对象的认可程度）。条文未经人工核对。
    """

    code = "BC409"
    name = "respondent-unnamed"
    title = "满意度对象不明"
    cure = True
    severity = Severity.INFO
    handbook = ("NAM-06",)
    dimension = "完整性"
    opinion_code = "2"
    source = Source(DOC_101, "满意度指标应当明确服务对象")
    fact = "三级指标「{name}」没有写明调查对象"
    impact = "调查谁、抽多少人由事后决定，满意度结果难以采信"
    advice = "建议将名称中的对象写具体，如〔待填：受益群体〕满意度，并在描述中注明调查方式"

    def eligible(self, ctx: RowContext) -> bool:
        return is_satisfaction(ctx.name)

    def check(self, ctx: RowContext) -> Iterator[Finding]:
        name = ctx.text("name")
        if (
            not is_satisfaction(name)
            or names_respondent(name)
            or any_of("targets", "own_respondents").search(ctx.name)
        ):
            return
        description = ctx.text("description")
        if ctx.norm("description") != ctx.norm("name") and _names_group(description):
            return
        yield self.found(ctx, "name", evidence=[Evidence("quote", ctx.name)])

    def cures(self, ctx: RowContext, finding: Finding) -> Iterator[Draft]:
        others = tuple(row.text("name") for row in ctx.project.live_rows if row is not ctx)
        who = served(others, ctx.project.project.budget.purpose.text)
        if who is not None:
            who = together(who, ctx.project.project.budget.purpose.text)
            yield Draft(
                title=f"写明调查对象「{who}」",
                rationale="对象取自本项目的其他指标或资金用途，请核实",
                edits=row_edits(ctx, {"name": f"{who}满意度"}),
            )
        blank = text_blank("受益群体，如参保户、参训学员", "参训学员")
        yield Draft(
            title="写明调查对象",
            rationale="满意度应当写明调查谁",
            edits=row_edits(ctx, {"name": f"{blank}满意度"}),
            blanks=(blank,),
        )


def _names_group(text: str) -> bool:
    """Whether a description names a group (its clause need not speak of satisfaction)."""
    return any_of("satisfaction", "groups").search(text) is not None or (
        _BEFORE.search(text) is not None and names_respondent(text)
    )


RULE = RespondentUnnamed
