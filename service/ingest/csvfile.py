"""csv and tsv in any encoding that Chinese offices produce, with quoted line breaks."""

from __future__ import annotations

import re
from typing import Final

from models.records.document import SourceRef
from service.errors import DamagedInput, TooLarge
from service.ingest.collect import Collector, TableBuilder
from service.ingest.decode import decode
from service.ingest.grid import RawDocument
from service.settings import Limits

DELIMITERS: Final = (",", ";", "\t", "|", "，")
_SAMPLE: Final = 1 << 16
_MAX_EMPTY: Final = 16_384
"""Columns of a spreadsheet; exports may end their lines in that many delimiters, never in more."""
_SEP_LINE: Final = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def read(data: bytes, limits: Limits) -> RawDocument:
    """Read a table of separated values."""
    decoded = decode(data)
    if decoded is None:
        raise DamagedInput("文本的字符编码无法识别，请另存为 UTF-8 编码的 CSV 后重试")
    out = Collector("csv", limits)
    if decoded.lost:
        out.problem("truncated", f"文本中有 {decoded.lost} 处字符无法识别，请核对原文件")
    text = decoded.text.removeprefix("\ufeff")
    line = 1
    if (told := _SEP_LINE.match(text)) is not None:
        delimiter: str | None = told[1]
        text = text[told.end() :]
        line = 2
    else:
        delimiter = find_delimiter(text)
    builder = TableBuilder(out)
    pattern = field_pattern(delimiter or ",")
    row = col = position = 0
    builder.next_row()
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            # An opening quote that never closes: the quote is taken as a plain character.
            match = _bare(delimiter or ",").match(text, position)
            out.problem("truncated", f"第 {line} 行的引号没有成对，该行可能未按原样读取，请核对", None)
        if match is None:
            raise DamagedInput(f"CSV 第 {line} 行无法解析，请另存后重试")
        raw = match["quoted"]
        value = match["plain"] if raw is None else raw.replace('""', '"') + (match["after"] or "")
        if value:
            builder.add(value, col, source=SourceRef(kind="csv", row=row + 1, col=col + 1, line=line))
        elif col > _MAX_EMPTY:
            raise TooLarge(f"CSV 第 {line} 行超过 {_MAX_EMPTY} 列，请删去多余的分隔符后重试")
        line += value.count("\n") + (value.count("\r") - value.count("\r\n"))
        position = match.end()
        if match["end"] in ("\n", "\r", "\r\n"):
            row, col, line = row + 1, 0, line + 1
            builder.next_row()
        else:
            col += 1
    builder.finish()
    return out.document()


def field_pattern(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of one field and what ends it."""
    stop = re.escape(delimiter)
    return re.compile(
        rf'(?:"(?P<quoted>[^"]*(?:""[^"]*)*)"(?P<after>[^{stop}\r\n]*)|(?P<plain>(?!")[^{stop}\r\n]*))'
        rf"(?P<end>{stop}|\r\n|\n|\r|\Z)"
    )


def _bare(delimiter: str) -> re.Pattern[str]:
    stop = re.escape(delimiter)
    return re.compile(
        rf"(?P<plain>[^{stop}\r\n]*)(?P<quoted>(?!))?(?P<after>(?!))?(?P<end>{stop}|\r\n|\n|\r|\Z)"
    )


def find_delimiter(text: str) -> str | None:
    """Return the delimiter under which the first records have the most regular shape, or None for prose."""
    best: tuple[float, str] | None = None
    for delimiter in DELIMITERS:
        widths = _widths(text[:_SAMPLE], delimiter)
        wide = [width for width in widths if width > 1]
        if not wide:
            continue
        usual = max(set(wide), key=wide.count)
        # Regular width counts most; among equals the delimiter that yields more fields wins.
        score = wide.count(usual) / len(widths) + min(usual, 20) / 100
        if best is None or score > best[0]:
            best = (score, delimiter)
    return None if best is None else best[1]


def regularity(text: str, delimiter: str) -> tuple[float, int]:
    """Return the share of records with the most frequent width, and that width."""
    widths = _widths(text[:_SAMPLE], delimiter)
    if not widths:
        return 0.0, 0
    usual = max(set(widths), key=widths.count)
    return widths.count(usual) / len(widths), usual


def _widths(text: str, delimiter: str) -> list[int]:
    """Return the number of fields of the first records that are not empty, without a record that was cut off."""
    pattern = field_pattern(delimiter)
    widths: list[int] = []
    position, width, filled = 0, 0, False
    while position < len(text) and len(widths) < 50:
        match = pattern.match(text, position) or _bare(delimiter).match(text, position)
        if match is None:
            break
        width += 1
        filled = filled or bool(match["quoted"] or match["plain"])
        position = match.end()
        if match["end"] != delimiter:
            cut = not match["end"] and len(text) == _SAMPLE
            if filled and not cut:
                widths.append(width)
            width, filled = 0, False
    return widths
