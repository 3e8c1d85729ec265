"""Headers of indicator tables: which column holds which field, whatever its wording and order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from corpora.store import load_yaml
from models.records.document import ROW_FIELDS
from nlp.text import clean, normalise
from service.ingest.grid import GridCell

Matrix = Sequence[Sequence[GridCell | None]]

FLAT_FIELDS: Final = (
    "project_code",
    "project_name",
    "department",
    "budget_total",
    "budget_unit",
    "goal",
)
"""Columns of the contract's flat rows that speak of the project, not of the indicator."""

_PAIRED: Final = frozenset({"level2", "name", "description", "operator", "value", "unit"})
_LONG: Final = re.compile(r"长期|中期|实施期|中长期|总体|整体")
_ANNUAL: Final = re.compile(r"年度|本年|当年|年初")
_LONGEST: Final = 60
_TOP: Final = 16
_TAIL: Final = re.compile(r"\([^()]*\)$")
_LEAD: Final = re.compile(r"^[★☆*#※]+")
_PLACE: Final = re.compile(r"(?:镇|乡|街道|村|社区|街道办事处|农场|区|县|开发区|园区)$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the header: the matrix columns that it spans and the field that it holds (None: extra)."""

    cols: tuple[int, ...]
    field: str | None
    header: str
    period: str | None = None
    """`long` or `annual` where a layout files both side by side."""


@dataclass(frozen=True, slots=True)
class Header:
    """A recognised header. `depth` is the number of rows that it takes."""

    columns: tuple[Column, ...]
    depth: int

    def of(self, field: str, period: str | None = None) -> Column | None:
        """Return the column of a field (of one half of a paired layout)."""
        for column in self.columns:
            if column.field == field and (period is None or column.period in (None, period)):
                return column
        return None

    @property
    def fields(self) -> frozenset[str]:
        """All fields that have a column."""
        return frozenset(column.field for column in self.columns if column.field is not None)

    @property
    def paired(self) -> bool:
        """Whether long-term and annual targets stand side by side."""
        return any(column.period == "long" for column in self.columns)

    @property
    def flat(self) -> bool:
        """Whether every row names its own project."""
        return bool(self.fields & {"project_code", "project_name"})

    @property
    def width(self) -> int:
        """Number of matrix columns the header speaks of."""
        return 1 + max(col for column in self.columns for col in column.cols)


@dataclass(frozen=True, slots=True)
class _Terms:
    """The header words of columns.yml, normalised."""

    fields: Mapping[str, tuple[str, ...]]
    """Header text → fields, the first that is still free counts."""
    long_term: frozenset[str]
    grades: tuple[str, ...]
    sections: frozenset[str]


_LABEL_FIELDS: Final = {
    "code": "project_code",
    "name": "project_name",
    "department": "department",
    "budget_total": "budget_total",
    "goal": "goal",
}


@cache
def _terms() -> _Terms:
    data = load_yaml("schemes/columns.yml")
    found: dict[str, tuple[str, ...]] = {}

    def add(words: Iterable[object], *fields: str) -> None:
        for word in words:
            found.setdefault(normalise(str(word)), fields)

    for word, fields in data["ambiguous"].items():
        add([word], *fields)
    for field, words in data["fields"].items():
        add(words, field)
    for word in data["long_term"]:
        stem = next(
            (f for key, f in (("二级", "level2"), ("三级", "name")) if str(word).startswith(key)), "value"
        )
        add([word], stem)
    add(data["extra"], "extra")
    add(data["result"], "extra")
    add(data["grades"], "grade")
    for label, field in _LABEL_FIELDS.items():
        add(data["labels"][label], field)
    for field in (*ROW_FIELDS, *FLAT_FIELDS):
        add([field], field)
    return _Terms(
        MappingProxyType(found),
        frozenset(normalise(str(word)) for word in data["long_term"]),
        tuple(data["grades"]),
        frozenset(normalise(str(word)) for word in data["section_words"]),
    )


@lru_cache(maxsize=8192)
def fields_of(text: str) -> tuple[str, ...]:
    """Return the fields that a header text may stand for; marks like ★ and notes like （必填） are ignored."""
    terms = _terms().fields
    key = normalise(clean(text)) if len(text) <= _LONGEST else ""
    while key:
        if key in terms:
            return terms[key]
        shorter = _TAIL.sub("", _LEAD.sub("", key)).rstrip(":★☆*#※")
        if shorter == key:
            return ()
        key = shorter
    return ()


def is_section_word(text: str) -> bool:
    """Whether a cell is only the label beside a block (绩效指标, 年度绩效指标)."""
    return normalise(text) in _terms().sections


def period_of(text: str) -> str | None:
    """Return `long` or `annual` where a header text says for which period its column is."""
    if _LONG.search(text) or normalise(text) in _terms().long_term:
        return "long"
    return "annual" if _ANNUAL.search(text) else None


def _spans(matrix: Matrix, row: int) -> list[tuple[int, ...]]:
    """Return the column groups of a header row (adjacent columns with one origin cell are one group)."""
    groups: list[list[int]] = []
    cells = matrix[row]
    for col, cell in enumerate(cells):
        if col and cell is not None and cell is cells[col - 1]:
            groups[-1].append(col)
        else:
            groups.append([col])
    return [tuple(group) for group in groups]


def _text(matrix: Matrix, row: int, col: int) -> str:
    cell = matrix[row][col]
    return clean(cell.text) if cell is not None else ""


def _own(matrix: Matrix, row: int) -> list[GridCell]:
    """Return the cells with text that start in this row."""
    seen: list[GridCell] = []
    above = set(map(id, matrix[row - 1])) if row else set()
    for cell in matrix[row]:
        if cell is not None and id(cell) not in above and clean(cell.text) and cell not in seen:
            seen.append(cell)
    return seen


def _tops(text: str) -> bool:
    """Whether a cell may stand in the upper row of a two-row header."""
    found = fields_of(text)
    if "goal" in found:
        return False
    return bool(found) or is_section_word(text) or (len(clean(text)) <= _TOP and period_of(text) is not None)


def _is_subheader(matrix: Matrix, row: int) -> bool:
    """Whether `row` continues the header of the row above (符号/值/单位 or township names under 年度指标值)."""
    if row >= len(matrix):
        return False
    own = _own(matrix, row)
    if not own or not all(_tops(cell.text) for cell in _own(matrix, row - 1)):
        return False
    wide = True
    for cell in own:
        above = matrix[row - 1][cell.col]
        if above is None or above.colspan < 2 or not clean(above.text):
            wide = False
    if wide and not any(re.search(r"[\d%≥≤＞＜]", clean(cell.text)) for cell in own):
        return True
    return len(own) >= 2 and all(fields_of(cell.text) for cell in own)


def match_header(matrix: Matrix, row: int) -> Header | None:
    """Return the header that starts in `row`, or None. Needs a name (or level) column and a value column."""
    # A block row such as 绩效目标 | 1.… right above the header is not its upper half (see _tops).
    if row + 1 < len(matrix) and _is_subheader(matrix, row + 1):
        header = _build(matrix, row, 2)
        if header is not None:
            return header
    return _build(matrix, row, 1)


def _build(matrix: Matrix, row: int, depth: int) -> Header | None:
    top = [fields_of(_text(matrix, row, col)) for col in range(len(matrix[row]))]
    bottom = [fields_of(_text(matrix, row + depth - 1, col)) for col in range(len(matrix[row]))]
    if sum(bool(a or b) for a, b in zip(top, bottom, strict=True)) < 2:
        return None
    columns: list[Column] = []
    options: list[tuple[str, ...]] = []
    for cols in _spans(matrix, row + depth - 1):
        upper, lower = _text(matrix, row, cols[0]), _text(matrix, row + depth - 1, cols[0])
        if not upper and not lower:
            continue
        text = lower or upper
        found = fields_of(text)
        if not found and lower and lower != upper:
            found = ("township",) if "value" in fields_of(upper) else ()
        both = upper if upper == lower else f"{upper}{lower}"
        columns.append(Column(cols, found[0] if found else None, text, period_of(both)))
        options.append(found)
    columns = _settle(matrix, row + depth, columns, options)
    header = Header(tuple(columns), depth)
    fields = header.fields
    named = fields & {"name", "level2", "level1"}
    valued = fields & {"value", "grade", "township"} or {"level1", "level2", "name"} <= fields
    if not named or not valued or len(fields & {*ROW_FIELDS, "grade", "township"}) < 2:
        return None
    return header


def _settle(matrix: Matrix, body: int, columns: list[Column], options: list[tuple[str, ...]]) -> list[Column]:
    """Decide headers that may mean two things, and split paired layouts into their halves."""
    firm = {found[0] for found in options if len(found) == 1}
    settled: list[Column] = []
    for column, found in zip(columns, options, strict=True):
        field = column.field
        if len(found) > 1:
            field = next((name for name in found if name not in firm), found[-1])
        if field == "section" or ("section" in found and _side_label(matrix, body, column)):
            continue
        settled.append(replace(column, field=None if field == "extra" else field))
    if not any(column.field in ("value", "township") for column in settled):
        settled = [
            replace(c, field="township") if c.field is None and _PLACE.search(c.header) else c
            for c in settled
        ]
    return _pair(settled)


def _side_label(matrix: Matrix, body: int, column: Column) -> bool:
    """Whether a header cell is the label beside the block (merged down, or nothing below it)."""
    below = [matrix[row][column.cols[0]] for row in range(body, len(matrix))]
    return all(cell is None or not clean(cell.text) or is_section_word(cell.text) for cell in below)


def _pair(columns: list[Column]) -> list[Column]:
    """Keep periods only where a field really comes twice; second columns of one meaning become extra."""
    result = list(columns)
    for field in ROW_FIELDS:
        places = [i for i, column in enumerate(result) if column.field == field]
        if len(places) < 2:
            for i in places:
                result[i] = replace(result[i], period=None)
            continue
        periods = [result[i].period for i in places]
        if field in _PAIRED and len(places) == 2:
            if {"long", "annual"} <= set(periods):
                continue
            if periods[0] == periods[1] and _mirrored(columns):
                # The national form prints the long-term half first and repeats the same headers.
                result[places[0]] = replace(result[places[0]], period="long")
                result[places[1]] = replace(result[places[1]], period="annual")
                continue
            if "long" in periods:
                other = places[1 - periods.index("long")]
                result[other] = replace(result[other], period="annual")
                continue
        keep = next((i for i in places if result[i].period == "annual"), places[0])
        for i in places:
            result[i] = replace(result[i], period=None, field=field if i == keep else None)
    return result


def _mirrored(columns: Sequence[Column]) -> bool:
    """Whether name and value both come twice."""
    return all(sum(column.field == field for column in columns) == 2 for field in ("name", "value"))
