"""Header cells and row labels of project tables → fields (`corpora/schemes/columns.yml`)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Final, Literal

from corpora.store import load_yaml
from nlp.text import normalise

Term = Literal["annual", "long_term"]

_NOTE: Final = re.compile(r"[(（\[【〔]([^()（）\[\]【】〔〕]*)[)）\]】〕]")
_SECTIONS: Final = (("result", "result"), ("extra", "extra"), ("grades", "grade"), ("plan_points", "plan"))
_MARKS: Final = re.compile(r"^[*★☆]+|[*★☆:：]+$")


@dataclass(frozen=True, slots=True)
class Column:
    """What a header cell can stand for.

    `field` is a row field, or one of result, extra, grade, plan. `choices` are the fields to try in order for
    an ambiguous header (指标内容 is the name where no other column is, otherwise the description); empty when
    certain.
    """

    field: str
    choices: tuple[str, ...] = ()
    term: Term | None = None


def column_of(header: str) -> Column | None:
    """Return what a header cell stands for, or None for a text that is no known header."""
    return _column_of(header)


def resolve_columns(headers: Sequence[str]) -> tuple[Column | None, ...]:
    """Return the columns of one header row with the ambiguous ones decided by their neighbours."""
    found = [column_of(header) for header in headers]
    taken = {column.field for column in found if column is not None and not column.choices}
    result: list[Column | None] = []
    for column in found:
        if column is None or not column.choices:
            result.append(column)
            continue
        field = next((choice for choice in column.choices if choice not in taken), column.choices[-1])
        taken.add(field)
        result.append(Column(field, (), column.term))
    return tuple(result)


def label_of(text: str) -> str | None:
    """Return the block a row label opens (code, name, budget_total, purpose, plan, goal …), or None."""
    return _label_of(text)


def is_level1_name(text: str) -> bool:
    """Whether a cell holds a level-1 name, with or without points (产出指标（50分）)."""
    return header_key(text) in _keys("level1_names")


def is_section_word(text: str) -> bool:
    """Whether a cell only names a section (绩效指标, 年度绩效指标)."""
    return header_key(text) in _keys("section_words")


def is_plan_point(text: str) -> bool:
    """Whether a cell is a point of 资金支出计划 (3月底, 一季度)."""
    return header_key(text) in _keys("plan_points")


def header_key(text: str) -> str:
    """Return a header ready to compare: normalised, without bracket notes, stars and colons."""
    key = _MARKS.sub("", normalise(text))
    bare = _NOTE.sub("", key)
    return _MARKS.sub("", bare or key)


@lru_cache(maxsize=4096)
def _column_of(header: str) -> Column | None:
    whole = _MARKS.sub("", normalise(header))
    if not whole or len(whole) > 40:
        return None
    key = header_key(header)
    term = _term(whole)
    for candidate in (whole, key):
        if candidate in _keys("long_term"):
            return Column(_long_term_field(key), (), "long_term")
        if candidate in _ambiguous():
            return Column(_ambiguous()[candidate][0], _ambiguous()[candidate], term)
        if candidate in _fields():
            return Column(_fields()[candidate], (), term)
        for name, field in _SECTIONS:
            if candidate in _keys(name):
                return Column(field, (), term)
    return None


def _long_term_field(key: str) -> str:
    field = _fields().get(key)
    return field if field is not None else "value"


def _term(whole: str) -> Term | None:
    notes = {note for match in _NOTE.finditer(whole) for note in (match.group(1),)}
    data = _data()
    if notes & set(data["long_term_notes"]):
        return "long_term"
    if notes & set(data["annual_notes"]) or whole.startswith(("年度", "本年", "年初", "全年")):
        return "annual"
    return None


@lru_cache(maxsize=4096)
def _label_of(text: str) -> str | None:
    whole = _MARKS.sub("", normalise(text))
    if len(whole) > 24:
        return None
    labels = _labels()
    return labels.get(whole) or labels.get(header_key(text))


def _data() -> Any:
    return load_yaml("schemes/columns.yml")


@cache
def _fields() -> Mapping[str, str]:
    return MappingProxyType(
        {normalise(name): field for field, names in _data()["fields"].items() for name in names}
    )


@cache
def _ambiguous() -> Mapping[str, tuple[str, ...]]:
    return MappingProxyType(
        {normalise(name): tuple(choices) for name, choices in _data()["ambiguous"].items()}
    )


@cache
def _labels() -> Mapping[str, str]:
    return MappingProxyType(
        {normalise(name): label for label, names in _data()["labels"].items() for name in names}
    )


@cache
def _keys(section: str) -> frozenset[str]:
    return frozenset(normalise(name) for name in _data()[section])
