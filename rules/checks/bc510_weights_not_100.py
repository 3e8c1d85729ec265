"""BC510 weights-not-100."""

import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from models.records.finding import Evidence, Finding, Severity
from nlp.text import normalise
from rules.engine.base import DOC_101, FORM, ProjectRule, Source
from rules.engine.context import ProjectContext, RowContext
from rules.support.cells import plain

_HUNDRED: Final = Decimal(100)
_TEN: Final = Decimal(10)
_SLACK: Final = Decimal("0.05")
_EXECUTION: Final = re.compile("预算执行率|预算资金执行率|资金执行率")


class WeightsNot100(ProjectRule):
    """指标权重合计不是 100，或有指标权重为 0。

    ## 为什么
    权重合计不对，自评和评价得分就无法计算；权重为 0 的指标等于没有设。预算执行率 10 分单列在表外时，表内合计 90 是对的；没有权重列不提示。

    ## 反例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 造林面积, value: ≥500亩, weight: "40"}
        - {level2: 生态效益指标, name: 森林覆盖率, value: ≥35%, weight: "40"}
    fires: ["."]
    severity: error
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 造林面积, value: ≥500亩, weight: "100"}
        - {level2: 质量指标, name: 造林成活率, value: ≥90%, weight: "0"}
    fires: ["rows[1].weight"]
    severity: error
    ```

    ## 正例
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 造林面积, value: ≥500亩, weight: "50"}
        - {level2: 生态效益指标, name: 森林覆盖率, value: ≥35%, weight: "30"}
        - {level2: 服务对象满意度指标, name: 林农满意度, value: ≥90%, weight: "10"}
    fires: []
    ```
    ```yaml
    project:
      rows:
        - {level2: 数量指标, name: 造林面积, value: ≥500亩}
        - {level2: 质量指标, name: 造林成活率, value: ≥90%}
    fires: []
    ```

    ## 依据
    通用填报要求；权重分配见财预〔2021〕101号（条文未经人工核对）。
    """

    code = "BC510"
    name = "weights-not-100"
    title = "指标权重有误"
    severity = Severity.ERROR
    severities = frozenset({Severity.WARNING})
    handbook = ("WGT-01", "WGT-02")
    dimension = "适当性"
    reads = frozenset({"weight", "level1", "level2", "rows", "name", "value"})
    opinion_code = "11"
    source = Source(FORM, "指标权重合计应为100，预算执行率单列的表内合计为90")
    fact = "项目「{project}」的指标权重合计为{total}，应为{wanted}"
    impact = "自评和评价得分无法正确计算"
    advice = "请调整各指标权重，使合计为{wanted}"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        weighed = [(row, weight) for row in ctx.rows if (weight := _weight(row)) is not None]
        if not weighed or not any(weight for _, weight in weighed):
            return
        for row, weight in weighed:
            if weight <= 0 and not row.is_filler and not row.is_blank:
                yield self._zero(ctx, row)
        scale = _HUNDRED if sum(weight for _, weight in weighed) <= Decimal("1.5") else Decimal(1)
        total = sum((weight for _, weight in weighed), Decimal(0)) * scale
        execution = any(_EXECUTION.search(row.name) for row, _ in weighed)
        right = [_HUNDRED] if execution else [_HUNDRED, _HUNDRED - _TEN]
        goals = len(ctx.project.goals)
        per_goal = goals > 1 and total % _HUNDRED == 0 and _HUNDRED < total <= goals * _HUNDRED
        if per_goal:
            return
        if not any(abs(total - wanted) <= _SLACK for wanted in right):
            shown = "+".join(plain(weight * scale) for _, weight in weighed)
            yield self.found(
                ctx,
                subcode="sum",
                related=[row.at("weight") for row, _ in weighed],
                evidence=[Evidence("arithmetic", f"{shown}={plain(total)}")],
                total=plain(total),
                wanted="100" if execution else "100（预算执行率另计10分的为90）",
            )
        elif execution or abs(total - _HUNDRED) > _SLACK:
            yield from self._shares(ctx, [(row, weight * scale) for row, weight in weighed])

    def _zero(self, ctx: ProjectContext, row: RowContext) -> Finding:
        return self.found(
            ctx,
            location=row.at("weight"),
            subcode="zero",
            evidence=[Evidence("quote", row.text("weight"))],
            fact=f"三级指标「{row.words()['name']}」的权重为{row.text('weight')}",
            impact="该指标完成与否不影响得分，等于没有设置",
            advice="请为该指标设置大于0的权重，或删除该指标",
        )

    def _shares(self, ctx: ProjectContext, weighed: list[tuple[RowContext, Decimal]]) -> Iterator[Finding]:
        wanted = {
            str(key): Decimal(value) for key, value in ctx.scheme.weights.items() if key != "预算执行率"
        }
        if not wanted:
            return
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for row, weight in weighed:
            if _EXECUTION.search(row.name):
                continue
            group = row.group or (ctx.scheme.parent_group(row.category) if row.category else None)
            if group is None:
                return
            sums["服务对象满意度" if group == "满意度" else group] += weight
        if "服务对象满意度" in wanted and "服务对象满意度" not in sums:
            wanted["效益"] = wanted.get("效益", Decimal(0)) + wanted.pop("服务对象满意度")
        if "成本" in wanted and "成本" not in sums:
            return
        off = [key for key in wanted if abs(sums.get(key, Decimal(0)) - wanted[key]) > _SLACK]
        if off:
            filed = "、".join(f"{key}{plain(sums.get(key, Decimal(0)))}" for key in wanted)
            right = "、".join(f"{key}{plain(wanted[key])}" for key in wanted)
            yield self.found(
                ctx,
                severity=Severity.WARNING,
                subcode="shares",
                related=[row.at("weight") for row, _ in weighed],
                evidence=[Evidence("arithmetic", f"{filed}，体系分配为{right}")],
                source=Source(DOC_101, "各类指标的权重应按体系分配"),
                fact=f"项目「{{project}}」各类指标的权重为{filed}，与体系分配（{right}）不一致",
                impact="各类指标在评价中的分量与统一口径不同，得分不可比",
                advice=f"请核实本地权重要求；无特殊规定的，建议按{right}分配",
            )


def _weight(row: RowContext) -> Decimal | None:
    text = normalise(row.text("weight")).removesuffix("%").removesuffix("分")
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


RULE = WeightsNot100
