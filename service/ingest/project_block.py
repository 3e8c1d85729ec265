"""The block above the indicators: code, name, money, plan and goals, found by their labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from corpora.store import load_yaml
from models.records.amount import parse_amount, parse_percent
from models.records.document import EMPTY, AmountCell, Budget, Cell, PlanPoint
from nlp.text import clean, normalise
from service.ingest.goals import cell_of, make_cell, split_goals
from service.ingest.grid import GridCell

_OWN_LABELS: Final[dict[str, tuple[str, ...]]] = {
    # What columns.yml does not tell apart: the ministry above the unit, blocks without a value of their own.
    "ministry": ("主管部门", "主管部门及代码", "主管单位", "部门名称", "项目主管部门"),
    "money": ("预算规模及资金用途", "项目资金", "资金情况", "预算情况", "预算规模", "项目资金申请"),
    "unit": ("单位", "金额单位", "货币单位"),
    # The half of the paired form for the whole project period; the annual half beside it is the budget.
    "total_long": ("中期资金总额", "实施期资金总额", "实施期金额", "中长期资金总额", "项目期资金总额"),
    "ignored": (
        "项目属性",
        "项目期",
        "项目类型",
        "项目类别",
        "起止时间",
        "项目负责人",
        "联系人",
        "联系电话",
        "负责人",
    ),
}
_ROLES: Final = {
    "code": "code",
    "name": "name",
    "department": "department",
    "budget_total": "total",
    "budget_fiscal": "fiscal",
    "budget_other": "other",
    "purpose": "purpose",
    "plan": "plan",
    "goal": "goal",
    "goal_long_term": "goal_long",
    "year": "year",
}
_BRACKET: Final = re.compile(r"\(([^()]*)\)$")
_UNIT: Final = re.compile(r"(?:金额|货币)?单位\s*[:：]\s*(?:人民币)?\s*(万元|元)\s*[)）]?$")
_DEPARTMENT: Final = re.compile(r"\d{3,}\s*[\u4e00-\u9fff]{2,}\S*$")
_POINT: Final = re.compile(r"\d{1,2}\s*月|季度|半年|全年|年底|年末")
SIDE_ROLES: Final = frozenset({"money", "plan", "goal"})


@cache
def _roles() -> dict[str, str]:
    """Return normalised label → role."""
    labels = load_yaml("schemes/columns.yml")["labels"]
    roles = {normalise(str(word)): role for group, role in _ROLES.items() for word in labels[group]}
    roles.update({normalise(word): role for role, words in _OWN_LABELS.items() for word in words})
    return roles


def label_of(text: str) -> tuple[str | None, str, str | None]:
    """Return (role, value filed behind a colon in the same cell, money unit in the label's brackets)."""
    shown = clean(text)
    head, colon, tail = shown.replace("：", ":", 1).partition(":")
    if normalise(head) in ("其中", "年度") and colon:
        inner, colon, rest = tail.replace("：", ":", 1).partition(":")
        head, tail = f"{head}:{inner}", rest
    key, unit = normalise(head), None
    if len(key) > 24:
        return None, "", None
    while key:
        role = _roles().get(key)
        if role is not None:
            return role, tail.strip(), unit
        bracket = _BRACKET.search(key)
        if bracket is None:
            return None, "", None
        unit = bracket[1] if bracket[1] in ("万元", "元") else unit
        key = key[: bracket.start()]
    return None, "", None


def money_unit(text: str) -> str | None:
    """Return the money unit that a line states (「单位：万元」)."""
    match = _UNIT.search(text)
    return match[1] if match is not None else None


@dataclass(slots=True)
class Block:
    """What has been read of one project's block so far."""

    code: Cell | None = None
    name: Cell | None = None
    departments: dict[str, Cell] = field(default_factory=dict)
    unit: str | None = None
    money: dict[str, Cell] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    purpose: list[Cell] = field(default_factory=list)
    labels: list[tuple[int, Cell]] = field(default_factory=list)
    percents: list[tuple[int, Cell]] = field(default_factory=list)
    goals: list[Cell] = field(default_factory=list)
    long_goals: list[Cell] = field(default_factory=list)
    year: Cell | None = None
    side: str | None = None
    _side_col: int = 0
    _row_money: set[str] = field(default_factory=set)
    """Money labels of the row in hand."""
    _below: list[tuple[int, int, str]] = field(default_factory=list)

    def starts_again(self, cells: Sequence[GridCell]) -> bool:
        """Whether a row repeats the code or name label: then the next project begins."""
        for cell in cells:
            role = label_of(cell.text)[0]
            if (role == "code" and self.code is not None) or (role == "name" and self.name is not None):
                return True
        return False

    def feed(self, cells: Sequence[GridCell], continued: Sequence[GridCell]) -> bool:
        """Take one table row: the cells that start in it, and those that reach down from above.

        Returns whether anything of the row was understood.
        """
        cells = list(cells)
        first = next((c for c in cells if clean(c.text)), None)
        if first is not None and not continued and clean(cells[0].text) and cells[0].col <= self._side_col:
            # A row that begins right of the side label goes on under it: exports lose the merge.
            self.side = None
        for above in continued:
            role = label_of(above.text)[0]
            if role in SIDE_ROLES:
                self.side, self._side_col = role, above.col
        below, self._below = self._below, []
        claimed, rest = False, []
        self._row_money.clear()
        index = 0
        while index < len(cells):
            cell = cells[index]
            index += 1
            text = clean(cell.text)
            unit = _UNIT.search(text)
            if unit:
                self.unit, claimed = unit[1], True
                remaining = text[: unit.start()].strip()
                if not remaining:
                    continue
            role, inline, bracket = label_of(text)
            if role is None:
                rest.append(cell)
                continue
            claimed = True
            self.seen.add(role)
            if bracket and self.unit is None:
                self.unit = bracket
            if role in SIDE_ROLES and not inline:
                self.side, self._side_col = role, cell.col
                if role in ("money", "plan"):
                    continue
            if inline:
                self._set(role, make_cell(inline, cell.source))
                continue
            value = cells[index] if index < len(cells) else None
            if value is None or label_of(value.text)[0] is not None or _UNIT.search(clean(value.text)):
                self._below.append((cell.col, cell.col + cell.colspan, role))
                continue
            index += 1
            self._set(role, cell_of(value))
        for cell in rest:
            if clean(cell.text) and self._loose(cell, below):
                claimed = True
        return claimed

    def _loose(self, cell: GridCell, below: Sequence[tuple[int, int, str]]) -> bool:
        """Place a cell without a label of its own in the row."""
        value = cell_of(cell)
        for start, end, role in below:
            if start <= cell.col < end and role not in ("ignored", "other", "fiscal", "total"):
                self._set(role, value)
                return True
        if self.side == "plan":
            (self.labels if _POINT.search(value.text) else self.percents).append((cell.col, value))
            return True
        if self.side == "money":
            if "total" not in self.money and parse_amount(value.text) is not None:
                self.money["total"] = value
            else:
                self.purpose.append(value)
            return True
        if self.side == "goal":
            self.goals.append(value)
            return True
        if _DEPARTMENT.match(value.text) and "code" not in self.departments:
            self.departments["code"] = value
            return True
        return False

    def _set(self, role: str, value: Cell) -> None:
        if role == "code" and self.code is None:
            self.code = value
        elif role == "name" and self.name is None:
            self.name = value
        elif role in ("department", "ministry"):
            self.departments.setdefault(role, value)
        elif role in ("total", "fiscal", "other"):
            if "total_long" in self.seen and role in self._row_money:
                # The long-term half stands first and uses the same labels.
                self.money[role] = value
            self.money.setdefault(role, value)
            self._row_money.add(role)
        elif role == "purpose":
            self.purpose.append(value)
        elif role == "goal":
            self.goals.append(value)
        elif role == "goal_long":
            self.long_goals.append(value)
        elif role == "unit":
            self.unit = self.unit or (value.text if value.text in ("万元", "元") else None)
        elif role == "year":
            self.year = self.year or value

    @property
    def used(self) -> bool:
        """Whether any label was met."""
        return bool(self.seen) or bool(self.departments)

    def department(self) -> Cell:
        """Return the filing unit: the coded line of the table, else the unit's label, else the ministry's."""
        for key in ("code", "department", "ministry"):
            if self.departments.get(key):
                return self.departments[key]
        return EMPTY

    def budget(self) -> Budget:
        """Return the budget block; a blank amount cell is no amount."""
        unit = self.unit or "万元"
        amounts = {
            role: AmountCell(cell, parse_amount(cell.text, unit))
            for role, cell in self.money.items()
            if cell.text
        }
        return Budget(
            total=amounts.get("total"),
            fiscal=amounts.get("fiscal"),
            other=amounts.get("other"),
            unit=unit,
            purpose=joined(self.purpose),
        )

    def plan(self) -> tuple[PlanPoint, ...]:
        """Return the plan points; labels and percentages are paired by column, else in filed order."""
        by_column = dict(self.percents)
        aligned = any(col in by_column for col, _ in self.labels)
        points = []
        for index, (col, label) in enumerate(self.labels):
            if aligned:
                cell = by_column.get(col, EMPTY)
            else:
                cell = self.percents[index][1] if index < len(self.percents) else EMPTY
            points.append(PlanPoint(label=label, percent=AmountCell(cell, parse_percent(cell.text))))
        return tuple(points)

    def goal_items(self) -> tuple[Cell, ...]:
        """Return the annual goals, or the long-term ones where only those were filled."""
        annual = [item for cell in self.goals for item in split_goals(cell.raw or cell.text, cell.source)]
        if annual:
            return tuple(annual)
        return tuple(
            item for cell in self.long_goals for item in split_goals(cell.raw or cell.text, cell.source)
        )

    def absent(self) -> frozenset[str]:
        """Return the blocks for which the layout has no label."""
        missing = set()
        if not self.seen & {"total", "fiscal", "other", "money"}:
            missing.add("budget")
        if "plan" not in self.seen:
            missing.add("plan")
        if not self.seen & {"goal", "goal_long"}:
            missing.add("goals")
        if "code" not in self.seen:
            missing.add("code")
        return frozenset(missing)


def joined(cells: Sequence[Cell]) -> Cell:
    """Return several cells of one field as one (line by line, place of the first)."""
    filled = [cell for cell in cells if cell]
    if len(filled) < 2:
        return filled[0] if filled else (cells[0] if cells else EMPTY)
    return Cell("\n".join(cell.text for cell in filled), filled[0].source)
