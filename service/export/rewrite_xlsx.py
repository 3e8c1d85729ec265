"""The original workbook with accepted edits made in its own cells; all else stays as it was filed."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final

from models.records.document import Document
from models.records.finding import Edit
from service.export.package import Element, Package, child, local, local_above, namespace
from service.export.rewrite_rows import write_edits
from service.export.rewriting import NewRow, Place, Rewritten, Span, squash
from service.export.sheet_shift import Moves, shift_formula, shift_list, shift_parts, shift_sheet
from service.export.xlsx_sheet import Added, Sheet, cells_of, new_cell
from service.export.xlsx_values import Values, clear

_FORMULA: Final = rb"<(?:\w+:)?f[ >/]"
_LAST_ROW: Final = 1_048_576
_LAST_COLUMN: Final = 16_384


def rewrite_workbook(original: bytes, document: Document, edits: Sequence[Edit]) -> Rewritten:
    """Return the xlsx with the edits made. Equal input gives equal bytes.

    `document` is the document as read from `original`. Raises InputError where the file cannot be opened.
    """
    package = Package(original, "Excel 或 WPS")
    cells = _Workbook(package)
    missed = write_edits(cells, document, edits)
    cells.finish()
    return Rewritten(package.save(), missed)


class _Workbook:
    """The cells of a workbook by the coordinates of the reader."""

    def __init__(self, package: Package) -> None:
        self._package = package
        self._main = package.main("xl/workbook.xml")
        self._book = package.tree(self._main)
        if local(self._book) != "workbook":
            raise package.unusable()
        relations = package.relations(self._main)
        by_kind = {relation.kind: relation.target for relation in relations.values()}
        self._values = Values(package, by_kind.get("sharedStrings"), by_kind.get("styles"))
        self._parts: dict[str, str] = {}
        seen: set[str] = set()
        for item in self._book.iter():
            if local(item) != "sheet":
                continue
            key = next((str(v) for k, v in item.attrib.items() if str(k).rpartition("}")[2] == "id"), "")
            relation = relations.get(key)
            target = relation.target if relation is not None and relation.kind == "worksheet" else None
            name = item.get("name", "")
            if target is not None and target in package:
                self._parts[name] = target
            if name in seen:
                # Nobody could tell which of two sheets of one name an edit means.
                self._parts.pop(name, None)
            seen.add(name)
        if not self._parts:
            raise package.unusable()
        self._sheets: dict[str, Sheet] = {}

    def _sheet(self, part: str) -> Sheet | None:
        if part not in self._parts:
            return None
        if part not in self._sheets:
            self._sheets[part] = Sheet(self._package, self._parts[part])
        return self._sheets[part]

    def text(self, place: Place) -> str | None:
        """Return what a cell shows; every cell of a sheet exists."""
        sheet = self._sheet(place.part)
        if sheet is None or not (0 < place.row <= _LAST_ROW and 0 < place.col <= _LAST_COLUMN):
            return None
        return self._values.text(sheet.cells.get(place.row, {}).get(place.col))

    def origin(self, place: Place) -> Place:
        """Return the first cell of the merge that covers a place."""
        sheet = self._sheet(place.part)
        merge = sheet.merge_at(place.row, place.col) if sheet is not None else None
        return place if merge is None else Place(place.part, merge.top, merge.left)

    def row(self, part: str, row: int) -> list[Place]:
        """Return the cells of a row that the sheet lists."""
        sheet = self._sheet(part)
        return (
            [Place(part, row, col) for col in sorted(sheet.cells.get(row, {}))] if sheet is not None else []
        )

    def loose(self, after: str | None, before: str | None) -> list[Place]:
        """Return nothing: in a workbook everything stands in cells."""
        return []

    def replace(self, place: Place, span: Span, new: str) -> bool:
        """Replace a stretch of a cell's text."""
        sheet = self._sheet(place.part)
        if sheet is None or self.text(place) is None:
            return False
        cell = sheet.cell(place.row, place.col)
        formula = child(cell, "f")
        if formula is not None and formula.get("t") == "shared":
            sheet.plain_formulas()
        sheet.changed = True
        return self._values.replace(cell, span, new)

    def restart(self, place: Place, source: Place) -> bool:
        """Let a cell begin anew with a copy of another's content; the rows below it stay merged with it."""
        sheet = self._sheet(place.part)
        if sheet is None or not sheet.split(place.row, place.col):
            return False
        sheet.changed = True
        _copy(sheet.cell(source.row, source.col), sheet.cell(place.row, place.col))
        return True

    def add_row(self, new: NewRow) -> bool:
        """Add a copy of a row; merges of its own fields do not reach into it."""
        sheet = self._sheet(new.part)
        if sheet is None or new.like not in sheet.rows or new.after not in sheet.rows:
            return False
        sheet.changed = True
        sheet.plain_formulas()
        for col in new.fields:
            sheet.split(new.after + 1, col)
        row = copy.deepcopy(sheet.rows[new.like])
        cells = cells_of(row)
        for col in sorted({*cells, *new.texts}):
            if col not in cells:
                cells[col] = new_cell(row, cells, new.like, col)
            cell = cells[col]
            if col in new.texts:
                number = cell.get("t", "n") == "n" and squash(self._values.text(cell)) != ""
                self._values.put(cell, new.texts[col], number=number)
            elif col not in new.keep:
                clear(cell)
            for formula in [item for item in cell if local(item) == "f"]:
                cell.remove(formula)
        wide = [
            (merge.left, merge.right)
            for merge in sheet.merges_in(new.like)
            if merge.left < merge.right and not merge.top <= new.after < merge.bottom
        ]
        sheet.added.setdefault(new.after, []).append(Added(row, wide))
        return True

    def remove_row(self, part: str, row: int) -> bool:
        """Remove a row; a merge that begins in it begins in the next one, with its content."""
        sheet = self._sheet(part)
        if sheet is None or row not in sheet.rows or row in sheet.removed:
            return False
        sheet.changed = True
        sheet.plain_formulas()
        for merge in sheet.merges_in(row):
            if merge.top == row and merge.bottom > row:
                below = sheet.cell(row + 1, merge.left)
                if not squash(self._values.text(below)):
                    _copy(sheet.cell(row, merge.left), below)
                merge.top += 1
        sheet.removed.add(row)
        return True

    def finish(self) -> None:
        """Write what changed: the sheets, and whatever refers to rows that moved."""
        changed = {name: sheet for name, sheet in self._sheets.items() if sheet.changed}
        for name, sheet in changed.items():
            self._package.touch(sheet.part)
            moves = sheet.moves()
            sheet.finish(moves)
            if moves:
                shift_sheet(sheet.root, name, moves)
                shift_parts(self._package, sheet.part, moves)
                self._shift_formulas(name, moves)
        if changed and any(self._package.holds(part, _FORMULA) for part in self._parts.values()):
            # Stored results may rest on what was changed; the order of calculation names cells that moved.
            self._recalculate()

    def _shift_formulas(self, sheet: str, moves: Moves) -> None:
        """Follow the moved rows in the formulas of all sheets, in defined names and in charts."""
        places = [(name, part) for name, part in self._parts.items()]
        places += [("", self._main), *(("", part) for part in self._package.names("xl/charts/"))]
        for home, part in places:
            for item in self._package.tree(part).iter():
                own = home == sheet
                wanted = local(item) in ("f", "definedName") or (
                    not own and local(item) in ("formula", "formula1", "formula2")
                )
                if not wanted or not item.text or (not own and "!" not in item.text):
                    continue
                if own and local_above(item) != "c":
                    continue
                moved = shift_formula(item.text, home, sheet, moves)
                if moved != item.text:
                    item.text = moved
                    self._package.touch(part)
                if own and item.get("ref"):
                    item.set("ref", shift_list(item.get("ref", ""), moves) or item.get("ref", ""))

    def _recalculate(self) -> None:
        settings = child(self._book, "calcPr")
        if settings is None:
            settings = self._book.makeelement(f"{namespace(self._book)}calcPr")
            before = ("sheets", "functionGroups", "externalReferences", "definedNames")
            last = [item for item in self._book if local(item) in before][-1]
            last.addnext(settings)
        settings.set("fullCalcOnLoad", "1")
        self._package.touch(self._main)
        for relation in self._package.relations(self._main).values():
            if relation.kind == "calcChain" and relation.target is not None:
                self._package.drop(relation.target)


def _copy(source: Element, target: Element) -> None:
    """Copy the content of a cell, of a formula its result; the style only where a number needs it."""
    clear(target)
    for item in source:
        if local(item) in ("v", "is"):
            target.append(copy.deepcopy(item))
    kind = source.get("t")
    if kind is not None:
        target.set("t", kind)
    if kind in (None, "n") and child(source, "v") is not None:
        target.set("s", source.get("s", "0"))
