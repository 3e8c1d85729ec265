"""Bytes to text: BOM, UTF-8, UTF-16 with and without BOM, GB18030; guesses are checked against the text."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 1 << 16
_COMMON: Final = re.compile(
    r"[\t\r\n\x20-\x7e\u2460-\u24ff\u2200-\u22ff\u3000-\u303f\u4e00-\u9fff\uff01-\uff5e]"
)
_CHARSET: Final = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,20})""")
_MOSTLY: Final = 0.9
_LOSS: Final = 0.01
"""Above this share of unreadable bytes the guess itself is wrong."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text of a file. `lost` counts places that could not be decoded and show U+FFFD."""

    text: str
    encoding: str
    lost: int = 0


def decode(data: bytes, *, declared: bool = False) -> Decoded | None:
    """Return the text of a text file, or None where the bytes are no text.

    `declared` looks for a charset named inside the file (HTML, XML) before guessing.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _lenient(data, name)
    wide = _utf16_name(data)
    if wide is not None:
        return _lenient(data, wide)
    if b"\x00" in data[:_SAMPLE]:
        return None
    names = ["utf-8", "gb18030"]
    if declared and (found := _CHARSET.search(data[:4096])) is not None:
        name = found[1].decode("ascii")
        try:
            # Web pages that say gb2312 or gbk hold GB18030 characters; it contains both.
            names.insert(1, "gb18030" if name.lower().startswith("gb") else codecs.lookup(name).name)
        except LookupError:
            pass
    for name in names:
        try:
            return Decoded(data.decode(name), name)
        except (UnicodeDecodeError, LookupError):
            continue
    tries = [result for name in names if (result := _lenient(data, name)) is not None]
    return min(tries, key=lambda result: result.lost, default=None)


def _lenient(data: bytes, name: str) -> Decoded | None:
    """Decode with replacement characters; None where too much is lost for the guess to be right."""
    text = data.decode(name, errors="replace")
    lost = text.count("\ufffd")
    if lost and lost > max(1, len(text) * _LOSS):
        return None
    return Decoded(text, name, lost)


def _utf16_name(data: bytes) -> str | None:
    """Recognise UTF-16 without BOM by the zero bytes of line ends and digits, checked by decoding."""
    sample = data[: _SAMPLE - _SAMPLE % 2]
    sample = sample[: len(sample) - len(sample) % 2]
    if sample.count(0) < 2:
        return None
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    name = "utf-16-le" if odd > even else "utf-16-be"
    text = sample.decode(name, errors="ignore")
    if not text or len(_COMMON.findall(text)) < _MOSTLY * len(text):
        return None
    return name
