"""One worksheet by filed row and column: cells, merges, rows that come and go."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.export.package import Element, Package, child, local, namespace
from service.export.sheet_shift import Moves

_NAME: Final = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


@dataclass(slots=True)
class Merge:
    """A merged range, all ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def covers(self, row: int, col: int) -> bool:
        """Whether a cell lies in the range."""
        return self.top <= row <= self.bottom and self.left <= col <= self.right

    @property
    def single(self) -> bool:
        """Whether nothing is merged."""
        return self.top == self.bottom and self.left == self.right


@dataclass(slots=True)
class Added:
    """A new row and the columns that are merged in it."""

    element: Element
    merges: list[tuple[int, int]]


class Sheet:
    """One worksheet by filed row and column."""

    def __init__(self, package: Package, part: str) -> None:
        self.part = part
        self.root = package.tree(part)
        data = child(self.root, "sheetData")
        if data is None:
            raise package.unusable()
        self.data = data
        self.changed = False
        self._plain = False
        self.rows: dict[int, Element] = {}
        self.cells: dict[int, dict[int, Element]] = {}
        self.removed: set[int] = set()
        self.added: dict[int, list[Added]] = {}
        number = 0
        for row in (item for item in data if local(item) == "row"):
            text = row.get("r", "")
            number = int(text) if text.isdigit() and len(text) <= 7 else number + 1
            self.rows[number], self.cells[number] = row, cells_of(row)
        listed = child(self.root, "mergeCells")
        self.merges: list[Merge] = []
        self._by_row: dict[int, list[Merge]] = {}
        self._numbers = sorted(self.rows)
        for merge in _merges(listed) if listed is not None else ():
            self._add_merge(merge)

    def _add_merge(self, merge: Merge) -> None:
        """Keep a merge, and for every filed row those that reach into it: files have thousands."""
        first, last = bisect_left(self._numbers, merge.top), bisect_right(self._numbers, merge.bottom)
        rows = self._numbers[first:last]
        for number in rows:
            for other in self.merges_in(number):
                if other.left <= merge.right and merge.left <= other.right:
                    # Of ranges that overlap the first one counts, for spreadsheet programs and the reader.
                    return
        self.merges.append(merge)
        for number in rows:
            self._by_row.setdefault(number, []).append(merge)

    def merges_in(self, row: int) -> list[Merge]:
        """Return the merges that reach into a row."""
        return [merge for merge in self._by_row.get(row, ()) if merge.top <= row <= merge.bottom]

    def merge_at(self, row: int, col: int) -> Merge | None:
        """Return the merge that covers a cell."""
        known = self._by_row.get(row, ()) if row in self.rows else self.merges
        return next((merge for merge in known if merge.covers(row, col)), None)

    def cell(self, row: int, col: int) -> Element:
        """Return a cell, made where the sheet has none, in its place in the row."""
        if row not in self.rows:
            made = self.data.makeelement(f"{namespace(self.data)}row", {"r": str(row)})
            above = max((number for number in self.rows if number < row), default=0)
            if above:
                self.rows[above].addnext(made)
            else:
                self.data.insert(0, made)
            self.rows[row], self.cells[row] = made, {}
        cells = self.cells[row]
        if col not in cells:
            cells[col] = new_cell(self.rows[row], cells, row, col)
        return cells[col]

    def moves(self) -> Moves:
        """Return where the rows go."""
        return Moves(self.removed, {row: len(new) for row, new in self.added.items()})

    def split(self, row: int, col: int) -> bool:
        """Let the merge that covers a cell end above its row and begin anew in it."""
        merge = self.merge_at(row, col)
        if merge is None:
            return True
        if col != merge.left:
            return False
        if row > merge.top:
            below = Merge(row, merge.left, merge.bottom, merge.right)
            merge.bottom = row - 1
            self._add_merge(below)
        return True

    def plain_formulas(self) -> None:
        """Write out shared formulas: each one hangs on a cell that may go, and on distances that may change."""
        from openpyxl.formula.tokenizer import TokenizerError
        from openpyxl.formula.translate import Translator

        if self._plain:
            return
        self._plain = True
        found = [
            (f"{_letters(col)}{row}", formula)
            for row, cells in self.cells.items()
            for col, cell in cells.items()
            if (formula := child(cell, "f")) is not None and formula.get("t") == "shared"
        ]
        masters = {formula.get("si"): (name, formula.text) for name, formula in found if formula.text}
        for name, formula in found:
            origin, text = masters.get(formula.get("si"), (name, formula.text))
            try:
                formula.text = Translator(f"={text}", origin=origin).translate_formula(name)[1:]
            except (TokenizerError, ValueError, IndexError):
                continue
            for key in ("t", "si", "ref"):
                formula.attrib.pop(key, "")

    def finish(self, moves: Moves) -> None:
        """Number the rows anew and write the merges."""
        added: list[Merge] = []
        for row in sorted(self.rows):
            element = self.rows[row]
            last = element
            for offset, new in enumerate(self.added.get(row, ())):
                last.addnext(new.element)
                last = new.element
                number = moves.first_added(row) + offset
                _number(new.element, cells_of(new.element), number)
                added += [Merge(number, left, number, right) for left, right in new.merges]
            if row in self.removed:
                self.data.remove(element)
            else:
                _number(element, self.cells[row], moves.slot(row))
        kept: list[Merge] = []
        for merge in self.merges:
            rows = moves.span(merge.top, merge.bottom, grow=False)
            if rows is not None:
                kept.append(Merge(rows[0], merge.left, rows[1], merge.right))
        self._write_merges([merge for merge in (*kept, *added) if not merge.single])

    def _write_merges(self, merges: list[Merge]) -> None:
        listed = child(self.root, "mergeCells")
        if listed is None:
            return
        for item in [item for item in listed if local(item) == "mergeCell"]:
            listed.remove(item)
        for merge in merges:
            ref = f"{_letters(merge.left)}{merge.top}:{_letters(merge.right)}{merge.bottom}"
            listed.append(listed.makeelement(f"{namespace(listed)}mergeCell", {"ref": ref}))
        listed.set("count", str(len(merges)))
        if not merges:
            self.root.remove(listed)


def new_cell(row: Element, cells: dict[int, Element], number: int, col: int) -> Element:
    """Return a new cell, put in its place in the row."""
    made = row.makeelement(f"{namespace(row)}c", {"r": f"{_letters(col)}{number}"})
    left = max((other for other in cells if other < col), default=0)
    if left:
        cells[left].addnext(made)
    else:
        row.insert(0, made)
    return made


def cells_of(row: Element) -> dict[int, Element]:
    """Return the cells of a row by column, from 1."""
    found: dict[int, Element] = {}
    column = 0
    for cell in (item for item in row if local(item) == "c"):
        place = _NAME.fullmatch(cell.get("r", ""))
        column = _column(place[1]) if place is not None else column + 1
        found[column] = cell
    return found


def _number(row: Element, cells: dict[int, Element], number: int) -> None:
    row.set("r", str(number))
    for col, cell in cells.items():
        cell.set("r", f"{_letters(col)}{number}")


def _merges(listed: Element) -> Iterator[Merge]:
    for item in listed:
        first, _, last = item.get("ref", "").partition(":")
        start, end = _NAME.fullmatch(first), _NAME.fullmatch(last)
        if local(item) == "mergeCell" and start is not None and end is not None:
            rows = sorted((int(start[2]), int(end[2])))
            cols = sorted((_column(start[1]), _column(end[1])))
            yield Merge(rows[0], cols[0], rows[1], cols[1])


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _letters(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
