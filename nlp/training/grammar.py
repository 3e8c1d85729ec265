"""Names generated from sector vocabulary and phrase families. Deterministic: choices come from hashes of ids."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from corpora.store import ROOT, load_yaml

_SLOT: Final = re.compile(r"\{(\w+)(?:([:!])([^}]+))?\}")
_RATE: Final = re.compile(r"(?:率|比例|幅度?)$")
_YEARS: Final = re.compile(r"(?:年限|时间)$")
_T = TypeVar("_T")
_PLURAL: Final = {
    "people": "people",
    "work": "works",
    "business": "business",
    "payment": "payments",
    "product": "products",
    "topic": "topics",
    "event": "events",
    "benefit": "benefits",
    "income": "income",
    "costsaved": "costsaved",
    "eco": "eco",
    "lasting": "lasting",
    "nuisance": "nuisance",
    "footprint": "footprint",
}
_COUNT_SLOTS: Final = ("verb", "obj", "noun", "unit")
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "i": ("1", "2", "3", "4", "5", "6", "8", "10", "12", "15", "20", "30", "45", "60"),
    "k": ("50", "80", "100", "150", "200", "300", "500", "800", "1000", "2000", "5000", "12000"),
    "p": ("80", "85", "90", "90", "95", "95", "95", "96", "98", "99"),
    "low": ("1", "2", "3", "5", "5", "8", "10", "15"),
    "days": ("1", "3", "5", "7", "10", "15", "20", "30", "60"),
    "month": ("3", "5", "6", "9", "10", "11", "12"),
    "money": ("20", "50", "80", "120", "300", "500", "800", "1200", "3000"),
    "wan": ("2", "3.5", "5", "8", "12.6", "20", "45", "80", "120", "300"),
    "years": ("3", "5", "8", "10", "15", "20"),
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A generated indicator. `held` marks a phrasing that is kept for evaluation."""

    name: str
    description: str
    value: str
    labels: tuple[str, ...]
    sector: str
    family: str
    held: bool


class _Dice:
    """A stream of choices that depends on its seed text alone, on every platform."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def pick(self, items: Sequence[_T]) -> _T:
        digest = hashlib.blake2b(f"{self._seed}/{self._count}".encode(), digest_size=8).digest()
        self._count += 1
        return items[int.from_bytes(digest, "big") % len(items)]


def sectors() -> Mapping[str, Mapping[str, Any]]:
    """Return slug → vocabulary of every sector, in slug order."""
    files = sorted((ROOT / "indicators" / "frames").glob("*.yml"))
    return {path.stem: load_yaml(f"indicators/frames/{path.name}") for path in files}


def generate(slug: str, frame: Mapping[str, Any]) -> Iterator[Draft]:
    """Yield the generated indicators of one sector, each name once."""
    grammar = load_yaml("indicators/grammar.yml")
    seen: set[str] = set()
    for family in grammar["families"]:
        patterns = [(text, False) for text in family["names"]] + [(text, True) for text in family["held"]]
        usable = [(text, held) for text, held in patterns if _fillable(text, frame)]
        if not usable:
            continue
        made = 0
        for attempt in range(int(family["per_sector"]) * 4):
            if made == int(family["per_sector"]):
                break
            dice = _Dice(f"{slug}/{family['id']}/{attempt}")
            text, held = dice.pick(usable)
            draft = _draft(text, family, slug, frame, grammar["pools"], dice, held)
            if draft.name in seen or not 3 <= len(draft.name) <= 40:
                continue
            seen.add(draft.name)
            made += 1
            yield draft


def _fillable(text: str, frame: Mapping[str, Any]) -> bool:
    slots = list(_SLOT.finditer(text))
    if any(slot[1] in _COUNT_SLOTS for slot in slots) and not frame["counts"]:
        return False
    return all(_words(frame, slot) for slot in slots if slot[1] in _PLURAL)


def _slots(text: str) -> list[str]:
    return [match[1] for match in _SLOT.finditer(text)]


def _words(frame: Mapping[str, Any], slot: re.Match[str]) -> list[str]:
    """Return the sector's words for a slot, filtered by the slot's condition."""
    items = [str(item) for item in frame[_PLURAL[slot[1]]]]
    if slot[2] is None:
        return items
    wanted = slot[2] == ":"
    return [item for item in items if any(part in item for part in slot[3].split("|")) is wanted]


def _draft(
    text: str,
    family: Mapping[str, Any],
    slug: str,
    frame: Mapping[str, Any],
    pools: Mapping[str, Sequence[str]],
    dice: _Dice,
    held: bool,
) -> Draft:
    chosen: dict[str, str] = {}

    def fill(match: re.Match[str]) -> str:
        slot = match[1]
        if slot not in chosen:
            if slot in _COUNT_SLOTS:
                row = dice.pick(frame["counts"])
                chosen.update(zip(_COUNT_SLOTS, map(str, row), strict=True))
            elif slot in _PLURAL:
                chosen[slot] = dice.pick(_words(frame, match))
            elif slot in _NUMBERS:
                return dice.pick(_NUMBERS[slot])
            else:
                return expand(dice.pick(pools[slot]))
        return chosen[slot]

    def expand(pattern: str) -> str:
        return _SLOT.sub(fill, pattern)

    name = expand(text)
    # A description speaks of what the name speaks of.
    fillable = [item for item in family["descs"] if set(_slots(item)) <= {*chosen, "scope"}]
    description = expand(dice.pick(fillable)) if fillable else ""
    key = next(
        (key for key, regex in (("rates", _RATE), ("years", _YEARS)) if key in family and regex.search(name)),
        "values",
    )
    value = expand(dice.pick([item for item in family[key] if _fillable(item, frame)] or [""]))
    return Draft(name, description, value, tuple(family["labels"].split("|")), slug, family["id"], held)
