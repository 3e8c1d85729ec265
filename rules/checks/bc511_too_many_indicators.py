"""BC511 too-many-indicators."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import abstract_only, goal_phrase, management_word
from rules.engine.base import DOC_101, ProjectRule, Source
from rules.engine.context import ProjectContext


class TooManyIndicators(ProjectRule):
    """指标过多，重点不突出；或全部是通用表述，没有反映本项目的指标。

    ## 为什么
    核心指标应当少而精。指标过多时监控和佐证的工作量很大，真正重要的结果反而看不出来。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥300人}
        - {level2: 数量指标, name: 培训班期数, value: ≥6期}
        - {level2: 数量指标, name: 授课课时, value: ≥120课时}
        - {level2: 质量指标, name: 结业考核合格率, value: ≥95%}
    options: {most: 3}
    fires: ["."]
    severity: info
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 工作开展情况, value: 良好}
        - {level2: 质量指标, name: 提高工作水平, value: 良好}
        - {level2: 社会效益指标, name: 促进社会发展, value: 明显}
        - {level2: 可持续影响指标, name: 保障能力提升情况, value: 明显}
    fires: ["."]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥300人}
        - {level2: 质量指标, name: 结业考核合格率, value: ≥95%}
        - {level2: 社会效益指标, name: 促进社会发展, value: 明显}
        - {level2: 服务对象满意度指标, name: 参训教师满意度, value: ≥95%}
    fires: []
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 培训教师人数, value: ≥300人}
        - {level2: 数量指标, name: 不适用, value: 不适用}
        - {level2: 质量指标, name: 结业考核合格率, value: ≥95%}
    options: {most: 2}
    fires: []
    ```

    ## 依据
    财预〔2021〕101号（条文未经人工核对）。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: `most` indicators of one table without a hint; `generic_from` rows a table of generic names is reported."""

        most: int = 12
        generic_from: int = 4

    code = "BC511"
    name = "too-many-indicators"
    title = "指标过多或没有核心指标"
    severity = Severity.INFO
    handbook = ("STR-10",)
    dimension = "完整性"
    opinion_code = "2"
    source = Source(DOC_101, "应当选取能体现项目主要产出和核心效果的指标")
    fact = "项目「{project}」共填报{count}个三级指标，超过{most}个"
    impact = "重点不突出，监控和评价时佐证工作量过大"
    advice = "建议保留反映主要产出和核心效果的指标，合并或删去次要指标"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        rows = ctx.live_rows
        if len(rows) > self.options.most:
            yield self.found(
                ctx,
                subcode="many",
                evidence=[Evidence("arithmetic", f"{len(rows)} > {self.options.most}")],
                count=len(rows),
                most=self.options.most,
            )
        if len(rows) >= self.options.generic_from and all(
            abstract_only(row.name) or goal_phrase(row.name) or management_word(row.name) for row in rows
        ):
            yield self.found(
                ctx,
                subcode="generic",
                related=[row.at("name") for row in rows],
                fact="项目「{project}」的三级指标全部是通用表述，没有一个反映本项目的产出或效果",
                impact="换成任何项目都适用，评价时无法据此判断成效",
                advice="建议补充能计量的核心指标，写明交付什么、多少、达到什么标准",
            )


RULE = TooManyIndicators
