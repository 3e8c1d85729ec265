"""BC204 duplicate-indicator."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import FORM, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.merge import merged
from rules.support.repeats import is_real_name


class DuplicateIndicator(ProjectRule):
    """同一项目中三级指标名称重复。

    ## 为什么
    系统不允许同一项目有同名指标；同名而指标值不同时，监控无从对应。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 义诊场次, value: ≥12场}
        - {level2: 质量指标, name: 义诊场次, value: ≥95%}
    fires: ["rows[1].name"]
    severity: error
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: "指标1：路灯更换数", value: ≥200盏}
        - {level2: 数量指标, name: "指标2：路灯更换数", value: ≥180盏}
    fires: ["rows[1].name"]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 城区义诊场次, value: ≥12场}
        - {level2: 数量指标, name: 乡镇义诊场次, value: ≥12场}
    ```
    ```yaml
    project:
      rows:
        - {level2: 经济效益指标, name: 无, value: 无}
        - {level2: 生态效益指标, name: 无, value: 无}
    ```

    ## 建议的把握
    合并时保留要求较高的一行；合并后某类没有指标的，改为该类自身的指标。

    ## 依据
    通用填报要求（同一项目指标名称不重复）。
    """

    code = "BC204"
    name = "duplicate-indicator"
    title = "指标名称重复"
    cure = True
    severity = Severity.ERROR
    handbook = ("STR-07",)
    dimension = "完整性"
    reads = frozenset({"name", "operator", "value", "unit", "rows", "level2"})
    opinion_code = "11"
    source = Source(FORM, "同一项目的三级指标名称不得重复")
    fact = "三级指标「{name}」在本项目中出现 {hits} 次，指标值为{values}"
    impact = "报送时系统校验不能通过，监控时实际值无法对应"
    advice = "请保留其中一行；确为不同内容的，请用名称区分"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        by_name: dict[str, list[RowContext]] = {}
        for row in ctx.live_rows:
            if is_real_name(row.name):
                by_name.setdefault(row.name, []).append(row)
        for rows in by_name.values():
            if len(rows) < 2:
                continue
            values = "、".join(f"「{row.filed_value}」" for row in rows[:4])
            yield self.found(
                rows[1],
                "name",
                related=[row.at("name") for row in rows if row is not rows[1]],
                evidence=[Evidence("peer", f"同名行的指标值：{values}")],
                hits=len(rows),
                values=values,
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        rows = [row_at(ctx, place.path) for place in (finding.location, *finding.related)]
        yield from merged([row for row in rows if row is not None])


RULE = DuplicateIndicator
