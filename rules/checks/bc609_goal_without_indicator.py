"""BC609 goal-without-indicator."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.linking import same_object
from nlp.naming import is_count, is_rate
from nlp.text import normalise
from rules.engine.base import DOC_101, ProjectRule, Source
from rules.engine.context import ProjectContext
from rules.engine.draft import Draft
from rules.rewriting.cells import text_at
from rules.rewriting.goals import row_for_goal
from rules.support.figures import figures, is_covered, is_deliverable

_TEMPLATE: Final = re.compile(
    r"^\s*(?:\d{1,2}\s*[.．、)）])?\s*(?:目标内容|绩效目标|目标)?\s*\d{0,2}\s*[:：、.．]?\s*"
)
_SENTENCE: Final = re.compile(r"[，,。；;：:\n]")
_LONGEST_NAME: Final = 16


class GoalWithoutIndicator(ProjectRule):
    """绩效目标中写明的产出没有对应的指标。

    ## 为什么
    目标写了要交付的东西，却没有指标来衡量，完成与否无从核对，评价时该目标视为不可考核。

    ## 反例
    ```yaml
    project:
      goals: [1.发放防溺水手册600余份, 2.举办安全讲座12场]
      rows: [{level2: 数量指标, name: 安全讲座场次, value: ≥12场}]
    fires: ["goals[0]"]
    severity: warning
    ```
    ```yaml
    project:
      goals: [1.困境儿童走访人次, 2.丰富儿童生活]
      rows: [{level2: 数量指标, name: 举办夏令营期数, value: ≥2期}]
    fires: ["goals[0]"]
    ```

    ## 正例
    ```yaml
    project:
      goals: [1.发放防溺水手册600余份, 2.走访困境儿童, 3.困境儿童走访人次]
      rows:
        - {level2: 数量指标, name: 印制防溺水手册, value: ≥600份}
        - {level2: 数量指标, name: 走访困境儿童人次, value: ≥200人次}
    fires: []
    ```
    ```yaml
    project:
      goals: [保障辖区12个乡镇300所学校供暖, 2024年底前完成]
      rows: [{level2: 质量指标, name: 供暖温度达标率, value: ≥98%}]
    fires: []
    ```

    ## 建议的把握
    补一行指标，目标写明数字的沿用，其余由填报人填写。

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC609"
    name = "goal-without-indicator"
    title = "目标没有对应指标"
    cure = True
    severity = Severity.WARNING
    handbook = ("GOAL-02",)
    dimension = "相关性"
    reads = frozenset(
        {"level1", "level2", "name", "operator", "value", "unit", "rows", "description", "goals"}
    )
    opinion_code = "3"
    confident = False
    source = Source(DOC_101, "绩效目标应通过绩效指标细化和量化")
    fact = "绩效目标「{clause}」没有对应的三级指标"
    impact = "该目标完成与否无从核对"
    advice = "建议补充相应的指标{value}；已并入其他指标的，请核实名称是否一致"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        rows = ctx.live_rows
        if not rows:
            return
        for k, cell in enumerate(ctx.project.goals):
            missed = [
                figure
                for figure in figures(cell.text)
                if is_deliverable(figure) and not is_covered(figure, rows)
            ]
            if missed:
                yield self.found(
                    ctx,
                    location=ctx.at_goal(k, missed[0].span),
                    subcode="figure",
                    evidence=[Evidence("quote", figure.text) for figure in missed],
                    clause="」「".join(figure.shown for figure in missed),
                    value="，并沿用目标中的数字（请核实）",
                )
                continue
            text = _TEMPLATE.sub("", cell.text).strip("。；; ")
            if self._is_measure(text) and not self._covered(ctx, text):
                yield self.found(
                    ctx,
                    location=ctx.at_goal(k),
                    subcode="measure",
                    evidence=[Evidence("lexicon", text)],
                    clause=text,
                    value="〔待填：目标值及单位〕",
                )

    @staticmethod
    def _is_measure(text: str) -> bool:
        """Whether the whole goal item is the name of a count or a rate (困境儿童走访人次)."""
        name = normalise(text)
        if (
            not 4 <= len(name) <= _LONGEST_NAME
            or _SENTENCE.search(text)
            or any(char.isdigit() for char in name)
        ):
            return False
        return is_count(text) or is_rate(text)

    @staticmethod
    def _covered(ctx: ProjectContext, text: str) -> bool:
        """Whether a row measures that: the same object, and a count for a count, a rate for a rate."""
        rate = is_rate(text)
        for row in ctx.live_rows:
            score = max(same_object(text, row.text("name")), same_object(text, row.text("description")))
            alike = (row.quantity.kind == "ratio") == rate
            if score >= 0.85 or (score >= 0.45 and alike):
                return True
        return False

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        text = text_at(ctx.document, finding.location.path)
        yield from row_for_goal(ctx, text, finding.location.span)


RULE = GoalWithoutIndicator
