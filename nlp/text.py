"""Texts as people file them: for comparing, for display, without prefixes and residue."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from nlp import units
from nlp.fold import is_blank, normalise, normalise_with_map

__all__ = ["clean", "core_name", "is_not_applicable", "normalise", "normalise_with_map", "strip_prefix"]

_BOOKMARK = re.compile(r"\[bookmark:[^\]\n]{0,200}\]", re.IGNORECASE)
_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")

_CN: Final = "一二三四五六七八九十百"
# Numbering must not eat a figure: 「1.5万元」 and 「3、5月」 keep their digits, so a digit may not follow.
_PREFIX = re.compile(
    rf"""\s*(?:
        [★☆*＊※●○◆◇■□▲△➤•·]+
      | (?:三级)?(?:绩效)?指标\s*[0-9０-９{_CN}]{{1,3}}\s*[:：、.．]
      | [（(]\s*(?:[0-9０-９]{{1,2}}|[{_CN}]{{1,3}})\s*[）)]
      | (?:[0-9０-９]{{1,2}})\s*(?:[.．、)）]|\s(?=\D))(?![0-9０-９])
      | [{_CN}]{{1,3}}\s*[、.．]
      | [①-⑳⑴-⒇⒈-⒛㈠-㈩]
    )\s*""",
    re.VERBOSE,
)
_LONGEST_BRACKET: Final = 60
_VALUE_ONLY = re.compile(r"[≥≤<>=≮≯]{0,2}[0-9.,*%‰~\-]*(?P<unit>\D{0,6})")
_FORMULA = re.compile(r"[=×÷]|[^/]{2,}/[^/]{2,}|公式|计算")

_WHOLE_FILLERS: Final = frozenset(
    {"无", "暂无", "无内容", "不设置", "n/a", "na", "/", "//", "-", "--", "---"}
)
_NOT_APPLICABLE = re.compile(
    r"(?:本项目|本项|项目)?(?:不适用|不涉及|不设置?|无)(?:此|该|本|相关|对应)?(?:项|类|方面)?(?:绩效)?(?:指标|内容)?"
    r"|(?:此|该|本)(?:项|类)?(?:指标)?(?:对本项目)?(?:不适用|不涉及)"
)


def clean(text: str) -> str:
    """Return the text for display: no control or zero-width characters, no `[bookmark: …]`, trimmed.

    Single line breaks inside the text stay; runs of line breaks become one.
    """
    if "[" in text:
        text = _BOOKMARK.sub("", text)
    if not text.isprintable() or "\u3000" in text:
        # Split and strip instead of one pattern: blanks before a break would make it quadratic on long blank runs.
        lines = (line.strip(" \u3000\t") for line in _BREAK.split(text))
        text = "\n".join(line for line in lines if line).replace("\t", " ")
        text = "".join(char for char in text if char == "\n" or char.isspace() or not is_blank(char))
    return text.strip()


@lru_cache(maxsize=16384)
def strip_prefix(name: str) -> str:
    """Return the name without 指标n:, ★, * and leading numbering; an all-prefix name stays."""
    rest = name
    for _ in range(6):
        match = _PREFIX.match(rest)
        if match is None or match.end() == len(rest):
            break
        rest = rest[match.end() :]
    return rest.strip()


def _says_only_value(inner: str) -> bool:
    """Whether the content of a trailing bracket is a value, a placeholder, a unit or a formula."""
    if not inner or _FORMULA.search(inner):
        return True
    match = _VALUE_ONLY.fullmatch(inner)
    if match is None:
        return False
    unit = match["unit"]
    return not unit or unit in {"以上", "以内", "以下"} or units.lookup(unit) is not None


@lru_cache(maxsize=16384)
def core_name(name: str) -> str:
    """Return the name for comparing, without prefixes and trailing brackets that hold only a value."""
    core = normalise(strip_prefix(name))
    while core.endswith(")"):
        start = core.rfind("(")
        inner = core[start + 1 : -1]
        if start < 1 or ")" in inner or len(inner) > _LONGEST_BRACKET or not _says_only_value(inner):
            break
        core = core[:start]
    return core


def is_not_applicable(text: str) -> bool:
    """Whether a text only says that the row does not apply (不适用, 不涉及, a lone 无 or dash)."""
    if len(text) > 40:
        return False
    folded = normalise(text).rstrip("。.,;；，")
    return folded in _WHOLE_FILLERS or _NOT_APPLICABLE.fullmatch(folded) is not None
