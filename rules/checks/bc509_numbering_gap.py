"""BC509 numbering-gap."""

from collections.abc import Iterator, Sequence
from typing import Final

from models.records.document import Department
from models.records.finding import Evidence, Finding, Location, Severity
from nlp.linking import link_items
from nlp.numbering import breaks, leading_number, number_of, points
from nlp.text import normalise
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext

_BY_PROJECT: Final = 0.5
"""Share of linked items from which part one is taken to list projects, not duties."""


class NumberingGap(DocumentRule):
    """序号不连续，或部门分项目标与项目表对不上。

    ## 为什么
    序号跳号常因删改后未整理，也可能漏了一项；部门分项目标与项目表名称不一致时，汇总和公开后难以对应。

    ## 反例
    ```yaml
    document:
      department:
        items:
          - {number: （一）, name: 校舍维修经费, goal: 改善办学条件}
          - {number: （三）, name: 学生体检经费, goal: 保障学生健康}
      projects: [{name: 校舍维修经费}, {name: 学生体检经费}]
    fires: ["department.items[1]"]
    severity: info
    ```
    ```yaml
    document:
      department:
        items:
          - {number: （一）, name: 校舍维修, goal: 改善办学条件}
          - {number: （二）, name: 学生体检经费, goal: 保障学生健康}
      projects: [{name: 校舍维修经费}, {name: 学生体检经费}, {name: 教师培训经费}]
    fires: ["department.items[0]", "projects[2]"]
    ```
    ```yaml
    document:
      projects: [{name: 校舍维修经费, goals: [1.维修校舍3栋, 3.改善办学条件]}]
    fires: ["projects[0].goals[1]"]
    ```

    ## 正例
    ```yaml
    document:
      department:
        items:
          - {number: （一）, name: 校舍维修经费, goal: 改善办学条件}
          - {number: （二）, name: 学生体检经费, goal: 保障学生健康}
        measures: [一是加强管理。二是强化监督。三是严格考核。]
      projects: [{name: 校舍维修经费, goals: [1.维修校舍3栋, 2.改善办学条件]}, {name: 学生体检经费}]
    fires: []
    ```
    ```yaml
    document:
      department:
        items:
          - {number: （一）, name: 组织义务教育, goal: 提高义务教育质量}
          - {number: （二）, name: 管理学前教育, goal: 普及学前教育}
      projects: [{name: 校舍维修经费}, {name: 学生体检经费}]
    fires: []
    ```

    ## 依据
    数据逻辑。
    """

    code = "BC509"
    name = "numbering-gap"
    title = "序号或对应关系有缺漏"
    severity = Severity.INFO
    handbook = ("GOAL-05",)
    dimension = "相关性"
    reads = frozenset({"project.name", "project.title", "goals"})
    local = True
    opinion_code = "11"
    source = Source(LOGIC, "序号应当连续，部门分项目标与项目应当一一对应")
    fact = "{what}的序号由「{before}」跳到「{after}」"
    impact = "可能遗漏内容，或删改后未整理序号"
    advice = "请核实是否有遗漏，并将序号改为连续"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        department = ctx.document.department
        if department is not None:
            yield from self._items(ctx, department)
            for key, cells in (("goals", department.goals), ("measures", department.measures)):
                for k, cell in enumerate(cells):
                    yield from self._points(ctx, key, k, cell.text, cell)
            if department.items and ctx.projects:
                yield from self._links(ctx, department)
        yield from self._titles(ctx)
        for project in ctx.projects:
            numbers = [leading_number(cell.text) for cell in project.project.goals]
            for k in _gaps(numbers):
                yield self._gap(ctx, project.at_goal(k), "绩效目标", str(numbers[k - 1]), str(numbers[k]))

    def _items(self, ctx: DocumentContext, department: Department) -> Iterator[Finding]:
        numbers = [number_of(item.number) for item in department.items]
        for k in _gaps(numbers):
            before, after = department.items[k - 1].number, department.items[k].number
            yield self._gap(ctx, ctx.at_item(k), "分项绩效目标", before, after, related=[ctx.at_item(k - 1)])

    def _points(self, ctx: DocumentContext, key: str, k: int, text: str, cell: object) -> Iterator[Finding]:
        marks = points(text)
        for at in breaks([number for number, _, _ in marks]):
            before, after = marks[at - 1], marks[at]
            what = "工作保障措施" if key == "measures" else "总体绩效目标"
            location = Location(f"department.{key}[{k}]", after[1:], getattr(cell, "source", None))
            yield self._gap(ctx, location, what, text[before[1] : before[2]], text[after[1] : after[2]])

    def _titles(self, ctx: DocumentContext) -> Iterator[Finding]:
        numbers = [leading_number(project.project.title.text) for project in ctx.projects]
        for k in _gaps(numbers):
            yield self._gap(
                ctx, ctx.projects[k].at("title"), "项目表标题", str(numbers[k - 1]), str(numbers[k])
            )

    def _gap(
        self,
        ctx: DocumentContext,
        location: Location,
        what: str,
        before: str,
        after: str,
        related: Sequence[Location] = (),
    ) -> Finding:
        return self.found(
            ctx,
            location=location,
            subcode="gap",
            related=related,
            evidence=[Evidence("quote", f"{before}→{after}")],
            what=what,
            before=before,
            after=after,
        )

    def _links(self, ctx: DocumentContext, department: Department) -> Iterator[Finding]:
        names = [item.name.text for item in department.items]
        projects = [project.project.name.text or project.project.title.text for project in ctx.projects]
        links = link_items(names, projects)
        if len(links) < _BY_PROJECT * max(len(names), len(projects)):
            return
        by_item = {link.item: link for link in links}
        linked = {link.project for link in links}
        for k, name in enumerate(names):
            link = by_item.get(k)
            if link is None:
                if normalise(name):
                    yield self.found(
                        ctx,
                        location=ctx.at_item(k),
                        subcode="no-project",
                        fact=f"分项绩效目标「{name}」没有对应的项目绩效目标表",
                        impact="该项目标没有预算和指标支撑",
                        advice="请核实是否漏报项目表，或该项不属于预算项目",
                    )
            elif not link.exact:
                project = ctx.projects[link.project]
                yield self.found(
                    ctx,
                    location=ctx.at_item(k, "name"),
                    subcode="name",
                    related=[project.at("name")],
                    fact=f"分项绩效目标「{name}」与项目表名称「{projects[link.project]}」不一致",
                    impact="同一项目名称不同，汇总和公开后难以对应",
                    advice="请核实二者是否为同一项目，并统一为预算编制时的项目名称",
                )
        for index, project in enumerate(ctx.projects):
            if index not in linked and normalise(projects[index]):
                yield self.found(
                    ctx,
                    location=project.at(),
                    subcode="no-item",
                    fact=f"项目「{projects[index]}」在部门分项绩效目标中没有对应项",
                    impact="部门整体目标没有覆盖全部项目",
                    advice="请在分项绩效目标中补充该项目，或核实其是否并入其他项",
                )


def _gaps(numbers: Sequence[int | None]) -> tuple[int, ...]:
    """Return the positions of gaps, where every element is numbered; at least two are needed to speak of a list."""
    known = [number for number in numbers if number is not None]
    if len(known) < 2 or len(known) != len(numbers):
        return ()
    return breaks(known)


RULE = NumberingGap
