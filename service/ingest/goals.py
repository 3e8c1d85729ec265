"""Splitting of goal texts into their items."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from models.records.document import Cell, SourceRef
from nlp.text import clean
from service.ingest.grid import GridCell

_NUMBERED: Final = re.compile(
    r"\s*(?:目标(?:内容)?\s*\d+\s*[:：.、]|\d{1,2}\s*[.、．:：)）](?!\d)|[（(]\s*(?:\d{1,2}|[一二三四五六七八九十]+)\s*[)）]"
    r"|[一二三四五六七八九十]+\s*、|[①-⑳])"
)
_INLINE: Final = re.compile(
    r"(?<=[；;。])\s*(?=(?:目标\d+[:：]|\d{1,2}[.、．](?!\d)|[（(]\d{1,2}[)）]|[②-⑳]))"
)


def make_cell(text: str, source: SourceRef | None) -> Cell:
    """Return the cell of a filed text; `raw` is kept where cleaning took more than outer white space."""
    shown = clean(text)
    return Cell(shown, source, None if shown == text.strip() else text)


def cell_of(cell: GridCell | None) -> Cell:
    """Return the record cell of a grid cell."""
    return Cell("") if cell is None else make_cell(cell.text, cell.source)


def split_goals(text: str, source: SourceRef | None) -> tuple[Cell, ...]:
    """Return one cell per numbered item; text without numbers is one goal, blank text none."""
    items: list[tuple[int, list[str]]] = []
    numbered = False
    for offset, line in enumerate(text.split("\n")):
        for part in _INLINE.split(line) if _NUMBERED.match(line) else [line]:
            if not clean(part):
                continue
            if _NUMBERED.match(part):
                items.append((offset, [part]))
                numbered = True
            elif items:
                items[-1][1].append(part)
            else:
                items.append((offset, [part]))
    if not numbered:
        whole = make_cell(text, source)
        return (whole,) if whole else ()
    return tuple(make_cell("\n".join(lines), _at_line(source, offset)) for offset, lines in items)


def _at_line(source: SourceRef | None, offset: int) -> SourceRef | None:
    """Return the place of a later line of a cell; only plain text counts lines."""
    if source is None or source.line is None or not offset:
        return source
    return replace(source, line=source.line + offset)
