"""Money of indicator rows against the budget: what an amount means, when two amounts are the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from nlp.linking import object_of
from nlp.naming import is_money_name, is_unit_cost
from nlp.units import lookup
from rules.engine.context import ProjectContext, RowContext
from rules.support.cells import plain

TEN_THOUSAND: Final = Decimal(10_000)
EQUAL: Final = Decimal("0.005")
"""Relative difference up to which two amounts are called the same (rounding to two decimals)."""

_MONEY_WORDS: Final = re.compile(r"资金|金额|经费|费用|补助|补贴|奖金|保费|投资|成本|收入|支出|产值|救助金")
_WHOLE_LIFE: Final = re.compile(
    r"总投资|总造价|概算|全周期|累计|[两三四五]年|合同总|社会资本|自筹|融资|贷款|配套"
)
_SAVING: Final = re.compile(r"节约|节省|节支|减少|降低|压减|压缩|核减|挽回|避免")
_MONEY_CATEGORIES: Final = frozenset({"成本", "经济效益"})
_PART_OF_YEAR: Final = re.compile(r"每?(?:天|日|周|月|季|次|期|课时|学时|小时|班次)|人次|日均|月均|次均")
_EACH: Final = re.compile(
    r"每(?:一)?(?P<a>[一-鿿]{1,3})|(?P<b>[人户亩件台套村校床生辆座])均|单(?P<c>[人户亩件台套个])"
)

_COUNT_TAIL: Final = re.compile(r"总?数量?$")
_EACH_LEAD: Final = re.compile(r"每|[人户亩件台套村校床生辆座次均]均|^(?:平均|单位|单)")


@dataclass(frozen=True, slots=True)
class Money:
    """The amount of a row in 元. `assumed`: the unit was filed only as 万 and is read as 万元."""

    yuan: Decimal
    assumed: bool
    unit_price: bool
    """Money per person, household, piece: never compared with a whole budget."""

    @property
    def text(self) -> str:
        """The amount as shown in arithmetic."""
        return yuan_text(self.yuan) + ("（按万元理解）" if self.assumed else "")


@dataclass(frozen=True, slots=True)
class UnitCost:
    """A count row and a unit-cost row that multiply to a total."""

    count: RowContext
    price: RowContext
    number: Decimal
    unit: str
    yuan: Decimal

    @property
    def total(self) -> Decimal:
        """Count × unit cost in 元."""
        return self.number * self.yuan


def yuan_text(yuan: Decimal) -> str:
    """Return an amount in 万元 from ten thousand up, else in 元."""
    if abs(yuan) >= TEN_THOUSAND:
        return f"{plain(yuan / TEN_THOUSAND)}万元"
    return f"{plain(yuan)}元"


def money_of(row: RowContext) -> Money | None:
    """Return the money a row asks for; a bare 万 counts as 万元 where class or name speak of money."""
    quantity = row.quantity
    if quantity.upper is not None or quantity.number is None:
        return None
    if quantity.kind == "money" and quantity.amount_yuan is not None:
        unit_price = bool(quantity.per) or is_unit_cost(row.name)
        return Money(quantity.amount_yuan, assumed=False, unit_price=unit_price)
    if quantity.scale == "万" and quantity.unit is None:
        speaks = (
            row.category in _MONEY_CATEGORIES
            or is_money_name(row.name)
            or _MONEY_WORDS.search(row.name) is not None
        )
        if speaks:
            yuan = quantity.number if quantity.number >= TEN_THOUSAND else quantity.number * TEN_THOUSAND
            return Money(yuan, assumed=True, unit_price=is_unit_cost(row.name))
    return None


def same(first: Decimal, second: Decimal) -> bool:
    """Whether two amounts are equal but for rounding."""
    return abs(first - second) <= EQUAL * max(abs(first), abs(second))


def covers_other_money(row: RowContext) -> bool:
    """Whether the name speaks of money beyond this year's budget (总投资, 社会资本) or of money saved."""
    return _WHOLE_LIFE.search(row.name) is not None or _SAVING.search(row.name) is not None


def is_saving(row: RowContext) -> bool:
    """Whether the name speaks of money saved or avoided."""
    return _SAVING.search(row.name) is not None


def counted_by(row: RowContext) -> frozenset[str]:
    """Return what a unit-cost row is per: units (人, 户) or the word behind 每; empty where a time share is in it."""
    if _PART_OF_YEAR.search(row.name) is not None:
        return frozenset()
    if row.quantity.per:
        return frozenset(row.quantity.per) if len(row.quantity.per) == 1 else frozenset()
    found = _EACH.search(row.name)
    if found is None:
        return frozenset()
    word = found["a"] or found["b"] or found["c"]
    for size in (3, 2, 1):
        unit = lookup(word[:size])
        if unit is not None:
            return frozenset({unit.name})
    return frozenset({word[:2]})


def _prices_a_kind(price: str, count: str) -> bool:
    """Whether the price is for one kind of what is counted: 民事案件补贴 against all 案件."""
    head = _COUNT_TAIL.sub("", count)[-2:]
    at = price.find(head) if len(head) == 2 else -1
    kind = object_of(price[:at]) if at > 1 else ""
    return bool(kind) and _EACH_LEAD.search(kind) is None and kind not in count


def unit_costs(project: ProjectContext) -> Iterator[UnitCost]:
    """Yield the unit-cost rows whose count stands in exactly one 数量 row of the same unit."""
    for price in project.of("成本"):
        money = money_of(price)
        if money is None or not money.unit_price or money.assumed or money.yuan <= 0:
            continue
        wanted = counted_by(price)
        counts = [
            row
            for row in project.of("数量")
            if row.quantity.kind == "count"
            and row.quantity.upper is None
            and (row.quantity.number or 0) > 0
            and row.quantity.unit in wanted
        ]
        if (
            len(counts) == 1
            and counts[0].quantity.number is not None
            and counts[0].quantity.number > 1
            and not _prices_a_kind(price.name, counts[0].name)
        ):
            number, unit = counts[0].quantity.number, counts[0].quantity.unit or ""
            yield UnitCost(counts[0], price, number, unit, money.yuan)
