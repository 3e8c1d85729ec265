"""Character folding: one place that knows which characters mean the same, and which mean nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

# NFKC leaves these alone although filers use them for the sign on the right. 》 is a sign here only for
# comparing; the value grammar decides by its place (see nlp/quantity.py).
_SIGNS: Final = {
    "≧": "≥", "⩾": "≥", "≦": "≤", "⩽": "≤", "═": "=", "﹦": "=", "》": ">", "〉": ">", "《": "<", "〈": "<",
    "﹥": ">", "﹤": "<", "٪": "%", "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "-",
    "―": "-", "−": "-", "─": "-",
    "〜": "~", "∼": "~", "∽": "~", "•": "·", "∙": "·", "⋅": "·", "・": "·", "‧": "·", "✕": "×", "╳": "×",
    "∕": "/", "⁄": "/", "￥": "¥",
}  # fmt: skip
_BRACKETS: Final = {
    "【": "(",
    "〔": "(",
    "［": "(",
    "[": "(",
    "〖": "(",
    "】": ")",
    "〕": ")",
    "］": ")",
    "]": ")",
    "〗": ")",
}
_QUOTES: Final = dict.fromkeys("“”„‟‘’‚‛「」『』〝〞＂'\"", '"')

# Characters that stay as they are for comparing: nearly all of a name. A test holds the set against the table.
_OTHERS = re.compile('[^\u3400-\u9fff0-9a-z!"#$%&()*+,./:;<=>?@\\\\^_`{|}~≥≤、。-]+')
_DROPPED: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
_VARIATION = re.compile("[\ufe00-\ufe0f]")


def is_blank(char: str) -> bool:
    """Whether a character is white space, a control or a zero-width character."""
    return unicodedata.category(char) in _DROPPED or _VARIATION.match(char) is not None


def _normal_char(char: str) -> str:
    """Return what one filed character is for comparing; repeated until stable, so folding is idempotent."""
    for _ in range(4):
        parts = []
        for part in unicodedata.normalize("NFKC", char).lower():
            if not is_blank(part):
                parts.append(_SIGNS.get(part) or _BRACKETS.get(part) or _QUOTES.get(part) or part)
        folded = "".join(parts)
        if folded == char:
            break
        char = folded
    return char


class _NormalTable(dict[int, str]):
    """Translation table that works out a code point on first use."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _SIGNS.get(char) or _normal_char(char)
        folded = "".join(_normal_char(part) for part in folded)
        self[code] = folded
        return folded


@cache
def _normal_table() -> _NormalTable:
    return _NormalTable()


def normalise(text: str) -> str:
    """Return the text for comparing.

    NFKC per character plus the sign map; white space, zero-width and control characters dropped;
    latin lower-case; brackets, quotes and dashes unified. NFKC is applied to each character by itself so
    that every result character has one place in the original.
    """
    return _OTHERS.sub(_folded, text)


def _folded(match: re.Match[str]) -> str:
    return match[0].translate(_normal_table())


def normalise_with_map(text: str) -> tuple[str, tuple[int, ...]]:
    """Return the normalised text and for each of its characters the offset it came from."""
    table = _normal_table()
    parts: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        folded = table[ord(char)]
        parts.append(folded)
        origin.extend([index] * len(folded))
    return "".join(parts), tuple(origin)


@dataclass(frozen=True, slots=True)
class Folded:
    """A text folded for the value grammar. Every folded character comes from exactly one filed character."""

    text: str
    origin: Sequence[int]
    source_length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the span in the filed text of a span in the folded text."""
        if start >= end:
            at = self.origin[start] if start < len(self.origin) else self.source_length
            return at, at
        return self.origin[start], self.origin[end - 1] + 1


class _ValueTable(dict[int, str]):
    """Folding for the grammar: case (M is not m), ①, ² and 》 stay; blanks become a space or a line break."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if char in "\n\r\v\f\u2028\u2029\x85":
            folded = "\n"
        elif 0xFF01 <= code <= 0xFF5E:
            folded = chr(code - 0xFEE0)
        elif char in "《》〈〉〔〕":
            folded = char
        elif char == "﹪":
            folded = "%"
        elif is_blank(char):
            # White space separates figures; a control or zero-width character was never meant to be there.
            folded = " " if char.isspace() else "\0"
        else:
            folded = _SIGNS.get(char) or _BRACKETS.get(char) or char
            folded = folded if len(folded) == 1 else char
        self[code] = folded
        return folded


@cache
def _value_table() -> _ValueTable:
    return _ValueTable()


_BLANK = re.compile(r"[\0 \n]")
_FIGURE = frozenset("0123456789.,")


def _kept(text: str, keep_lines: bool) -> Iterator[tuple[int, str]]:
    last = ""
    pending: tuple[int, str] | None = None
    for index, char in enumerate(text):
        if char == "\0":
            continue
        if char in " \n":
            # A blank between two figures separates them: 「3 5个」 is not 35.
            if pending is None or char == "\n":
                pending = (index, char)
            continue
        if pending is not None:
            if keep_lines and pending[1] == "\n":
                yield pending
            elif last in _FIGURE and char in _FIGURE:
                yield pending[0], " "
            pending = None
        yield index, char
        last = char


def fold(text: str, *, keep_lines: bool = False) -> Folded:
    """Fold a text for the value grammar. `keep_lines` keeps line breaks (numbering stands at line starts)."""
    plain = text.translate(_value_table())
    if _BLANK.search(plain) is None:
        return Folded(plain, range(len(plain)), len(text))
    pairs = list(_kept(plain, keep_lines))
    return Folded("".join(char for _, char in pairs), [index for index, _ in pairs], len(text))
