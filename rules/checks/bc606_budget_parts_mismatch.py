"""BC606 budget-parts-mismatch."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.records.document import AmountCell
from models.records.finding import Edit, Evidence, Finding, Severity
from rules.engine.base import LOGIC, ProjectRule, Source
from rules.engine.context import ProjectContext
from rules.engine.draft import Derivation, Draft
from rules.support.cells import plain

_ROUNDING: Final = Decimal("0.01")


class BudgetPartsMismatch(ProjectRule):
    """预算数与财政资金、其他资金之和不等，或预算数没有填写。

    ## 为什么
    预算数是成本、效益各项核对的基准，合计不平时后面的核对都不可靠。其他资金可以空着，按零计算。

    ## 反例
    ```yaml
    project: {budget: {total: "50.00", fiscal: "30.00", other: "10.00"}}
    fires: [budget.total]
    severity: error
    ```
    ```yaml
    project: {budget: {total: "", fiscal: "30.00", other: ""}}
    fires: [budget.total]
    ```

    ## 正例
    ```yaml
    project: {budget: {total: "50.00", fiscal: "50.00", other: ""}}
    fires: []
    ```
    ```yaml
    project: {budget: {total: "50.00", fiscal: "30.00"}}
    fires: []
    ```

    ## 建议的把握
    按表内数字相加或相减，列出算式，哪一项有误由填报人核实。

    ## 依据
    数据逻辑。
    """

    code = "BC606"
    name = "budget-parts-mismatch"
    title = "预算数与资金构成不符"
    cure = True
    incurable = frozenset({"missing", "unreadable"})
    severity = Severity.ERROR
    handbook = ("1.2",)
    dimension = "完整性"
    reads = frozenset({"budget"})
    opinion_code = "11"
    source = Source(LOGIC, "预算数应等于财政资金与其他资金之和")
    fact = "预算数为{total}，财政资金与其他资金合计为{parts}，二者不等"
    impact = "资金来源不清，成本和效益的核对没有可靠基准"
    advice = "请核实三项金额，更正有误的一项"

    def check(self, ctx: ProjectContext) -> Iterator[Finding]:
        if "budget" in ctx.project.absent:
            return
        budget = ctx.project.budget
        total, fiscal, other = budget.total, budget.fiscal, budget.other
        if total is None:
            return
        if total.amount is None:
            if (total.cell.text or (fiscal is not None and fiscal.cell.text)) and not _is_masked(total):
                filed = total.cell.text
                yield self.found(
                    ctx,
                    "budget.total",
                    subcode="unreadable" if filed else "missing",
                    fact=f"预算数填写为「{filed}」，不是数值" if filed else "预算数没有填写",
                    impact="成本和效益无法与预算核对",
                    advice="请按万元填写预算数",
                )
            return
        if (
            fiscal is None
            or fiscal.amount is None
            or (other is not None and other.cell.text and other.amount is None)
        ):
            return
        rest = other.amount if other is not None and other.amount is not None else Decimal(0)
        parts = fiscal.amount + rest
        # Without a cell for other money the rest may come from sources that the layout does not show.
        short = other is None and parts < total.amount
        if not short and abs(total.amount - parts) >= _ROUNDING:
            unit = budget.unit
            sums = f"{plain(fiscal.amount)}+{plain(rest)}={plain(parts)}{unit}，预算数{plain(total.amount)}{unit}"
            yield self.found(
                ctx,
                "budget.total",
                subcode="sum",
                related=[ctx.at("budget.fiscal"), *([ctx.at("budget.other")] if other is not None else [])],
                evidence=[Evidence("arithmetic", sums)],
                total=f"{total.cell.text}{unit}",
                parts=f"{plain(parts)}{unit}",
            )

    def cures(self, ctx: ProjectContext, finding: Finding) -> Iterator[Draft]:
        budget = ctx.project.budget
        if finding.subcode != "sum" or budget.total is None or budget.fiscal is None:
            return
        total, fiscal, other = budget.total.amount, budget.fiscal.amount, budget.other
        if total is None or fiscal is None:
            return
        unit = budget.unit
        if other is not None and total >= fiscal:
            rest = total - fiscal
            yield Draft(
                title="按差额填写其他资金",
                rationale=f"预算数{plain(total)}{unit}－财政资金{plain(fiscal)}{unit}＝{plain(rest)}{unit}，请核实",
                edits=(Edit(f"{ctx.path}.budget.other", other.cell.text, plain(rest)),),
                derived=(Derivation(rest, "difference", (total, fiscal)),),
            )
        amount = other.amount if other is not None else None
        whole = fiscal + (amount or 0)
        operands = (fiscal,) if amount is None else (fiscal, amount)
        yield Draft(
            title="按各项资金之和填写预算数",
            rationale=f"{'＋'.join(plain(item) for item in operands)}＝{plain(whole)}{unit}，请核实",
            edits=(Edit(f"{ctx.path}.budget.total", budget.total.cell.text, plain(whole)),),
            derived=(Derivation(whole, "sum", operands),),
        )


def _is_masked(total: AmountCell) -> bool:
    """Whether the amount was blanked on purpose for publication (***)."""
    text = total.cell.text
    return bool(text) and set(text) <= set("*＊×xX-—/")


RULE = BudgetPartsMismatch
