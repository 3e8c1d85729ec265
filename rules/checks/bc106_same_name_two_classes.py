"""BC106 same-name-two-classes."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import is_satisfaction
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.cells import class_cells, row_at, row_edits, unique
from rules.rewriting.rows import joined, replaced


class SameNameTwoClasses(DocumentRule):
    """同一名称的三级指标在一份文件里归入不同的二级指标。

    ## 为什么
    同一件事在一个项目里算社会效益、在另一个项目里算可持续影响，至少有一处需要核实，汇总时口径也不一致。

    ## 反例
    ```yaml
    document:
      projects:
        - {name: 校车安全经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥95%}]}
        - {name: 护学岗经费, rows: [{level2: 可持续影响指标, name: 学生出行安全水平, value: ≥95%}]}
    fires: ["projects[0].rows[0].level2"]
    severity: warning
    ```
    ```yaml
    document:
      projects:
        - {name: 灌区维修, rows: [{level2: 质量指标, name: 渠系维修完成率, value: ≥95%}]}
        - {name: 灌区管护, rows: [{level2: 时效指标, name: 渠系维修完成率, value: ≥95%}]}
    fires: ["projects[0].rows[0].level2"]
    ```

    ## 正例
    ```yaml
    document:
      projects:
        - {name: 校车安全经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥95%}]}
        - {name: 护学岗经费, rows: [{level2: 社会效益指标, name: 学生出行安全水平, value: ≥90%}]}
    ```
    ```yaml
    document:
      projects:
        - {name: 灌区维修, rows: [{level2: 质量指标, name: 渠系维修合格率, value: ≥95%}]}
        - {name: 灌区管护, rows: [{level2: 时效指标, name: 渠系维修完成时间, value: 11月底前}]}
    ```

    ## 建议的把握
    统一归类由填报人确认；因此使某类没有指标的，改为各行换成该类自身的指标。

    ## 依据
    数据逻辑。
    """

    code = "BC106"
    name = "same-name-two-classes"
    title = "同名指标归类不一致"
    cure = True
    severity = Severity.WARNING
    handbook = ("CLS-07",)
    dimension = "完整性"
    reads = frozenset({"name", "level2", "rows"})
    local = True
    opinion_code = "7"
    source = Source(LOGIC, "同一指标在一份文件中的归类应当一致")
    fact = "三级指标「{name}」在全文出现 {hits} 次，归入不同的类型：{classes}"
    impact = "同一指标口径不一，至少一处归类需要核实"
    advice = "请核实该指标的含义，建议统一为同一类型；含义不同的，请用不同名称区分"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        everywhere = ctx.shared(self.code, _named)
        names = {name: None for name, _ in ctx.own(self.code, _named)}
        for rows in map(everywhere.__getitem__, names):
            classes: dict[str, list[RowContext]] = {}
            for row in rows:
                classes.setdefault(str(row.category), []).append(row)
            if len(classes) < 2 or is_satisfaction(rows[0].text("name")):
                continue
            named = "；".join(
                f"「{members[0].text('level2')}」（{_projects(members)}）" for members in classes.values()
            )
            yield self.found(
                rows[0],
                "level2",
                related=[row.at("level2") for row in rows[1:]],
                evidence=[Evidence("peer", named)],
                hits=len(rows),
                classes=named,
            )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        places = (finding.location, *finding.related)
        rows = [row for place in places if (row := row_at(ctx, place.path)) is not None]
        votes: dict[str, float] = {}
        for row in rows:
            if row.prediction is not None and row.category is not None:
                for category in {str(other.category) for other in rows}:
                    votes[category] = votes.get(category, 0.0) + row.prediction.probability(category)
        for category in sorted(votes, key=lambda name: -votes[name]):
            edits = unique(
                edit
                for row in rows
                if row.category != category and row.project.scheme.has(category)
                for edit in row_edits(row, class_cells(row.project, category))
            )
            if edits:
                yield Draft(
                    title=f"统一归入{rows[0].project.scheme.level2_name(category)}",
                    rationale="按名称所考核的内容统一归类，请核实",
                    edits=edits,
                )
        yield from _renamed(rows)


def _named(project: ProjectContext) -> Iterator[tuple[str, RowContext]]:
    return ((row.name, row) for row in project.live_rows if len(row.name) >= 3 and row.category is not None)


def _projects(rows: list[RowContext]) -> str:
    names = list(dict.fromkeys(shorten(row.project.project.name.text, 16) for row in rows))
    return "、".join(names[:3]) + (f"等 {len(names)} 个项目" if len(names) > 3 else "")


def _renamed(rows: list[RowContext]) -> Iterator[Draft]:
    """Yield drafts that give every row but the best placed one an indicator of its own class."""
    keep = max(rows, key=lambda row: row.prediction.probability(str(row.category)) if row.prediction else 0.0)
    parts = [
        next(replaced(row, why="同名指标在不同类型下含义不同", keep=False), None)
        for row in rows
        if row.category != keep.category
    ]
    found = [part for part in parts if part is not None]
    if found and len(found) == len(parts):
        yield joined(found[0], *found[1:], title="其余类型下改为该类自身的指标")


RULE = SameNameTwoClasses
