"""Figures in a text, stricter than the number check of the engine: Chinese numerals and 万, 亿, % count too."""

from __future__ import annotations

import re
from typing import Final

from nlp.text import normalise

_COMMA: Final = re.compile(r"(?<=\d),(?=\d{3})")
_CONSTANT: Final = re.compile(r"[×x*]100%")
_ARABIC: Final = re.compile(r"\d+(?:\.\d+)?[%‰万亿千百十]*")
_COUNTED: Final = "个名人次项年月日天周户家所件套台场期轮批篇份亩辆座处条张倍成折番元岁届村镇县米吨斤升"
_CHINESE: Final = re.compile(
    rf"[零〇两一二三四五六七八九十百千万亿]{{2,}}|[两一二三四五六七八九十半][{_COUNTED}]"
    r"|[零〇一二三四五六七八九十百千万]分之[零〇一二三四五六七八九十百千万]*"
    r"|[一大小多过对折减]半|半数|翻[番倍]|加倍|成倍|减少?一半|[壹贰叁肆伍陆柒捌玖拾佰仟廿卅]+"
)
_HOUSE: Final = re.compile("近三年|近两年|近五年")
"""Sources of a number that the tool itself names in its blanks."""


def figures(text: str) -> frozenset[str]:
    """Return the figures of a text in one spelling: 「1,200人」 → 1200, 「5万人」 → 5万, 「三成」 → 三成."""
    plain = _COMMA.sub("", normalise(_HOUSE.sub("", text)))
    plain = _CONSTANT.sub("", plain)
    return frozenset(_ARABIC.findall(plain)) | frozenset(_CHINESE.findall(plain))
