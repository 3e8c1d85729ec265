"""The original Word document with accepted edits made in its own cells; all else stays as it was filed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from models.records.document import Document
from models.records.finding import Edit
from service.export.docx_text import (
    DROPPED,
    content,
    paragraphs_of,
    replace_text,
    reset_cell,
    text_of,
    without_marks,
)
from service.export.package import Element, Package, child, local, namespace
from service.export.rewrite_rows import write_edits
from service.export.rewriting import NewRow, Place, Rewritten, Span

_PART: Final = re.compile(r"table (\d+)")


def rewrite_document(original: bytes, document: Document, edits: Sequence[Edit]) -> Rewritten:
    """Return the docx with the edits made. Equal input gives equal bytes.

    `document` is the document as read from `original`. Raises InputError where the file cannot be opened.
    """
    package = Package(original, "Word 或 WPS")
    name = package.main("word/document.xml")
    root = package.tree(name)
    body = child(root, "body")
    if local(root) != "document" or body is None:
        raise package.unusable()
    cells = _Words(body)
    missed = write_edits(cells, document, edits)
    if cells.changed:
        package.touch(name)
    return Rewritten(package.save(), missed)


@dataclass(slots=True)
class _Row:
    """One row of a table: its cells by grid column, from 1."""

    element: Element
    cells: dict[int, Element] = field(default_factory=dict)


@dataclass(slots=True)
class _Table:
    """The rows of a table by filed number, and in their present order."""

    filed: list[_Row]
    rows: list[_Row]
    added: dict[int, list[_Row]] = field(default_factory=dict)


class _Words:
    """The cells of a document by the coordinates of the reader."""

    def __init__(self, body: Element) -> None:
        self.changed = False
        self._tables: list[_Table] = []
        self._loose: list[tuple[Element, int]] = []
        for item in _blocks(body):
            if local(item) == "tbl":
                rows = [_read_row(row) for row in content(item) if local(row) == "tr" and not _deleted(row)]
                self._tables.append(_Table(rows, list(rows)))
            elif _owner(item) != "tc":
                self._loose.append((item, len(self._tables)))

    def _table(self, part: str | None) -> _Table | None:
        number = _PART.fullmatch(part or "")
        index = int(number[1]) - 1 if number is not None else -1
        return self._tables[index] if 0 <= index < len(self._tables) else None

    def _row(self, part: str, row: int) -> _Row | None:
        table = self._table(part)
        return table.filed[row - 1] if table is not None and 0 < row <= len(table.filed) else None

    def _cell(self, place: Place) -> Element | None:
        row = self._row(place.part, place.row)
        return row.cells.get(place.col) if row is not None else None

    def _paragraphs(self, place: Place) -> list[Element]:
        if not place.part:
            return [self._loose[place.row][0]] if place.row < len(self._loose) else []
        cell = self._cell(place)
        return paragraphs_of(cell) if cell is not None else []

    def text(self, place: Place) -> str | None:
        """Return the text of a cell, one line a paragraph."""
        if place.part and self._cell(place) is None:
            return None
        return text_of(self._paragraphs(place))

    def origin(self, place: Place) -> Place:
        """Return the cell in which a vertical merge begins."""
        row = place.row
        while row > 1 and _continues(self._cell(Place(place.part, row, place.col))):
            above = self._cell(Place(place.part, row - 1, place.col))
            if above is None or child_of(above, "tcPr", "vMerge") is None:
                break
            row -= 1
        return Place(place.part, row, place.col)

    def row(self, part: str, row: int) -> list[Place]:
        """Return the cells of a row."""
        found = self._row(part, row)
        return [Place(part, row, col) for col in sorted(found.cells)] if found is not None else []

    def loose(self, after: str | None, before: str | None) -> list[Place]:
        """Return the paragraphs outside tables between two tables."""
        first = int(after.split()[-1]) if after and _PART.fullmatch(after) else 0
        last = int(before.split()[-1]) if before and _PART.fullmatch(before) else len(self._tables) + 1
        return [Place("", i, 0) for i, (_, tables) in enumerate(self._loose) if first <= tables < last]

    def replace(self, place: Place, span: Span, new: str) -> bool:
        """Replace a stretch of a cell's text."""
        paragraphs = self._paragraphs(place)
        cell = self._cell(place) if place.part else None
        if not paragraphs and cell is not None:
            cell.append(cell.makeelement(f"{namespace(cell)}p"))
            paragraphs = paragraphs_of(cell)
        self.changed = self.changed or bool(paragraphs)
        return replace_text(paragraphs, span, new)

    def restart(self, place: Place, source: Place) -> bool:
        """Let a cell begin anew with a copy of another's content; the rows below it stay merged with it."""
        table, cell, filled = self._table(place.part), self._cell(place), self._cell(source)
        if table is None or cell is None or filled is None:
            return False
        self.changed = True
        _copy_content(filled, cell)
        self._begin(table, table.filed[place.row - 1], place.col)
        return True

    def _begin(self, table: _Table, row: _Row, col: int) -> None:
        """Make a cell that continues a merge the first one of its own."""
        cell = row.cells.get(col)
        if not _continues(cell) or cell is None:
            return
        at = table.rows.index(row) + 1
        below = table.rows[at].cells.get(col) if at < len(table.rows) else None
        _set_merge(cell, "restart" if _continues(below) else None)

    def add_row(self, new: NewRow) -> bool:
        """Add a copy of a row; merges of its own fields do not reach into it."""
        table = self._table(new.part)
        after, like = self._row(new.part, new.after), self._row(new.part, new.like)
        if table is None or after is None or like is None or not set(new.texts) <= set(like.cells):
            return False
        self.changed = True
        earlier = table.added.setdefault(new.after, [])
        above = earlier[-1] if earlier else after
        made = _read_row(without_marks(like.element))
        at = table.rows.index(above) + 1
        below = table.rows[at] if at < len(table.rows) else None
        for col, cell in made.cells.items():
            through = below is not None and _continues(below.cells.get(col)) and col not in new.fields
            if through and child_of(like.cells[col], "tcPr", "vMerge") is not None:
                _set_merge(cell, "continue")
            else:
                _set_merge(cell, None)
            if col in new.texts or col not in new.keep:
                reset_cell(cell, new.texts.get(col, ""))
        for col in new.fields if below is not None else ():
            if below is not None:
                self._begin(table, below, col)
        _after_wrappers(above.element).addnext(made.element)
        table.rows.insert(at, made)
        earlier.append(made)
        return True

    def remove_row(self, part: str, row: int) -> bool:
        """Remove a row; a merge that begins in it begins in the next one, with its content."""
        table, gone = self._table(part), self._row(part, row)
        if table is None or gone is None or gone not in table.rows:
            return False
        self.changed = True
        at = table.rows.index(gone)
        below = table.rows[at + 1] if at + 1 < len(table.rows) else None
        for col, cell in gone.cells.items():
            following = below.cells.get(col) if below is not None else None
            starts = child_of(cell, "tcPr", "vMerge") is not None and not _continues(cell)
            if below is not None and following is not None and starts and _continues(following):
                if not text_of(paragraphs_of(following)).strip():
                    _copy_content(cell, following)
                self._begin(table, below, col)
        del table.rows[at]
        _remove_with_wrappers(gone.element)
        return True


def _blocks(body: Element) -> Iterator[Element]:
    """Yield tables and paragraphs in document order, those inside cells and text boxes, too, as the reader counts."""
    stack = [iter(body)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
            continue
        name = local(item)
        if not name or name in DROPPED or (name == "tr" and _deleted(item)):
            continue
        if name in ("p", "tbl"):
            yield item
        stack.append(iter(item))


def _owner(element: Element) -> str:
    """Return what a paragraph stands in: tc, txbxContent or body."""
    names = (local(item) for item in element.iterancestors())
    return next((name for name in names if name in ("tc", "txbxContent", "body")), "")


def _read_row(element: Element) -> _Row:
    row = _Row(element)
    column = 1 + _number(child_of(element, "trPr", "gridBefore"), 0)
    for cell in content(element):
        if local(cell) == "tc":
            row.cells[column] = cell
            column += _number(child_of(cell, "tcPr", "gridSpan"), 1)
    return row


def child_of(element: Element, properties: str, name: str) -> Element | None:
    """Return a property of a cell or row."""
    found = child(element, properties)
    return child(found, name) if found is not None else None


def _deleted(row: Element) -> bool:
    return child_of(row, "trPr", "del") is not None


def _value(element: Element) -> str | None:
    return next((str(v) for key, v in element.attrib.items() if str(key).rpartition("}")[2] == "val"), None)


def _number(element: Element | None, default: int) -> int:
    text = _value(element) if element is not None else None
    return int(text[:9]) if text is not None and text.isascii() and text.isdigit() else default


def _continues(cell: Element | None) -> bool:
    merge = child_of(cell, "tcPr", "vMerge") if cell is not None else None
    return merge is not None and _value(merge) != "restart"


def _set_merge(cell: Element, value: str | None) -> None:
    """Set how a cell takes part in a vertical merge; None takes it out."""
    merge, properties = child_of(cell, "tcPr", "vMerge"), child(cell, "tcPr")
    if merge is None or properties is None:
        return
    if value is None:
        properties.remove(merge)
    else:
        merge.set(f"{namespace(merge)}val", value)


def _copy_content(source: Element, target: Element) -> None:
    """Put a copy of what stands in one cell in place of what stands in another."""
    for item in [item for item in target if local(item) != "tcPr"]:
        target.remove(item)
    for item in without_marks(source):
        if local(item) != "tcPr":
            target.append(item)


def _after_wrappers(row: Element) -> Element:
    """Return what a new row follows: a row inside a content control is followed outside of it."""
    parent = row.getparent()
    while parent is not None and local(parent) != "tbl" and parent[-1] is row:
        row, parent = parent, parent.getparent()
    return row


def _remove_with_wrappers(row: Element) -> None:
    """Remove a row, and the content control that held nothing else."""
    parent = row.getparent()
    if parent is None:
        return
    parent.remove(row)
    while local(parent) == "sdtContent" and len(parent) == 0:
        control = parent.getparent()
        outer = control.getparent() if control is not None else None
        if control is None or outer is None:
            return
        outer.remove(control)
        parent = outer
