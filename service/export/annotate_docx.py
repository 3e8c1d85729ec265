"""A copy of an original Word document with comments on the cells that findings are about."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any, Final

from models.records.document import SourceRef
from service.export.base import AUTHOR, reproducible
from service.export.notes import Note, notes
from service.export.view import ReportView

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.text.paragraph import Paragraph

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAX_COMMENTS: Final = 3_000
"""Word becomes unusable beyond; the numbering of each new comment also searches all earlier ones."""


def annotate_document(view: ReportView, original: bytes) -> bytes | None:
    """Return the annotated copy, or None where the original cannot be rewritten."""
    from docx import Document

    # The copy is an extra: whatever python-docx raises on an odd container must not cost the user the letter.
    try:
        document = Document(io.BytesIO(original))
        index = _TableIndex(document.element.body)
    except Exception:
        return None
    for number, note in enumerate(note for note in notes(view) if note.text):
        paragraphs = index.paragraphs(note)
        if paragraphs and number < MAX_COMMENTS:
            _add(document, paragraphs, note.text)
    out = io.BytesIO()
    document.save(out)
    return reproducible(out.getvalue())


def _add(document: WordDocument, elements: list[Any], text: str) -> None:
    from docx.text.paragraph import Paragraph

    paragraphs = [Paragraph(element, document) for element in elements]
    filled = [paragraph for paragraph in paragraphs if paragraph.runs] or paragraphs[:1]
    first, last = _runs(filled[0]), _runs(filled[-1])
    comment = document.add_comment([first[0], last[-1]], text=text, author=AUTHOR, initials=AUTHOR)
    # The library stamps the present moment; the file must not depend on it.
    element: Any = comment._comment_elm
    element.attrib.pop(f"{_W}date", None)


def _runs(paragraph: Paragraph) -> list[Any]:
    """Return the runs that stand directly in the paragraph; an empty one gets an empty run to hang on."""
    return list(paragraph.runs) or [paragraph.add_run("")]


class _TableIndex:
    """Tables of a document in the order and by the coordinates that the reader uses."""

    def __init__(self, body: Any) -> None:
        self._tables = [_rows(table) for table in body.iter(f"{_W}tbl")]
        self._first = next(body.iter(f"{_W}p"), None)

    def paragraphs(self, note: Note) -> list[Any]:
        """Return the paragraphs that the note is about: those of its cell, else of the nearest anchor."""
        wanted = _squash(note.cell.text) if note.cell is not None else ""
        found = next((cell for source in note.sources if (cell := self._at(source)) is not None), None)
        if wanted and note.cell is not None and (found is None or wanted not in _text(found)):
            elsewhere = self._by_text(note.cell.source, wanted)
            found = found if elsewhere is None else elsewhere
        if found is None:
            return [self._first] if self._first is not None else []
        inside = list(found.iter(f"{_W}p"))
        # Goals share one cell, one paragraph each; the comment belongs to the paragraph alone.
        own = [paragraph for paragraph in inside if wanted and wanted in _text(paragraph)]
        return own[:1] if len(inside) > 1 and own else inside

    def _at(self, source: SourceRef) -> Any | None:
        table = self._table(source)
        if table is None or not source.row or source.row > len(table):
            return None
        return table[source.row - 1].get(source.col or 0)

    def _table(self, source: SourceRef | None) -> list[dict[int, Any]] | None:
        number = re.search(r"(\d+)", (source.part if source is not None else None) or "")
        index = int(number[1]) - 1 if number else -1
        return self._tables[index] if 0 <= index < len(self._tables) else None

    def _by_text(self, source: SourceRef | None, wanted: str) -> Any | None:
        """Return the one cell of the table that holds exactly the wanted text; None where it is not one."""
        cells = [cell for row in self._table(source) or () for cell in row.values()]
        same = [cell for cell in cells if _text(cell) == wanted]
        return same[0] if len(same) == 1 else None


def _rows(table: Any) -> list[dict[int, Any]]:
    """Return the rows of a table as cells by grid column (from 1). Rows of inner tables are not its own."""
    rows: list[dict[int, Any]] = []
    for row in _own(table, "tr", "tbl"):
        if row.find(f"{_W}trPr/{_W}del") is not None:
            continue
        column = 1 + _number(row.find(f"{_W}trPr/{_W}gridBefore"), 0)
        cells: dict[int, Any] = {}
        for cell in _own(row, "tc", "tr"):
            cells[column] = cell
            column += _number(cell.find(f"{_W}tcPr/{_W}gridSpan"), 1)
        rows.append(cells)
    return rows


def _own(parent: Any, name: str, owner: str) -> list[Any]:
    """Return descendants `name` whose nearest ancestor `owner` is `parent` (through content controls)."""
    return [item for item in parent.iter(f"{_W}{name}") if next(item.iterancestors(f"{_W}{owner}")) is parent]


def _number(element: Any | None, default: int) -> int:
    text = element.get(f"{_W}val") if element is not None else None
    return int(text) if text is not None and text.isascii() and text.isdigit() else default


def _text(element: Any) -> str:
    return _squash("".join(item.text or "" for item in element.iter(f"{_W}t")))


def _squash(text: str) -> str:
    return "".join(text.split())
