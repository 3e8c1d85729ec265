"""What every reader hands over: paragraphs and cell grids in document order."""

from __future__ import annotations

from dataclasses import dataclass

from models.records.document import InputProblem, SourceRef


@dataclass(frozen=True, slots=True)
class GridCell:
    """One filed cell. `text` is as filed (inner line breaks are "\\n"). `row`/`col` count from 0 inside the table."""

    text: str
    row: int
    col: int
    rowspan: int = 1
    colspan: int = 1
    source: SourceRef | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A grid of cells. Cells covered by a span are absent; `at()` resolves them to their origin."""

    cells: tuple[GridCell, ...]
    n_rows: int
    n_cols: int
    part: str | None = None

    def matrix(self) -> list[list[GridCell | None]]:
        """Return n_rows x n_cols; every covered position holds its origin cell, positions without cell None."""
        grid: list[list[GridCell | None]] = [[None] * self.n_cols for _ in range(self.n_rows)]
        for cell in self.cells:
            for r in range(cell.row, min(cell.row + cell.rowspan, self.n_rows)):
                for c in range(cell.col, min(cell.col + cell.colspan, self.n_cols)):
                    if grid[r][c] is None:
                        grid[r][c] = cell
        return grid


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph outside tables."""

    text: str
    source: SourceRef | None = None


Block = Table | Paragraph


@dataclass(frozen=True, slots=True)
class RawDocument:
    """Blocks in document order, before any understanding of their content."""

    kind: str
    blocks: tuple[Block, ...]
    problems: tuple[InputProblem, ...] = ()
