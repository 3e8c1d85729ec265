"""The filed document as frozen records. Every cell keeps its place in the source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Final

ROW_FIELDS: Final = (
    "level1",
    "level2",
    "name",
    "description",
    "operator",
    "value",
    "unit",
    "basis",
    "weight",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """Where a cell stands in the source. Rows, columns and lines count from 1."""

    kind: str
    """The sniffed format: txt, doc, docx, xlsx, xls, xml2003, csv, html, mhtml, pdf, json, or one that LibreOffice read."""
    part: str | None = None
    """Sheet name, 「table 3」, 「page 2」; None for plain text."""
    row: int | None = None
    col: int | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Text of one cell as shown to people, and where it stands.

    `text` is the filed text without importer residue and outer white space; `raw` is kept only where it differs
    in more than outer white space (「[bookmark: _GoBack]进京检查卡口经费」).
    """

    text: str
    source: SourceRef | None = None
    raw: str | None = None

    def __bool__(self) -> bool:
        return bool(self.text)


EMPTY: Final = Cell("")


@dataclass(frozen=True, slots=True)
class AmountCell:
    """A cell that should hold a number (money in the table's unit, a percentage). `amount` is None if unreadable."""

    cell: Cell
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One indicator row. `operator`, `unit`, `weight` are None where the layout has no such column."""

    level1: Cell = EMPTY
    level2: Cell = EMPTY
    name: Cell = EMPTY
    description: Cell = EMPTY
    operator: Cell | None = None
    value: Cell = EMPTY
    unit: Cell | None = None
    basis: Cell = EMPTY
    weight: Cell | None = None
    extra: Mapping[str, Cell] = field(default_factory=lambda: MappingProxyType({}))
    """Columns that no field claims (上年指标值, 备注 …), by header text."""
    absent: frozenset[str] = frozenset()
    """Fields whose column the layout does not have at all; an absent column is never an empty cell."""
    source: SourceRef | None = None
    """Place of the row (its name cell)."""

    def cell(self, field_name: str) -> Cell | None:
        """Return the cell of one of ROW_FIELDS, or None where the layout has no such cell."""
        value: Cell | None = getattr(self, field_name)
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Budget block of a project table. Amounts are in `unit` (万元 unless the table says 元)."""

    total: AmountCell | None = None
    fiscal: AmountCell | None = None
    other: AmountCell | None = None
    unit: str = "万元"
    purpose: Cell = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPoint:
    """One point of 资金支出计划: label (3月底) and cumulative percentage."""

    label: Cell
    percent: AmountCell


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """One project table."""

    title: Cell = EMPTY
    """Title as filed, 「1.劳务派遣人员经费绩效目标表」."""
    code: Cell = EMPTY
    name: Cell = EMPTY
    department: Cell = EMPTY
    budget: Budget = field(default_factory=Budget)
    plan: tuple[PlanPoint, ...] = ()
    goals: tuple[Cell, ...] = ()
    """One cell per goal item, text with its own number prefix as filed (「1.目标内容1…」)."""
    scheme: str | None = None
    """Scheme pack id; None until chosen."""
    rows: tuple[Indicator, ...] = ()
    absent: frozenset[str] = frozenset()
    """Blocks the layout does not have at all: budget, plan, goals, code. An absent block is never an empty one."""
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartmentItem:
    """One numbered item of 分项绩效目标."""

    number: str
    name: Cell = EMPTY
    goal: Cell = EMPTY
    indicator: Cell = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class Department:
    """Part one of a department file."""

    goals: tuple[Cell, ...] = ()
    items: tuple[DepartmentItem, ...] = ()
    measures: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class InputProblem:
    """Something of the input that was not read. Becomes an `unread-region` finding."""

    kind: str
    """unread-table, unread-part, truncated, macro …"""
    message: str
    """Chinese, says what was not read and what to do."""
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A read document. `input_kind` is the sniffed format, `input_sha256` the digest of the bytes."""

    title: Cell = EMPTY
    year: int | None = None
    department: Department | None = None
    projects: tuple[Project, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    input_kind: str = "json"
    input_sha256: str = ""
