"""BC208 pasted-description."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.records.finding import Evidence, Finding, Severity
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext, shorten
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at, row_edits
from rules.rewriting.describe import description_of
from rules.rewriting.rows import joined
from rules.support.repeats import repeats_name

_SHORTEST = 4


class PastedDescription(ProjectRule):
    """整列绩效指标描述填的是同一段话。

    ## 为什么
    各指标考核的内容不同，描述却完全一样，说明没有逐项填写，计算方法和数据来源仍然不明。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 疫苗接种人次, description: 按照年度工作计划执行, value: ≥3000人次}
        - {level2: 质量指标, name: 接种建档率, description: 按照年度工作计划执行, value: ≥95%}
        - {level2: 时效指标, name: 接种完成时间, description: 按照年度工作计划执行。, value: 11月底前}
    fires: ["."]
    severity: info
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 文物修复件数, description: 反映项目完成情况, value: ≥20件}
        - {level2: 质量指标, name: 修复合格率, description: 反映项目完成情况, value: ≥95%}
        - {level2: 时效指标, name: 修复完成时间, description: 反映项目完成情况, value: 11月底前}
        - {level2: 成本指标, name: 件均修复成本, description: 修复支出÷修复件数, value: ≤5000元/件}
    fires: ["."]
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 疫苗接种人次, description: 全年接种总人次, value: ≥3000人次}
        - {level2: 质量指标, name: 接种建档率, description: 建档人数÷接种人数, value: ≥95%}
        - {level2: 时效指标, name: 接种完成时间, description: 全部接种结束的日期, value: 11月底前}
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 疫苗接种人次, description: 疫苗接种人次, value: ≥3000人次}
        - {level2: 质量指标, name: 接种建档率, description: 接种建档率, value: ≥95%}
        - {level2: 时效指标, name: 接种完成时间, description: 接种完成时间, value: 11月底前}
    ```

    ## 建议的把握
    按名称和类型逐行拟定口径，不含任何数字，由填报人核实。

    ## 依据
    数据逻辑。
    """

    code = "BC208"
    name = "pasted-description"
    title = "描述整列雷同"
    cure = True
    severity = Severity.INFO
    handbook = ("NAM-08",)
    dimension = "完整性"
    opinion_code = "2"
    source = Source(LOGIC, "各指标的描述应当分别说明")
    fact = "本项目有描述的 {filled} 行中，{hits} 行的描述都是「{text}」"
    impact = "描述没有说明各指标的计算方法和数据来源，监控和评价时口径不明"
    advice = "请逐行补充描述〔待填：考核内容、计算公式、数据来源〕"

    @dataclass(frozen=True)
    class Options:
        """Options of BC208."""

        min_rows: int = 3
        """Rows with the same description from which the table is named."""
        share: float = 0.6
        """Their share of the rows with a description."""

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        filled = [row for row in ctx.live_rows if row.has("description") and row.norm("description")]
        if len(filled) < self.options.min_rows:
            return
        by_text: dict[str, list[RowContext]] = {}
        for row in filled:
            text = row.norm("description").rstrip("。.;,")
            if len(text) >= _SHORTEST and not repeats_name(row, "description"):
                by_text.setdefault(text, []).append(row)
        for rows in by_text.values():
            names = {row.name for row in rows}
            if len(names) < self.options.min_rows or len(rows) < self.options.share * len(filled):
                continue
            text = shorten(rows[0].text("description"))
            yield self.found(
                ctx,
                related=[row.at("description") for row in rows],
                evidence=[Evidence("quote", f"描述：「{text}」")],
                filled=len(filled),
                hits=len(rows),
                text=text,
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        parts = []
        for place in finding.related:
            row = row_at(ctx, place.path)
            text = description_of(row) if row is not None else None
            if row is not None and text is not None:
                parts.append(
                    Draft(
                        title="逐行写明口径和数据来源",
                        rationale="按指标名称和类型拟定的计算口径，请核实",
                        edits=row_edits(row, {"description": text.text}),
                        blanks=text.blanks,
                    )
                )
        if parts:
            yield joined(parts[0], *parts[1:])


RULE = PastedDescription
