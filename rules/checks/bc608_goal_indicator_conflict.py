"""BC608 goal-indicator-conflict."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Location, Severity
from rules.engine.base import DOC_88, ProjectRule, Source
from rules.engine.context import ProjectContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at, text_at
from rules.rewriting.goals import agreed
from rules.support.figures import Match, figures, matches


class GoalIndicatorConflict(ProjectRule):
    """绩效目标中的数字与三级指标的指标值不一致。

    ## 为什么
    指标由目标分解而来，同一件事两处数字不同，监控和评价时不知道以哪个为准；指标低于目标时，目标没完成也能得满分。

    ## 反例
    ```yaml
    project:
      goals: [1.新建农村公厕8座, 2.改善人居环境]
      rows: [{level2: 数量指标, name: 新建公厕数量, value: ≥6座}]
    fires: ["goals[0]"]
    severity: warning
    ```
    ```yaml
    project:
      goals: [清淤灌渠12.35公里]
      rows: [{level2: 数量指标, name: 灌渠清淤长度, value: ≥12.3公里}]
    fires: ["goals[0]"]
    severity: info
    ```

    ## 正例
    ```yaml
    project:
      goals: [发放防溺水宣传册20000余份, 培训教师不少于300人]
      rows:
        - {level2: 数量指标, name: 发放防溺水宣传册, value: ≥2万份}
        - {level2: 数量指标, name: 培训教师人数, value: ≥320人}
    fires: []
    ```
    ```yaml
    project:
      goals: [为6个乡镇的80个村清运垃圾, 群众满意度较上年提高5%]
      rows:
        - {level2: 数量指标, name: 清运村数, value: ≥80个}
        - {level2: 服务对象满意度指标, name: 群众满意度, value: ≥90%}
    fires: []
    ```

    ## 建议的把握
    以要求较高的数字为准，改另一处，由填报人核实。

    ## 依据
    财预〔2015〕88号（条文未经人工核对）。
    """

    code = "BC608"
    name = "goal-indicator-conflict"
    title = "目标与指标数字不一致"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("GOAL-01",)
    dimension = "相关性"
    reads = frozenset(
        {"level1", "level2", "name", "operator", "value", "unit", "rows", "description", "goals"}
    )
    opinion_code = "4"
    source = Source(DOC_88, "绩效指标应与绩效目标相应匹配")
    fact = "绩效目标写明「{clause}」，三级指标「{row}」的指标值为「{filed}」，{how}"
    impact = "监控和评价时不知道以哪个数为准"
    advice = "请核实后统一；指标值不应低于绩效目标"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        if not ctx.project.goals or not ctx.live_rows:
            return
        found, origin = [], []
        for k, cell in enumerate(ctx.project.goals):
            for figure in figures(cell.text):
                found.append(figure)
                origin.append(k)
        for match in matches(found, ctx.live_rows):
            if match.relation != "equal":
                k = origin[found.index(match.figure)]
                yield self._found(ctx, match, ctx.at_goal(k, match.figure.span))

    def _found(self, ctx: ProjectContext, match: Match, location: Location) -> Finding:
        rounded, filed = match.relation == "rounded", match.row.filed_value
        how = {"rounded": "相差很小，疑似取整", "unit": "数字相同而计量单位不同"}.get(
            match.relation, "二者不一致"
        )
        return self.found(
            ctx,
            location=location,
            severity=Severity.INFO if rounded else Severity.WARNING,
            subcode=match.relation,
            related=[match.row.at("value")],
            evidence=[Evidence("arithmetic", f"{match.figure.text} ≠ {filed}")],
            clause=match.figure.shown,
            row=match.row.words()["name"],
            filed=filed,
            how=how,
        )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.related[0].path)
        if row is not None and finding.location.span is not None:
            text = text_at(ctx.document, finding.location.path)
            yield from agreed(row, text, finding.location.path, finding.location.span)


RULE = GoalIndicatorConflict
