"""HTML pages and HTML saved under .xls or .doc: rowspan and colspan filled, nested tables, form fields."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from models.records.document import SourceRef
from service.errors import DamagedInput, TooLarge
from service.ingest.collect import Collector, TableBuilder
from service.ingest.decode import decode
from service.ingest.grid import RawDocument
from service.settings import Limits

_SKIPPED: Final = frozenset(
    ("script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg", "colgroup", "col")
)
_BREAKING: Final = frozenset(
    (
        *("address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset"),
        *("figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "legend"),
        *("li", "main", "nav", "ol", "p", "pre", "section", "ul", "caption"),
    )
)
_ROW_GROUPS: Final = frozenset(("thead", "tbody", "tfoot"))
_HIDDEN: Final = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_SPACES: Final = re.compile(r"[ \t\r\n\f]+")
_MAX_DEPTH: Final = 40
_TAGS_PER_CELL: Final = 2
_SPAN: Final = re.compile(r"\s*(\d{1,9})")
_XML_HEAD: Final = re.compile(r"\s*<\?xml[^>]*\?>")

_Stack = list[tuple[etree._Element, bool]]
_Piece = tuple[str, str, etree._Element | None]
"""Kind, text, and the element where the kind is table."""


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a web page."""
    decoded = decode(data, declared=True)
    if decoded is None:
        raise DamagedInput("网页的字符编码无法识别，请另存为 UTF-8 编码后重试")
    out = Collector("html", limits)
    if decoded.lost:
        out.problem("truncated", f"网页中有 {decoded.lost} 处字符无法识别，请核对原文件")
    read_text(decoded.text, out)
    return out.document()


def read_text(text: str, out: Collector) -> None:
    """Add the paragraphs and tables of a decoded page."""
    if text.count("<") > out.limits.max_cells * _TAGS_PER_CELL:
        raise TooLarge("网页内容过多，请拆分成较小的文件后重试")
    # The declaration may name the encoding the file had before it was decoded.
    text = _XML_HEAD.sub("", text.replace("\x00", "").removeprefix("\ufeff"), count=1)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(text.encode("utf-8", errors="replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DamagedInput("网页内容不完整或已损坏，请重新保存后再试") from error
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        # The parser stops there, 2,048 elements deep: what follows is lost.
        out.problem("truncated", "网页嵌套过深，其后的内容未读取，请另存为 xlsx、docx 后重试")
    if root is None:
        return
    _Page(out).blocks(root, 0)


class _Page:
    """Walk over one page."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._tables = 0

    def blocks(self, root: etree._Element, depth: int) -> None:
        """Add paragraphs and tables in document order."""
        text = _Text()
        for kind, piece, inner in _pieces(root):
            if inner is not None:
                self._flush(text)
                self._nested(inner, depth)
            else:
                text.take(kind, piece)
        self._flush(text)

    def _flush(self, text: _Text) -> None:
        for line in text.result().split("\n"):
            self._out.paragraph(line, SourceRef(kind="html"))
        text.clear()

    def _nested(self, element: etree._Element, depth: int) -> None:
        if depth > _MAX_DEPTH:
            self._out.problem("unread-part", f"表格嵌套超过 {_MAX_DEPTH} 层，更深的内容未读取，请简化版式")
        else:
            self.table(element, depth)

    def table(self, element: etree._Element, depth: int) -> None:
        """Add a table. Where cells hold tables themselves, the rows before and after are separate blocks."""
        self._tables += 1
        part = f"table {self._tables}"
        for caption in element.iterchildren("caption"):
            self.blocks(caption, depth + 1)
        builder = TableBuilder(self._out, part)
        split = False
        for number, row in enumerate(_rows(element), start=1):
            builder.next_row()
            inner: list[etree._Element] = []
            for cell in row.iterchildren("td", "th"):
                text = _Text()
                for kind, piece, table in _pieces(cell):
                    if table is not None:
                        inner.append(table)
                    else:
                        text.take(kind, piece)
                source = SourceRef(kind="html", part=part, row=number, col=None)
                draft = builder.flow(
                    text.result(),
                    colspan=_span(cell.get("colspan")),
                    rowspan=_span(cell.get("rowspan"), zero=self._out.limits.max_rows),
                    source=source,
                )
                draft.source = SourceRef(kind="html", part=part, row=number, col=draft.col + 1)
            if inner:
                split = True
                builder.finish(as_paragraphs_if_single=True)
                builder = TableBuilder(self._out, part)
                for item in inner:
                    self._nested(item, depth + 1)
        builder.finish(as_paragraphs_if_single=split)


def _rows(table: etree._Element) -> list[etree._Element]:
    """Return the rows that belong to the table itself, the foot last as shown."""
    rows: list[etree._Element] = []
    foot: list[etree._Element] = []
    for child in table:
        if child.tag == "tr":
            rows.append(child)
        elif child.tag in _ROW_GROUPS:
            (foot if child.tag == "tfoot" else rows).extend(child.iterchildren("tr"))
    return [row for row in rows + foot if not _hidden(row)]


def _hidden(element: etree._Element) -> bool:
    return element.get("hidden") is not None or _HIDDEN.search(element.get("style", "")) is not None


def _span(text: str | None, zero: int = 1) -> int:
    """Return a span; 0 means to the end of the table for rows, anything unreadable counts as 1."""
    match = _SPAN.match(text or "")
    if match is None:
        return 1
    return int(match[1]) or zero


def _pieces(root: etree._Element) -> list[_Piece]:
    """Return the content of an element as text pieces, breaks and whole tables, without recursion."""
    pieces: list[_Piece] = []
    stack: _Stack = [(root, False)]
    while stack:
        element, closing = stack.pop()
        tag = element.tag if isinstance(element.tag, str) else ""
        if closing:
            if tag in _BREAKING:
                pieces.append(("break", "", None))
            if element is not root and element.tail:
                pieces.append(("text", element.tail, None))
            continue
        skipped = element is not root and (not tag or tag in _SKIPPED or _hidden(element))
        if skipped or (tag == "table" and element is not root):
            if not skipped:
                pieces.append(("table", "", element))
            if element.tail:
                pieces.append(("text", element.tail, None))
            continue
        stack.append((element, True))
        if tag == "br":
            pieces.append(("line", "", None))
        elif tag in _BREAKING:
            pieces.append(("break", "", None))
        if tag in ("input", "select"):
            pieces.append(("text", _field(element), None))
        else:
            if element.text:
                pieces.append(("raw" if tag in ("pre", "textarea") else "text", element.text, None))
            stack.extend((child, False) for child in reversed(element))
    return pieces


def _field(element: etree._Element) -> str:
    """Return what a form field shows: a saved page of the budget system holds its values there."""
    if element.tag == "select":
        options = list(element.iter("option"))
        chosen = [option for option in options if option.get("selected") is not None] or options[:1]
        return "、".join((option.text or "").strip() for option in chosen)
    kind = (element.get("type") or "text").lower()
    return element.get("value", "") if kind in ("text", "number", "date", "") else ""


class _Text:
    """Joins pieces as a browser shows them: white space collapses, blocks and <br> break lines."""

    def __init__(self) -> None:
        self._lines: list[list[str]] = [[]]

    def clear(self) -> None:
        self._lines = [[]]

    def take(self, kind: str, piece: str) -> None:
        if kind == "line" or (kind == "break" and "".join(self._lines[-1]).strip()):
            self._lines.append([])
        elif kind == "raw":
            first, *rest = piece.split("\n")
            self._lines[-1].append(first)
            self._lines.extend([line] for line in rest)
        elif kind == "text":
            self._lines[-1].append(_SPACES.sub(" ", piece))

    def result(self) -> str:
        return "\n".join("".join(line).strip(" \t") for line in self._lines).strip("\n")
