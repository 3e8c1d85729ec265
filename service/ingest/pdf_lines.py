"""Characters of a PDF page to lines and texts: which line ends are wraps, which are paragraphs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

_MARKER: Final = re.compile(
    r"\s*(?:目标\s*(?:内容)?\s*\d+\s*[:：.、]?|\d{1,2}\s*[.．、）)](?!\d)|[（(]\s*(?:\d{1,2}|[一二三四五六七八九十]{1,3})\s*[)）]"
    r"|[①-⑳]|[一二三四五六七八九十]{1,3}、|第[一二三四五六七八九十]{1,3}[部章节]|[★●■◆▲])"
)
_CLOSING: Final = "。；：！？;:!?"
PADDING: Final = 6.0
"""Usual distance between the border of a cell and its text, in points."""
_RADICALS: Final = str.maketrans(
    "\u2e81\u2e8e\u2e9f\u2ea0\u2ec1\u2ec4\u2ec5\u2ec6\u2ec9\u2ecb\u2ed3\u2ed4\u2ed8\u2eda\u2edb\u2edc\u2edd\u2ee2\u2ee3\u2ee4\u2ee5\u2ee6\u2ee8\u2ee9\u2eec\u2eee\u2ef0\u2ef3\u2f3e\u2fad\u2fc8",
    "厂兀母民虎西见角贝车长门青页风飞食马骨鬼鱼鸟麦黄齐齿龙龟户青黄",
)
"""Radicals that have no compatibility form of their own."""
_WORD: Final = re.compile(r"[\x21-\x7e]+|.", re.DOTALL)
_WIDE: Final = 0.25


@dataclass(slots=True)
class Char:
    """One character with its place; `top` grows downwards."""

    text: str
    x0: float
    x1: float
    top: float
    bottom: float

    @property
    def size(self) -> float:
        """Return the height, which is about the width of a Chinese character."""
        return self.bottom - self.top


def read_char(item: dict[str, Any]) -> Char:
    """Return a character of the library as ours."""
    text = item["text"]
    if "\u2e80" <= text[:1] <= "\u2fdf":
        # Browsers write some characters as the radical of the same shape.
        text = unicodedata.normalize("NFKC", text.translate(_RADICALS))
    return Char(text, item["x0"], item["x1"], item["top"], item["bottom"])


@dataclass(slots=True)
class Line:
    """Characters that stand in one line, from left to right."""

    chars: list[Char]
    text: str = ""
    middle: float = 0.0

    def close(self) -> Line:
        """Order the characters and work out text and height."""
        self.chars.sort(key=lambda char: char.x0)
        parts: list[str] = []
        last: Char | None = None
        for char in self.chars:
            if last is not None:
                # Bold by printing twice: the same character at almost the same place.
                if char.text == last.text and abs(char.x0 - last.x0) < char.size * 0.1:
                    continue
                gap = char.x0 - last.x1
                spaced = last.text.isspace() or char.text.isspace()
                latin = char.text.isascii() and last.text.isascii()
                if not spaced and gap > char.size * (_WIDE if latin else 1.5):
                    parts.append(" ")
            parts.append(char.text)
            last = char
        self.text = "".join(parts).rstrip()
        self.middle = sum((c.top + c.bottom) / 2 for c in self.chars) / len(self.chars)
        return self

    @property
    def x0(self) -> float:
        """Return where the visible text begins."""
        return next((c.x0 for c in self.chars if not c.text.isspace()), self.chars[0].x0)

    @property
    def x1(self) -> float:
        """Return where the visible text ends."""
        return max((c.x1 for c in self.chars if not c.text.isspace()), default=self.chars[0].x1)

    @property
    def size(self) -> float:
        """Return the height of the tallest character."""
        return max(char.size for char in self.chars)

    @property
    def top(self) -> float:
        """Return the upper end."""
        return min(char.top for char in self.chars)

    @property
    def bottom(self) -> float:
        """Return the lower end."""
        return max(char.bottom for char in self.chars)


def lines_of(chars: Iterable[Char]) -> list[Line]:
    """Group characters into lines by their middle, top to bottom."""
    lines: list[Line] = []
    middle = 0.0
    for char in sorted(chars, key=lambda c: (c.top + c.bottom) / 2):
        here = (char.top + char.bottom) / 2
        if lines and here - middle <= max(char.size, lines[-1].chars[0].size) * 0.4:
            lines[-1].chars.append(char)
        else:
            lines.append(Line([char]))
            middle = here
    return [closed for line in lines if (closed := line.close()).text.strip()]


def wraps(line: Line, following: str, right: float, padding: float) -> bool:
    """Say whether a line ended because the next word had no more room before `right`."""
    word = _WORD.match(following.lstrip())
    width = 0.0
    for char in word[0] if word else "":
        width += line.size * (0.5 if char.isascii() else 1.0)
    # A codepoint of Latin text may also break inside, so a nearly full line counts as wrapped as well.
    room = right - padding - line.x1
    return room < max(min(width, line.size * 4), line.size) * 1.05


def glue(left: str, right: str) -> str:
    """Join two lines of one text: a space only between two Latin words."""
    if left[-1:].isascii() and left[-1:].isalpha() and right[:1].isascii() and right[:1].islower():
        return f"{left} {right}"
    return left + right


def starts_item(text: str) -> bool:
    """Say whether a text begins with the number or mark of a list item."""
    return _MARKER.match(text) is not None


def join_lines(lines: Sequence[Line], left: float, right: float) -> str:
    """Join the lines of a cell: wrapped ones without a seam, new items and paragraphs on a line of their own."""
    if not lines:
        return ""
    text = lines[0].text.strip()
    for above, line in pairwise(lines):
        piece = line.text.strip()
        text = text + "\n" + piece if is_break(above, piece, left, right) else glue(text, piece)
    return text


def is_break(above: Line, piece: str, left: float, right: float) -> bool:
    """Say whether a line begins a new line of the text rather than going on with the one above."""
    narrow = right - left < above.size * 10
    closed = above.text.rstrip()[-1:] in _CLOSING
    full = wraps(above, piece, right, PADDING)
    if starts_item(piece):
        return True
    # Without a mark only a clearly short line in a wide cell ends a paragraph; names in narrow cells are one text.
    return not narrow and not full and (closed or right - above.x1 > above.size * 4)
