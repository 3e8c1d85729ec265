"""BC611 off-topic-indicator."""

from collections.abc import Iterator

from models.records.finding import Evidence, Finding, Severity
from nlp.naming import has_measurable_noun, is_zero_event, lower_is_better
from nlp.text import core_name
from nlp.topics import FOREIGN, likeness, telling_words
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at
from rules.rewriting.rows import replaced
from rules.support.repeats import bigrams


class OffTopicIndicator(ProjectRule):
    """三级指标与项目的名称、资金用途、绩效目标不是同一领域的事。

    ## 为什么
    套用其他项目的表格时，常留下与本项目无关的指标（工资项目里出现检测能力，绿化项目里出现参训合格率）。名称中有
    明确的领域用语，而项目的名称、用途、目标全是另一领域的用语、没有相同的内容时提示；满意度、完成率等通用指标
    没有领域用语，不提示。

    ## 反例
    ```yaml
    project:
      name: 农村公路日常养护
      purpose: 支付养护工人劳务费，购置沥青等养护材料
      rows:
        - {level2: 数量指标, name: 养护里程, value: ≥120公里}
        - {level2: 社会效益指标, name: 疫苗接种率, value: ≥95%}
    fires: ["rows[1].name"]
    ```

    ## 正例
    ```yaml
    project:
      name: 农村公路日常养护
      purpose: 支付养护工人劳务费，购置沥青等养护材料
      rows:
        - {level2: 数量指标, name: 养护里程, value: ≥120公里}
        - {level2: 服务对象满意度指标, name: 沿线群众满意度, value: ≥90%}
    ```

    ## 建议的把握
    换成本项目同类的指标，数字由填报人填写。

    ## 依据
    数据逻辑。
    """

    code = "BC611"
    name = "off-topic-indicator"
    title = "疑似与项目无关的指标"
    cure = True
    severity = Severity.WARNING
    handbook = ("GOAL-04",)
    dimension = "相关性"
    reads = frozenset(
        {"level2", "name", "operator", "value", "unit", "rows", "goals", "budget", "project.name"}
    )
    opinion_code = "3"
    confident = False
    source = Source(LOGIC, "绩效指标应当与项目内容相关")
    fact = "三级指标「{name}」中的「{words}」在项目名称、资金用途和绩效目标中没有对应内容，疑似从其他项目套用"
    impact = "指标不能反映本项目的产出和效益，评价时按与项目无关的指标扣分"
    advice = "建议核实；确与本项目无关的，请改为本项目的指标〔待填：指标及数值〕"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        project = ctx.project
        purpose = project.budget.purpose.text if project.budget.purpose else ""
        text = "\n".join((project.name.text, purpose, *(cell.text for cell in project.goals)))
        about = telling_words(text)
        if len(about) < _LEAST:
            return
        rows = ctx.live_rows
        foreign = [row for row in rows if self._is_foreign(row, text, about, rows)]
        # Where most of a table seems foreign, the project speaks of a field that the words do not know.
        if len(foreign) * 2 > len(rows):
            return
        for row in foreign:
            found = telling_words(row.text("name"))
            yield self.found(
                row,
                "name",
                related=[ctx.at("name")],
                evidence=[
                    Evidence("model", f"指标用语：{'、'.join(found)}；项目用语：{'、'.join(about[:6])}")
                ],
                words="、".join(found),
            )

    @staticmethod
    def _is_foreign(row: RowContext, text: str, about: tuple[str, ...], rows: tuple[RowContext, ...]) -> bool:
        # A goal phrase (实现数字化) may serve any field; only what is measured is compared.
        found = telling_words(row.text("name"))
        if (
            is_zero_event(row.text("name"))
            or lower_is_better(row.text("name"))
            or not has_measurable_noun(row.text("name"))
            or all(word.endswith("化") for word in found)
        ):
            return False
        score = likeness(found, about)
        if score is None or score > FOREIGN:
            return False
        # 「参赛率｜组队参加运动会的工会数」: the description ties the name to the project.
        if any(word in text for word in telling_words(row.text("description"))):
            return False
        around = [core_name(text), *(other.name for other in rows if other is not row)]
        return not any(bigrams(row.name) & bigrams(other) for other in around)

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is not None:
            yield from replaced(row, why="换成与本项目内容相关的指标", keep=False)


_LEAST = 2
RULE = OffTopicIndicator
