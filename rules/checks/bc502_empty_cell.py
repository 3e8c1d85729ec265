"""BC502 empty-cell."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.records.finding import Edit, Finding, Severity
from nlp.naming import is_internal_project
from rules.engine.base import DOC_88, FORM, ProjectRule, Source
from rules.engine.context import FIELD_LABELS, ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_at, row_edits
from rules.rewriting.describe import description_of
from rules.rewriting.goals import goal_from_rows
from rules.rewriting.rows import replaced
from rules.rewriting.values import asked

_EXPECTED: Final = frozenset({"数量", "质量", "时效", "成本"})


class EmptyCell(ProjectRule):
    """必填单元格为空：三级指标、指标值或绩效目标没有填写。

    ## 为什么
    名称或指标值为空的行不能监控，也不能评价；预算管理系统会直接退回。模板中生态效益、可持续影响等类别整行空着属于不涉及，不提示。

    ## 反例
    ```yaml
    project:
      goals: [完成12公里灌渠清淤]
      rows:
        - {level2: 数量指标, name: 清淤长度, value: ""}
        - {level2: 质量指标, name: "", value: ≥95%}
    fires: ["rows[0].value", "rows[1].name"]
    severity: error
    ```
    ```yaml
    project:
      goals: []
      rows:
        - {level2: 数量指标, name: 清淤长度, value: ≥12公里}
    fires: ["."]
    severity: error
    ```

    ## 正例
    ```yaml
    project:
      goals: [完成12公里灌渠清淤]
      rows:
        - {level2: 数量指标, name: 清淤长度, value: ≥12公里}
        - {level2: 生态效益指标, name: "", value: ""}
        - {level2: 可持续影响指标, name: "", value: ""}
    fires: []
    ```
    ```yaml
    project:
      absent: [goals]
      rows:
        - {level2: 数量指标, name: 清淤长度, value: ≥12公里}
        - {level2: 时效指标, name: 本项目不适用此指标, value: ""}
    fires: []
    ```

    ## 建议的把握
    按类型和项目内容给出形式，数字、文件均由填报人填写。

    ## 依据
    通用填报要求；绩效目标一项见财预〔2015〕88号（条文未经人工核对）。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options.

        `filled_share`: from which share of filled cells a column of descriptions or bases counts as in use, so that
        its empty cells are reported.
        """

        filled_share: float = 0.7

    code = "BC502"
    name = "empty-cell"
    title = "必填单元格为空"
    cure = True
    incurable = frozenset({"goal"})
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING, Severity.INFO})
    handbook = ("STR-01", "STR-02")
    dimension = "完整性"
    opinion_code = "1"
    source = Source(FORM, "指标名称和指标值为必填项")
    fact = "{row}的{column}为空"
    impact = "该行不能监控和评价，系统校验不予通过"
    advice = "请补充{column}；本项目确不涉及的，请注明不适用"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        if not ctx.rows:
            return
        if "goals" not in ctx.project.absent and not any(cell.text.strip() for cell in ctx.project.goals):
            yield self.found(
                ctx,
                subcode="goal",
                source=Source(DOC_88, "项目应当设定绩效目标"),
                fact="项目「{project}」没有填写绩效目标",
                impact="指标没有目标可以对照，无法判断是否相关",
                advice="请补充绩效目标，写明预期产出和效果",
            )
        filled = {row.category for row in ctx.rows if not row.is_blank}
        for row in ctx.rows:
            if row.is_filler:
                continue
            if row.is_blank:
                yield from self._blank(ctx, row, filled)
                continue
            for field in ("name", "value"):
                if row.has(field) and not row.norm(field) and not _graded(row, field):
                    yield self._empty(ctx, row, field)
        yield from self._columns(ctx)

    def _empty(self, ctx: ProjectContext, row: RowContext, field: str, **rest: object) -> Finding:
        label = row.text("name") or row.text("level2") or f"第{row.index + 1}行"
        return self.found(
            ctx,
            location=row.at(field),
            subcode=field,
            row=f"三级指标「{label}」" if row.text("name") else f"「{label}」行",
            column=FIELD_LABELS[field],
            **rest,  # type: ignore[arg-type]
        )

    def _blank(self, ctx: ProjectContext, row: RowContext, filled: set[str | None]) -> Iterator[Finding]:
        if row.category in filled or row.category is None or "name" in row.row.absent:
            return
        if row.category == "服务对象满意度":
            project = ctx.project
            if is_internal_project(project.name.text, project.budget.purpose.text, ctx.goals_text):
                return
        elif row.category not in _EXPECTED:
            return
        filled.add(row.category)
        yield self.found(
            ctx,
            location=row.at("name"),
            subcode="row",
            fact=f"「{row.text('level2')}」行的三级指标和指标值均为空",
            impact="该类指标实际没有填报",
            advice="请补充三级指标和指标值；确不涉及的，请注明不适用",
        )

    def _columns(self, ctx: ProjectContext) -> Iterator[Finding]:
        for field in ("description", "basis"):
            rows = [row for row in ctx.live_rows if row.has(field)]
            empty = [row for row in rows if not row.norm(field)]
            if not empty or len(rows) - len(empty) < self.options.filled_share * len(rows):
                continue
            for row in empty:
                yield self._empty(
                    ctx,
                    row,
                    field,
                    severity=Severity.WARNING if field == "basis" else Severity.INFO,
                    impact="目标值的来源无从核对" if field == "basis" else "指标的口径没有说明",
                    advice="请补充{column}，与其他行保持一致",
                )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            text = goal_from_rows(ctx, "")
            if text is not None and ctx.project.goals:
                yield Draft(
                    title="用表内指标写出目标",
                    rationale="数字均取自本表指标，请核实并补充服务对象",
                    edits=(Edit(f"{ctx.path}.goals[0]", ctx.project.goals[0].text, text),),
                )
        elif finding.subcode in ("name", "row"):
            yield from replaced(row, why="按类型和项目内容补一条指标")
        elif finding.subcode == "value":
            yield from asked(row, why="指标值为必填项")
        elif finding.subcode == "basis":
            text, blank = basis_text(row.category)
            yield Draft(
                title="写明依据的类型和文件",
                rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
                edits=row_edits(row, {"basis": text}),
                blanks=(blank,),
            )
        elif finding.subcode == "description":
            told = description_of(row)
            yield Draft(
                title="在描述中写明口径和数据来源",
                rationale="按指标名称和类型拟定的计算口径，请核实",
                edits=row_edits(row, {"description": told.text}),
                blanks=told.blanks,
            )


def _graded(row: RowContext, field: str) -> bool:
    """Whether the target stands in grade columns (优 良 中 差) instead of the value cell."""
    return field == "value" and any(
        cell.text for key, cell in row.row.extra.items() if key.strip() in "优良中差"
    )


RULE = EmptyCell
