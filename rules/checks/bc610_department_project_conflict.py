"""BC610 department-project-conflict."""

from collections.abc import Iterator
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.linking import link_items
from rules.engine.base import DOC_88, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext
from rules.engine.draft import Draft
from rules.engine.paths import split_path
from rules.rewriting.cells import row_at, texts_at
from rules.rewriting.goals import raised, row_for_item
from rules.support.figures import Figure, Match, figures, is_covered, is_deliverable, matches

_UNLIKE: Final = " ≠ "
"""Between what the item and what the row says, in the evidence; the cure finds the figure by it."""
_HOW: Final = {
    "rounded": "相差很小，疑似取整",
    "unit": "数字相同而计量单位不同",
    "differs": "二者不一致",
}


class DepartmentProjectConflict(DocumentRule):
    """部门分项绩效目标中的数字与项目表的指标值不一致，或没有对应指标。

    ## 为什么
    部门整体目标与项目表分别公开、分别考核，同一件事两处数字或单位不同，会出现一处完成、另一处未完成。

    ## 反例
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 学生体检经费, goal: 保障学生健康, indicator: 全年组织学生体检3次}]
      projects:
        - name: 学生体检经费
          rows: [{level2: 数量指标, name: 学生体检次数, value: ≥2次}]
    fires: ["department.items[0]"]
    severity: warning
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 农房保险, goal: 增强抗灾能力, indicator: 完成农房保险参保人数5000人}]
      projects:
        - name: 农房保险经费
          rows: [{level2: 数量指标, name: 农房保险参保户数, value: ≥5000户}]
    fires: ["department.items[0]"]
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 禁毒宣传经费, goal: 提高识毒能力, indicator: 发放禁毒折页4500份}]
      projects:
        - name: 禁毒宣传经费
          rows: [{level2: 数量指标, name: 举办专题讲座, value: ≥20场}]
    fires: ["department.items[0]"]
    ```

    ## 正例
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 护林员补助, goal: 保护森林, indicator: 保证240名护林员}]
      projects:
        - name: 护林员补助经费
          rows: [{level2: 数量指标, name: 护林员数量, value: 240人}]
    fires: []
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 护林员补助, goal: 保护森林, indicator: 发放禁毒折页4500份}]
      projects:
        - name: 城市供热补贴
          rows: [{level2: 数量指标, name: 供热面积, value: ≥20万平方米}]
    fires: []
    ```

    ## 建议的把握
    项目指标低于部门目标的提高到部门目标的数字，缺少指标的补一行并沿用部门目标的数字，由填报人核实；不修改部门部分。

    ## 依据
    财预〔2015〕88号（条文未经人工核对）。
    """

    code = "BC610"
    name = "department-project-conflict"
    title = "部门目标与项目指标不一致"
    cure = True
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("GOAL-01", "GOAL-02", "XP-02", "UNI-04")
    dimension = "可行性"
    reads = frozenset({"name", "description", "operator", "value", "unit", "level2", "rows", "project.name"})
    local = True
    opinion_code = "4"
    source = Source(DOC_88, "部门整体目标与项目目标应相互衔接")
    fact = "部门分项绩效目标「{item}」写明「{clause}」，项目表三级指标「{row}」的指标值为「{filed}」，{how}"
    impact = "同一事项两处口径不同，考核时不知道以哪个为准"
    advice = "请核实后统一数字和计量单位；以要求较高的为准，不得降低目标"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        department = ctx.document.department
        if department is None or not department.items or not ctx.projects:
            return
        names = [item.name.text for item in department.items]
        projects = [project.project.name.text or project.project.title.text for project in ctx.projects]
        for link in link_items(names, projects):
            project = ctx.projects[link.project]
            if not project.live_rows:
                continue
            item = department.items[link.item]
            for field in ("indicator", "goal"):
                cell = getattr(item, field)
                found = figures(cell.text)
                if found:
                    yield from self._item(ctx, link.item, field, found, project)

    def _item(
        self, ctx: DocumentContext, k: int, field: str, found: tuple[Figure, ...], project: ProjectContext
    ) -> Iterator[Finding]:
        settled: set[int] = set()
        for match in matches(found, project.live_rows):
            settled.add(found.index(match.figure))
            if match.relation != "equal":
                yield self._conflict(ctx, k, field, match)
        for index, figure in enumerate(found):
            if index in settled or not is_deliverable(figure) or is_covered(figure, project.live_rows):
                continue
            yield self.found(
                ctx,
                location=ctx.at_item(k, field),
                subcode="no-row",
                opinion_code="3",
                related=[project.at("name")],
                evidence=[Evidence("quote", figure.text)],
                fact="部门分项绩效目标「{item}」写明「{clause}」，项目「{project}」没有对应的三级指标",
                impact="该项产出没有指标衡量，部门目标无法汇总核对",
                advice="建议在项目表中补充相应的数量指标，并沿用部门目标中的数字（请核实）",
                item=self._name(ctx, k),
                clause=figure.shown,
                project=project.words()["project"],
            )

    def _conflict(self, ctx: DocumentContext, k: int, field: str, match: Match) -> Finding:
        row = match.row
        same_thing = [row.at("value")]
        same_thing += [
            other.at("value")
            for other in row.project.live_rows
            if other is not row
            and other.quantity.number == row.quantity.number
            and other.quantity.kind == "count"
        ]
        return self.found(
            ctx,
            location=ctx.at_item(k, field),
            severity=Severity.INFO if match.relation == "rounded" else Severity.WARNING,
            subcode=match.relation,
            related=same_thing,
            evidence=[Evidence("arithmetic", f"{match.figure.text}{_UNLIKE}{row.filed_value}")],
            item=self._name(ctx, k),
            clause=match.figure.shown,
            row=row.words()["name"],
            filed=row.filed_value,
            how=_HOW[match.relation],
        )

    @staticmethod
    def _name(ctx: DocumentContext, k: int) -> str:
        department = ctx.document.department
        assert department is not None
        return department.items[k].name.text

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        for text in texts_at(ctx, finding.location.path):
            if finding.subcode == "no-row":
                project = ctx.projects[split_path(finding.related[0].path).project or 0]
                yield from row_for_item(project, text, [part.text for part in finding.evidence])
            elif (row := row_at(ctx, finding.related[0].path)) is not None:
                promised = finding.evidence[0].text.partition(_UNLIKE)[0]
                yield from raised(row, text, "部门分项目标写明的数字", promised)


RULE = DepartmentProjectConflict
