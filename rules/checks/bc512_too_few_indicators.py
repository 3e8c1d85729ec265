"""BC512 too-few-indicators."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import FORM, ProjectRule, Source
from rules.engine.context import ProjectContext
from rules.engine.draft import Draft
from rules.rewriting.rows import added


class TooFewIndicators(ProjectRule):
    """三级指标少于本地规定的最低数量（默认不启用）。

    ## 为什么
    部分地区规定了三级指标的最低数量。没有本地规定时，指标少不是问题，因此本规则默认不启用，由各地在配置中开启。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 采购图书册数, value: ≥5000册}
        - {level2: 社会效益指标, name: 年到馆读者人次, value: ≥3万人次}
    fires: ["."]
    severity: warning
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 采购图书册数, value: ≥5000册}
        - {level2: 质量指标, name: 图书验收合格率, value: ≥99%}
        - {level2: 时效指标, name: 不适用, value: 不适用}
    fires: ["."]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 采购图书册数, value: ≥5000册}
        - {level2: 质量指标, name: 图书验收合格率, value: ≥99%}
        - {level2: 社会效益指标, name: 年到馆读者人次, value: ≥3万人次}
    fires: []
    ```
    ```yaml
    project: {rows: []}
    fires: []
    ```

    ## 建议的把握
    从指标库或按本项目事项补一行，数字由填报人填写。

    ## 依据
    通用填报要求（以本地规定为准）。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: `minimum` number of level-3 indicators that the place asks for."""

        minimum: int = 3

    code = "BC512"
    name = "too-few-indicators"
    title = "指标少于本地最低数量"
    cure = True
    severity = Severity.WARNING
    handbook = ("STR-14",)
    dimension = "完整性"
    opinion_code = "1"
    source = Source(FORM, "三级指标不少于本地规定的数量")
    enabled_by_default = False
    fact = "项目「{project}」共填报{count}个三级指标，少于本地规定的{minimum}个"
    impact = "指标不足以反映项目的产出和效果，可能被退回"
    advice = "请按本地规定补充反映主要产出和效果的指标"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        count = len(ctx.live_rows)
        if ctx.rows and count < self.options.minimum:
            yield self.found(
                ctx,
                evidence=[Evidence("arithmetic", f"{count} < {self.options.minimum}")],
                count=count,
                minimum=self.options.minimum,
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        for category in ("社会效益", "质量", "数量", "时效"):
            yield from islice(added(ctx, category, why="指标少于本地要求"), 1)


RULE = TooFewIndicators
