"""Paragraphs and grids → Document: finds the parts, the project tables, their headers and rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from models.records.document import Cell, Document, InputProblem, Project, SourceRef
from nlp.text import clean
from service.errors import NoTableFound, TooLarge
from service.ingest.department_part import DepartmentReader
from service.ingest.draft import FlatRows, ProjectDraft
from service.ingest.goals import make_cell
from service.ingest.grid import GridCell, Paragraph, RawDocument, Table
from service.ingest.headers import Header, fields_of, is_section_word, match_header
from service.ingest.layouts import Row, RowReader, is_note
from service.ingest.portal import is_portal_table, read_table
from service.ingest.project_block import label_of, money_unit
from service.ingest.prose import looks_like_prose, read_prose
from service.ingest.recognise import is_level, looks_like_indicators, may_be_header, starting
from service.ingest.titles import document_title, fiscal_year, is_table_title
from service.settings import Limits

_SHEETS: Final = frozenset({"xlsx", "xls", "xml2003"})
_STATED_YEAR: Final = re.compile(r"(20\d{2})\s*年?")
_UNIT_WORD: Final = re.compile(r"\s+[（(]?((?:金额|货币)?单位\s*[:：])")
_GAP: Final = re.compile(r"\s{2,}|\t")
_LOOKAHEAD: Final = 60
"""Rows below a header that decide what an ambiguous column holds."""


def assemble(raw: RawDocument, *, limits: Limits) -> Document:
    """Return the document of a read file. Raises NoTableFound when nothing looks like a target table."""
    return _Assembler(raw, limits).run()


class _Assembler:
    """Walks once over the blocks; a project stays open until its successor begins."""

    def __init__(self, raw: RawDocument, limits: Limits) -> None:
        self._raw = raw
        self._limits = limits
        self._department = DepartmentReader()
        self._projects: list[Project] = []
        self._flat = FlatRows()
        self._draft: ProjectDraft | None = None
        self._title: Cell | None = None
        self._unit: str | None = None
        self._prose: list[Paragraph] = []
        self._problems = list(raw.problems)
        self._lines: list[Cell] = []
        self._stated: list[str] = []
        self._part: str | None = None
        self._columns = 0
        self._templates = 0

    def run(self) -> Document:
        for block in self._raw.blocks:
            if isinstance(block, Paragraph):
                self._paragraph(block)
            else:
                self._table(block)
        self._close()
        self._projects += self._flat.build()
        self._check_limit(len(self._projects))
        unread = any(problem.kind == "unread-table" for problem in self._problems)
        if not self._projects and not unread:
            if self._templates:
                raise NoTableFound("文件中只有空白的绩效目标表模板，没有填报内容，请填写后再提交检查")
            raise NoTableFound("文件中没有找到绩效目标表，请确认文件包含带有“三级指标”“指标值”等表头的表格")
        return Document(
            title=document_title(self._lines),
            year=fiscal_year(self._stated),
            department=self._department.department(),
            projects=tuple(self._projects),
            problems=tuple(self._problems),
            input_kind=self._raw.kind,
        )

    # --- paragraphs -----------------------------------------------------------------------------------------

    def _paragraph(self, paragraph: Paragraph) -> None:
        text = clean(paragraph.text)
        if not text:
            return
        if len(text) <= 80:
            self._stated.append(text)
        in_part_one = self._department.section is not None
        if is_table_title(text) and (not in_part_one or text.rstrip("）)").find("表") >= 0):
            self._begin_title(make_cell(paragraph.text, paragraph.source))
            return
        if len(self._lines) < 30:
            self._lines.append(make_cell(paragraph.text, paragraph.source))
        if self._draft is None and self._title is None and self._department.feed(paragraph):
            return
        unit = money_unit(text)
        if unit is not None:
            if self._title is not None:
                # 「501001某某单位    单位：万元」 between title and table belongs to the project.
                # Web pages keep only one blank of the gap.
                spaced = _UNIT_WORD.sub("  \\1", text)
                parts = [GridCell(part, 0, 0, source=paragraph.source) for part in _GAP.split(spaced) if part]
                self._open(paragraph.source).block.feed(parts, [])
                return
            self._unit = unit
            if self._draft is not None and not self._draft.rows:
                self._draft.block.unit = self._draft.block.unit or unit
            return
        role, inline, _ = label_of(text)
        if role is not None and (inline or self._draft is not None):
            self._label_line(role, paragraph)
        elif self._prose or looks_like_prose(text):
            self._prose.append(paragraph)

    def _label_line(self, role: str, paragraph: Paragraph) -> None:
        """Take 「项目名称：…」 that stands outside any table."""
        cell = GridCell(paragraph.text, 0, 0, source=paragraph.source)
        if self._draft is not None and self._draft.block.starts_again([cell]):
            self._close()
        if self._draft is None and role not in ("code", "name") and self._title is None:
            return
        self._flush_prose()
        self._open(paragraph.source).block.feed([cell], [])

    def _flush_prose(self) -> None:
        if not self._prose:
            return
        lines, self._prose = self._prose, []
        # One text, so that a class named in one paragraph covers the items of the next ones.
        pending: list[str] = []
        source = lines[0].source
        for line in lines:
            if looks_like_prose(line.text) and pending:
                self._add_prose("\n".join(pending), source)
                pending, source = [], line.source
            pending.append(line.text)
        self._add_prose("\n".join(pending), source)

    def _add_prose(self, text: str, source: SourceRef | None) -> bool:
        rows = read_prose(text, source)
        if not rows:
            return False
        draft = self._open(source)
        level1 = draft.rows[-1].level1 if draft.rows else None
        draft.add_prose(rows, level1)
        return True

    # --- projects -------------------------------------------------------------------------------------------

    def _begin_title(self, title: Cell) -> None:
        self._close()
        self._department.section = None
        self._title = title
        self._unit = None
        self._stated.append(title.text)

    def _open(self, source: SourceRef | None) -> ProjectDraft:
        if self._draft is None:
            title, self._title = self._title, None
            self._draft = ProjectDraft(source=source)
            if title is not None:
                self._draft.title = title
            self._draft.block.unit, self._unit = self._unit, None
            self._department.section = None
        return self._draft

    def _close(self) -> None:
        self._flush_prose()
        draft, self._draft = self._draft, None
        if draft is None or not draft.is_target_table:
            return
        if not draft.filled:
            # Labels in running text are no template: the file has no table at all.
            self._templates += draft.had_header or bool(draft.rows)
            return
        if draft.block.year is not None and (match := _STATED_YEAR.fullmatch(draft.block.year.text)):
            self._stated.append(f"{match[1]}年度")
        if draft.reader is not None:
            self._report_unchecked(draft.reader)
        self._projects.append(draft.build())
        self._check_limit(len(self._projects))

    def _check_limit(self, count: int) -> None:
        if count > self._limits.max_projects:
            raise TooLarge(f"文件中的项目超过 {self._limits.max_projects} 个，请拆分后分批检查")

    def _report_unchecked(self, reader: RowReader) -> None:
        if reader.unchecked:
            count = len(reader.unchecked)
            self._problems.append(
                InputProblem(
                    kind="unchecked-columns",
                    message=f"{count} 行指标按乡镇分列填报且各列数值不同，只检查了合计列或首列，其余各列请人工核对",
                    source=reader.unchecked[0],
                )
            )
            reader.unchecked = []

    # --- tables ---------------------------------------------------------------------------------------------

    def _table(self, table: Table) -> None:
        self._flush_prose()
        if self._raw.kind in _SHEETS and table.part != self._part:
            self._close()
            self._title = self._unit = None
        self._part = table.part
        matrix = table.matrix()
        if is_portal_table(matrix):
            self._close()
            self._projects += read_table(matrix)
            self._check_limit(len(self._projects))
            return
        continued = self._continues(table, matrix)
        walk = _TableWalk(self, table, matrix, continued)
        walk.run()
        self._columns = table.n_cols
        if not walk.found and not continued and looks_like_indicators(table):
            first = next((cell.source for cell in table.cells if clean(cell.text)), None)
            self._problems.append(
                InputProblem(
                    kind="unread-table",
                    message="有一处表格含有绩效指标，但表头无法识别，未读取其中内容，请核对表头或改用标准表样后重试",
                    source=first,
                )
            )

    def _continues(self, table: Table, matrix: Sequence[Row]) -> bool:
        """Whether a table without a header of its own goes on with the one before (page breaks)."""
        draft = self._draft
        if draft is None or draft.reader is None:
            return False
        if table.n_cols == self._columns:
            if self._raw.kind == "pdf":
                return True
            for row in matrix[:5]:
                if any(cell is not None and is_level(cell.text) for cell in row[:3]):
                    return True
        draft.reader_closed()
        # What follows is no longer beside a label of the block: rows of indicators must not turn into goals.
        draft.block.side = None
        return False


class _TableWalk:
    """Walks over the rows of one table."""

    def __init__(
        self, owner: _Assembler, table: Table, matrix: list[list[GridCell | None]], continued: bool
    ) -> None:
        self._o = owner
        self._table = table
        self._matrix = matrix
        self._flat: RowReader | None = None
        self._continued = continued
        self._fresh = True
        """No header was met in this table yet."""
        self._beside = False
        """Something beside the columns of the header was reported."""
        self.found = False

    def run(self) -> None:
        row = 0
        while row < len(self._matrix):
            row += self._step(row)
        if self._flat is not None:
            self._o._report_unchecked(self._flat)

    def _step(self, index: int) -> int:
        row = self._matrix[index]
        above = self._matrix[index - 1] if index else None
        own, continued = starting(row, index)
        filled = [cell for cell in own if clean(cell.text)]
        if not filled:
            return 1
        if len(filled) == 1 and not continued and is_table_title(filled[0].text):
            self._o._begin_title(make_cell(filled[0].text, filled[0].source))
            self._flat = None
            return 1
        header = match_header(self._matrix, index) if may_be_header(filled) else None
        if header is not None:
            self._header(header, index, filled[0])
            return header.depth
        if self._flat is not None:
            if self._o._flat.feed(self._flat, row, above):
                self._o._check_limit(len(self._o._flat.projects))
            return 1
        draft = self._o._draft
        if draft is not None and draft.reader is not None and not self._begins_next(draft, own, filled):
            if self._below_rows(draft, filled):
                draft.block.feed(own, continued)
                return 1
            self._check_beside(draft.reader.header, row, filled)
            indicator = draft.reader.read(row, above)
            if indicator is not None:
                draft.rows.append(indicator)
            return 1
        self._block(own, continued, filled)
        return 1

    def _header(self, header: Header, index: int, first: GridCell) -> None:
        self.found = True
        body = self._body(index + header.depth)
        levels = [column for column in header.columns if "level1" in fields_of(column.header)]
        if len(levels) > 1:
            self._report_beside(first)
        if header.flat:
            self._o._close()
            self._flat = RowReader.of(header, body)
            return
        self._flat = None
        draft = self._o._draft
        if draft is not None and draft.had_header and self._fresh and not self._continued and draft.rows:
            # A second header in the same table repeats the first one; in a new table it begins a new project.
            self._o._close()
        self._fresh = False
        draft = self._o._open(first.source)
        if draft.reader is not None:
            self._o._report_unchecked(draft.reader)
        draft.had_header = True
        draft.reader = RowReader.of(header, body)

    def _body(self, start: int) -> list[list[GridCell | None]]:
        rows = []
        for index in range(start, min(start + _LOOKAHEAD, len(self._matrix))):
            own, _ = starting(self._matrix[index], index)
            first = next((cell for cell in own if clean(cell.text)), None)
            if first is not None and (
                is_table_title(first.text) or label_of(first.text)[0] in ("code", "name")
            ):
                break
            rows.append(self._matrix[index])
        return rows

    def _begins_next(self, draft: ProjectDraft, own: Sequence[GridCell], filled: Sequence[GridCell]) -> bool:
        """Whether a row below indicators is the head of the next project."""
        role = label_of(filled[0].text)[0]
        unit_line = len(filled) <= 3 and any(money_unit(clean(cell.text)) for cell in filled)
        if role in ("code", "name") or draft.block.starts_again(own) or (unit_line and bool(draft.rows)):
            self._o._close()
            self._fresh = True
            return True
        return False

    def _check_beside(self, header: Header, row: Row, filled: Sequence[GridCell]) -> None:
        """Report content that stands right of everything the header speaks of."""
        if self._beside or is_note(filled, row):
            return
        outside = next((cell for cell in filled if cell.col >= header.width), None)
        if outside is not None and not is_section_word(outside.text):
            self._report_beside(outside)

    def _report_beside(self, cell: GridCell) -> None:
        if self._beside:
            return
        self._beside = True
        self._o._problems.append(
            InputProblem(
                kind="unread-table",
                message="表格右侧还有并排的内容，未能按独立的绩效目标表读取，请改为上下排列或分表填报后重试",
                source=cell.source,
            )
        )

    @staticmethod
    def _below_rows(draft: ProjectDraft, filled: Sequence[GridCell]) -> bool:
        """Whether a row below the indicators belongs to the block (some forms print plan or goal there)."""
        role, inline, _ = label_of(filled[0].text)
        return role in ("plan", "money", "total", "goal", "purpose") and (len(filled) > 1 or bool(inline))

    def _block(
        self, own: Sequence[GridCell], continued: Sequence[GridCell], filled: Sequence[GridCell]
    ) -> None:
        o = self._o
        o._stated += [text for cell in filled if len(text := clean(cell.text)) <= 40]
        for cell in filled:
            if looks_like_prose(cell.text) and o._add_prose(cell.text, cell.source):
                self.found = True
                return
        if o._draft is not None and o._draft.block.starts_again(own):
            o._close()
        draft = o._open(filled[0].source)
        draft.block.feed(own, continued)
