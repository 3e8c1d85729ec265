"""Chinese words, by jieba with the dictionary of this field. `rjieba`, where installed, gives the same words faster."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from functools import cache, lru_cache
from importlib.util import find_spec

from corpora.store import path_of

# The engines differ only in figures with hyphens (0-6岁), so figures, letters and marks are cut here.
_RUNS = re.compile(r"[\u3400-\u9fff]+|[a-z]+|[0-9.]+|.", re.IGNORECASE | re.DOTALL)
_HAN = re.compile(r"[\u3400-\u9fff]")

DICTIONARY = "dictionary.txt"
"""One word a line: word, frequency. Added to jieba's own dictionary."""


@cache
def _jieba() -> Callable[[str], list[str]]:
    import jieba

    # jieba reports its start on standard error; a private tokenizer leaves the global one of other users alone.
    jieba.setLogLevel(logging.ERROR)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    for word, frequency in _own_words():
        tokenizer.add_word(word, frequency)
    return tokenizer.lcut  # type: ignore[no-any-return]


@cache
def _rjieba() -> Callable[[str], list[str]]:
    import rjieba

    tokenizer = rjieba.Jieba()
    for word, frequency in _own_words():
        tokenizer.add_word(word, frequency, None)
    return lambda text: list(tokenizer.cut(text))


@cache
def _own_words() -> tuple[tuple[str, int], ...]:
    lines = path_of(DICTIONARY).read_text(encoding="utf-8").splitlines()
    pairs = (line.split() for line in lines if line and not line.startswith("#"))
    return tuple((word, int(frequency)) for word, frequency in pairs)


@cache
def engine() -> str:
    """Return the name of the tokenizer in use."""
    return "rjieba" if find_spec("rjieba") is not None else "jieba"


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """Return the words of a normalised text, in order; joined they are the text."""
    cut = _rjieba() if engine() == "rjieba" else _jieba()
    return tuple(word for run in _RUNS.findall(text) for word in (cut(run) if _HAN.match(run) else [run]))
