"""The unit table: what a unit measures, what it converts to, how it is spelt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from corpora.store import load_yaml
from nlp.fold import normalise

_FILE: Final = "lexicons/units.yml"
_SEPARATORS: Final = frozenset("/·*、×.,，")
_WHOLE_SEPARATORS: Final = frozenset("/每")
_MAX_LENGTH: Final = 24


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measure. `factor` converts one unit to `base`."""

    name: str
    """Canonical name: 张, %, 万元, 元/人."""
    dimension: str | None
    """Dimension; `money_per` and the like for compound units; None for a bare scale."""
    factor: Decimal
    base: str
    per: tuple[str, ...] = ()
    """Per-units of a compound unit: 元/人/月 → ("人", "月")."""
    scale: str | None = None
    """万, 亿 … before a unit that is not money: 万亩 → 亩 with scale 万. `factor` leaves it out."""


@dataclass(frozen=True, slots=True)
class UnitTable:
    """The table as read from units.yml, indexed for longest match."""

    units: MappingProxyType[str, Unit]
    """Every spelling → unit."""
    lowered: MappingProxyType[str, Unit]
    lengths: MappingProxyType[str, tuple[int, ...]]
    """First character → lengths of spellings that start with it, longest first."""
    scales: MappingProxyType[str, Decimal]
    blank: frozenset[str]


@cache
def table() -> UnitTable:
    """Return the unit table, read once."""
    data = load_yaml(_FILE)
    units: dict[str, Unit] = {}
    for dimension, block in data["dimensions"].items():
        for name, entry in block["units"].items():
            unit = Unit(str(name), dimension, Decimal(entry["factor"]), str(block["base"]))
            for spelling in (name, *entry.get("also", ())):
                units[str(spelling)] = unit
    lengths: dict[str, set[int]] = {}
    for spelling in units:
        lengths.setdefault(spelling[0], set()).add(len(spelling))
    lowered: dict[str, Unit] = {}
    for spelling, unit in units.items():
        lowered.setdefault(normalise(spelling), unit)
    return UnitTable(
        units=MappingProxyType(units),
        lowered=MappingProxyType(lowered),
        lengths=MappingProxyType(
            {char: tuple(sorted(sizes, reverse=True)) for char, sizes in lengths.items()}
        ),
        scales=MappingProxyType({str(k): Decimal(v) for k, v in data["scales"].items()}),
        blank=frozenset(normalise(str(text)) for text in data["blank_units"]),
    )


def match_unit(text: str, at: int) -> tuple[Unit | None, int]:
    """Return the longest simple unit that starts at `at`, and where it ends."""
    if at >= len(text):
        return None, at
    known = table()
    for size in known.lengths.get(text[at], ()):
        unit = known.units.get(text[at : at + size])
        if unit is None or len(text) < at + size:
            continue
        end = at + size
        # 「5mm」 is not 5 米, 「3Mbps」 is not 3 MB, 「5G网」 is handled by the reader of prose.
        if _is_latin(text[end - 1]) and end < len(text) and (_is_latin(text[end]) or text[end].isdecimal()):
            continue
        return unit, end
    return None, at


def match_scale(text: str, at: int) -> tuple[str | None, int]:
    """Return the scale (万, 亿, 百万 …) that starts at `at`, and where it ends."""
    scales = table().scales
    for size in (2, 1):
        piece = text[at : at + size]
        if len(piece) == size and piece in scales:
            return piece, at + size
    return None, at


def match_per(text: str, at: int, separators: frozenset[str] = _SEPARATORS) -> tuple[tuple[str, ...], int]:
    """Return the per-units that start at `at` with / or 每: 「/人·月」 → (人, 月)."""
    per: list[str] = []
    end = at
    while end < len(text):
        char = text[end]
        if char not in (separators if per else _WHOLE_SEPARATORS) and char not in _WHOLE_SEPARATORS:
            break
        start = end + 1
        if start < len(text) and text[start] == "每":
            start += 1
        scale: str | None = None
        unit, stop = match_unit(text, start)
        if unit is None:
            scale, after = match_scale(text, start)
            unit, stop = match_unit(text, after)
        if unit is None:
            break
        per.append((scale or "") + unit.name)
        end = stop
    return tuple(per), end


def with_scale(unit: Unit, scale: str | None) -> Unit:
    """Return the unit with a scale before it. Money has units of its own for that: 万 + 元 = 万元."""
    if scale is None:
        return unit
    if unit.dimension == "money":
        folded = table().units.get(scale + unit.name)
        if folded is not None:
            return folded
    return replace(unit, scale=scale)


def with_per(unit: Unit, per: tuple[str, ...]) -> Unit:
    """Return the compound unit."""
    if not per:
        return unit
    dimension = f"{unit.dimension}_per"
    return replace(unit, name="/".join((unit.name, *per)), dimension=dimension, per=per)


def _read(text: str) -> Unit | None:
    unit, end = match_unit(text, 0)
    if unit is None:
        scale, after = match_scale(text, 0)
        unit, end = match_unit(text, after)
        if unit is None:
            return None
        unit = with_scale(unit, scale)
    per, end = match_per(text, end)
    return with_per(unit, per) if end == len(text) else None


@lru_cache(maxsize=4096)
def _lookup(text: str) -> Unit | None:
    known = table()
    exact = known.units.get(text)
    if exact is not None:
        return exact
    compact = "".join(text.split())
    folded = normalise(text)
    for candidate in (compact, folded):
        unit = known.units.get(candidate) or _read(candidate)
        if unit is not None:
            return unit
    inner = folded[1:-1] if folded.startswith("(") and folded.endswith(")") else folded
    return known.lowered.get(inner) or _read(inner)


def lookup(text: str) -> Unit | None:
    """Return the unit a text names, simple or compound, by any spelling; None when it is unknown."""
    if not text or len(text) > _MAX_LENGTH:
        return None
    return _lookup(text)


def is_blank_unit(text: str) -> bool:
    """Whether the text of a unit cell says that there is no unit (空, /, 无, 定性)."""
    folded = normalise(text)
    return not folded or folded in table().blank


def dimension_of(unit_text: str) -> str | None:
    """Return the dimension of a unit text: `ratio`, `money`, `money_per` for 元/人 …; None when unknown."""
    unit = lookup(unit_text)
    return unit.dimension if unit is not None else None


def compatible(a: str, b: str) -> bool:
    """Whether two unit texts measure the same: same dimension and per-units, or the same unknown word."""
    first, second = lookup(a), lookup(b)
    if first is None or second is None:
        return first is second and normalise(a) == normalise(b)
    return first.dimension == second.dimension and first.per == second.per


def is_latin(char: str) -> bool:
    """Whether a character is an ASCII letter."""
    return _is_latin(char)


def _is_latin(char: str) -> bool:
    return "a" <= char <= "z" or "A" <= char <= "Z"
