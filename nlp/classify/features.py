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
DESCRIPTION: Final = "\x01"
_VALUE: Final = "\x02"
_CUE: Final = "\x03"


def pieces(query: Query) -> list[str]:
    """Return the features of a query as strings; repeats are meant to count once."""
    name, description = texts(query)
    pairs = list(map(add, name, name[1:]))
    # Sequences of one to three characters. The end of a name says what is measured: it is seen in longer pieces too.
    found = [*name, *pairs, *map(add, pairs, name[2:]), *extra_pieces(query, name)]
    found += map(add, map(DESCRIPTION.__add__, description), description[1:])
    return found


def texts(query: Query) -> tuple[str, str]:
    """Return the texts to cut into sequences: the name between marks for its ends, and what the description adds."""
    core = core_name(query.name)
    text = ""
    if query.description:
        text = normalise(query.description)[:_MAX_DESCRIPTION]
        if text == core or text == normalise(query.name):
            text = ""
    return f"^{core[:_MAX_NAME]}$", text


def extra_pieces(query: Query, name: str) -> list[str]:
    """Return the features beside the sequences: longer ends of the name, cues, what the value is."""
    found = [name[-size:] for size in _ENDINGS if size <= len(name)]
    found += [f"{_CUE}{category}:{strength}" for category, _, strength in category_cues(query.name)]
    if query.value or query.unit:
        found += _value_pieces(query.value, query.operator, query.unit)
    return found


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
