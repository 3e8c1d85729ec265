"""Characters that do not belong into a text: control and zero-width characters, lone brackets, residue of software."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_PAIRS: Final = {
    ")": "(",
    "）": "（",
    "]": "[",
    "】": "【",
    "〕": "〔",
    "》": "《",
    "」": "「",
    "』": "『",
    "}": "{",
}
_SAME: Final = {"（": "(", "）": ")"}
_NUMBERING: Final = re.compile(
    r"^\s*(?:[0-9０-９]{1,2}|[一二三四五六七八九十]{1,3}|[①-⑳])\s*[)）]|(?<=[；;。\n])\s*\d{1,2}[)）]"
)
_BOOKMARK: Final = re.compile(r"\[bookmark:[^\]\n]{0,200}\]", re.IGNORECASE)
_DOUBLED: Final = re.compile(r"([，。；、：,;])\1+|[，；、][。，；、]")
_REPLACEMENT: Final = "\ufffd"
_HARMLESS: Final = frozenset("\t\n\r\u3000\u00a0\u200c")


@lru_cache(maxsize=8192)
def gbk_bytes(text: str) -> int:
    """Return the length of a text in GBK, the measure of the budget system; four bytes for what GBK lacks."""
    if _in_gbk(text):
        return len(text.encode("gbk"))
    return sum(1 if char < "\x80" else 2 if _in_gbk(char) else 4 for char in text)


@lru_cache(maxsize=8192)
def lone_brackets(text: str) -> tuple[int, ...]:
    """Return the offsets of brackets without a partner; numbering such as 1） is none."""
    masked = _NUMBERING.sub(lambda found: " " * len(found[0]), text)
    opened: list[tuple[str, int]] = []
    lone: list[int] = []
    for at, char in enumerate(masked):
        if char in _PAIRS.values():
            opened.append((_SAME.get(char, char), at))
        elif char in _PAIRS:
            wanted = _SAME.get(_PAIRS[char], _PAIRS[char])
            if opened and opened[-1][0] == wanted:
                opened.pop()
            else:
                lone.append(at)
    return tuple(sorted([*lone, *(at for _, at in opened)]))


@lru_cache(maxsize=8192)
def doubled_marks(text: str) -> tuple[tuple[int, int], ...]:
    """Return the spans of doubled punctuation (，， 。。 ，。)."""
    return tuple(match.span() for match in _DOUBLED.finditer(text))


def residue(raw: str) -> str | None:
    """Return in words what a filed text holds that is not shown: a bookmark, control or zero-width characters."""
    found = _BOOKMARK.search(raw)
    if found is not None:
        return f"书签标记「{found[0]}」"
    for char in raw:
        category = unicodedata.category(char)
        if char in _HARMLESS or category not in ("Cc", "Cf"):
            continue
        kind = "零宽字符" if category == "Cf" else "控制字符"
        return f"{kind} U+{ord(char):04X}"
    return None


def unreadable(text: str) -> int:
    """Return the offset of the first replacement character (a sign of a wrong decoding), or -1."""
    return text.find(_REPLACEMENT)


def _in_gbk(text: str) -> bool:
    try:
        text.encode("gbk")
    except UnicodeEncodeError:
        return False
    return True
