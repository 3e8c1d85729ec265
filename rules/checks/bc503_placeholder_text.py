"""BC503 placeholder-text."""

import re
from collections.abc import Iterator
from typing import Final

from models.records.document import Cell
from models.records.finding import Applicability, Edit, Evidence, Finding, Location, Severity
from nlp.naming import placeholders
from rules.engine.base import FORM, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.basis import basis_text
from rules.rewriting.cells import row_at, row_edits, text_at
from rules.rewriting.describe import description_of
from rules.rewriting.rows import replaced
from rules.rewriting.values import asked

_KINDS: Final = {
    "template": ("模板文字", "删去模板文字，直接写内容"),
    "star": ("模板标记", "删去标记"),
    "blank-value": ("尚未填写的占位符", "填写实际内容"),
    "pending": ("尚未确定的内容", "填写确定的内容"),
    "lone": ("没有实际内容的符号", "填写实际内容，确不适用的注明不适用"),
    "instruction": ("填表说明文字", "删去填表说明，填写实际内容"),
}
_FIELDS: Final = {
    "name": "三级指标",
    "value": "指标值",
    "description": "绩效指标描述",
    "basis": "指标值确定依据",
}
_OPTIONAL: Final = frozenset({"description", "basis"})
"""Cells that may stay empty."""
_DASHES: Final = frozenset("/／-－—–")


class PlaceholderText(ProjectRule):
    """单元格里留有模板文字或占位符，内容没有填完。

    ## 为什么
    「目标内容1」「指标1：」「≥**」等是模板自带的文字，留在正式文本中说明填报没有完成，公开时影响严肃性。

    ## 反例
    ```yaml
    project:
      goals: [1.目标内容1改造危旧校舍, 2.改善办学条件]
      rows:
        - {level2: 数量指标, name: "指标1：改造校舍面积", value: ≥2000平方米}
    fires: ["goals[0]", "rows[0].name"]
    severity: warning
    ```
    ```yaml
    project:
      goals: [改造危旧校舍]
      rows:
        - {level2: 成本指标, name: 单位面积改造成本, value: ≤**元}
        - {level2: 质量指标, name: ★验收合格率, value: ≥98%}
    fires: ["rows[0].value", "rows[1].name"]
    ```

    ## 正例
    ```yaml
    project:
      goals: [1.改造危旧校舍2000平方米, 2.目标群体覆盖3个乡镇]
      rows:
        - {level2: 数量指标, name: 改造校舍面积, value: ≥2000平方米}
    fires: []
    ```
    ```yaml
    project:
      goals: [改造危旧校舍]
      rows:
        - {level2: 生态效益指标, name: 无, value: 无}
        - {level2: 质量指标, name: XL型护具抽检合格率, value: ≥98%}
    fires: []
    ```

    ## 建议的把握
    只删去模板文字，剩余内容不变的可直接采用；占位的数字由填报人填写。

    ## 依据
    通用填报要求。
    """

    code = "BC503"
    name = "placeholder-text"
    title = "模板文字或占位符残留"
    cure = True
    severity = Severity.WARNING
    handbook = ("STR-12",)
    dimension = "完整性"
    opinion_code = "11"
    source = Source(FORM, "正式文本不应留有模板文字")
    fold = "always"
    fold_advice = "请统一删去模板文字和占位符，填写实际内容"
    fact = "{place}「{text}」中留有{kind}「{residue}」"
    impact = "内容未填完整，公开和批复时影响规范性"
    advice = "请{todo}"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        for k, cell in enumerate(ctx.project.goals):
            yield from self._cell(ctx, "绩效目标", cell, ctx.at_goal(k), False)
        for field, place in (("name", "项目名称"), ("budget.purpose", "资金用途")):
            cell = ctx.project.name if field == "name" else ctx.project.budget.purpose
            yield from self._cell(ctx, place, cell, ctx.at(field), True)
        for row in ctx.rows:
            if row.is_filler:
                continue
            for name, cell in row.once(self.code, _unfilled_cells):
                yield from self._cell(ctx, _FIELDS[name], cell, row.at(name), name in _OPTIONAL)

    def _cell(
        self, ctx: ProjectContext, place: str, cell: Cell, location: Location, optional: bool
    ) -> Iterator[Finding]:
        found = _residues(cell.text, optional)
        if not found:
            return
        start, end, kind = found[0]
        label, todo = _KINDS[kind]
        yield self.found(
            ctx,
            location=Location(location.path, (start, end), location.source),
            subcode=kind,
            evidence=[Evidence("lexicon", cell.text[a:b]) for a, b, _ in found],
            place=place,
            text=shorten(cell.text),
            kind=label,
            residue=cell.text[start:end].strip(),
            todo=todo,
        )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        text = text_at(ctx.document, finding.location.path)
        better = _cleaned(text, finding)
        if better and better != text:
            yield Draft(
                title="删去模板文字",
                rationale="只删去多余字符，内容不变",
                edits=(Edit(finding.location.path, text, better),),
                applicability=Applicability.SAFE,
            )
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        field = finding.location.path.rpartition(".")[2]
        if field == "value":
            yield from asked(row, why="占位符处应填写目标值")
        elif field == "name":
            yield from replaced(row, why="名称尚未填写")
        elif field == "description" and (described := description_of(row)) is not None:
            yield Draft(
                title="写明口径和数据来源",
                rationale="按指标名称和类型拟定的计算口径，请核实",
                edits=row_edits(row, {"description": described.text}),
                blanks=described.blanks,
            )
        elif field == "basis":
            basis, blank = basis_text(row.category)
            yield Draft(
                title="写明依据的类型和文件",
                rationale="按指标类型给出常用的依据类型，文件名称和文号由填报人填写",
                edits=row_edits(row, {"basis": basis}),
                blanks=(blank,),
            )


def _residues(text: str, optional: bool) -> list[tuple[int, int, str]]:
    """Return (start, end, kind) of what is left of a template; a dash in a cell that may stay empty is none."""
    return [
        item
        for item in (placeholders(text) if text else ())
        if not (optional and item[2] == "lone" and set(text.strip()) <= _DASHES)
    ]


def _unfilled_cells(row: RowContext) -> tuple[tuple[str, Cell], ...]:
    cells = ((name, row.row.cell(name)) for name in _FIELDS)
    return tuple(
        (name, cell) for name, cell in cells if cell is not None and _residues(cell.text, name in _OPTIONAL)
    )


def _cleaned(text: str, finding: Finding) -> str:
    """Return the text without any residue; "" where nothing worth keeping is left."""
    rest = text
    for start, end, _ in reversed(placeholders(text)):
        rest = rest[:start] + rest[end:]
    rest = re.sub(r"[(（【\[]\s*[)）】\]]", "", rest).strip().lstrip("：:、，, ")
    return rest if len(re.sub(r"[\W\d_]", "", rest)) >= 3 else ""


RULE = PlaceholderText
