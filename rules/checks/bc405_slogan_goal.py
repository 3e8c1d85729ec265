"""BC405 slogan-goal."""

from collections.abc import Iterator

from models.records.document import Cell
from models.records.finding import Edit, Evidence, Finding, Location, Severity
from nlp.naming import slogan
from rules.engine.base import DOC_88, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, shorten
from rules.engine.draft import Draft
from rules.engine.paths import split_path
from rules.rewriting.cells import text_at
from rules.rewriting.goals import goal_asked, goal_from_rows


class SloganGoal(DocumentRule):
    """绩效目标只是套话，任何项目都可以这样写。

    ## 为什么
    「保障各项工作顺利开展」没有说明为谁做什么、做到什么程度，指标无从分解。整句都是套话才提示；写明了对象、
    数量或具体事项的不提示。

    ## 反例
    ```yaml
    project:
      goals: [1.保障各项工作顺利开展]
    fires: ["goals[0]"]
    severity: warning
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 乡镇卫生院运转经费, goal: 便于日常工作正常开展, indicator: 确保工作开展顺利}]
      projects: [{name: 乡镇卫生院运转经费}]
    fires: ["department.items[0]"]
    ```

    ## 正例
    ```yaml
    project:
      goals: [1.为全县65岁以上老年人免费体检1次]
    ```
    ```yaml
    project:
      goals: [1.保障12所乡镇卫生院冬季取暖]
    ```

    ## 建议的把握
    用本表指标已有的名称和数字写成目标，由填报人补充核实；部门部分的目标不代写。

    ## 依据
    财预〔2015〕88号（绩效目标应当指向明确、具体细化）。条文未经人工核对。
    """

    code = "BC405"
    name = "slogan-goal"
    title = "目标是套话"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("GOAL-03",)
    dimension = "相关性"
    reads = frozenset({"goals"})
    local = True
    opinion_code = "1"
    source = Source(DOC_88, "绩效目标应当指向明确、细化量化")
    fact = "{where}「{text}」没有具体内容"
    impact = "{why}，指标也无从分解"
    advice = "请{hint}〔待填：服务对象、交付内容、数量和时间〕"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        department = ctx.document.department
        for k, item in enumerate(department.items if department else ()):
            related = [ctx.at_item(k, "indicator")] if item.indicator and slogan(item.indicator.text) else []
            yield from self._goal(
                ctx,
                item.goal,
                ctx.at_item(k, "goal"),
                f"部门分项绩效目标{item.number}",
                related,
                Severity.WARNING,
            )
        for project in ctx.projects:
            goals = project.project.goals
            empty = [k for k, goal in enumerate(goals) if slogan(goal.text)]
            severity = Severity.WARNING if len(empty) == len(goals) else Severity.INFO
            for k in empty:
                yield from self._goal(project, goals[k], project.at_goal(k), "绩效目标", [], severity)

    def _goal(
        self,
        ctx: DocumentContext | ProjectContext,
        cell: Cell,
        where: Location,
        label: str,
        related: list[Location],
        severity: Severity,
    ) -> Iterator[Finding]:
        entry = slogan(cell.text) if cell else None
        if entry is None:
            return
        yield self.found(
            ctx,
            location=where,
            severity=severity,
            related=related,
            evidence=[Evidence("lexicon", f"「{entry.phrase}」")],
            where=label,
            text=shorten(cell.text),
            why=entry.why,
            hint=entry.hint,
        )

    def curable(self, finding: Finding) -> bool:
        # The paths of part one name no single cell, so nothing there is edited.
        return super().curable(finding) and finding.location.path.startswith("projects[")

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        where = split_path(finding.location.path)
        if where.project is None:
            return
        project, filed = ctx.projects[where.project], text_at(ctx, finding.location.path)
        text = goal_from_rows(project, filed)
        if text is not None:
            yield Draft(
                title="用表内指标写出目标",
                rationale="数字均取自本表指标，请核实并补充服务对象",
                edits=(Edit(finding.location.path, filed, text),),
            )
        asked, blanks = goal_asked(project, filed)
        yield Draft(
            title="写明为谁、交付什么、有什么变化",
            rationale="目标应当能分解成指标，空白处由填报人填写",
            edits=(Edit(finding.location.path, filed, asked),),
            blanks=blanks,
        )


RULE = SloganGoal
