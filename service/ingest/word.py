"""docx through an own walk over w:tbl, w:tr and w:tc: spans, merges, nested tables, tracked changes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from lxml import etree

from models.records.document import SourceRef
from service.errors import DamagedInput
from service.ingest.collect import Collector, Draft, TableBuilder, place_name
from service.ingest.grid import RawDocument, Table
from service.ingest.safe_xml import main_part, parse_tree
from service.ingest.safe_zip import SafeZip
from service.settings import Limits

_TRANSPARENT: Final = frozenset(
    ("sdt", "sdtContent", "ins", "moveTo", "customXml", "smartTag", "hyperlink", "fldSimple", "dir", "bdo")
)
"""Wrappers whose content counts as if they were not there."""
_DROPPED: Final = frozenset(("del", "moveFrom", "rPr", "pPr", "sdtPr", "instrText", "rt", "Fallback"))
"""Deleted text, properties, field codes, phonetic guides, and the copy of a drawing for old programs."""
_SYMBOL_FONT: Final = {
    0xA3: "≤",
    0xB3: "≥",
    0xB1: "±",
    0xB4: "×",
    0xB8: "÷",
    0xB9: "≠",
    0xBB: "≈",
    0x3C: "<",
    0x3D: "=",
    0x3E: ">",
    0x25: "%",
}
_MAX_DEPTH: Final = 40
"""Tables inside tables; no form nests deeper than a handful."""

_Nested = list[etree._Element]


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a Word document (docx, docm)."""
    container = SafeZip(data, limits)
    out = Collector("docx", limits)
    if any(name.endswith("vbaproject.bin") for name in container.names):
        out.problem("macro", "文件含有宏，宏未读取也未运行，请核对依赖宏生成的内容")
    root = parse_tree(container.read(main_part(container, "word/document.xml", limits)), limits)
    body = next((child for child in root if _local(child) == "body"), None)
    if body is None:
        raise DamagedInput("Word 文件中没有正文，请用 Word 或 WPS 打开后重新另存再试")
    _Walk(out).blocks(body, 0)
    pictures = sum(1 for name in container.names if name.startswith("word/media/"))
    if pictures and not any(isinstance(block, Table) for block in out.blocks):
        message = f"文件中有 {pictures} 张图片，图片中的文字未读取，请改为可编辑的表格后重试"
        out.problem("unread-part", message)
    return out.document()


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _value(element: etree._Element, name: str = "val") -> str | None:
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None


def _number(text: str | None, default: int = 1) -> int:
    if text is None or not text.isascii() or not text.isdigit():
        return default
    return int(text[:9])


def _properties(element: etree._Element, name: str) -> dict[str, str | None]:
    """Return the flat properties of a cell or row by name."""
    found = next((child for child in element if _local(child) == name), None)
    return {} if found is None else {_local(item): _value(item) for item in found}


def _content(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the children that count, looking through wrappers at any depth."""
    stack = [iter(element)]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            continue
        name = _local(child)
        if name in _DROPPED:
            continue
        if name in _TRANSPARENT or name in ("AlternateContent", "Choice"):
            stack.append(iter(child))
        else:
            yield child


class _Walk:
    """Walk over the body of one document."""

    def __init__(self, out: Collector) -> None:
        self._out = out
        self._tables = 0

    def blocks(self, parent: etree._Element, depth: int) -> None:
        """Add the paragraphs and tables below a body or a text box."""
        for child in _content(parent):
            name = _local(child)
            if name == "p":
                text, boxes = _paragraph(child)
                self._out.paragraph(text, SourceRef(kind="docx", part=None))
                self._boxes(boxes, depth)
            elif name == "tbl":
                self.table(child, depth)

    def _boxes(self, boxes: _Nested, depth: int) -> None:
        for box in boxes:
            if depth < _MAX_DEPTH:
                self.blocks(box, depth + 1)
            else:
                self._too_deep()

    def _too_deep(self) -> None:
        self._out.problem("unread-part", f"表格嵌套超过 {_MAX_DEPTH} 层，更深的内容未读取，请简化版式")

    def table(self, element: etree._Element, depth: int) -> None:
        """Add a table. Where cells hold tables themselves, the rows before and after are separate blocks."""
        self._tables += 1
        part = f"table {self._tables}"
        builder = TableBuilder(self._out, part)
        open_cells: dict[int, Draft] = {}
        split = False
        row_number = 0
        for row in _content(element):
            if _local(row) != "tr" or _deleted(row):
                continue
            row_number += 1
            builder.next_row()
            nested = self._row(row, row_number, builder, open_cells)
            if not nested:
                continue
            split = True
            builder.finish(as_paragraphs_if_single=True)
            builder = TableBuilder(self._out, part)
            open_cells = {}
            for inner in nested:
                if depth >= _MAX_DEPTH:
                    self._too_deep()
                elif _local(inner) == "tbl":
                    self.table(inner, depth + 1)
                else:
                    self.blocks(inner, depth + 1)
        builder.finish(as_paragraphs_if_single=split)

    def _row(
        self, row: etree._Element, row_number: int, builder: TableBuilder, open_cells: dict[int, Draft]
    ) -> _Nested:
        """Add the cells of a row; return the tables and text boxes found inside them."""
        col = _number(_properties(row, "trPr").get("gridBefore"), 0)
        last: Draft | None = None
        nested: _Nested = []
        for cell in _content(row):
            if _local(cell) != "tc":
                continue
            properties = _properties(cell, "tcPr")
            span = min(_number(properties.get("gridSpan")), self._out.limits.max_columns)
            source = SourceRef(kind="docx", part=builder.part, row=row_number, col=col + 1)
            text, inner = _cell(cell)
            nested += inner
            above = open_cells.get(col)
            merged_down = "vMerge" in properties and properties["vMerge"] != "restart"
            merged_right = "hMerge" in properties and properties["hMerge"] != "restart"
            if merged_right and last is not None:
                last.colspan += span
                self._covered(text, source)
            elif merged_down and above is not None and above.row + above.rowspan == builder.row:
                above.rowspan += 1
                if text.strip() != above.text.strip():
                    self._covered(text, source)
            else:
                last = builder.add(text, col, colspan=span, source=source)
                if "vMerge" in properties:
                    open_cells[col] = last
                else:
                    open_cells.pop(col, None)
            col += span
        return nested

    def _covered(self, text: str, source: SourceRef) -> None:
        """Report text that a merged cell hides from readers."""
        if text.strip():
            self._out.problem(
                "hidden-text", f"{place_name(source)}被合并单元格遮盖，其中的文字未读取，请核对", source
            )


def _deleted(row: etree._Element) -> bool:
    return "del" in _properties(row, "trPr")


def _cell(cell: etree._Element) -> tuple[str, _Nested]:
    """Return the text of a cell, one line a paragraph, and the tables and text boxes inside it."""
    lines: list[str] = []
    nested: _Nested = []
    for child in _content(cell):
        name = _local(child)
        if name == "p":
            text, boxes = _paragraph(child)
            lines.append(text)
            nested += boxes
        elif name == "tbl":
            nested.append(child)
    return "\n".join(lines).strip("\n"), nested


def _paragraph(element: etree._Element) -> tuple[str, _Nested]:
    """Return the text of a paragraph and the text boxes anchored in it."""
    parts: list[str] = []
    boxes: _Nested = []
    stack = [iter(element)]
    while stack:
        child = next(stack[-1], None)
        if child is None:
            stack.pop()
            continue
        name = _local(child)
        if name == "t":
            parts.append(child.text or "")
        elif name in ("br", "cr"):
            parts.append("\n")
        elif name in ("tab", "ptab"):
            parts.append("\t")
        elif name == "noBreakHyphen":
            parts.append("-")
        elif name == "sym":
            parts.append(_symbol(child))
        elif name == "txbxContent":
            boxes.append(child)
        elif name not in _DROPPED:
            stack.append(iter(child))
    return "".join(parts), boxes


def _symbol(element: etree._Element) -> str:
    """Return the character of an inserted symbol; the Symbol font keeps ≥ and ≤ at private places."""
    code = _value(element, "char") or ""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if (_value(element, "font") or "").lower() == "symbol":
        return _SYMBOL_FONT.get(number & 0xFF, "")
    return chr(number) if 0x20 <= number < 0xD800 else ""
