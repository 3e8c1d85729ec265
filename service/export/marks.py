"""The table as filed, cut into marked pieces for a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from models.records.document import Cell, Indicator
from models.records.finding import Severity
from rules.engine.context import FIELD_LABELS
from service.export import paths
from service.export.base import safe_text
from service.export.view import FindingView, Group, ReportView, shown_row_fields

MAX_SHOWN_CHARS: Final = 600


@dataclass(frozen=True, slots=True)
class Mark:
    """A finding on a cell."""

    label: str
    anchor: str
    severity: Severity
    span: tuple[int, int] | None
    folded: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters; `severity` is empty where nothing is marked."""

    text: str
    severity: str = ""


@dataclass(frozen=True, slots=True)
class MarkedCell:
    """One cell with its pieces and the findings to link to. `rowspan` 0 means covered by the cell above."""

    pieces: tuple[Piece, ...]
    marks: tuple[Mark, ...] = ()
    rowspan: int = 1
    cut: int = 0
    """Full length of a text that is shown only in part, else 0."""
    absent: bool = False


@dataclass(frozen=True, slots=True)
class MarkedField:
    """A labelled cell of the head of a project table."""

    label: str
    cells: tuple[MarkedCell, ...]


@dataclass(frozen=True, slots=True)
class MarkedTable:
    """The head fields, the columns and the rows of one project."""

    fields: tuple[MarkedField, ...]
    columns: tuple[str, ...]
    keys: tuple[str, ...]
    rows: tuple[tuple[MarkedCell, ...], ...]


@dataclass(slots=True)
class _Marks:
    """Marks by path; a mark on a whole row stands on its name cell."""

    by_path: dict[str, list[Mark]] = field(default_factory=dict)

    def add(self, path: str, mark: Mark) -> None:
        ref = paths.parse(path)
        key = f"{path}.name" if ref.part == "rows" and not ref.field else path
        marks = self.by_path.setdefault(key, [])
        if all(known.label != mark.label for known in marks):
            marks.append(mark)

    def of(self, *keys: str) -> list[Mark]:
        return [mark for key in keys for mark in self.by_path.get(key, ())]


def marked_table(view: ReportView, group: Group) -> MarkedTable | None:
    """Return the project's table with the marks of its own findings and of those folded over the file."""
    project = group.project
    if project is None:
        return None
    marks = _collect(view, group)
    base = f"projects[{group.index - 1}]"

    def one(label: str, cell: Cell | None, *keys: str) -> list[MarkedField]:
        found = marks.of(*(f"{base}.{key}" for key in keys))
        return [MarkedField(label, (_marked(cell, found),))] if cell or found else []

    budget = project.budget
    fields: list[MarkedField] = []
    fields += one("项目编码", project.code, "code")
    fields += one("单位", project.department, "department")
    for label, amount, key in (
        ("预算数", budget.total, "budget.total"),
        ("财政资金", budget.fiscal, "budget.fiscal"),
        ("其他资金", budget.other, "budget.other"),
    ):
        cell = amount.cell if amount is not None else None
        fields += one(f"{label}（{safe_text(budget.unit)}）", cell, key)
    fields += one("资金用途", budget.purpose, "budget.purpose")
    if project.plan:
        cells = []
        for number, point in enumerate(project.plan):
            text = f"{point.label.text} {point.percent.cell.text}%".replace("%%", "%").replace("％%", "％")
            key = f"{base}.plan[{number}]"
            places = [key, f"{key}.percent", f"{key}.label", *([f"{base}.plan"] if not number else [])]
            cells.append(_marked(Cell(text), _whole(marks.of(*places))))
        fields.append(MarkedField("资金支出计划", tuple(cells)))
    if project.goals:
        goals = tuple(
            _marked(goal, marks.of(f"{base}.goals[{n}]", *([f"{base}.goals"] if not n else [])))
            for n, goal in enumerate(project.goals)
        )
        fields.append(MarkedField("绩效目标", goals))
    keys = shown_row_fields(project)
    grid = [_row(row, f"{base}.rows[{n}]", keys, marks) for n, row in enumerate(project.rows)]
    for column in range(min(2, len(keys))):
        _merge_down(grid, column)
    return MarkedTable(
        fields=tuple(fields),
        columns=tuple(FIELD_LABELS[key] for key in keys),
        keys=keys,
        rows=tuple(tuple(row) for row in grid),
    )


def _collect(view: ReportView, group: Group) -> _Marks:
    marks = _Marks()
    for source in (group, view.file):
        for item in source.walk():
            if item.fold is None:
                marks.add(item.finding.location.path, _mark(item, item.finding.location.span))
            for entry in view.entries(item, group):
                marks.add(entry.location.path, _mark(item, entry.location.span, folded=True))
    return marks


def _mark(item: FindingView, span: tuple[int, int] | None, *, folded: bool = False) -> Mark:
    return Mark(item.label, item.anchor, item.finding.severity, span, folded)


def _whole(marks: Iterable[Mark]) -> list[Mark]:
    """Marks without spans, for a text that joins two cells."""
    return [Mark(m.label, m.anchor, m.severity, None, m.folded) for m in marks]


def _row(row: Indicator, base: str, keys: Sequence[str], marks: _Marks) -> list[MarkedCell]:
    return [_marked(row.cell(key), marks.of(f"{base}.{key}")) for key in keys]


def _marked(cell: Cell | None, marks: Sequence[Mark]) -> MarkedCell:
    text = cell.text if cell is not None else ""
    shown = text[:MAX_SHOWN_CHARS]
    length = len(shown)
    spans = [(_clamp(mark, length), mark) for mark in marks]
    edges = sorted({0, length, *(edge for span, _ in spans for edge in span)})
    pieces: list[Piece] = []
    for start, end in pairwise(edges):
        over = [mark for (left, right), mark in spans if left <= start and end <= right]
        worst = min(over, key=lambda mark: (mark.folded, mark.severity.rank), default=None)
        kind = "" if worst is None else f"{worst.severity.value}{' folded' if worst.folded else ''}"
        text_here = safe_text(shown[start:end])
        if pieces and pieces[-1].severity == kind:
            pieces[-1] = Piece(pieces[-1].text + text_here, kind)
        else:
            pieces.append(Piece(text_here, kind))
    return MarkedCell(
        pieces=tuple(pieces),
        marks=tuple(marks),
        cut=len(text) if len(text) > length else 0,
        absent=cell is None or not text,
    )


def _clamp(mark: Mark, length: int) -> tuple[int, int]:
    if mark.span is None:
        return 0, length
    start, end = max(0, min(mark.span[0], length)), max(0, min(mark.span[1], length))
    return (start, end) if start < end else (0, length)


def _merge_down(grid: list[list[MarkedCell]], column: int) -> None:
    """Join equal unmarked neighbours of a level column, inside the joined cells of the column before."""
    top = 0
    for number in range(1, len(grid) + 1):
        first = grid[top][column]
        if number < len(grid):
            cell = grid[number][column]
            same = first.pieces == cell.pieces and not (first.marks or cell.marks or cell.absent)
            if same and (column == 0 or grid[number][column - 1].rowspan == 0):
                grid[number][column] = MarkedCell(pieces=cell.pieces, rowspan=0)
                continue
        if number - top > 1:
            grid[top][column] = MarkedCell(pieces=first.pieces, rowspan=number - top, cut=first.cut)
        top = number
