"""A project under construction, and the decision which rows of a table are its rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from models.records.amount import parse_amount
from models.records.document import EMPTY, AmountCell, Budget, Cell, Indicator, Project, SourceRef
from service.ingest.goals import split_goals
from service.ingest.headers import Header
from service.ingest.layouts import Row, RowReader, read_column
from service.ingest.project_block import Block
from service.ingest.titles import name_from_title


@dataclass(slots=True)
class ProjectDraft:
    """One project while its table is read."""

    title: Cell = EMPTY
    source: SourceRef | None = None
    block: Block = field(default_factory=Block)
    rows: list[Indicator] = field(default_factory=list)
    reader: RowReader | None = None
    had_header: bool = False

    @property
    def filled(self) -> bool:
        """Whether anything of a filed project was met."""
        block = self.block
        return bool(
            any(not is_blank(row) for row in self.rows)
            or block.name
            or block.code
            or any(block.goals)
            or any(block.long_goals)
            or any(block.purpose)
            or any(block.money.values())
        )

    @property
    def is_target_table(self) -> bool:
        """Whether it was a target table at all (other tables name projects and money, too)."""
        return self.had_header or bool(self.rows) or "goal" in self.block.seen

    def reader_closed(self) -> None:
        """Stop reading rows: what follows is another table."""
        self.reader = None

    def add_prose(self, rows: Sequence[Indicator], level1: Cell | None) -> None:
        """Add indicators that were filed without a table; a class without its level 1 continues the one above."""
        for row in rows:
            if not row.level1 and level1:
                row = replace(row, level1=level1, absent=row.absent - {"level1"})
            self.rows.append(row)

    def build(self) -> Project:
        """Return the project. Template rows left empty stay, unless the whole table is such."""
        rows = self.rows if any(not is_blank(row) for row in self.rows) else []
        block = self.block
        name = block.name
        if name is None:
            name = name_from_title(self.title)
        return Project(
            title=self.title,
            code=block.code or EMPTY,
            name=name,
            department=block.department(),
            budget=block.budget(),
            plan=block.plan(),
            goals=block.goal_items(),
            rows=tuple(rows),
            absent=block.absent(),
            source=self.source,
        )


def is_blank(row: Indicator) -> bool:
    """Whether a row has nothing but its level cells."""
    return not any(
        (row.name, row.description, row.operator, row.value, row.unit, row.basis, row.weight, row.extra)
    )


@dataclass(slots=True)
class _FlatProject:
    code: Cell = EMPTY
    name: Cell = EMPTY
    department: Cell = EMPTY
    total: Cell = EMPTY
    unit: Cell = EMPTY
    goal: Cell = EMPTY
    rows: list[Indicator] = field(default_factory=list)
    absent: frozenset[str] = frozenset()
    source: SourceRef | None = None


@dataclass(slots=True)
class FlatRows:
    """Rows that name their own project, in any order: one project per code (or name), in order of appearance."""

    projects: dict[str, _FlatProject] = field(default_factory=dict)
    _last: str = ""

    def feed(self, reader: RowReader, row: Row, above: Row | None) -> bool:
        """Take one row; return whether it was an indicator row."""
        header = reader.header
        code, name = flat_cell(header, "project_code", row), flat_cell(header, "project_name", row)
        key = code.text or name.text
        indicator = reader.read(row, above, carry=not key)
        if indicator is None:
            return False
        # A blank project cell continues the project of the row above (merged cells lose their text on export).
        key = key or self._last
        if not key:
            return False
        self._last = key
        project = self.projects.get(key)
        if project is None:
            project = _FlatProject(source=indicator.source, absent=_missing(header))
            self.projects[key] = project
        for attribute, cell in (
            ("code", code),
            ("name", name),
            ("department", flat_cell(header, "department", row)),
            ("total", flat_cell(header, "budget_total", row)),
            ("unit", flat_cell(header, "budget_unit", row)),
            ("goal", flat_cell(header, "goal", row)),
        ):
            if cell and not getattr(project, attribute):
                setattr(project, attribute, cell)
        if not is_blank(indicator):
            project.rows.append(indicator)
        return True

    def build(self) -> list[Project]:
        """Return the projects."""
        return [_flat_project(draft) for draft in self.projects.values()]


def flat_cell(header: Header, field_name: str, row: Row) -> Cell:
    """Return the cell of a project column of a flat row."""
    column = header.of(field_name)
    return read_column(column, row) if column is not None else EMPTY


def _missing(header: Header) -> frozenset[str]:
    pairs = (("budget", "budget_total"), ("goals", "goal"), ("code", "project_code"))
    return frozenset({"plan", *(block for block, column in pairs if column not in header.fields)})


def _flat_project(draft: _FlatProject) -> Project:
    unit = "元" if draft.unit.text.strip() in ("元", "人民币元") else "万元"
    total = None
    if draft.total:
        total = AmountCell(draft.total, parse_amount(draft.total.text, unit))
    return Project(
        code=draft.code,
        name=draft.name,
        department=draft.department,
        budget=Budget(total=total, unit=unit),
        goals=split_goals(draft.goal.raw or draft.goal.text, draft.goal.source),
        rows=tuple(draft.rows),
        absent=draft.absent,
        source=draft.source,
    )
