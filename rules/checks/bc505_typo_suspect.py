"""BC505 typo-suspect."""

from collections.abc import Iterator
from typing import Final

from models.records.document import Cell
from models.records.finding import Edit, Evidence, Finding, Location, Severity
from nlp.naming import typos
from rules.engine.base import FORM, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at, text_at

_FIELDS: Final = {
    "name": "三级指标",
    "description": "绩效指标描述",
    "value": "指标值",
    "basis": "指标值确定依据",
}
_MOST: Final = 20
"""Of one cell; a text with more of them is not read one by one, the last finding tells how many are left."""


class TypoSuspect(DocumentRule):
    """文字中有疑似错别字。

    ## 为什么
    「受益」写成「收益」一类的错字会改变指标的含义，公开后也影响文本的严肃性。

    ## 反例
    ```yaml
    document:
      projects:
        - name: 农村饮水安全工程
          goals: [做好水源地防讯工作]
          rows:
            - {level2: 社会效益指标, name: 工程受益村数, description: 工程收益人口所在的村数, value: ≥12个}
    fires: ["projects[0].goals[0]", "projects[0].rows[0].description"]
    severity: info
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 校园安全经费, goal: 布署校园安全工作}]
      projects: [{name: 校园安全经费}]
    fires: ["department.items[0]"]
    ```

    ## 正例
    ```yaml
    document:
      projects:
        - name: 农村饮水安全工程
          goals: [做好防汛工作，保障受益人口用水]
          rows:
            - {level2: 经济效益指标, name: 农户经营收益增长率, value: ≥5%}
    fires: []
    ```
    ```yaml
    document: {projects: [{name: 投资收益管理系统运维, goals: [部署新版本]}]}
    fires: []
    ```

    ## 建议的把握
    按词表给出正字，同一行照抄的文字一并改正，由填报人确认；部门部分的文字只提示。

    ## 依据
    通用填报要求。
    """

    code = "BC505"
    name = "typo-suspect"
    title = "疑似错别字"
    cure = True
    severity = Severity.INFO
    handbook = ("NAM-07",)
    dimension = "完整性"
    local = True
    opinion_code = "11"
    confident = False
    source = Source(FORM, "文字应当准确规范")
    fact = "{place}「{text}」中的「{wrong}」疑似「{right}」之误"
    impact = "错字可能改变含义，公开时影响文本质量"
    advice = "请核实；确为错字的，将「{wrong}」改为「{right}」"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        yield from ctx.part_one(f"{self.code} part one", lambda whole: tuple(self._part_one(whole)))
        for project in ctx.projects:
            yield from self._project(project)

    def _part_one(self, ctx: DocumentContext) -> Iterator[Finding]:
        department = ctx.document.department
        if department is None:
            return
        for key, cells in (("goals", department.goals), ("measures", department.measures)):
            for k, cell in enumerate(cells):
                place = "总体绩效目标" if key == "goals" else "工作保障措施"
                yield from self._cell(ctx, place, cell, Location(f"department.{key}[{k}]", None, cell.source))
        for k, item in enumerate(department.items):
            for key, cell in (("name", item.name), ("goal", item.goal), ("indicator", item.indicator)):
                yield from self._cell(ctx, "分项绩效目标", cell, ctx.at_item(k, key))

    def _project(self, ctx: ProjectContext) -> Iterator[Finding]:
        project = ctx.project
        yield from self._cell(ctx, "项目名称", project.name, ctx.at("name"))
        yield from self._cell(ctx, "资金用途", project.budget.purpose, ctx.at("budget.purpose"))
        for k, cell in enumerate(project.goals):
            yield from self._cell(ctx, "绩效目标", cell, ctx.at_goal(k))
        for row in ctx.live_rows:
            for field, cell in row.once(self.code, _suspect_cells):
                yield from self._cell(ctx, _FIELDS[field], cell, row.at(field))

    def _cell(
        self, ctx: DocumentContext | ProjectContext, place: str, cell: Cell, at: Location
    ) -> Iterator[Finding]:
        if len(cell.text) < 2:
            return
        hits = typos(cell.text)
        more = len(hits) - _MOST
        for number, (start, end, wrong, right, _) in enumerate(hits[:_MOST], 1):
            yield self.found(
                ctx,
                location=Location(at.path, (start, end), at.source),
                evidence=[Evidence("lexicon", f"{wrong}→{right}")],
                place=place,
                text=shorten(cell.text),
                wrong=wrong,
                right=right,
                fact=f"{self.fact}，该处另有 {more} 处疑似错别字未逐一列出"
                if number == _MOST < len(hits)
                else None,
            )

    def curable(self, finding: Finding) -> bool:
        # The paths of part one name no single cell, so nothing there is edited.
        return super().curable(finding) and finding.location.path.startswith("projects[")

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        path, span = finding.location.path, finding.location.span
        if span is None or not path.startswith("projects["):
            return
        text = text_at(ctx, path)
        right = next((item[3] for item in typos(text) if item[:2] == span), None)
        if right is None:
            return
        edits = [Edit(path, text, text[: span[0]] + right + text[span[1] :])]
        row = row_at(ctx, path)
        if row is not None:
            # The software copies a name into the description; the same slip there goes with it.
            edits += [
                Edit(f"{row.path}.{field}", text, edits[0].new)
                for field in _FIELDS
                if row.has(field) and f"{row.path}.{field}" != path and row.text(field) == text
            ]
        yield Draft(
            title=f"将「{text[slice(*span)]}」改为「{right}」",
            rationale="疑似错别字，请核实",
            edits=tuple(edits),
        )


def _suspect_cells(row: RowContext) -> tuple[tuple[str, Cell], ...]:
    """Return the cells of a row with a wrong word; a text that is copied from cell to cell counts once."""
    cells = {field: cell for field in _FIELDS if (cell := row.row.cell(field)) is not None}
    first = {cell.text: field for field, cell in reversed(cells.items())}
    return tuple(
        (field, cell) for field, cell in cells.items() if first[cell.text] == field and typos(cell.text)
    )


RULE = TypoSuspect
