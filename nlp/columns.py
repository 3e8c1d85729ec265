"""Names of level 1 as forms print them (`corpora/schemes/columns.yml`). Header columns are the assembler's."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from corpora.store import load_yaml
from nlp.text import normalise

_NOTE: Final = re.compile(r"[(（\[【〔]([^()（）\[\]【】〔〕]*)[)）\]】〕]")
_MARKS: Final = re.compile(r"^[*★☆]+|[*★☆:：]+$")


def is_level1_name(text: str) -> bool:
    """Whether a cell holds a level-1 name, with or without points (产出指标（50分）)."""
    return _key(text) in _level1_names()


def _key(text: str) -> str:
    """Return a label ready to compare: normalised, without bracket notes, stars and colons."""
    key = _MARKS.sub("", normalise(text))
    bare = _NOTE.sub("", key)
    return _MARKS.sub("", bare or key)


@cache
def _level1_names() -> frozenset[str]:
    return frozenset(_key(str(name)) for name in load_yaml("schemes/columns.yml")["level1_names"])
