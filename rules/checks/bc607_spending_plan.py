"""BC607 spending-plan."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from models.records.amount import parse_percent
from models.records.finding import Edit, Evidence, Finding, Severity
from rules.engine.base import LOGIC, DocumentRule, Source
from rules.engine.context import DocumentContext, ProjectContext
from rules.engine.draft import Derivation, Draft
from rules.engine.paths import split_path
from rules.rewriting.cells import text_at
from rules.support.cells import plain

_HUNDRED: Final = Decimal(100)


class SpendingPlan(DocumentRule):
    """资金支出计划不是逐期累计、年末没有达到 100%，或各项目都按相同比例均摊。

    ## 为什么
    支出计划是累计比例，年末应为 100%。各项目都按季度均摊，说明没有结合工作安排测算，监控时会出现大面积偏差。

    ## 反例
    ```yaml
    project: {plan: ["25%", "50%", "45%", "100%"]}
    fires: ["plan[2]"]
    severity: warning
    ```
    ```yaml
    project: {plan: ["25", "50", "75", "90"]}
    fires: ["plan[3]"]
    ```
    ```yaml
    document:
      projects:
        - {name: 校舍维修经费, plan: ["25%", "50%", "75%", "100%"]}
        - {name: 学生体检经费, plan: ["25%", "50%", "75%", "100%"]}
        - {name: 教师培训经费, plan: ["25%", "50%", "75%", "100%"]}
    fires: [document]
    severity: info
    ```

    ## 正例
    ```yaml
    project: {plan: ["0%", "40%", "40%", "100%"]}
    fires: []
    ```
    ```yaml
    document:
      projects:
        - {name: 校舍维修经费, plan: ["0%", "20%", "90%", "100%"]}
        - {name: 学生体检经费, plan: ["25%", "50%", "75%", "100%"]}
        - {name: 教师培训经费, plan: ["10%", "50%", "80%", "100%"]}
    fires: []
    ```

    ## 建议的把握
    各期之和为 100% 的改为累计；年末不足 100% 的改为 100%；前后倒挂和一律均摊的只提示。

    ## 依据
    数据逻辑。
    """

    @dataclass(frozen=True, slots=True)
    class Options:
        """Options: from how many projects, and which share of them, the same even plan is reported."""

        projects: int = 3
        share: float = 0.6

    code = "BC607"
    name = "spending-plan"
    title = "资金支出计划有误或一律均摊"
    cure = True
    incurable = frozenset({"even", "falling"})
    severity = Severity.WARNING
    severities = frozenset({Severity.INFO})
    handbook = ("XP-03",)
    dimension = "可行性"
    reads = frozenset({"plan"})
    local = True
    opinion_code = "11"
    source = Source(LOGIC, "支出计划为累计比例，年末应达到100%")
    fold = "always"
    fact = "支出计划{after}为{high}，低于{before}的{low}"
    impact = "累计比例不能下降，支出进度无法监控"
    advice = "请按累计口径逐期填写，年末为100%"

    def check(self, ctx: DocumentContext) -> Iterator[Finding]:
        even: list[ProjectContext] = []
        planned = 0
        for project in ctx.projects:
            values = _percents(project)
            if values is None:
                continue
            planned += 1
            yield from self._project(project, values)
            if _is_even(values):
                even.append(project)
        if len(even) >= self.options.projects and len(even) >= self.options.share * planned:
            shown = "-".join(plain(value) for value in _percents(even[0]) or ())
            yield self.found(
                ctx,
                severity=Severity.INFO,
                subcode="even",
                related=[project.at_plan(k) for project in even for k in range(len(project.project.plan))],
                source=Source(LOGIC, "支出计划应当结合各项目的工作安排测算"),
                evidence=[Evidence("peer", f"{len(even)}个项目均为{shown}")],
                fact=f"全文{planned}个填报支出计划的项目中有{len(even)}个按相同比例均摊（{shown}）",
                impact="支出计划没有结合各项目的工作安排，执行中偏差会普遍出现",
                advice="建议按合同付款、补贴发放等实际时点逐项目测算支出计划",
            )

    def _project(self, ctx: ProjectContext, values: tuple[Decimal, ...]) -> Iterator[Finding]:
        labels = [point.label.text or f"第{k + 1}期" for k, point in enumerate(ctx.project.plan)]
        for k, (low, high) in enumerate(pairwise(values), start=1):
            if high < low and sum(values) != _HUNDRED:
                yield self.found(
                    ctx,
                    location=ctx.at_plan(k),
                    subcode="falling",
                    related=[ctx.at_plan(k - 1)],
                    evidence=[Evidence("arithmetic", f"{plain(high)}% < {plain(low)}%")],
                    before=labels[k - 1],
                    after=labels[k],
                    low=f"{plain(low)}%",
                    high=f"{plain(high)}%",
                )
                return
        last = values[-1]
        if last != _HUNDRED:
            by_period = sum(values) == _HUNDRED
            yield self.found(
                ctx,
                location=ctx.at_plan(len(values) - 1),
                subcode="end",
                evidence=[Evidence("arithmetic", f"{plain(last)}% ≠ 100%")],
                fact=f"支出计划{labels[-1]}为{plain(last)}%，没有达到100%"
                if last < _HUNDRED
                else f"支出计划{labels[-1]}为{plain(last)}%，超过100%",
                impact="疑似按各期发生额而不是累计数填写" if by_period else "年末支出计划与预算数不符",
            )

    def cures(self, ctx: DocumentContext, finding: Finding) -> Iterator[Draft]:
        where = split_path(finding.location.path)
        if finding.subcode != "end" or where.project is None:
            return
        project = ctx.projects[where.project]
        values = _percents(project)
        if values is None:
            return
        text = text_at(ctx, finding.location.path)
        mark = "%" if "%" in text or "％" in text else ""
        if sum(values) == _HUNDRED:
            total, edits, derived = Decimal(0), [], []
            for k, value in enumerate(values):
                total += value
                path = f"{project.path}.plan[{k}]"
                edits.append(Edit(path, text_at(ctx, path), f"{plain(total)}{mark}"))
                derived.append(Derivation(total, "sum", values[: k + 1]))
            yield Draft(
                title="改为累计比例",
                rationale=f"各期之和为100%，按期累加：{'、'.join(str(edit.new) for edit in edits)}",
                edits=tuple(edit for edit in edits if edit.old != edit.new),
                derived=tuple(derived),
            )
        yield Draft(
            title="年末支出计划改为100%",
            rationale="支出计划按累计填写，年末应为100%，请核实",
            edits=(Edit(finding.location.path, text, f"100{mark}"),),
            derived=(Derivation(_HUNDRED, "whole"),),
        )


def _percents(ctx: ProjectContext) -> tuple[Decimal, ...] | None:
    """Return the plan in percent, None where it is absent, blank or unreadable in part."""
    values = []
    for point in ctx.project.plan:
        value = point.percent.amount
        if value is None:
            value = parse_percent(point.percent.cell.text) if point.percent.cell.text else None
        if value is None:
            return None
        values.append(value)
    if len(values) < 2 or not any(values):
        return None
    if values[-1] == 1 and all(0 <= value <= 1 for value in values):
        return tuple(value * _HUNDRED for value in values)
    return tuple(values)


def _is_even(values: tuple[Decimal, ...]) -> bool:
    """Whether every period spends the same share and the last reaches 100."""
    steps = {second - first for first, second in pairwise((Decimal(0), *values))}
    return values[-1] == _HUNDRED and max(steps) - min(steps) <= 1


RULE = SpendingPlan
