"""Unit costs from what the table holds: budget ÷ count, with the division shown, else a blank with the bound beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from models.records.finding import Edit
from models.records.quantity import Quantity
from nlp.lexicon import bare
from nlp.linking import same_object
from nlp.measures import is_count, is_unit_cost
from nlp.quantity import find_numbers
from nlp.subject import cased, delivered
from nlp.text import normalise, strip_prefix
from rules.engine.context import ProjectContext, RowContext, shorten
from rules.engine.draft import Blank, Derivation, Draft
from rules.engine.edits import used
from rules.rewriting.basis import basis_text
from rules.rewriting.blanks import number_blank
from rules.rewriting.cells import add_edit, class_cells, row_edits, value_cells
from rules.rewriting.describe import with_source
from rules.rewriting.indicators import subject_of
from rules.rewriting.rows import division
from rules.rewriting.weights import carries_weights
from rules.support.amounts import yuan_text
from rules.support.cells import plain

_EACH: Final = {
    "人": "人均",
    "人次": "每人次",
    "户": "户均",
    "公里": "每公里",
    "亩": "每亩",
    "次": "每次",
    "场": "每场",
    "场次": "每场",
    "期": "每期",
    "平方米": "每平方米",
    "km": "每公里",
    "千米": "每公里",
}
_EVENTS: Final = ("次", "场", "场次", "期")
_LONGEST: Final = 10
_LONGEST_COUNT: Final = 16
_LIST: Final = re.compile(r"[、；;]|以及|及|和|等")
_NEAR: Final = 24
"""Characters in front of a price in which its thing has to stand."""
_SAME: Final = 0.6
_PER_HEAD: Final = re.compile(r"(?:人均|户均|每人|每户)$")
_SPECIFIC: Final = re.compile(r"《|〔|\d|合同|标准.{2}|.{2}标准")
"""A basis that names its document or figure stays."""
_USE: Final = re.compile(
    r"(?:^|[,，;；。、：:（(])(?:其中|用于|支付)?(?P<use>(?!每|人均|户均|平均|计|约|共|按)[\u4e00-\u9fff]{2,12})$"
)
_LEAST_USES: Final = 2
_DIMENSION: Final = re.compile(r"(?:建筑|占地)?(?:面积|长度|里程|规模)$")
_LEAST_WORK: Final = 2
_ROUNDING: Final = Decimal("1.05")
"""A goal that promises more than this is another figure, not the exact form of the rounded one."""


def unit_costs_of(row: RowContext, *, why: str) -> Iterator[Draft]:
    """Yield drafts that put a unit cost into a cost row, from the counted outputs of the table."""
    project = row.project
    counts = _counted(project)
    priced = list(_filed_prices(project, counts, row, why))
    yield from priced
    if counts and _only(project, counts) and not priced:
        yield from _per_piece(project, counts[0], row, why, alone=_unlisted(project))
    if not is_unit_cost(row.text("name")):
        yield from _itemised(project, row)
    about = subject_of(project)
    if not counts and about is not None and is_unit_cost(row.text("name")):
        name = row.text("name")
        blank = number_blank(name, "预算支出标准", probe="1")
        yield _draft(
            project,
            row,
            name,
            about.topic,
            str(blank),
            "元",
            (blank,),
            (),
            f"{why}；按项目事项拟定名称",
            "实际完成数量",
        )


def _itemised(project: ProjectContext, row: RowContext) -> Iterator[Draft]:
    """Yield the bound of the largest use that the purpose names with its amount (采编播设备更新120万元)."""
    budget, text = project.budget_yuan, normalise(project.project.budget.purpose.text)
    uses: list[tuple[Decimal, Quantity, str]] = []
    for figure in find_numbers(text):
        amount, span = figure.amount_yuan, figure.number_span
        if (
            figure.kind != "money"
            or figure.per
            or not amount
            or span is None
            or not budget
            or amount >= budget
        ):
            continue
        found = _USE.search(text[: span[0]])
        if found is not None:
            uses.append((amount, figure, found["use"]))
    if len(uses) < _LEAST_USES:
        return
    _, figure, use = max(uses, key=lambda item: item[0])
    assert figure.number is not None
    name = f"{use}支出控制数"
    basis, document = basis_text("成本")
    cells = {
        "name": name,
        "description": with_source(f"年度内{use}实际支出合计", "支付凭证和结算资料"),
        "basis": basis,
        **value_cells(row, "≤", plain(figure.number), figure.unit or "万元"),
    }
    edits = row_edits(row, cells)
    yield Draft(
        title=f"将「{row.words()['name']}」改为分项控制数「{name}」",
        rationale="总额不能反映成本控制，按用途分项列示；金额取自资金用途，其余用途可照此另列，请核实",
        edits=edits,
        blanks=used((document,), edits),
        lifted=True,
    )


def unit_cost_added(project: ProjectContext, *, why: str) -> Iterator[Draft]:
    """Yield drafts that add a unit-cost row."""
    if carries_weights(project):
        return
    counts = _counted(project)
    priced = list(_filed_prices(project, counts, None, why))
    yield from priced
    if counts and _only(project, counts) and not priced:
        yield from _per_piece(project, counts[0], None, why, alone=_unlisted(project))


def _filed_prices(
    project: ProjectContext, counts: list[RowContext], row: RowContext | None, why: str
) -> Iterator[Draft]:
    """Yield unit costs that the purpose or the goals state themselves (时令鲜花42万盆，1.6元/盆)."""
    text = "\n".join((project.project.budget.purpose.text, project.goals_text))
    found: list[tuple[Decimal, Draft]] = []
    for figure in find_numbers(text):
        if figure.kind != "money" or figure.number is None or figure.number_span is None:
            continue
        before = text[: figure.number_span[0]]
        head = _PER_HEAD.search(before)
        if head is not None:
            unit = "户" if "户" in head[0] else "人"
            money, *span = (figure.unit or "元").split("/")
            written = f"{money}/{unit}" + "".join(f"·{part}" for part in span if part != unit)
        elif figure.per:
            unit, written = figure.per[0], figure.unit or f"元/{figure.per[0]}"
        else:
            continue
        for count in counts:
            thing = delivered(count.text("name"))
            if count.quantity.unit != unit or len(thing) < 2 or thing not in before[-_NEAR:]:
                continue
            name = _name(project, count, row, unit)[0]
            draft = _draft(
                project, row, name, thing, plain(figure.number), written, (), (),
                f"{why}；单价取自资金用途或绩效目标，请核实", _counted_as(count),
            )  # fmt: skip
            found.append(((figure.amount_yuan or figure.number) * (count.quantity.number or 1), draft))
    # Where most of the money goes comes first.
    yield from (draft for _, draft in sorted(found, key=lambda item: -item[0]))


def _only(project: ProjectContext, counts: list[RowContext]) -> bool:
    """Whether the table counts one thing only that unit costs are usual for, or one thing at all."""
    usual = [row for row in counts if row.quantity.unit in _EACH]
    return len(usual) == 1 or len(project.of("数量")) == 1


def _unlisted(project: ProjectContext) -> bool:
    """Whether the purpose names one use of the money, so that budget ÷ count is that use's cost."""
    return _LIST.search(project.project.budget.purpose.text) is None


def _counted(project: ProjectContext) -> list[RowContext]:
    found = [
        row
        for row in project.live_rows
        if (row.category == "数量" or (row.category == "质量" and is_count(row.text("name"))))
        and row.quantity.kind == "count"
        and row.quantity.unit is not None
        and not row.quantity.per
        and row.quantity.upper is None
        and (row.quantity.number or 0) > 1
    ]
    # People, households, kilometres are what standards are set for; 个 and 次 come after.
    return sorted(found, key=lambda row: row.quantity.unit not in _EACH)


def _largest(project: ProjectContext, count: RowContext) -> Decimal:
    """Return the count, or the larger one that the goals promise of the same thing: more pieces, lower unit cost."""
    number = count.quantity.number
    assert number is not None
    for goal in project.project.goals:
        for item in find_numbers(goal.text):
            if (
                item.number is not None
                and item.unit == count.quantity.unit
                and number < item.number <= number * _ROUNDING
                and same_object(goal.text, count.text("name")) >= _SAME
            ):
                number = item.number
    return number


def _per_piece(
    project: ProjectContext, count: RowContext, row: RowContext | None, why: str, *, alone: bool
) -> Iterator[Draft]:
    """Yield the unit cost per counted piece: as a sum where the table counts one thing only, and as a blank."""
    number, unit, budget = _largest(project, count), count.quantity.unit or "", project.budget_yuan
    name, thing = _name(project, count, row, unit)
    asked = f"{why}；按「{count.words()['name']}」的计量单位核算"
    if not budget or budget < 0:
        blank = number_blank(name, "预算支出标准", probe="1")
        yield _draft(
            project, row, name, thing, str(blank), f"元/{unit}", (blank,), (), asked, _counted_as(count)
        )
        return
    price, derived = division(budget, number)
    blank = number_blank(name, "预算支出标准", probe=plain(price))
    sums = f"预算{yuan_text(budget)}÷{plain(number)}{unit}＝{plain(price)}元/{unit}"
    figure = _draft(
        project, row, name, thing, plain(price), f"元/{unit}", (), (derived,),
        f"{why}；{sums}，表内数推算，请核实是否含其他支出", _counted_as(count),
    )  # fmt: skip
    slot = _draft(
        project, row, name, thing, str(blank), f"元/{unit}", (blank,), (),
        f"{asked}；参考上限：{sums}，含其他支出的应更低，请核实", _counted_as(count),
    )  # fmt: skip
    if price >= Decimal("0.01"):
        yield from (figure, slot) if alone else (slot, figure)


def _counted_as(count: RowContext) -> str:
    """Return what the money is divided by, as the table counts it (铁路护路公里数, 采购折叠床数量)."""
    filed = count.text("name")
    name = shorten(cased(filed, bare(strip_prefix(filed))), _LONGEST_COUNT)
    return name if is_count(name) else f"{name}数量"


def _name(project: ProjectContext, count: RowContext, row: RowContext | None, unit: str) -> tuple[str, str]:
    """Return the name of the unit cost and the thing it is about; a unit cost that was filed keeps its name."""
    about = subject_of(project)
    thing = cased(count.text("name"), delivered(count.text("name")))[-_LONGEST:]
    topic = about.topic[-_LONGEST:] if about is not None else thing
    if row is not None and is_unit_cost(row.text("name")):
        return row.text("name"), topic
    work = _DIMENSION.sub("", thing)
    if unit in _EACH and work != thing and len(work) >= _LEAST_WORK:
        return f"{_EACH[unit]}{work}成本", work  # 「修缮建筑面积」: per square metre of the work itself.
    if unit in _EVENTS and len(thing) >= _LEAST_WORK:
        return (
            f"{_EACH[unit]}{thing}成本",
            thing,
        )  # The money of the whole project is not that of one kind of event.
    if unit in _EACH:
        return f"{_EACH[unit]}{topic}成本", topic
    return f"每{unit}{thing}成本" if thing else f"{topic}单位成本", thing or topic


def _draft(
    project: ProjectContext,
    row: RowContext | None,
    name: str,
    thing: str,
    figure: str,
    unit: str,
    blanks: tuple[Blank, ...],
    derived: tuple[Derivation, ...],
    why: str,
    counted: str,
) -> Draft:
    basis, document = basis_text("成本")
    if row is not None and _SPECIFIC.search(row.text("basis")):
        basis = row.text("basis")
    cells = {
        "name": name,
        "description": with_source(f"{thing}的实际支出总额÷{counted}", "支付凭证和结算资料"),
        "basis": basis,
        **value_cells(row or project, "≤", figure, unit),
    }
    if row is None:
        edits: tuple[Edit, ...] = (add_edit(project, {**class_cells(project, "成本"), **cells}),)
        title = f"补充成本指标「{name}」"
    else:
        edits = row_edits(row, cells)
        title = (
            f"「{name}」改为{unit}的上限"
            if name == row.text("name")
            else f"将「{row.words()['name']}」改为单位成本「{name}」"
        )
    return Draft(
        title=title,
        rationale=why,
        edits=edits,
        blanks=used((*blanks, document), edits),
        derived=derived,
        lifted=True,
    )
