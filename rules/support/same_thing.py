"""Whether two counted things are one, and whether their units disagree. Shared by rules on units and on targets."""

from __future__ import annotations

import re
from typing import Final

from models.records.quantity import Quantity
from nlp import units
from nlp.linking import same_object
from nlp.text import normalise

_COUNTED: Final = frozenset(
    {"person", "household", "organisation", "count", "document", "case", "equipment", "package"}
)
_GENERIC: Final = frozenset({"个", "项"})
_BENEFIT: Final = re.compile(r"救助|资助|帮扶|慰问|扶持|安置|供养|抚恤|收养|补助|参保")
_HEADS: Final = frozenset({"人", "户", "个", "家"})
_TAIL: Final = re.compile(r"(人数|户数|家数|个数|件数|起数|份数|张数|册数)$")
_TEMPLATE: Final = re.compile(r"^(?:\d{1,2}[.、)])?(?:目标内容|绩效目标|目标)?\d{0,2}[:.、]?")


def counts_pieces(quantity: Quantity) -> bool:
    """Whether the quantity is a plain number of people, households, things or papers."""
    return (
        quantity.kind == "count"
        and not quantity.per
        and quantity.unit is not None
        and _family(quantity) is not None
    )


def units_disagree(first: Quantity, second: Quantity) -> bool:
    """Whether two counts use different units for what could be one thing (人 and 户, 张 and 份, 件 and 个)."""
    if not (counts_pieces(first) and counts_pieces(second)):
        return False
    return first.unit != second.unit


def comparable(first: Quantity, second: Quantity) -> bool:
    """Whether two quantities can be compared by size: same unit or dimension, or one says only 个."""
    if first.kind != second.kind or first.per != second.per:
        return False
    if first.unit == second.unit:
        return True
    if first.unit is None or second.unit is None:
        return False
    if counts_pieces(first) and counts_pieces(second):
        # 个 may stand for households or things; five 站 and four 人 are not compared.
        return (first.unit in _GENERIC or second.unit in _GENERIC) and "person" not in (
            first.dimension,
            second.dimension,
        )
    return first.kind != "count" and units.compatible(first.unit, second.unit)


def same_beneficiaries(name: str, first: Quantity, other: str, second: Quantity) -> bool:
    """Whether two names speak of helping people or households and give one number in different units."""
    if first.number != second.number or (first.number or 0) < 2 or not units_disagree(first, second):
        return False
    if first.unit not in _HEADS or second.unit not in _HEADS:
        return False
    a, b = _BENEFIT.findall(normalise(name)), _BENEFIT.findall(normalise(other))
    return bool(set(a) & set(b))


def counting_word(text: str) -> str | None:
    """Return the counting word at the end of a name or goal (人数, 户数 …), None where there is none."""
    match = _TAIL.search(normalise(text).rstrip("。.;,"))
    return match[1] if match is not None else None


def goal_body(text: str) -> str:
    """Return a goal item without its numbering and the template words 目标内容n."""
    return _TEMPLATE.sub("", normalise(text))


def same_but_for_counting_word(goal: str, name: str) -> tuple[str, str] | None:
    """Return the two counting words where goal and name are one text but for them (参保人数, 参保户数)."""
    body, core = goal_body(goal).rstrip("。.;,"), normalise(name)
    a, b = counting_word(body), counting_word(core)
    if a is None or b is None or a == b:
        return None
    stem = body[: -len(a)]
    return (a, b) if len(stem) >= 3 and stem == core[: -len(b)] else None


def object_score(text: str, name: str) -> float:
    """Return how far a clause and an indicator name speak of one object (0 to 1)."""
    return same_object(goal_body(text), name)


def _family(quantity: Quantity) -> str | None:
    return quantity.dimension if quantity.dimension in _COUNTED else None
