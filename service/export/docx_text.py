"""Text of Word paragraphs, read as the reader reads it and replaced without touching what formats it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from service.export.base import safe_text
from service.export.package import Element, child, local, local_above, namespace
from service.export.rewriting import Span

TRANSPARENT: Final = frozenset(
    (
        *(
            "sdt",
            "sdtContent",
            "ins",
            "moveTo",
            "customXml",
            "smartTag",
            "hyperlink",
            "fldSimple",
            "dir",
            "bdo",
        ),
        *("AlternateContent", "Choice"),
    )
)
DROPPED: Final = frozenset(("del", "moveFrom", "rPr", "pPr", "sdtPr", "instrText", "rt", "Fallback"))
_FIXED: Final = {"br": "\n", "cr": "\n", "tab": "\t", "ptab": "\t", "noBreakHyphen": "-"}
_SYMBOLS: Final = dict(zip((0xA3, 0xB3, 0xB1, 0xB4, 0xB8, 0xB9, 0xBB), "≤≥±×÷≠≈", strict=True))
_MARKS: Final = frozenset(
    (
        *("bookmarkStart", "bookmarkEnd", "commentRangeStart", "commentRangeEnd", "commentReference"),
        *("permStart", "permEnd", "proofErr"),
    )
)
_TRACKED: Final = frozenset(("ins", "del", "moveFrom", "moveTo", "rPrChange"))
_HELD: Final = frozenset(
    ("drawing", "pict", "object", "sectPr", "footnoteReference", "endnoteReference", "txbxContent")
)
"""What a paragraph without text may still hold."""
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"


@dataclass(frozen=True, slots=True)
class _Piece:
    """One element that shows text, the offset of its text in the cell, and the paragraph it stands in."""

    element: Element
    text: str
    start: int
    paragraph: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)


def content(element: Element) -> Iterator[Element]:
    """Yield the children that count, looking through wrappers at any depth."""
    stack = [iter(element)]
    while stack:
        item = next(stack[-1], None)
        if item is None:
            stack.pop()
        elif local(item) in TRANSPARENT:
            stack.append(iter(item))
        elif local(item) and local(item) not in DROPPED:
            yield item


def paragraphs_of(cell: Element) -> list[Element]:
    """Return the paragraphs of a cell, without those of tables inside it."""
    return [item for item in content(cell) if local(item) == "p"]


def text_of(paragraphs: Sequence[Element]) -> str:
    """Return the text of the paragraphs of a cell, one line a paragraph."""
    lines = [""] * len(paragraphs)
    for piece in _pieces(paragraphs):
        lines[piece.paragraph] += piece.text
    return "\n".join(lines)


def _pieces(paragraphs: Sequence[Element]) -> list[_Piece]:
    pieces: list[_Piece] = []
    offset = 0
    for number, paragraph in enumerate(paragraphs):
        stack = [iter(paragraph)]
        while stack:
            item = next(stack[-1], None)
            if item is None:
                stack.pop()
                continue
            name = local(item)
            text = _shown(item, name)
            if text is not None:
                pieces.append(_Piece(item, text, offset, number))
                offset += len(text)
            elif name and name not in DROPPED and name != "txbxContent":
                stack.append(iter(item))
        offset += 1
    return pieces


def _shown(element: Element, name: str) -> str | None:
    if name == "t":
        return element.text or ""
    if name == "sym":
        attributes = {str(key).rpartition("}")[2]: str(value) for key, value in element.attrib.items()}
        try:
            code = int(attributes.get("char", ""), 16)
        except ValueError:
            return ""
        if attributes.get("font", "").lower() == "symbol":
            code &= 0xFF
            return _SYMBOLS.get(code) or (chr(code) if code in b"<=>%" else "")
        return chr(code) if 0x20 <= code < 0xD800 else ""
    return _FIXED.get(name)


def replace_text(paragraphs: Sequence[Element], span: Span, new: str) -> bool:
    """Replace a stretch of the text of some paragraphs of one cell; return whether it could be done.

    Its runs keep their formatting: the first one of each paragraph takes the new text, the others are left empty.
    """
    if not paragraphs:
        return False
    within = (piece for piece in _pieces(paragraphs) if piece.end > span[0] and piece.start < span[1])
    pieces = [piece for piece in within if piece.text]
    lines = safe_text(new).split("\n")
    numbers = sorted({piece.paragraph for piece in pieces if piece.text.strip()})
    if not numbers:
        _fill(paragraphs[0], lines)
        return True
    for index, number in enumerate(numbers):
        is_last = index == len(numbers) - 1
        own = [piece for piece in pieces if piece.paragraph == number]
        _splice(own, span, lines[index:] if is_last else lines[index : index + 1])
    for number in numbers[len(lines) :]:
        _discard(paragraphs[number])
    return True


def _splice(pieces: Sequence[_Piece], span: Span, lines: Sequence[str]) -> None:
    """Write lines in place of the stretch of one paragraph."""
    for index, piece in enumerate(pieces):
        before = piece.text[: max(0, span[0] - piece.start)]
        after = piece.text[max(0, span[1] - piece.start) :]
        element = piece.element
        if local(element) != "t":
            # A symbol or a line break is no text element; the new text takes the place of the first one.
            if index == 0:
                replacement = element.makeelement(f"{namespace(element)}t")
                element.addprevious(replacement)
                _write(replacement, lines)
            _remove(element)
        elif index == 0:
            _write(element, [*lines[:-1], (lines[-1] if lines else "") + after], before)
        else:
            _write(element, [after])


def _write(element: Element, lines: Sequence[str], before: str = "") -> None:
    """Write lines into a text element, the further ones behind line breaks in the same run."""
    first, *others = [*lines] or [""]
    _set(element, before + first)
    for line in others:
        line_break = element.makeelement(f"{namespace(element)}br")
        following = element.makeelement(f"{namespace(element)}t")
        element.addnext(line_break)
        line_break.addnext(following)
        _set(following, line)
        element = following


def _set(element: Element, text: str) -> None:
    element.text = text
    if text != text.strip():
        element.set(_SPACE, "preserve")


def _fill(paragraph: Element, lines: Sequence[str]) -> None:
    """Write into a paragraph without text, in the formatting of its mark, else of the text beside it."""
    if not any(lines):
        return
    prefix = namespace(paragraph)
    run = paragraph.makeelement(f"{prefix}r")
    format_ = _format_near(paragraph)
    if format_ is not None:
        run.append(format_)
    text = paragraph.makeelement(f"{prefix}t")
    run.append(text)
    _write(text, lines)
    paragraph.append(run)


def _format_near(paragraph: Element) -> Element | None:
    properties = child(paragraph, "pPr")
    mark = child(properties, "rPr") if properties is not None else None
    if mark is not None:
        found = copy.deepcopy(mark)
        for item in [item for item in found if local(item) in _TRACKED]:
            found.remove(item)
        return found
    row = next((item for item in paragraph.iterancestors() if local(item) == "tr"), None)
    for element in (paragraph, row):
        runs = [item for item in element.iter() if local(item) == "r"] if element is not None else []
        if runs:
            own = child(runs[0], "rPr")
            return copy.deepcopy(own) if own is not None else None
    return None


def _discard(paragraph: Element) -> None:
    """Remove a paragraph whose text was taken away, unless something else hangs on it."""
    parent = paragraph.getparent()
    empty = not text_of([paragraph]).strip() and all(local(item) not in _HELD for item in paragraph.iter())
    if parent is not None and empty and sum(1 for item in parent if local(item) == "p") > 1:
        parent.remove(paragraph)


def _remove(element: Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def reset_cell(cell: Element, text: str) -> None:
    """Give a copied cell one paragraph with the text, formatted as its first paragraph and run were."""
    blocks = [item for item in cell if local(item) != "tcPr"]
    paragraphs = paragraphs_of(cell)
    paragraph = paragraphs[0] if paragraphs else cell.makeelement(f"{namespace(cell)}p")
    runs = [item for item in paragraph.iter() if local(item) == "r"]
    format_ = child(runs[0], "rPr") if runs else _format_near(paragraph)
    for item in blocks:
        cell.remove(item)
    for item in [item for item in paragraph if local(item) != "pPr"]:
        paragraph.remove(item)
    cell.append(paragraph)
    if text:
        run = paragraph.makeelement(f"{namespace(cell)}r")
        if format_ is not None:
            run.append(format_)
        paragraph.append(run)
        shown = paragraph.makeelement(f"{namespace(cell)}t")
        run.append(shown)
        _write(shown, safe_text(text).split("\n"))


def without_marks(element: Element) -> Element:
    """Return a copy without what may stand in a document only once: bookmarks, comments, paragraph numbers."""
    found = copy.deepcopy(element)
    for item in list(found.iter()):
        for key in [key for key in item.attrib if str(key).rpartition("}")[2] in ("paraId", "textId")]:
            del item.attrib[key]
        if local(item) in _MARKS or (local(item) == "id" and local_above(item) == "sdtPr"):
            _remove(item)
    found.tail = None
    return found
