"""Values in words: grade lists (优/良/中/差) and trend or degree words (逐年提升, 效果明显)."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final

from nlp.lexicon import any_of
from nlp.valuewords import value_words

_SEPARATOR = re.compile(r"[/\\|、,，;；或→·\s]|\d[.、)]")
_BRACKET = re.compile(r"\([^()]{0,40}\)")
_FIGURE = re.compile(r"[0-9]")
_MAX_TEXT: Final = 120
_NAMED_DEADLINE: Final = re.compile(
    r"^[≤<]?(?:每年|当年|次年|本年)?@(?:来临|开始|到来)?(?:之前|以前|前)(?:\w{0,2}(?:完成|到位|发放|入库|交付))?$"
)


def grades_of(folded: str) -> tuple[str, ...]:
    """Return the grades when the whole value is a list of at least two grade words, otherwise nothing."""
    if not 2 <= len(folded) <= _MAX_TEXT:
        return ()
    words = value_words()
    bare = _BRACKET.sub("", folded).strip("。.;；")
    parts = [part.lstrip("和及") for part in _SEPARATOR.split(bare) if part]
    if len(parts) >= 2:
        known = all(part in words.grades for part in parts)
        return tuple(parts) if known and len(set(parts)) == len(parts) else ()
    if 3 <= len(bare) <= 5 and set(bare) <= words.grade_letters and len(set(bare)) == len(bare):
        return tuple(bare)
    return ()


@cache
def _pattern() -> re.Pattern[str]:
    words = value_words()
    adverbs = "|".join(words.trend_adverbs)
    verbs = "|".join(words.trend_verbs)
    nouns = "|".join(words.trend_nouns)
    adjectives = "|".join(words.trend_adjectives)
    return re.compile(
        rf"(?:{adverbs}){{1,3}}(?:地|的|得到|有|实现)?(?:{verbs}){{1,2}}"
        rf"|(?:{nouns})(?:{adverbs}){{0,2}}(?:{adjectives})"
        rf"|(?:得到|有所|有|较为)(?:{adverbs})?(?:{verbs}|{adjectives})"
    )


def trend_of(folded: str) -> str | None:
    """Return the trend or degree words of a value in words; None where there are none, or figures."""
    bare = folded.strip("。.,;；!")
    if not bare or len(bare) > _MAX_TEXT or _FIGURE.search(bare):
        return None
    if bare in value_words().trend_words:
        return bare
    match = _pattern().search(bare)
    return match[0] if match is not None else None


@lru_cache(maxsize=4096)
def is_named_deadline(value: str) -> bool:
    """Whether a normalised value is a deadline tied to a day or season that everybody knows (春节前, 主汛期前)."""
    return _NAMED_DEADLINE.search(any_of("time_words", "known_days").sub("@", value)) is not None
