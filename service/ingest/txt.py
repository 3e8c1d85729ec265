"""Text dumps of Word files (Apache Tika's layout) and plain text.

In a dump every cell begins on a line with a tab; further lines of the cell have none; an empty line ends a
row; lines without a tab after an empty line are paragraphs outside tables.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput, TooLarge
from service.ingest.collect import Collector, TableBuilder, tidy
from service.ingest.decode import decode
from service.ingest.grid import RawDocument
from service.settings import Limits

_MARKER: Final = re.compile(r"\s*[（(]?(\d{1,2})[.．、）)](?!\d)")


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a text dump or a plain text. Tables that follow each other without a paragraph come as one."""
    decoded = decode(data)
    if decoded is None:
        raise DamagedInput("文本的字符编码无法识别，请另存为 UTF-8 编码后重试")
    out = Collector("txt", limits)
    if decoded.lost:
        out.problem("truncated", f"文本中有 {decoded.lost} 处字符无法识别，请核对原文件")
    if decoded.text.count("\n") > limits.max_cells * 2:
        raise TooLarge("文本行数过多，请拆分成较小的文件后重试")
    _Dump(tidy(decoded.text.removeprefix("\ufeff")).split("\n"), out).run()
    return out.document()


class _Dump:
    """Walk over the lines of one dump."""

    def __init__(self, lines: Sequence[str], out: Collector) -> None:
        self._lines = lines
        self._out = out
        self._table = TableBuilder(out)
        self._cells: list[tuple[int, list[str]]] = []
        """Cells of the open row: number of the first line, and the lines."""

    def run(self) -> None:
        blank = 0
        for index, line in enumerate(self._lines):
            if line.startswith("\t"):
                if blank:
                    self._end_row()
                # Some dumps put a whole row on one line; each tab begins a cell all the same.
                for text in line[1:].split("\t"):
                    self._cells.append((index + 1, [text]))
                blank = 0
            elif not line.strip():
                blank += 1
            elif self._cells and (not blank or self._continues(index, blank)):
                self._cells[-1][1].extend([*[""] * blank, line])
                blank = 0
            else:
                self._end_table()
                self._out.paragraph(line, SourceRef(kind="txt", line=index + 1))
                blank = 0
        self._end_table()

    def _continues(self, index: int, blank: int) -> bool:
        """Say whether a line after one empty line goes on inside the open cell.

        An empty paragraph inside a cell looks like the end of the row. Only a numbering that goes on where
        the cell's own numbering stopped, with the table going on behind it, says otherwise.
        """
        here = _MARKER.match(self._lines[index])
        if blank != 1 or here is None:
            return False
        numbers = [int(found[1]) for line in self._cells[-1][1] if (found := _MARKER.match(line))]
        if not numbers or int(here[1]) != numbers[-1] + 1 or self._lines[index].rstrip().endswith("表"):
            return False
        for line in self._lines[index + 1 : index + 40]:
            if line.startswith("\t"):
                return True
            if line.strip() and not _MARKER.match(line):
                return False
        return False

    def _end_row(self) -> None:
        if not self._cells:
            return
        self._table.next_row()
        for col, (line, lines) in enumerate(self._cells):
            source = SourceRef(kind="txt", row=self._table.row + 1, col=col + 1, line=line)
            self._table.add("\n".join(lines), col, source=source)
        self._cells = []

    def _end_table(self) -> None:
        self._end_row()
        # Lines that are only indented by a tab come out as rows of one cell: they are paragraphs.
        self._table.finish(as_paragraphs_if_single=True)
        self._table = TableBuilder(self._out)
