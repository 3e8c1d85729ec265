"""What refers to rows of a sheet when rows come and go: formulas, merges, formats, comments, charts.

Follows what Excel does: a reference to a removed row becomes #REF!, a range shrinks. One thing more: a range of
several rows that ends at the row below which rows are added takes them in, so that a total counts them.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Final

from service.export.package import Element, Package, Relation, local, local_above

_CELL: Final = r"(\$?)([A-Za-z]{1,3})(\$?)(\d{1,7})"
_REFERENCE: Final = re.compile(rf"{_CELL}(?::{_CELL})?")
_ROWS: Final = re.compile(r"(\$?)(\d{1,7}):(\$?)(\d{1,7})")
_SHEET: Final = re.compile(r"('(?:[^']|'')+'|[^'!]+)!(.+)", re.DOTALL)
_LISTS: Final = frozenset(("sqref", "ref", "activeCell", "topLeftCell"))
_FORMULAS: Final = frozenset(("f", "formula", "formula1", "formula2"))
_STAYS: Final = frozenset(("selection", "dimension", "sheetView", "pane"))
"""Elements that remain although the cells they speak of are gone."""


class Moves:
    """Where the rows of one sheet go: `removed` rows, and how many are added below a row."""

    def __init__(self, removed: Collection[int], added: Mapping[int, int]) -> None:
        self._removed = sorted(removed)
        self._gone = frozenset(removed)
        self._added = dict(added)
        self._below = sorted(added)
        self._sums = [0]
        for row in self._below:
            self._sums.append(self._sums[-1] + added[row])

    def __bool__(self) -> bool:
        return bool(self._removed or self._added)

    def slot(self, row: int) -> int:
        """Return the number that a row has afterwards (of a removed row: that of what follows it)."""
        return row - bisect_left(self._removed, row) + self._sums[bisect_left(self._below, row)]

    def row(self, row: int) -> int | None:
        """Return the new number of a row, None for a removed one."""
        return None if row in self._gone else self.slot(row)

    def first_added(self, row: int) -> int:
        """Return the number of the first row added below a row."""
        return self.slot(row) + (row not in self._gone)

    def span(self, first: int, last: int, *, grow: bool) -> tuple[int, int] | None:
        """Return where a range of rows goes; `grow` takes in rows that were added below its last one."""
        bottom = last
        while first <= last and first in self._gone:
            first += 1
        while last >= first and last in self._gone:
            last -= 1
        extra = self._added.get(bottom, 0) if grow else 0
        if first > last:
            return (self.first_added(bottom), self.slot(bottom) + extra - 1) if extra else None
        return self.slot(first), self.first_added(bottom) + extra - 1 if extra else self.slot(last)


def shift_reference(text: str, moves: Moves, *, grow: bool) -> str | None:
    """Return a cell, a range of cells or of rows where it now stands, None where all of it is gone."""
    match = _REFERENCE.fullmatch(text)
    if match is not None:
        fixed1, col1, dollar1, row1, fixed2, col2, dollar2, row2 = match.groups()
        if row2 is None:
            single = moves.span(int(row1), int(row1), grow=False)
            return None if single is None else f"{fixed1}{col1}{dollar1}{single[0]}"
        span = moves.span(int(row1), int(row2), grow=grow)
        return None if span is None else f"{fixed1}{col1}{dollar1}{span[0]}:{fixed2}{col2}{dollar2}{span[1]}"
    rows = _ROWS.fullmatch(text)
    if rows is not None:
        span = moves.span(int(rows[2]), int(rows[4]), grow=grow)
        return None if span is None else f"{rows[1]}{span[0]}:{rows[3]}{span[1]}"
    return text


def shift_list(text: str, moves: Moves) -> str:
    """Return a list of ranges (sqref); a single cell grows with the rows added below it."""
    found: list[str] = []
    for item in text.split():
        match = _REFERENCE.fullmatch(item)
        wide = f"{item}:{item}" if match is not None and match[8] is None else item
        moved = shift_reference(wide, moves, grow=True)
        if moved is not None:
            first, _, last = moved.partition(":")
            found.append(first if first == last else moved)
    return " ".join(found)


def shift_formula(text: str, home: str, sheet: str, moves: Moves) -> str:
    """Return a formula that stands on sheet `home` after rows of `sheet` moved. What is not understood stays."""
    from openpyxl.formula.tokenizer import Token, Tokenizer, TokenizerError

    try:
        tokens = Tokenizer(f"={text}").items
    except (TokenizerError, IndexError):
        return text
    parts: list[str] = []
    for token in tokens:
        value = token.value
        if token.type == Token.OPERAND and token.subtype == Token.RANGE:
            value = _shift_operand(value, home, sheet, moves)
        parts.append(value)
    return "".join(parts)


def _shift_operand(value: str, home: str, sheet: str, moves: Moves) -> str:
    match = _SHEET.fullmatch(value)
    prefix, reference = (f"{match[1]}!", match[2]) if match is not None else ("", value)
    named = match[1].strip("'").replace("''", "'") if match is not None else home
    if named.casefold() != sheet.casefold():
        return value
    match = _REFERENCE.fullmatch(reference)
    several = match is None or (match[8] is not None and match[4] != match[8])
    moved = shift_reference(reference, moves, grow=several)
    return f"{prefix}{moved if moved is not None else '#REF!'}"


def shift_sheet(root: Element, sheet: str, moves: Moves) -> None:
    """Move everything of a sheet outside its cells and merges: formats, validations, links, filters, breaks, views."""
    parts = [part for part in root if local(part) not in ("", "sheetData", "mergeCells")]
    for item in [item for part in parts for item in part.iter() if local(item)]:
        name = local(item)
        for key in [key for key in item.attrib if str(key) in _LISTS]:
            moved = shift_list(str(item.attrib[key]), moves)
            if moved:
                item.attrib[key] = moved
            elif name not in _STAYS:
                _drop(item)
        if name in _FORMULAS and item.text:
            item.text = shift_formula(item.text, sheet, sheet, moves)
        elif name == "sqref" and item.text:
            item.text = shift_list(item.text, moves) or item.text
        elif name == "brk" and local_above(item) == "rowBreaks" and item.get("id", "").isdigit():
            item.set("id", str(max(1, moves.first_added(int(item.get("id", "1"))) - 1)))


def shift_parts(package: Package, part: str, moves: Moves) -> None:
    """Move what stands beside a sheet in parts of its own: comments, tables, drawings."""
    for relation in package.relations(part).values():
        name = relation.target
        if name is None or name not in package:
            continue
        if relation.kind in ("comments", "table", "threadedComment"):
            for item in list(package.tree(name).iter()):
                if item.get("ref"):
                    moved = shift_list(item.get("ref", ""), moves)
                    if moved:
                        item.set("ref", moved)
                    else:
                        _drop(item)
            package.touch(name)
        elif relation.kind in ("drawing", "vmlDrawing"):
            _shift_drawing(package, name, relation, moves)


def _shift_drawing(package: Package, name: str, relation: Relation, moves: Moves) -> None:
    """Move what hangs on rows (counted from 0) of a drawing, or of the boxes of comments."""
    root = package.tree(name)
    for item in list(root.iter()):
        kind, text = local(item), (item.text or "").strip()
        if kind == "row" and local_above(item) in ("from", "to") and text.isdigit():
            item.text = str(moves.slot(int(text) + 1) - 1)
        elif kind == "Row" and text.isdigit():
            moved = moves.row(int(text) + 1)
            shape = item.getparent()
            while shape is not None and local(shape) != "shape":
                shape = shape.getparent()
            if moved is not None:
                item.text = str(moved - 1)
            elif shape is not None:
                _drop(shape)
        elif kind == "Anchor" and text.count(",") == 7:
            numbers = [part.strip() for part in text.split(",")]
            for at in (2, 6):
                if numbers[at].isdigit():
                    numbers[at] = str(moves.slot(int(numbers[at]) + 1) - 1)
            item.text = ", ".join(numbers)
    package.touch(name)


def _drop(item: Element) -> None:
    """Remove an element whose cells are gone, and the list that held nothing else."""
    parent = item.getparent()
    if parent is None:
        return
    parent.remove(item)
    if parent.get("count") is not None:
        parent.set("count", str(len(parent)))
    if len(parent) == 0 and local(parent) not in ("worksheet", "commentList"):
        _drop(parent)
