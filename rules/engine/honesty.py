"""What a suggestion may not do: bring a number that nobody filed, weaken a target, measure fewer things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from models.records.document import ROW_FIELDS, Document, Indicator, Project
from models.records.finding import Edit
from models.records.quantity import Quantity
from nlp import quantity as quantities
from nlp.sameness import same
from nlp.text import normalise
from rules.engine.draft import Derivation, Draft
from rules.engine.edits import MARK
from rules.engine.paths import split_path

_NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")
_FORMULA_CONSTANT: Final = re.compile(r"[×x*]\s*100\s*%")
_DENIES: Final = re.compile(r"无|零|不发生|未发生|杜绝|没有|防止|避免")
_CEILINGS: Final = ("≤", "＜", "＝")
_WHOLE: Final = Decimal(100)
_MYRIAD: Final = Decimal(10_000)
_PLACES: Final = Decimal("0.01")


def invented(project: Project, filed: frozenset[Decimal], draft: Draft) -> str | None:
    """Return the first number in the draft that is neither among the `filed` ones nor derived from such, or None."""
    derived = {item.result for item in draft.derived if _follows(item, filed, project, draft.edits)}
    for edit in draft.edits:
        for text in _new_texts(edit):
            for number in _numbers(text):
                if number not in filed and number not in derived:
                    return str(number)
    return None


def weakened(before: Project, after: Project, draft: Draft, kept: dict[int, int]) -> str | None:
    """Return why the draft asks for less than what was filed, or None.

    `kept` maps rows of `before` to rows of `after`. A bound may change only upwards for a floor and downwards for a
    ceiling; a removed row needs another that measures the same with a bound at least as strict.
    """
    removed = [k for k in range(len(before.rows)) if k not in kept]
    asked = {
        kept.get(row)
        for edit in draft.edits
        if isinstance(edit.new, str) and MARK.search(edit.new) and edit.path.endswith(".value")
        if (row := split_path(edit.path).row) is not None
    }
    for k in removed:
        if k not in draft.merged or draft.merged[k] not in kept:
            return "少考核一项内容"
        heir = after.rows[kept[draft.merged[k]]]
        if _asks_less(quantities.of_row(before.rows[k]), quantities.of_row(heir), lifted=True):
            return "合并后目标降低"
    if len(after.rows) < len(before.rows) - len(draft.merged):
        return "少考核一项内容"
    for old, new in kept.items():
        first, second = quantities.of_row(before.rows[old]), quantities.of_row(after.rows[new])
        if first == second or (
            new in asked and not same(before.rows[old].name.text, after.rows[new].name.text)
        ):
            continue  # Another thing is measured, and the filer gives the number.
        if _asks_less(first, second, lifted=draft.lifted):
            return "目标降低"
    return None


def _asks_less(first: Quantity, second: Quantity, *, lifted: bool) -> bool:
    """Whether the second target is easier. Values that cannot be compared (another unit, words) are not."""
    if first.number is None or second.number is None:
        return False
    if first.kind != second.kind and first.unit is not None:
        return False
    if first.kind == "ratio" and first.number > _WHOLE and second.number == _WHOLE:
        return False  # More than all of a whole cannot be reached.
    if lifted and first.unit != second.unit and first.number == second.number:
        return False  # The unit is what is repaired; the figure stays.
    a, b = _size(first), _size(second)
    if first.dimension != second.dimension and first.unit is not None and second.unit is not None:
        return False
    if first.unit is None and second.amount_yuan is not None:
        return (
            second.number < first.number
            if first.operator not in ("≤", "＜")
            else second.number > first.number
        )
    if first.operator in ("≤", "＜"):
        # A ceiling that is turned into a floor keeps its number.
        return b > a if second.operator in _CEILINGS else not lifted or b < a
    if second.operator in ("≤", "＜"):
        return not lifted or b > a
    return b < a


def _size(quantity: Quantity) -> Decimal:
    if quantity.amount_yuan is not None:
        return quantity.amount_yuan
    assert quantity.number is not None
    return quantity.number


def _follows(item: Derivation, filed: frozenset[Decimal], project: Project, edits: Iterable[Edit]) -> bool:
    """Whether the result follows from the operands, and every operand stands in the project."""
    if item.kind == "zero":
        return item.result == 0 and any(
            _DENIES.search(project.rows[row].name.text) for row in _rows_of(project, edits)
        )
    if item.kind == "whole":
        # All of a whole is 100 %: the end of a cumulative plan, the top of a rate.
        return item.result == 100
    if not item.operands or not all(operand in filed for operand in item.operands):
        return False
    first, rest = item.operands[0], item.operands[1:]
    expected: Decimal
    match item.kind:
        case "quotient" if len(rest) == 1 and rest[0]:
            expected = first / rest[0]
        case "difference":
            expected = first - sum(rest)
        case "sum":
            expected = first + sum(rest)
        case "half":
            # A weight of 15 is shared as 8 and 7.
            return abs(first / 2 - item.result) <= Decimal("0.5")
        case "scale":
            return item.result in (first * _MYRIAD, first / _MYRIAD)
        case "month-end":
            return item.result in (28, 29, 30, 31)
        case _:
            return False
    return abs(expected - item.result) <= _PLACES


def _rows_of(project: Project, edits: Iterable[Edit]) -> set[int]:
    found = (split_path(edit.path).row for edit in edits)
    return {row for row in found if row is not None and row < len(project.rows)}


def _new_texts(edit: Edit) -> Iterator[str]:
    texts = [cell for _, cell in edit.new] if isinstance(edit.new, tuple) else [edit.new or ""]
    for text in texts:
        yield MARK.sub("", text)


@lru_cache(maxsize=16384)
def _numbers(text: str) -> frozenset[Decimal]:
    plain = _FORMULA_CONSTANT.sub("", normalise(text))
    found = set()
    for match in _NUMBER.findall(plain):
        try:
            found.add(Decimal(match).normalize() + 0)
        except InvalidOperation:  # pragma: no cover - the pattern matches decimals only
            continue
    return frozenset(found)


def _cells(project: Project) -> Iterator[str]:
    yield from (project.name.text, project.title.text, project.budget.purpose.text)
    for amount in (project.budget.total, project.budget.fiscal, project.budget.other):
        if amount is not None:
            yield amount.cell.text
    yield from (point.percent.cell.text for point in project.plan)
    yield from (goal.text for goal in project.goals)
    for row in project.rows:
        yield from _row_texts(row)


def _row_texts(row: Indicator) -> Iterator[str]:
    for field in ROW_FIELDS:
        cell = row.cell(field)
        if cell is not None:
            yield cell.text


def filed_numbers(project: Project) -> frozenset[Decimal]:
    """Return the numbers that stand in the project, money also in 元, counts also with 万 folded in."""
    found: set[Decimal] = set()
    for text in _cells(project):
        found |= _numbers(text)
    for amount in (project.budget.total, project.budget.fiscal, project.budget.other):
        if amount is not None and amount.amount is not None:
            found |= (
                {amount.amount, amount.amount * _MYRIAD} if project.budget.unit == "万元" else {amount.amount}
            )
    for row in project.rows:
        quantity = quantities.of_row(row)
        if quantity.number is not None:
            found.add(quantity.number)
        if quantity.amount_yuan is not None:
            found.add(quantity.amount_yuan)
        if quantity.date is not None:
            found |= {Decimal(int(part)) for part in quantity.date.strip("-").split("-")}
    for goal in project.goals:
        found |= {item.number for item in quantities.find_numbers(goal.text) if item.number is not None}
    return frozenset(found)


def department_numbers(document: Document) -> frozenset[Decimal]:
    """Return the numbers that part one of the document holds, and the document's year."""
    found: set[Decimal] = set()
    if document.year is not None:
        found.add(Decimal(document.year))
    part = document.department
    if part is not None:
        cells = [
            *part.goals,
            *(cell for item in part.items for cell in (item.name, item.goal, item.indicator)),
        ]
        for cell in cells:
            found |= _numbers(cell.text)
            found |= {item.number for item in quantities.find_numbers(cell.text) if item.number is not None}
    return frozenset(found)
