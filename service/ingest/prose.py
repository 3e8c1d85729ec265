"""Indicators without a table: 【产出指标-数量指标】指标1:名称(值), and lists 数量指标：名称≥值；…"""

from __future__ import annotations

import re
from typing import Final

from models.records.document import EMPTY, Cell, Indicator, SourceRef
from nlp.columns import is_level1_name
from nlp.text import clean
from service.ingest.layouts import is_category

_BLOCK: Final = re.compile(r"【\s*([^【】]{2,12}?)\s*[-－—–/、·_]+\s*([^【】]{2,16}?)\s*】")
_LABEL: Final = re.compile(
    r"(?:^|(?<=[\s。；;，,：:（）()]))(?:[一二三四五六七八九十\d]+[、.．])?[（(]?(?:[一二三四五六七八九十\d]+[）)])?\s*"
    r"([\u4e00-\u9fff]{2,10}指标)\s*[：:]",
    re.M,
)
_ITEM: Final = re.compile(r"\s*[；;\n]+\s*|\s*。(?!\d)\s*|(?<=\S)\s*(?=指标\s*\d+\s*[:：])")
_PREFIX: Final = re.compile(
    r"^\s*(?:指标\s*\d+\s*[:：]|[★*]+|\d{1,2}[.、．](?!\d)|[（(]\d{1,2}[)）]|[①-⑳])\s*"
)
_TAIL: Final = re.compile(
    r"^(?P<name>.*?\S)\s*[（(](?P<value>[^（()）]*(?:[（(][^（()）]*[)）])?[^（()）]*)[)）]\s*$", re.S
)
_OPERATOR: Final = re.compile(
    r"^(?P<name>.*?[^\s：:])\s*[：:]?\s*(?P<value>(?:[≥≤＞＜＝=><≧≦]|不低于|不少于|不超过|不高于|至少).+)$",
    re.S,
)
_NUMBER: Final = re.compile(r"^(?P<name>\D*?[^\s\d：:])\s*[：:]?\s*(?P<value>\d[\d,.]*\s*\S{0,8})$")

ABSENT: Final = frozenset({"description", "operator", "unit", "basis", "weight"})


def looks_like_prose(text: str) -> bool:
    """Whether a text holds indicators in one of the two forms."""
    return bool(_blocks(text)) or any(is_category(match[1]) for match in _LABEL.finditer(text))


def _blocks(text: str) -> list[re.Match[str]]:
    """Return the 【产出指标-数量指标】 heads; other bracketed pairs ([bookmark: _Toc]) are none."""
    return [match for match in _BLOCK.finditer(text) if is_level1_name(match[1]) or is_category(match[2])]


def read_prose(text: str, source: SourceRef | None) -> tuple[Indicator, ...]:
    """Return the indicators of a text; none when it holds none of the two forms."""
    rows: list[Indicator] = []
    blocks = _blocks(text)
    if blocks:
        for index, match in enumerate(blocks):
            end = blocks[index + 1].start() if index + 1 < len(blocks) else len(text)
            rows += _items(text[match.end() : end], Cell(match[1], source), Cell(match[2], source), source)
        return tuple(rows)
    level1 = EMPTY
    labels = [m for m in _LABEL.finditer(text) if is_category(m[1]) or is_level1_name(m[1])]
    for index, match in enumerate(labels):
        end = labels[index + 1].start() if index + 1 < len(labels) else len(text)
        body = text[match.end() : end]
        label = Cell(match[1], source)
        inner = index + 1 < len(labels) and not body.strip(" \n；;。，,")
        if is_level1_name(match[1]) and (inner or not is_category(match[1])):
            level1 = label
            continue
        rows += _items(body, level1, label, source)
    return tuple(rows)


def _items(body: str, level1: Cell, level2: Cell, source: SourceRef | None) -> list[Indicator]:
    rows = []
    for part in _ITEM.split(body):
        filed = clean(part).strip("，,、")
        if not _PREFIX.sub("", filed):
            continue
        name, value = _halves(_PREFIX.sub("", filed))
        # The prefix 指标n: is the syntax of this layout, so it stays in raw only.
        cell = Cell(name, source, filed if filed != name else None)
        absent = ABSENT if level1 else ABSENT | {"level1"}
        rows.append(
            Indicator(
                level1=level1,
                level2=level2,
                name=cell,
                value=Cell(value, source) if value else EMPTY,
                absent=frozenset(absent),
                source=source,
            )
        )
    return rows


def _halves(text: str) -> tuple[str, str]:
    for pattern in (_TAIL, _OPERATOR, _NUMBER):
        match = pattern.match(text)
        if match is not None:
            return match["name"].strip(), match["value"].strip()
    return text, ""
