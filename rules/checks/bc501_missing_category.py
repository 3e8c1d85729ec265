"""BC501 missing-category."""

from collections.abc import Iterator
from itertools import islice
from typing import Final

from models.records.finding import Finding, Severity
from nlp.naming import (
    is_cost,
    is_internal_project,
    is_satisfaction,
    is_unit_cost,
    needs_cost_row,
    serves_public,
)
from rules.engine.base import DOC_88, DOC_101, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.costs import unit_cost_added
from rules.rewriting.rows import added

_COSTS: Final = frozenset({"成本", "社会成本", "生态环境成本"})
_WITHOUT_LEVELS: Final = frozenset({"dept-frame", "old-hebei"})

_FILLS = {
    "产出": ("数量", "质量"),
    "效益": ("社会效益", "经济效益"),
    "满意度": ("服务对象满意度",),
}
"""Classes that fill a missing branch."""


class MissingCategory(ProjectRule):
    """项目表缺少应有的一类指标。

    ## 为什么
    没有产出就不知道做了什么，没有效益就不知道为什么做；公共服务项目没有满意度，评价时无从取得服务对象的意见。生态效益、可持续影响不是每个项目都有，缺少时不提示；服务本单位的项目不要求满意度。

    ## 反例
    ```yaml
    project:
      name: 农村公路养护经费
      rows:
        - {level2: 数量指标, name: 养护里程, value: ≥120公里}
        - {level2: 质量指标, name: 养护合格率, value: ≥95%}
        - {level2: 时效指标, name: 养护完成时间, value: 11月底前}
        - {level2: 成本指标, name: 每公里养护成本, value: ≤8000元/公里}
        - {level2: 服务对象满意度指标, name: 沿线群众满意度, value: ≥90%}
    fires: ["."]
    severity: error
    ```
    ```yaml
    project:
      name: 困难学生资助资金
      rows:
        - {level2: 数量指标, name: 资助学生人数, value: ≥300人}
        - {level2: 质量指标, name: 资助对象准确率, value: ≥98%}
        - {level2: 时效指标, name: 资助金发放时间, value: 9月底前}
        - {level2: 社会效益指标, name: 困难学生入学率, value: ≥99%}
        - {level2: 服务对象满意度指标, name: 受助学生满意度, value: ≥95%}
    fires: ["."]
    severity: warning
    ```

    ## 正例
    ```yaml
    project:
      name: 农村公路养护经费
      rows:
        - {level2: 数量指标, name: 养护里程, value: ≥120公里}
        - {level2: 质量指标, name: 养护合格率, value: ≥95%}
        - {level2: 时效指标, name: 养护完成时间, value: 11月底前}
        - {level2: 成本指标, name: 每公里养护成本, value: ≤8000元/公里}
        - {level2: 社会效益指标, name: 受益行政村数量, value: ≥30个}
        - {level2: 服务对象满意度指标, name: 沿线群众满意度, value: ≥90%}
    fires: []
    ```
    ```yaml
    project:
      name: 机关办公设备运行维护费
      rows:
        - {level2: 数量指标, name: 维护设备数量, value: ≥60台}
        - {level2: 质量指标, name: 设备完好率, value: ≥95%}
        - {level2: 时效指标, name: 故障响应时间, value: ≤2小时}
        - {level2: 成本指标, name: 每台设备年维护费, value: ≤300元/台}
        - {level2: 社会效益指标, name: 不适用, value: 不适用}
    fires: []
    ```

    ## 建议的把握
    从指标库或按本项目事项补一行，数字由填报人填写；表内有权重时不代为增行。

    ## 依据
    财预〔2021〕101号、财预〔2015〕88号（条文未经人工核对）。
    """

    code = "BC501"
    name = "missing-category"
    title = "缺少应有的指标类别"
    cure = True
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING, Severity.INFO})
    handbook = ("STR-03", "STR-04", "STR-05", "STR-06")
    dimension = "完整性"
    reads = frozenset(
        {
            "level1",
            "level2",
            "name",
            "operator",
            "value",
            "unit",
            "rows",
            "budget",
            "goals",
            "project.name",
            "project.title",
        }
    )
    opinion_code = "1"
    source = Source(DOC_101, "绩效目标应通过产出、效益等指标细化反映")
    fact = "项目「{project}」没有填报{missing}"
    impact = "{effect}"
    advice = "请补充{missing}，{how}"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        rows = [row for row in ctx.rows if not row.is_blank]
        if not rows or (ctx.scheme.id == "old-hebei" and not any(row.group for row in rows)):
            return
        groups = {group for row in rows if (group := _group(row))}
        unknown = any(_group(row) is None for row in rows)
        categories = {row.category for row in rows if row.category}
        labelled = any(row.text("level2") for row in rows)
        yield from self._groups(ctx, groups, unknown)
        if ctx.scheme.id in _WITHOUT_LEVELS:
            return
        yield from self._cost(ctx, groups, categories, labelled, unknown)
        yield from self._satisfaction(ctx, groups, categories, unknown)
        unclear = any(row.category is None and _group(row) in ("产出", None) for row in rows)
        if labelled and "产出" in groups and not unclear:
            yield from self._outputs(ctx, categories)

    def _groups(self, ctx: ProjectContext, groups: set[str], unknown: bool) -> Iterator[Finding]:
        if unknown:
            return
        for group in ctx.scheme.required_groups:
            if group in groups:
                continue
            output = group == "产出"
            yield self.found(
                ctx,
                subcode=group,
                opinion_code="9" if output else "8",
                missing=ctx.scheme.level1_name(group),
                effect="看不出项目交付什么，无法监控和评价"
                if output
                else "看不出项目为谁带来什么变化，评价时该部分不得分",
                how="写明交付的数量、质量和完成时间" if output else "写明受益对象和可核对的变化",
            )

    def _cost(
        self, ctx: ProjectContext, groups: set[str], categories: set[str], labelled: bool, unknown: bool
    ) -> Iterator[Finding]:
        if unknown or "成本" in groups or categories & _COSTS or not ctx.scheme.has("成本"):
            return
        if not labelled and ctx.scheme.parent_group("成本") != "成本":
            return
        if any(_is_misfiled_cost(row) for row in ctx.live_rows):
            return
        project = ctx.project
        firm = needs_cost_row(project.name.text or project.title.text, project.budget.purpose.text)
        yield self.found(
            ctx,
            severity=Severity.ERROR if firm else Severity.WARNING,
            subcode="成本",
            missing=ctx.scheme.level2_name("成本"),
            effect="工程、修缮和购置项目的花费没有上限可对照" if firm else "项目花费没有上限可对照",
            how="优先填写单位成本（如元/人、元/公里），或主要支出项目的成本控制数",
        )

    def _satisfaction(
        self, ctx: ProjectContext, groups: set[str], categories: set[str], unknown: bool
    ) -> Iterator[Finding]:
        if (
            unknown
            or "满意度" in groups
            or "服务对象满意度" in categories
            or not ctx.scheme.has("服务对象满意度")
            or any(is_satisfaction(row.name) for row in ctx.live_rows)  # Misfiled: BC101 asks to move it.
        ):
            return
        project = ctx.project
        facts = (project.name.text or project.title.text, project.budget.purpose.text, ctx.goals_text)
        if is_internal_project(*facts) or not serves_public(*facts):
            return
        yield self.found(
            ctx,
            severity=Severity.WARNING,
            subcode="满意度",
            opinion_code="10",
            missing=ctx.scheme.level2_name("服务对象满意度"),
            effect="项目直接服务社会公众，评价时缺少服务对象的意见",
            how="写明调查对象、调查方式和目标值",
        )

    def _outputs(self, ctx: ProjectContext, categories: set[str]) -> Iterator[Finding]:
        for category in ctx.scheme.required_categories:
            if category in categories or not ctx.scheme.has(category):
                continue
            yield self.found(
                ctx,
                severity=Severity.INFO,
                subcode=category,
                source=Source(DOC_88, "产出应从数量、质量、时效等方面细化量化"),
                missing=ctx.scheme.level2_name(category),
                effect="产出只反映了一部分，评价时缺少对照",
                how="确不涉及的，可注明不适用",
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        why = "该类没有指标"
        wanted = finding.subcode or ""
        if wanted == "成本":
            yield from unit_cost_added(ctx, why=why)
        for category in _FILLS.get(wanted, (wanted,)):
            yield from islice(added(ctx, category, why=why), 2)


def _is_misfiled_cost(row: RowContext) -> bool:
    """Whether a cost stands in another class: moving it (BC302) is the remedy, not a new row."""
    return row.quantity.kind == "money" and (is_unit_cost(row.name) or is_cost(row.name))


def _group(row: RowContext) -> str | None:
    if row.group is not None:
        return row.group
    return row.project.scheme.parent_group(row.category) if row.category else None


RULE = MissingCategory
