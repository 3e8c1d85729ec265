"""Word lists of the value grammar (corpora/lexicons/value_words.yml), indexed for longest match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from corpora.store import load_yaml
from nlp.fold import fold

_FILE: Final = "lexicons/value_words.yml"


@dataclass(frozen=True, slots=True)
class Tokens:
    """A word list with a value for each word."""

    values: Mapping[str, str]
    lengths: Mapping[str, tuple[int, ...]]
    longest: int

    def match(self, text: str, at: int) -> tuple[str, int] | None:
        """Return the value of the longest word that starts at `at`, and where it ends."""
        if at >= len(text):
            return None
        for size in self.lengths.get(text[at], ()):
            value = self.values.get(text[at : at + size])
            if value is not None:
                return value, min(at + size, len(text))
        return None

    def match_before(self, text: str, end: int) -> tuple[str, int] | None:
        """Return the value of the longest word that ends at `end`, and where it starts."""
        for size in range(min(self.longest, end), 0, -1):
            value = self.values.get(text[end - size : end])
            if value is not None:
                return value, end - size
        return None


def _tokens(pairs: Iterable[tuple[str, str]]) -> Tokens:
    values: dict[str, str] = {}
    lengths: dict[str, set[int]] = {}
    for word, value in pairs:
        folded = fold(word).text
        values[folded] = value
        lengths.setdefault(folded[0], set()).add(len(folded))
    ordered = {char: tuple(sorted(sizes, reverse=True)) for char, sizes in lengths.items()}
    return Tokens(MappingProxyType(values), MappingProxyType(ordered), max(map(len, values), default=0))


@dataclass(frozen=True, slots=True)
class ValueWords:
    """The lists as the grammar uses them."""

    operators: Tokens
    suffixes: Tokens
    deadlines: Tokens
    approximate: Tokens
    lead: Tokens
    per_lead: Tokens
    tail: Tokens
    nouns: Tokens
    find_lead: Tokens
    numbered_heads: Tokens
    operator_codes: Mapping[str, str]
    not_operators: frozenset[str]
    fixed_words: tuple[str, ...]
    not_after: frozenset[str]
    indefinite_units: frozenset[str]
    ambiguous_units: frozenset[str]
    grades: frozenset[str]
    grade_letters: frozenset[str]
    trend_adverbs: tuple[str, ...]
    trend_verbs: tuple[str, ...]
    trend_nouns: tuple[str, ...]
    trend_adjectives: tuple[str, ...]
    trend_words: frozenset[str]


def _by_sign(block: Mapping[str, Iterable[object]]) -> Tokens:
    return _tokens((str(word), sign) for sign, words in block.items() for word in words)


def _flat(words: Iterable[object]) -> Tokens:
    return _tokens((str(word), str(word)) for word in words)


def _longest_first(words: Iterable[object]) -> tuple[str, ...]:
    return tuple(sorted({str(word) for word in words}, key=lambda word: (-len(word), word)))


@cache
def value_words() -> ValueWords:
    """Return the word lists, read once."""
    data: Any = load_yaml(_FILE)
    return ValueWords(
        operators=_by_sign(data["operators"]),
        suffixes=_by_sign(data["suffixes"]),
        deadlines=_by_sign(data["deadlines"]),
        approximate=_flat(data["approximate"]),
        lead=_flat(data["lead"]),
        per_lead=_tokens((str(word), str(per)) for word, per in data["per_lead"].items()),
        tail=_flat(data["tail"]),
        nouns=_flat(data["nouns"]),
        find_lead=_flat(data["find_lead"]),
        numbered_heads=_flat(data["numbered_heads"]),
        operator_codes=MappingProxyType(dict(data["operator_codes"])),
        not_operators=frozenset(fold(str(word)).text for word in data["not_operators"]),
        fixed_words=_longest_first(data["fixed_words"]),
        not_after=frozenset(data["not_after"]),
        indefinite_units=frozenset(map(str, data["indefinite_units"])),
        ambiguous_units=frozenset(map(str, data["ambiguous_units"])),
        grades=frozenset(map(str, data["grades"])),
        grade_letters=frozenset(data["grade_letters"]),
        trend_adverbs=_longest_first(data["trend_adverbs"]),
        trend_verbs=_longest_first(data["trend_verbs"]),
        trend_nouns=_longest_first(data["trend_nouns"]),
        trend_adjectives=_longest_first(data["trend_adjectives"]),
        trend_words=frozenset(map(str, data["trend_words"])),
    )
