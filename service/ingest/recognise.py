"""What rows and tables look like: the marks by which the assembler tells them apart."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from nlp.columns import is_level1_name
from nlp.naming import is_bare_kind
from nlp.text import clean
from service.ingest.grid import GridCell, Table
from service.ingest.headers import fields_of
from service.ingest.layouts import Row, is_category

_HEADER_WORDS: Final = frozenset({"level1", "level2", "name", "value"})
_VALUE: Final = re.compile(r"(?:[≥≤＞＜≧≦><]=?|不低于|不超过|不少于)\s*\d")


def starting(row: Row, index: int) -> tuple[list[GridCell], list[GridCell]]:
    """Return the cells that start in a row, and those that reach down into it."""
    own: list[GridCell] = []
    continued: list[GridCell] = []
    last: GridCell | None = None
    for cell in row:
        if cell is None or cell is last:
            continue
        (own if cell.row == index else continued).append(cell)
        last = cell
    return own, continued


def may_be_header(filled: Sequence[GridCell]) -> bool:
    """Whether a row may be a header at all."""
    return sum(bool(fields_of(cell.text)) for cell in filled) >= 1 and len(filled) >= 2


def is_level(text: str) -> bool:
    """Whether a cell names a level-1 or level-2 class."""
    return is_level1_name(text) or is_category(text)


def looks_like_indicators(table: Table) -> bool:
    """Whether a table that was not understood has the marks of an indicator table."""
    marks: set[str] = set()
    values = bases = 0
    for cell in table.cells:
        text = clean(cell.text)
        if not 2 <= len(text) <= 20:
            continue
        # A part of a table whose header and level column were lost still shows its targets.
        if _VALUE.match(text):
            values += 1
        elif is_bare_kind(text):
            bases += 1
        if "指标" in text and (is_level(text) or set(fields_of(text)) & _HEADER_WORDS):
            marks.add(text)
    return len(marks) >= 2 or values >= 2 or bool(values and bases)
