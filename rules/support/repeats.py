"""When two cells, names or values say the same. Shared by the rules on repetition and duplicates."""

from __future__ import annotations

import re
from collections.abc import Hashable
from decimal import Decimal
from functools import lru_cache
from typing import Final

from models.records.quantity import Quantity
from nlp.lexicon import bare
from nlp.sameness import similarity
from nlp.text import core_name
from rules.engine.context import RowContext

_FILLERS: Final = re.compile(r"工作|情况|的|及其|相关|有关|各项|全年|本年度?|年度")
_GENERIC_BIGRAM: Final = re.compile(
    r"时间|时长|小时|天数|数量|个数|人数|户数|次数|情况|工作|完成|提高|保障|期间|重大|重要|全年|年度|项目|活动|服务|开展|管理|运行|能力|水平|标准"
)
REWORDED: Final = 0.97
"""Similarity from which a description only repeats its name."""
_INFORMS: Final = re.compile(r"[÷×=/＝]|\d|占|比例|按照?|依据|根据|来源|口径|分子|包括|以上|以内")
_PLACEHOLDER: Final = re.compile(r"(?:指标|名称|三级指标)?[0-9.…*×x_\-]*")


@lru_cache(maxsize=32768)
def comparable_text(text: str) -> str:
    """Return a cell's text for comparing with a name: no numbering, no marks at the end."""
    return bare(text) or core_name(text)


def repeats_name(ctx: RowContext, field: str) -> bool:
    """Whether a cell says nothing but the indicator name."""
    if not ctx.has(field) or not ctx.norm(field) or not ctx.name:
        return False
    if ctx.norm(field) == ctx.norm("name"):
        return True
    return len(ctx.name) >= 2 and comparable_text(ctx.text(field)) == comparable_text(ctx.text("name"))


def rewords_name(ctx: RowContext) -> bool:
    """Whether the description only turns the name around (补助发放及时率, 及时发放补助的情况) and adds nothing."""
    name, description = ctx.text("name"), ctx.text("description")
    if not ctx.norm("description") or len(ctx.name) < 4 or len(description) > 2 * len(name) + 4:
        return False
    return _INFORMS.search(description) is None and similarity(name, description) >= REWORDED


def is_real_name(core: str) -> bool:
    """Whether a name is more than a placeholder (指标1, ……)."""
    return len(core) >= 2 and _PLACEHOLDER.fullmatch(core) is None


@lru_cache(maxsize=32768)
def near_key(core: str) -> str:
    """Return a name without words that change nothing (宣传工作完成率, 宣传完成率)."""
    return _FILLERS.sub("", core) or core


def value_key(quantity: Quantity) -> tuple[Hashable, ...] | None:
    """Return what makes two figures the same whatever their operator, None where no figure with a measure was read."""
    if not quantity.is_number or quantity.kind == "date" or quantity.upper is not None:
        return None
    if quantity.amount_yuan is not None and not quantity.per:
        return ("money", quantity.amount_yuan)
    if quantity.unit is None and quantity.scale is None:
        return None
    return (quantity.kind, quantity.number, quantity.unit, quantity.per)


def telling_number(quantity: Quantity) -> bool:
    """Whether a figure is so particular that it does not return by chance: money, or a count of three and more."""
    if quantity.number is None or quantity.kind not in ("money", "count"):
        return False
    return quantity.kind == "money" or quantity.number >= Decimal(3)


@lru_cache(maxsize=32768)
def bigrams(core: str) -> frozenset[str]:
    """Return the character pairs of a name that say what it is about."""
    text = _GENERIC_BIGRAM.sub("\0", core)
    return frozenset(text[i : i + 2] for i in range(len(text) - 1) if "\0" not in text[i : i + 2])


def overlap(first: str, second: str) -> float:
    """Return the share of the shorter text's characters that the other has too (counted with repeats)."""
    if not first or not second:
        return 0.0
    rest = list(second)
    hits = 0
    for char in first:
        if char in rest:
            rest.remove(char)
            hits += 1
    return hits / min(len(first), len(second))


def without_common(core: str, project: str) -> str:
    """Return a name without the longest run of characters that it shares with the project's name."""
    for size in range(min(len(core), len(project)), 1, -1):
        for start in range(len(core) - size + 1):
            if core[start : start + size] in project:
                return core[:start] + core[start + size :]
    return core
