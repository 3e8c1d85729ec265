"""BC308 inconsistent-unit."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from models.records.finding import Evidence, Finding, Severity
from nlp.linking import clause_at
from nlp.prose import find_numbers
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.units import in_unit
from rules.support.cells import number_text
from rules.support.same_thing import (
    counts_pieces,
    object_score,
    same_beneficiaries,
    same_but_for_counting_word,
    units_disagree,
)


@dataclass(frozen=True, slots=True)
class Options:
    """选项。"""

    same_object: float = 0.9
    """两段文字视为同一对象的最低相似度（0 到 1）。"""


class InconsistentUnit(ProjectRule):
    """同一项目中，同一件事使用了不同的计量单位，如户与人、张与份。

    ## 为什么
    目标写「120户」、指标写「120人」，一户不止一人，两处的任务量相差数倍，验收时无所适从。只在对象相同且数字相同，
    或者名称只差「人数」「户数」时提示。

    ## 反例
    ```yaml
    project:
      goals: [1.慰问困难职工120户]
      rows: [{level2: 数量指标, name: 慰问困难职工, value: ≥120人}]
    fires: ["rows[0].value"]
    severity: warning
    ```
    ```yaml
    project:
      goals: [1.农房保险参保人数]
      rows: [{level2: 数量指标, name: 农房保险参保户数, value: ≥9000户}]
    fires: ["rows[0].name"]
    ```

    ## 正例
    ```yaml
    project:
      goals: [1.慰问困难职工120人]
      rows: [{level2: 数量指标, name: 慰问困难职工, value: ≥120人}]
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 危房改造户数, value: ≥20户}
        - {level2: 社会效益指标, name: 危房改造受益人数, value: ≥75人}
    ```

    ## 建议的把握
    计量单位统一为另一处的写法，数字不变，由填报人确认以哪个为准。

    ## 依据
    数据逻辑（同一对象使用同一计量单位）。
    """

    code = "BC308"
    name = "inconsistent-unit"
    title = "计量单位前后不一"
    cure = True
    severity = Severity.WARNING
    handbook = ("UNI-04",)
    dimension = "适当性"
    reads = frozenset({"level1", "level2", "name", "operator", "value", "unit", "rows", "goals"})
    opinion_code = "4"
    source = Source(LOGIC, "同一对象应当使用同一计量单位")
    Options = Options
    fact = "三级指标「{name}」的指标值为「{value}」，{where}写的是「{other}」，单位不一致"
    impact = "户、人、个等单位的任务量不同，验收时无法确定以哪个为准"
    advice = "请核实两处是否为同一对象，并统一计量单位"
    confident = False

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        rows = [row for row in ctx.live_rows if counts_pieces(row.quantity)]
        yield from self._against_goals(ctx, rows)
        for first, second in combinations(rows, 2):
            if first.quantity.number != second.quantity.number or not units_disagree(
                first.quantity, second.quantity
            ):
                continue
            same = object_score(first.name, second.name) >= self.options.same_object
            helped = first.group != second.group and same_beneficiaries(
                first.name, first.quantity, second.name, second.quantity
            )
            if same or helped:
                yield self.found(
                    second,
                    "value",
                    span=second.quantity.unit_span,
                    subcode="rows",
                    related=[first.at("value")],
                    evidence=[Evidence("quote", f"{first.filed_value} / {second.filed_value}")],
                    fact=None if same else "疑似同一批对象：" + self.fact,
                    where=f"三级指标「{first.words()['name']}」",
                    other=first.filed_value,
                )

    def _against_goals(self, ctx: ProjectContext, rows: list[RowContext]) -> Iterator[Finding]:
        for k, goal in enumerate(ctx.project.goals):
            figures = [item for item in find_numbers(goal.text) if counts_pieces(item) and item.number_span]
            for row in rows:
                words = same_but_for_counting_word(goal.text, row.name)
                if words is not None:
                    yield self.found(
                        row,
                        "name",
                        subcode="goal-words",
                        related=[ctx.at_goal(k), row.at("value")],
                        evidence=[Evidence("quote", f"{words[0]} / {words[1]}")],
                        where="绩效目标",
                        other=words[0],
                    )
                    continue
                for figure in figures:
                    assert figure.number_span is not None
                    if figure.number != row.quantity.number or not units_disagree(figure, row.quantity):
                        continue
                    start, end = clause_at(goal.text, *figure.number_span)
                    if object_score(goal.text[start:end], row.name) < self.options.same_object:
                        continue
                    yield self.found(
                        row,
                        "value",
                        span=row.quantity.unit_span,
                        subcode="goal",
                        related=[ctx.at_goal(k, figure.number_span)],
                        evidence=[Evidence("quote", goal.text[start:end])],
                        where="绩效目标",
                        other=number_text(figure),
                    )
                    break

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        if finding.subcode == "goal-words":
            words = next(
                (
                    found
                    for goal in ctx.project.goals
                    if (found := same_but_for_counting_word(goal.text, row.name))
                ),
                None,
            )
            if words is not None:
                yield from in_unit(row, words[0].removesuffix("数"), "与绩效目标一致")
            return
        if finding.subcode == "rows":
            first = row_at(ctx, finding.related[0].path)
            if first is not None and first.quantity.unit:
                yield from in_unit(row, first.quantity.unit, f"与「{first.words()['name']}」一致")
                if row.quantity.unit:
                    yield from in_unit(first, row.quantity.unit, f"与「{row.words()['name']}」一致")
            return
        for goal in ctx.project.goals:
            for figure in find_numbers(goal.text):
                if figure.number == row.quantity.number and figure.unit and figure.unit != row.quantity.unit:
                    yield from in_unit(row, figure.unit, "与绩效目标一致")
                    return


RULE = InconsistentUnit
