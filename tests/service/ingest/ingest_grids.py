"""Hand-built grids for the tests of the assembler."""

from __future__ import annotations

from models.records.document import Document, SourceRef
from service.ingest.assemble import assemble
from service.ingest.grid import Block, GridCell, Paragraph, RawDocument, Table
from service.settings import Limits

HEADER = ["一级指标", "二级指标", "三级指标", "绩效指标描述", "指标值", "指标值确定依据"]
ROW = ["产出指标", "数量指标", "巡护里程", "全年巡护", "≥900公里", "计划标准"]


def table(
    *rows: list[str], part: str | None = None, spans: dict[tuple[int, int], tuple[int, int]] | None = None
) -> Table:
    """Return a grid; `spans` gives (rowspan, colspan) of a cell. "-" is a position without a cell."""
    cells = [
        GridCell(
            text,
            r,
            c,
            *(spans or {}).get((r, c), (1, 1)),
            source=SourceRef(kind="docx", part=part, row=r + 1, col=c + 1),
        )
        for r, row in enumerate(rows)
        for c, text in enumerate(row)
        if text != "-"
    ]
    return Table(tuple(cells), len(rows), max(map(len, rows)), part)


def read(*blocks: Block | str, kind: str = "docx", limits: Limits | None = None) -> Document:
    filed = tuple(Paragraph(block) if isinstance(block, str) else block for block in blocks)
    return assemble(RawDocument(kind, filed), limits=limits or Limits())
