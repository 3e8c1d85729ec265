"""BC406 target-too-low."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Final

from models.records.document import Cell
from models.records.finding import Evidence, Finding, Location, Severity
from models.records.quantity import Quantity
from nlp.linking import (
    clause_at,
    is_delivered,
    is_standing,
    item_at,
    link_items,
    other_moment,
    speaks_of_other_base,
)
from nlp.naming import rate_word
from nlp.prose import find_numbers
from rules.engine.base import DOC_101, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at, texts_at
from rules.rewriting.goals import raised
from rules.support.cells import CEILINGS, number_text, plain
from rules.support.same_thing import comparable, object_score

_BELOW: Final = " < "
"""Between what the row and what the text says, in the evidence; the cure finds the figure by it."""


@dataclass(frozen=True, slots=True)
class Options:
    """选项。"""

    tolerance: float = 0.02
    """指标值低于目标文字的幅度不超过此值时视为取整，不提示。"""
    same_object: float = 0.9
    """目标文字与指标名称视为同一对象的最低相似度。"""
    delivered_object: float = 0.75
    """目标文字写明交付动作（发放、建设、救助等）时的最低相似度。"""


class TargetTooLow(DocumentRule):
    """指标值低于绩效目标或部门分项目标中对同一事项写明的数量。

    ## 为什么
    目标承诺 20 户，指标只要求 8 户，完成不到一半也判为达标。只比较同一项目、同一对象、同一单位的数字。

    ## 反例
    ```yaml
    project:
      goals: [1.新建村级卫生室12个]
      rows: [{level2: 数量指标, name: 新建村级卫生室, value: ≥8个}]
    fires: ["rows[0].value"]
    severity: warning
    ```
    ```yaml
    document:
      department:
        items: [{number: （一）, name: 校车运营补助, goal: 保障学生乘车, indicator: 补助校车60辆}]
      projects:
        - name: 校车运营补助
          rows: [{level2: 数量指标, name: 补助校车数量, value: ≥40辆}]
    fires: ["projects[0].rows[0].value"]
    ```

    ## 正例
    ```yaml
    project:
      goals: [1.新建村级卫生室12个]
      rows: [{level2: 数量指标, name: 新建村级卫生室, value: ≥12个}]
    ```
    ```yaml
    project:
      goals: [1.整治农村道路48.36公里]
      rows: [{level2: 数量指标, name: 整治农村道路公里数, value: ≥48公里}]
    ```

    ## 建议的把握
    指标值提高到目标文字写明的数字，由填报人核实。

    ## 依据
    财预〔2021〕101号（指标值应与绩效目标一致）。条文未经人工核对。
    """

    code = "BC406"
    name = "target-too-low"
    title = "指标值低于目标"
    cure = True
    severity = Severity.WARNING
    handbook = ("VAL-10",)
    dimension = "适当性"
    reads = frozenset(
        {"name", "description", "operator", "value", "unit", "level2", "goals", "rows", "project.name"}
    )
    local = True
    opinion_code = "3"
    source = Source(DOC_101, "指标值应当与绩效目标一致")
    Options = Options
    fact = "三级指标「{name}」的指标值为「{value}」，低于{where}写明的「{promised}」"
    impact = "按指标值考核时，完成{share}即判为达标，监控容易出现大幅超额"
    advice = "请核实两处是否为同一事项，建议将指标值提高到不低于{promised}，或说明差额原因"
    confident = False

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        for project in ctx.projects:
            rows = [row for row in project.live_rows if _is_floor(row)]
            for k, goal in enumerate(project.project.goals):
                yield from self._compare(rows, goal, project.at_goal(k), "绩效目标")
        department = ctx.document.department
        if department is None or not department.items:
            return
        names = [_project_name(project) for project in ctx.projects]
        for link in link_items([item.name.text for item in department.items], names):
            item = department.items[link.item]
            rows = [row for row in ctx.projects[link.project].live_rows if _is_floor(row)]
            for field, cell in (("goal", item.goal), ("indicator", item.indicator)):
                yield from self._compare(rows, cell, ctx.at_item(link.item, field), "部门分项绩效目标")

    def _compare(self, rows: list[RowContext], cell: Cell, where: Location, label: str) -> Iterator[Finding]:
        if not cell.text or not rows:
            return
        found: list[tuple[Quantity, str, list[RowContext]]] = []
        for figure, clause, delivered in _promises(cell.text):
            need = self.options.delivered_object if delivered else self.options.same_object
            about = [
                row
                for row in rows
                if comparable(row.quantity, figure)
                and not other_moment(clause, row.name)
                and _same(clause, row, figure, need)
            ]
            found.append((figure, clause, about))
        # A row that keeps one figure (其中人工造林1.2万亩) is not measured against another (造林2万亩), and a figure
        # that one row keeps (按时办结率) leads to no other row (一次办结率).
        kept = {
            id(row) for figure, _, about in found for row in about if not self._below(row.quantity, figure)
        }
        for figure, clause, about in found:
            if not any(id(row) in kept for row in about):
                for row in about:
                    yield self._finding(row, figure, where, label, cell.text, clause)

    def _below(self, filed: Quantity, promised: Quantity) -> bool:
        if not comparable(filed, promised) or filed.number is None or promised.number is None:
            return False
        if filed.kind == "money" and filed.amount_yuan is not None and promised.amount_yuan is not None:
            return filed.amount_yuan < promised.amount_yuan * (1 - Decimal(str(self.options.tolerance)))
        if filed.kind not in ("count", "ratio") or (filed.unit != promised.unit and filed.kind == "ratio"):
            return False
        return filed.number < promised.number * (1 - Decimal(str(self.options.tolerance)))

    def _finding(
        self, row: RowContext, figure: Quantity, where: Location, label: str, text: str, clause: str
    ) -> Finding:
        start, end = figure.number_span or (0, 0)
        promised = text[start : figure.unit_span[1] if figure.unit_span else end]
        filed, wanted = row.quantity.number, figure.number
        if row.quantity.kind == "money":
            filed, wanted = row.quantity.amount_yuan, figure.amount_yuan
        assert filed is not None
        assert wanted is not None
        share = plain(round(filed / wanted * 100, 1))
        return self.found(
            row,
            "value",
            span=row.quantity.number_span,
            related=[where],
            evidence=[
                Evidence("quote", clause),
                Evidence("arithmetic", f"{number_text(row.quantity)}{_BELOW}{promised}（{share}%）"),
            ],
            where=label,
            promised=promised,
            share=f"目标的{share}%",
        )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is not None:
            promised = finding.evidence[1].text.partition(_BELOW)[2].rpartition("（")[0]
            for text in texts_at(ctx, finding.related[0].path):
                yield from raised(row, text, "目标文字写明的数字", promised)


@lru_cache(maxsize=4096)
def _promises(text: str) -> tuple[tuple[Quantity, str, bool], ...]:
    """Return the figures of a text that promise this year's work, each with its clause and whether it is delivered."""
    found = []
    for figure in find_numbers(text):
        span = figure.number_span
        if span is None or not figure.number or figure.operator in CEILINGS or figure.upper is not None:
            continue
        start, end = clause_at(text, *span)
        before = text[start : span[0]]
        if not speaks_of_other_base(text[start:end]) and not is_standing(before):
            found.append((figure, text[slice(*item_at(text, *span))], is_delivered(before)))
    return tuple(found)


def _is_floor(row: RowContext) -> bool:
    quantity = row.quantity
    return (
        quantity.number is not None
        and quantity.unit is not None
        and quantity.kind in ("count", "ratio", "money")
        and quantity.operator not in CEILINGS
        and row.category != "成本"
    )


def _same(clause: str, row: RowContext, figure: Quantity, need: float) -> bool:
    if figure.kind == "ratio":
        word = rate_word(row.name)
        return word is not None and word in clause and object_score(clause, row.name) >= 0.9
    return object_score(clause, row.name) >= need


def _project_name(project: ProjectContext) -> str:
    return project.project.name.text or project.project.title.text


RULE = TargetTooLow
