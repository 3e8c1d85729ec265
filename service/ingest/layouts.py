"""One table row of any known layout → one indicator."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from models.records.document import EMPTY, ROW_FIELDS, Cell, Indicator, SourceRef
from nlp.columns import is_level1_name
from nlp.text import clean, normalise
from service.ingest.goals import cell_of, make_cell
from service.ingest.grid import GridCell
from service.ingest.headers import Column, Header, is_section_word

Row = Sequence[GridCell | None]

_TOTAL_COLUMN: Final = re.compile(r"合计|小计|总计|全县|全市|全区|汇总")
_NOTE_ROW: Final = re.compile(
    r"(?:注|备注|说明|填表说明|填报说明|其他说明|其他需要说明的问题|合计|小计|总计|总分|填表人|填报人|制表人|联系人"
    r"|联系电话|单位负责人|项目负责人|审核人|审核意见|财政部门|主管部门|分管领导)"
)
_INNER: Final = str.maketrans("（）()", "〔〕〔〕")
"""Brackets inside a grade band, which itself stands in brackets."""
_CATEGORY: Final = re.compile(
    r"(?:产出|项目|经济|社会|生态|环境|生态环境|可持续|可持续性?影响|社会公众或)?"
    r"(?:数量|质量|时效|进度|成本|效益|效果|影响|服务对象满意度|满意度|可持续影响|可持续)(?:指标)?(?:\(.*\))?"
)


def is_category(text: str) -> bool:
    """Whether a cell holds the name of a level-2 class (数量指标, 经济效益)."""
    return _CATEGORY.fullmatch(normalise(text)) is not None


@dataclass(slots=True)
class RowReader:
    """Reads the rows under one header; remembers the level cells that later rows continue."""

    header: Header
    level1: Cell = EMPTY
    level2: Cell = EMPTY
    absent: frozenset[str] = frozenset()
    unchecked: list[SourceRef | None] = field(default_factory=list)
    """Rows whose township columns differ: only one of them is checked."""
    blanks: int = 0

    @classmethod
    def of(cls, header: Header, body: Sequence[Row]) -> RowReader:
        """Return a reader. In a two-level layout the level-2 column holds the names where its cells say so."""
        if header.of("name") is None and header.of("level2") is not None:
            texts = [cell_text(header.of("level2"), row) for row in body]
            filled = [text for text in texts if text and not is_category(text)]
            if len(filled) * 2 > sum(bool(text) for text in texts):
                header = replace(
                    header,
                    columns=tuple(
                        replace(c, field="name") if c.field == "level2" else c for c in header.columns
                    ),
                )
        elif (
            header.of("name") is not None and header.of("level2") is None and header.of("level1") is not None
        ):
            texts = [text for row in body if (text := cell_text(header.of("level1"), row))]
            if texts and all(is_category(text) and not is_level1_name(text) for text in texts):
                # The column called 绩效指标分类 holds the classes themselves: level 1 is what the layout lacks.
                header = replace(
                    header,
                    columns=tuple(
                        replace(c, field="level2") if c.field == "level1" else c for c in header.columns
                    ),
                )
        present = set(header.fields)
        if present & {"grade", "township"}:
            present.add("value")
        return cls(header, absent=frozenset(name for name in ROW_FIELDS if name not in present))

    def read(self, row: Row, above: Row | None, carry: bool = True) -> Indicator | None:
        """Return the indicator of a row, or None for a row that is none (blank, a note, a total)."""
        own = [cell for cell in row if cell is not None and clean(cell.text) and not _reaches(cell, above)]
        if not own or is_note(own, row):
            return None
        values: dict[str, Cell | None] = {}
        extra: dict[str, Cell] = {}
        long: dict[str, Cell] = {}
        for column in self.header.columns:
            cell = read_column(column, row)
            if column.period == "long":
                if cell:
                    long[column.field or column.header] = cell
                    _put(
                        extra, column.header if column.field != "level2" else f"{column.header}（长期）", cell
                    )
            elif column.field is None or column.field in ("grade", "township"):
                if cell:
                    _put(extra, column.header, cell)
            elif column.field in ROW_FIELDS:
                values[column.field] = cell
        if self.header.paired:
            self._halves(values, extra, long)
        self._levels(values, row, above, carry)
        if "grade" in self.header.fields:
            values["value"] = self._grades(row, values.get("value"))
        if "township" in self.header.fields and not values.get("value"):
            values["value"] = self._township(row)
        filled = [name for name in ROW_FIELDS if name not in ("level1", "level2") and values.get(name)]
        if not filled and not extra:
            if not self._starts_row(row, above):
                return None
            self.blanks += 1
        name = values.get("name") or EMPTY
        fields = {key: value for key, value in values.items() if value is not None}
        return Indicator(
            **fields,
            extra=MappingProxyType(extra),
            absent=self.absent,
            source=name.source or own[0].source,
        )

    def _levels(self, values: dict[str, Cell | None], row: Row, above: Row | None, carry: bool) -> None:
        """Fill level cells of continuation rows from the rows above, for merges and for blanks."""
        first, second = values.get("level1"), values.get("level2")
        has_name = bool(values.get("name"))
        column = self.header.of("level1")
        fresh = bool(first) and column is not None and not _reaches(row[column.cols[0]], above)
        merged = bool(first) and not fresh
        if first is not None:
            if not first and carry:
                values["level1"] = first = self.level1
            self.level1 = first
        if second is not None:
            # A blank class cell continues the one above only where the level-1 cell does so too.
            if not second and carry and has_name and not fresh and not merged:
                values["level2"] = second = self.level2
            self.level2 = second

    def _starts_row(self, row: Row, above: Row | None) -> bool:
        """Whether a row without content has a class of its own: then it is a template row left empty."""
        for field_name in ("level2", "level1"):
            column = self.header.of(field_name)
            if column is None:
                continue
            cell = row[column.cols[0]] if column.cols[0] < len(row) else None
            return cell is not None and bool(clean(cell.text)) and not _reaches(cell, above)
        return False

    def _halves(self, values: dict[str, Cell | None], extra: dict[str, Cell], long: dict[str, Cell]) -> None:
        """Use the annual half where it is filled, otherwise the long-term half; the other one stays in extra."""
        both_names = sum(column.field == "name" for column in self.header.columns) == 2
        key = "name" if both_names else "value"
        if values.get(key) or not long.get(key):
            if both_names and not values.get("name") and values.get("value"):
                return
            return
        for field_name, cell in long.items():
            if field_name in ROW_FIELDS and not values.get(field_name):
                values[field_name] = cell
                for header in [h for h, kept in extra.items() if kept is cell]:
                    del extra[header]

    def _grades(self, row: Row, value: Cell | None) -> Cell:
        parts = [
            (column.header, cell)
            for column in self.header.columns
            if column.field == "grade" and (cell := read_column(column, row))
        ]
        if not parts or value:
            return value or EMPTY
        # 优（…）；良（…） is the form that nlp.quantity reads as a list of grades.
        bands = (f"{name}（{cell.text.translate(_INNER)}）" for name, cell in parts)
        return Cell("；".join(bands), parts[0][1].source)

    def _township(self, row: Row) -> Cell:
        """Return the total column, or the first filled one; differing columns are reported as unchecked."""
        cells = [
            (column, cell)
            for column in self.header.columns
            if column.field == "township" and (cell := read_column(column, row))
        ]
        if not cells:
            return EMPTY
        total = next((cell for column, cell in cells if _TOTAL_COLUMN.search(column.header)), None)
        if len({normalise(cell.text) for _, cell in cells}) > 1:
            self.unchecked.append(cells[0][1].source)
        return total if total is not None else cells[0][1]


def _put(extra: dict[str, Cell], header: str, cell: Cell) -> None:
    """Keep a cell under its header; a repeated header gets a number."""
    key, count = header, 1
    while key in extra:
        count += 1
        key = f"{header}（{count}）"
    extra[key] = cell


def _reaches(cell: GridCell | None, above: Row | None) -> bool:
    """Whether a cell reaches down from the row above."""
    return cell is not None and above is not None and cell.col < len(above) and above[cell.col] is cell


def cell_text(column: Column | None, row: Row) -> str:
    """Return the shown text of a column's cell."""
    return read_column(column, row).text if column is not None else ""


def read_column(column: Column, row: Row) -> Cell:
    """Return the cell of a column; several filed cells under one wide header (≥ | 95 | %) are joined."""
    if len(column.cols) == 1:
        return cell_of(row[column.cols[0]] if column.cols[0] < len(row) else None)
    found: list[GridCell] = []
    for col in column.cols:
        cell = row[col] if col < len(row) else None
        if cell is not None and not any(cell is other for other in found):
            found.append(cell)
    filled = [cell for cell in found if clean(cell.text)]
    if len(filled) > 1:
        return make_cell("".join(clean(cell.text) for cell in filled), filled[0].source)
    return cell_of(filled[0] if filled else (found[0] if found else None))


def is_note(own: Sequence[GridCell], row: Row) -> bool:
    """Whether a row is a note, a total or a signature line."""
    first = clean(own[0].text)
    if is_category(first) or is_level1_name(first):
        return False
    if len(own) == 1 and (own[0].colspan >= max(2, len(row) - 1) or len(first) > 60):
        return not is_section_word(first) or own[0].colspan >= 2
    return own[0].col <= 1 and _NOTE_ROW.match(first.replace(" ", "")) is not None
