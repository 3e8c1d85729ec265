"""BC410 satisfaction-threshold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.lexicon import any_of
from nlp.naming import is_count, is_satisfaction
from rules.engine.base import DOC_101, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.engine.draft import Draft
from rules.rewriting.cells import row_at, row_edits
from rules.rewriting.describe import description_of
from rules.rewriting.rows import joined
from rules.rewriting.values import asked
from rules.support.cells import percent, plain

_FORMULA: Final = re.compile(r"[÷/×=＝]|(?:占|与)[^，。；]{0,20}(?:比例|比率|比重|百分比|之比)|公式")


@dataclass(frozen=True, slots=True)
class Options:
    """选项。"""

    lowest: float = 80.0
    """满意度目标值的下限（%），低于它提示偏低。"""


class SatisfactionThreshold(ProjectRule):
    """满意度目标值过高或过低，或者没有说明怎样调查。

    ## 为什么
    满意度写 100%，只要一人不满意即未完成；低于 80% 则起不到约束作用。没有调查方式和样本的满意度，评价时多被
    扣分。每个项目表最多提示一次调查方式。

    ## 反例
    ```yaml
    project:
      rows: [{level2: 服务对象满意度指标, name: 住院患者满意度, description: 出院问卷调查, value: ＝100%}]
    fires: ["rows[0].value"]
    severity: info
    ```
    ```yaml
    project:
      rows: [{level2: 服务对象满意度指标, name: 住院患者满意度, description: 住院患者满意度, value: ≥90%}]
    fires: ["rows[0].description"]
    ```

    ## 正例
    ```yaml
    project:
      rows: [{level2: 服务对象满意度指标, name: 住院患者满意度, description: 通过出院问卷测算, value: ≥90%}]
    ```
    ```yaml
    project:
      rows: [{level2: 服务对象满意度指标, name: 住院患者满意度, description: 满意人数占有效样本的比例, value: ≥85%}]
    ```

    ## 建议的把握
    补写调查方式和口径；目标偏低的请填报人按调查结果填写；目标为 100% 的只提示，不代为降低。

    ## 依据
    财预〔2021〕101号（满意度通过调查取得）。条文未经人工核对。
    """

    code = "BC410"
    name = "satisfaction-threshold"
    title = "满意度取值或调查方式"
    cure = True
    incurable = frozenset({"full"})
    severity = Severity.INFO
    handbook = ("BEN-04",)
    dimension = "适当性"
    opinion_code = "2"
    source = Source(DOC_101, "满意度应当通过调查取得，目标值应当合理")
    Options = Options
    fold = "always"
    fact = "满意度指标「{name}」没有说明调查方式和计算口径"
    impact = "没有问卷和样本的满意度难以采信，评价时容易被扣分"
    advice = "请在指标描述中补充调查方式、样本数〔待填：份〕和计算公式（满意份数÷有效份数）"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        asked = [row for row in ctx.live_rows if is_satisfaction(row.name) and not is_count(row.name)]
        odd = False
        for row in asked:
            for item in self._threshold(row):
                odd = True
                yield item
        silent = [row for row in asked if row.has("description") and not _explains(row)]
        if silent and not odd and len(silent) == len(asked):
            first = silent[0]
            yield self.found(
                first,
                "description",
                subcode="no-survey",
                related=[row.at("description") for row in silent[1:]],
                evidence=[Evidence("quote", first.text("description") or "（空）")],
            )

    def _threshold(self, row: RowContext) -> Iterator[Finding]:
        value = percent(row.quantity)
        if value is None or row.quantity.operator in ("≤", "＜") or "不满意" in row.name:
            return
        if value == 100:
            yield self.found(
                row,
                "value",
                span=row.quantity.number_span,
                subcode="full",
                evidence=[Evidence("quote", row.filed_value)],
                fact="满意度指标「{name}」的指标值为「{value}」",
                impact="只要有一人不满意即判为未完成，一般难以实现",
                advice="请参考近年调查结果核实，建议填写可实现的下限〔待填：%〕",
            )
        elif 0 < value < self.options.lowest:
            lowest = f"{self.options.lowest:g}"
            yield self.found(
                row,
                "value",
                span=row.quantity.number_span,
                subcode="low",
                evidence=[Evidence("arithmetic", f"{plain(value)}% < {lowest}%")],
                fact="满意度指标「{name}」的指标值为「{value}」，低于一般水平" + lowest + "%",
                impact="目标偏低，监控时容易出现大幅超额完成，起不到约束作用",
                advice="请参考近年调查结果核实，说明取值依据或提高目标值〔待填：%〕",
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        row = row_at(ctx, finding.location.path)
        if row is None:
            return
        if finding.subcode == "low":
            yield from asked(row, why="低于一般水平，请按近年调查结果核实")
        if finding.subcode != "no-survey":
            return
        parts = []
        for place in (finding.location, *finding.related):
            asked_row = row_at(ctx, place.path)
            text = description_of(asked_row) if asked_row is not None else None
            if asked_row is not None and text is not None:
                parts.append(
                    Draft(
                        title="在描述中写明调查方式和口径",
                        rationale="满意度应当由问卷取得",
                        edits=row_edits(asked_row, {"description": text.text}),
                        blanks=text.blanks,
                    )
                )
        if parts:
            yield joined(parts[0], *parts[1:])


def _explains(row: RowContext) -> bool:
    text = row.text("description") + row.text("basis")
    return any_of("targets", "survey_words").search(text) is not None or _FORMULA.search(text) is not None


RULE = SatisfactionThreshold
