"""Features of an indicator: character sequences of name and description, cues of the word lists, kind of value.

A missing description or value gives no feature, so it cannot speak for or against a class.
"""

from __future__ import annotations

from functools import lru_cache
from operator import add
from typing import Final

from nlp.classify.query import Query
from nlp.cues import category_cues
from nlp.quantity import parse
from nlp.text import core_name, normalise

_ENDINGS: Final = (4, 5)
_MAX_NAME: Final = 60
_MAX_DESCRIPTION: Final = 120
# Namespaces keep one dictionary: name sequences are bare, all others start with a control character.
_DESCRIPTION: Final = "\x01"
_VALUE: Final = "\x02"
_CUE: Final = "\x03"


def pieces(query: Query) -> list[str]:
    """Return the features of a query as strings; repeats are meant to count once."""
    core = core_name(query.name)
    found = list(_name_pieces(core[:_MAX_NAME]))
    found += (f"{_CUE}{category}:{strength}" for category, _, strength in category_cues(query.name))
    if query.description:
        text = normalise(query.description)[:_MAX_DESCRIPTION]
        if text != core and text != normalise(query.name):
            found += map(add, map(_DESCRIPTION.__add__, text), text[1:])
    if query.value or query.unit:
        found += _value_pieces(query.value, query.operator, query.unit)
    return found


def _name_pieces(core: str) -> list[str]:
    text = f"^{core}$"
    pairs = list(map(add, text, text[1:]))
    # Sequences of one to three characters. The end of a name says what is measured: it is seen in longer pieces too.
    return [
        *text,
        *pairs,
        *map(add, pairs, text[2:]),
        *(text[-size:] for size in _ENDINGS if size <= len(text)),
    ]


@lru_cache(maxsize=16384)
def _value_pieces(value: str, operator: str, unit: str) -> tuple[str, ...]:
    quantity = parse(value, operator=operator, unit=unit)
    found = [f"{_VALUE}kind:{quantity.kind}"]
    if quantity.operator:
        found.append(f"{_VALUE}sign:{quantity.operator}")
    if quantity.unit:
        found.append(f"{_VALUE}unit:{quantity.unit}")
    if quantity.kind == "text":
        text = normalise(value)[:20]
        found += (_VALUE + text[i : i + 2] for i in range(len(text) - 1))
    return tuple(found)
