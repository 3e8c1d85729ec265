"""What the cells of a workbook hold, as people see it, and how new texts are put there."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from service.export.base import safe_text
from service.export.package import Element, Package, child, local, namespace
from service.export.rewriting import OPAQUE, Span, squash
from service.export.sheets import MAX_CELL

GENERAL: Final = "General"
_BUILTIN: Final = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    9: "0%",
    10: "0.00%",
    49: GENERAL,
}
_FORMAT: Final = re.compile(r"(?P<thousands>#,##)?0(?:\.(?P<decimals>0+))?(?P<percent>%)?(?:_[ )])?")
_PLAIN: Final = re.compile(r"-?(?:0|[1-9]\d{0,13})(?:\.\d{1,10})?")
_PERCENT: Final = re.compile(r"-?(?:0|[1-9]\d{0,9})(?:\.\d{1,8})?%")
_ESCAPE: Final = re.compile(r"_x([0-9A-Fa-f]{4})_")
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_RISKY: Final = ("=", "+", "-", "@")
_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"
_MAX_EXPONENT: Final = 30


class Values:
    """Shared strings and styles of one workbook."""

    def __init__(self, package: Package, strings: str | None, styles: str | None) -> None:
        self._package = package
        self._styles_part = styles
        self._strings: list[Element] = []
        if strings is not None and strings in package:
            self._strings = [item for item in package.tree(strings) if local(item) == "si"]
        self._styles = package.tree(styles) if styles is not None and styles in package else None
        self._own = {
            item.get("numFmtId", ""): item.get("formatCode", GENERAL)
            for item in (self._styles.iter() if self._styles is not None else ())
            if local(item) == "numFmt"
        }
        self._made: dict[tuple[int, str], int] = {}

    def text(self, cell: Element | None) -> str:
        """Return what a cell shows; OPAQUE for a value under a format that is not understood here."""
        if cell is None:
            return ""
        kind, value = cell.get("t", "n"), child(cell, "v")
        filed = (value.text or "") if value is not None else ""
        if kind in ("s", "inlineStr"):
            holder = self._holder(cell)
            return (
                "".join(_unescape(item.text or "") for item in _texts(holder)) if holder is not None else ""
            )
        if kind == "str":
            return _unescape(filed)
        if not filed:
            return ""
        shown = show_number(filed, self._format(cell)) if kind == "n" else None
        return OPAQUE if shown is None else shown

    def _holder(self, cell: Element) -> Element | None:
        """Return the element that holds the text of a string cell."""
        if cell.get("t") == "inlineStr":
            return child(cell, "is")
        value = child(cell, "v")
        text = (value.text or "").strip() if value is not None else ""
        index = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1
        return self._strings[index] if 0 <= index < len(self._strings) else None

    def replace(self, cell: Element, span: Span, new: str) -> bool:
        """Replace a stretch of a cell's text. Numbers, formulas and blank cells are replaced as a whole."""
        text, new = self.text(cell), safe_text(new)
        if len(text) - (span[1] - span[0]) + len(new) > MAX_CELL:
            return False
        formula = child(cell, "f") is not None
        if squash(text) and not formula and cell.get("t") in ("s", "inlineStr", "str"):
            self._splice(cell, text, span, new)
            return True
        if squash(text[: span[0]]) or squash(text[span[1] :]):
            return False
        number = bool(text) and cell.get("t", "n") == "n"
        self.put(cell, new, number=number)
        return True

    def put(self, cell: Element, text: str, *, number: bool) -> None:
        """Give a cell a new content: a number where it held one and the text is one that its format shows."""
        text = safe_text(text)
        stored = _stored(text, self._format(cell)) if number else None
        clear(cell)
        if stored is not None:
            value, general = stored
            if general:
                cell.set("s", str(self._style(cell, "numFmtId", "0")))
            made = cell.makeelement(f"{namespace(cell)}v")
            made.text = value
            cell.insert(0, made)
        elif text:
            prefix = namespace(cell)
            holder = cell.makeelement(f"{prefix}is")
            holder.append(cell.makeelement(f"{prefix}t"))
            _set(holder[0], text)
            self._hold(cell, holder, text)

    def _splice(self, cell: Element, text: str, span: Span, new: str) -> None:
        """Write into the runs of a text: the first one of the stretch takes the new text, all keep their formatting."""
        source = self._holder(cell)
        prefix = namespace(cell)
        holder = cell.makeelement(f"{prefix}is")
        if source is not None:
            holder.extend(copy.deepcopy(item) for item in source if local(item) in ("t", "r"))
        else:
            # A text that a formula left behind has no element of its own.
            holder.append(cell.makeelement(f"{prefix}t"))
            holder[0].text = text
        offset, written = 0, False
        for item in list(_texts(holder)):
            part = _unescape(item.text or "")
            start, end = span[0] - offset, span[1] - offset
            offset += len(part)
            if part and end > 0 and start < len(part):
                part = part[: max(0, start)] + ("" if written else new) + part[max(0, end) :]
                written = True
            _set(item, part)
        clear(cell)
        if "".join(item.text or "" for item in _texts(holder)):
            self._hold(cell, holder, text[: span[0]] + new + text[span[1] :])

    def _hold(self, cell: Element, holder: Element, text: str) -> None:
        """Store a text so that no program takes it for a formula, now or when the cell is edited."""
        cell.insert(0, holder)
        cell.set("t", "inlineStr")
        if text.lstrip(" \u3000").startswith(_RISKY):
            cell.set("s", str(self._style(cell, "quotePrefix", "1")))

    def _style(self, cell: Element, attribute: str, value: str) -> int:
        """Return the style of a cell with one attribute changed."""
        index = _index(cell)
        formats = self._formats()
        if formats is None or not index < len(formats) or self._styles_part is None:
            return index
        key = (index, attribute)
        if key not in self._made:
            made = copy.deepcopy(formats[index])
            made.set(attribute, value)
            if attribute == "numFmtId":
                made.set("applyNumberFormat", "1")
            formats.append(made)
            formats.set("count", str(len(formats)))
            self._made[key] = len(formats) - 1
            self._package.touch(self._styles_part)
        return self._made[key]

    def _formats(self) -> Element | None:
        return child(self._styles, "cellXfs") if self._styles is not None else None

    def _format(self, cell: Element) -> str | None:
        """Return the number format of a cell, None where only its number is known."""
        formats, index = self._formats(), _index(cell)
        if formats is None or not index < len(formats):
            return GENERAL
        number = formats[index].get("numFmtId", "0")
        if number in self._own:
            return self._own[number]
        return _BUILTIN.get(int(number)) if number.isascii() and number.isdigit() else GENERAL


def clear(cell: Element) -> None:
    """Take the content out of a cell; its style stays."""
    for item in [item for item in cell if local(item) in ("f", "v", "is")]:
        cell.remove(item)
    for name in ("t", "cm", "vm"):
        cell.attrib.pop(name, "")


def show_number(value: str, code: str | None) -> str | None:
    """Return a stored number under one of the plain formats, None where it is not known how it shows."""
    try:
        number = Decimal(f"{float(value):.15g}")
    except (ArithmeticError, ValueError):
        return None
    if not number.is_finite() or abs(number.adjusted()) > _MAX_EXPONENT:
        return None
    if code in (GENERAL, "@", "G/通用格式"):
        text = f"{number:f}"
        return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
    match = _FORMAT.fullmatch(code or "")
    if match is None:
        return None
    places = len(match["decimals"] or "")
    number = number * 100 if match["percent"] else number
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{abs(rounded):,f}" if match["thousands"] else f"{abs(rounded):f}"
    return f"{'-' if rounded < 0 else ''}{text}{match['percent'] or ''}"


def _stored(text: str, code: str | None) -> tuple[str, bool] | None:
    """Return the number to store for a text, and whether its format has to give way; None to store the text.

    A format that would round the number away is replaced: people and the reader must see what was accepted.
    """
    if _PERCENT.fullmatch(text) and (code or "").rstrip("_ )").endswith("%"):
        value = f"{Decimal(text[:-1]) / 100:f}"
        return (value, False) if show_number(value, code) == text else None
    if _PLAIN.fullmatch(text) is None or code is None or "%" in code:
        return None
    shown = show_number(text, code)
    if shown is None:
        return None
    if Decimal(shown.replace(",", "")) == Decimal(text):
        return text, False
    return (text, True) if show_number(text, GENERAL) == text else None


def _index(cell: Element) -> int:
    style = cell.get("s", "0")
    return int(style) if style.isascii() and style.isdigit() and len(style) < 7 else 0


def _texts(holder: Element) -> Iterator[Element]:
    """Yield the text elements of a string, without phonetic guides."""
    for item in holder:
        if local(item) == "t":
            yield item
        elif local(item) == "r":
            yield from (part for part in item if local(part) == "t")


def _set(element: Element, text: str) -> None:
    text = _ESCAPE.sub(lambda match: f"_x005F{match[0]}", text)
    text = _UNWRITABLE.sub(lambda match: f"_x{ord(match[0]):04X}_", text)
    element.text = text
    if text != text.strip() or "\n" in text:
        element.set(_SPACE, "preserve")


def _unescape(text: str) -> str:
    """Resolve _x000D_ and the like, as the format writes characters that XML cannot hold."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text
