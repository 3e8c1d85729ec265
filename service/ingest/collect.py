"""Where readers put what they find: limits kept, over-long texts cut loudly, blocks frozen."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from models.records.document import InputProblem, SourceRef
from service.errors import EmptyInput, TooLarge
from service.ingest.grid import Block, GridCell, Paragraph, RawDocument, Table
from service.settings import Limits

# Word's and Tika's cell and field marks, terminal escapes and the like: residue of the file, never content.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_END: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")
_BLANK_RUN: Final = 200
_BLANKS: Final = re.compile(rf"[ \t\u3000\xa0]{{{_BLANK_RUN + 1},}}")
"""Longer runs of blanks say nothing more, and patterns that look for blanks take quadratic time on them."""
_MAX_PROBLEMS: Final = 200
"""More reports of the same kind say nothing new and would themselves be a way to fill the memory."""


def tidy(text: str) -> str:
    """Return the text with "\\n" as its only line end, without control characters and lone surrogates."""
    if text.isprintable():
        return text
    return _SURROGATE.sub("\ufffd", _CONTROL.sub("", _LINE_END.sub("\n", text)))


def place_name(source: SourceRef | None) -> str:
    """Return a place in words for messages, 「工作表1」第 3 行第 2 列."""
    if source is None:
        return "文件中"
    words = f"「{source.part}」" if source.part else ""
    if source.row is not None:
        words += f"第 {source.row} 行"
    if source.col is not None:
        words += f"第 {source.col} 列"
    if source.row is None and source.line is not None:
        words += f"第 {source.line} 行"
    return words or "文件中"


@dataclass(slots=True)
class Draft:
    """A cell while its table is being built; spans may still grow."""

    text: str
    row: int
    col: int
    rowspan: int = 1
    colspan: int = 1
    source: SourceRef | None = None


@dataclass(slots=True)
class Collector:
    """Collects the blocks of one document. Every limit on amounts is kept here, for all readers alike."""

    kind: str
    limits: Limits
    blocks: list[Block] = field(default_factory=list)
    _problems: list[InputProblem] = field(default_factory=list)
    _rows: int = 0
    _cells: int = 0
    _seen: int = 0
    _chars: int = 0

    def text(self, raw: str, source: SourceRef | None) -> str:
        """Return the tidied text, cut at the limit; a cut is reported."""
        if len(raw) > self.limits.max_cell_chars:
            limit = self.limits.max_cell_chars
            self.problem(
                "truncated",
                f"{place_name(source)}的文字超过 {limit} 字，只读取了前 {limit} 字，请拆分后重新提交",
                source,
            )
            raw = raw[:limit]
        # One stored string may be referred to by millions of cells.
        self._chars += len(raw)
        if self._chars > self.limits.max_bytes:
            raise TooLarge("文件文字过多，请拆分成较小的文件后重试")
        if len(raw) > _BLANK_RUN:
            raw = _BLANKS.sub(" " * _BLANK_RUN, raw)
        return tidy(raw)

    def problem(self, kind: str, message: str, source: SourceRef | None = None) -> None:
        """Report something that was not read."""
        if len(self._problems) < _MAX_PROBLEMS:
            self._problems.append(InputProblem(kind=kind, message=message, source=source))
        elif len(self._problems) == _MAX_PROBLEMS:
            more = f"未读取的内容超过 {_MAX_PROBLEMS} 处，其余不再逐一列出，请检查文件来源"
            self._problems.append(InputProblem(kind="truncated", message=more))

    def paragraph(self, raw: str, source: SourceRef | None = None) -> None:
        """Add a paragraph outside tables; blank ones are left out."""
        if not raw or raw.isspace():
            return
        self.count_cell()
        text = self.text(raw, source)
        if text.strip():
            self.blocks.append(Paragraph(text, source))

    def count_cell(self) -> None:
        """Count a cell or paragraph before it is kept. Raises TooLarge past the limit."""
        self._seen += 1
        if self._seen > self.limits.max_cells:
            raise TooLarge(f"文件的单元格超过 {self.limits.max_cells} 个，请拆分成较小的文件后重试")

    def check_position(self, row: int, col: int) -> None:
        """Raise TooLarge where a cell (from 0) lies outside the limits."""
        if col >= self.limits.max_columns:
            raise TooLarge(f"表格超过 {self.limits.max_columns} 列，请删去多余的列后重试")
        if row >= self.limits.max_rows:
            raise TooLarge(f"表格超过 {self.limits.max_rows} 行，请拆分成较小的文件后重试")

    def add_table(self, drafts: list[Draft], part: str | None) -> None:
        """Add a table, without the empty rows and columns around its content. An empty one is left out."""
        filled = [draft for draft in drafts if draft.text and not draft.text.isspace()]
        if not filled:
            return
        top, left = min(d.row for d in filled), min(d.col for d in filled)
        n_rows, n_cols = max(d.row for d in filled) + 1 - top, max(d.col for d in filled) + 1 - left
        self._rows += n_rows
        self._cells += n_rows * n_cols
        if self._rows > self.limits.max_rows:
            raise TooLarge(f"文件的表格合计超过 {self.limits.max_rows} 行，请拆分成较小的文件后重试")
        if self._cells > self.limits.max_cells:
            raise TooLarge(f"文件的单元格超过 {self.limits.max_cells} 个，请拆分成较小的文件后重试")
        cells: list[GridCell] = []
        for draft in sorted(drafts, key=lambda d: (d.row, d.col)):
            # A cell may begin above or left of the content and still reach into it.
            row, col = max(draft.row - top, 0), max(draft.col - left, 0)
            rowspan = min(draft.row - top + draft.rowspan, n_rows) - row
            colspan = min(draft.col - left + draft.colspan, n_cols) - col
            if rowspan > 0 and colspan > 0:
                cells.append(GridCell(draft.text, row, col, rowspan, colspan, draft.source))
        self.blocks.append(Table(tuple(cells), n_rows, n_cols, part))

    def document(self) -> RawDocument:
        """Return the finished document. Raises EmptyInput where nothing at all was found."""
        if not self.blocks:
            reason = f"（{self._problems[0].message}）" if self._problems else ""
            raise EmptyInput(f"文件中没有可读取的文字，请确认文件内容后重试{reason}")
        return RawDocument(self.kind, tuple(self.blocks), tuple(self._problems))


@dataclass(slots=True)
class TableBuilder:
    """One table under construction. `add` takes positions, `flow` finds the next free one as HTML does."""

    out: Collector
    part: str | None = None
    row: int = -1
    drafts: list[Draft] = field(default_factory=list)
    _busy: dict[int, int] = field(default_factory=dict)
    """Column → first row that is free again below a cell that spans rows."""
    _col: int = 0

    def next_row(self) -> None:
        """Begin the next row."""
        self.row += 1
        self._col = 0
        self.out.check_position(self.row, 0)

    def add(
        self,
        raw: str,
        col: int,
        *,
        colspan: int = 1,
        rowspan: int = 1,
        row: int | None = None,
        source: SourceRef | None = None,
    ) -> Draft:
        """Add a cell at a column of the current row, or at the given row."""
        at = self.row if row is None else row
        self.out.check_position(at, col)
        self.out.count_cell()
        text = self.out.text(raw, source)
        span = max(1, min(colspan, self.out.limits.max_columns - col))
        depth = max(1, min(rowspan, self.out.limits.max_rows - at))
        draft = Draft(text, at, col, depth, span, source)
        self.drafts.append(draft)
        return draft

    def flow(self, raw: str, *, colspan: int, rowspan: int, source: SourceRef | None) -> Draft:
        """Add a cell at the next column that no cell from above covers."""
        while self._busy.get(self._col, 0) > self.row:
            self._col += 1
        draft = self.add(raw, self._col, colspan=colspan, rowspan=rowspan, source=source)
        for col in range(draft.col, draft.col + draft.colspan):
            self._busy[col] = draft.row + draft.rowspan
        self._col = draft.col + draft.colspan
        return draft

    def finish(self, *, as_paragraphs_if_single: bool = False) -> None:
        """Hand the table to the collector. A piece of a layout table of one column becomes paragraphs."""
        if as_paragraphs_if_single and len({draft.col for draft in self.drafts if draft.text.strip()}) <= 1:
            for draft in self.drafts:
                self.out.paragraph(draft.text, draft.source)
        else:
            self.out.add_table(self.drafts, self.part)
        self.drafts = []
        self._busy = {}


@dataclass(slots=True)
class Merges:
    """Merged ranges of a sheet as (top, left, bottom, right), both ends included, from 0."""

    ranges: list[tuple[int, int, int, int]] = field(default_factory=list)

    def apply(self, out: Collector, drafts: Iterable[Draft]) -> list[Draft]:
        """Return the cells with spans; what stands hidden below a merged cell is dropped and reported.

        Ranges that overlap an earlier one are ignored, as spreadsheet programs do.
        """
        by_place = {(draft.row, draft.col): draft for draft in drafts}
        rows_of_col: dict[int, list[int]] = {}
        for row, col in sorted(by_place):
            rows_of_col.setdefault(col, []).append(row)
        last = max(rows_of_col, default=-1)
        taken: set[tuple[int, int]] = set()
        work = 0
        for top, left, bottom, right in self.ranges:
            origin = by_place.get((top, left))
            if origin is None or (top, left) in taken:
                continue
            covered = [
                (row, col)
                for col in range(left, min(right, last) + 1)
                for row in _between(rows_of_col.get(col, []), top, bottom)
            ]
            work += right - left + len(covered)
            if work > out.limits.max_cells:
                # Only ranges that overlap each other many times over come to this.
                out.problem("hidden-text", "合并单元格互相重叠，部分合并未按原样读取，请核对", None)
                break
            if any(place in taken for place in covered):
                continue
            taken.update(covered)
            origin.rowspan, origin.colspan = bottom - top + 1, right - left + 1
            for place in covered:
                if place == (top, left):
                    continue
                hidden = by_place.pop(place, None)
                if hidden is not None and hidden.text.strip() not in ("", origin.text.strip()):
                    out.problem(
                        "hidden-text",
                        f"{place_name(hidden.source)}被合并单元格遮盖，其中的文字未读取，请核对",
                        hidden.source,
                    )
        return sorted(by_place.values(), key=lambda draft: (draft.row, draft.col))


def _between(rows: list[int], first: int, last: int) -> list[int]:
    return rows[bisect_left(rows, first) : bisect_right(rows, last)]
