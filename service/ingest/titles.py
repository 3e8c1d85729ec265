"""Titles of tables and documents, and the fiscal year they state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from models.records.document import EMPTY, Cell
from nlp.text import clean

_TABLE: Final = re.compile(
    r"[^。；;]{0,50}绩效目标[^。；;]{0,8}表\s*(?:[（(][^（）()]*[)）])?\s*$|[^。；;]{2,40}绩效目标(?:情况)?\s*$"
    r"|[^。；;]{0,40}绩效(?:目标)?(?:自评|申报|监控)表\s*(?:[（(][^（）()]*[)）])?\s*$"
)
_SECTION: Final = re.compile(
    r"(?:第[一二三四五六七八九十\d]+部分\s*)?(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[)）])?\s*"
    r"(?:部门整体(?:支出)?|预算项目|项目(?:支出)?|总体|分项|年度|整体)(?:预算)?绩效目标(?:情况)?\s*$"
)
_WHOLE: Final = re.compile(
    r"(?:部门|单位)(?:[（(]单位[)）])?(?:整体)?(?:支出)?(?:预算)?(?:项目)?绩效目标(?:情况|文本|公开)?\s*$"
)
"""Titles of a whole department file (「…2027年部门预算绩效目标」)."""
_NUMBERED: Final = re.compile(
    r"^\s*(?:\d{1,3}\s*[.、．]|[（(]\d{1,3}[)）]|附[件表]?\s*\d*[-—\d]*\s*[:：]?)\s*"
)
_AFFIX: Final = re.compile(
    r"(?:\d{4}\s*年(?:度)?)?(?P<name>.*?)(?:预算)?(?:项目)?(?:支出)?绩效(?:目标)?(?:申报|批复|公开|自评|情况)?表?\s*"
    r"(?:[（(][^（）()]*[)）])?\s*$"
)
_YEAR: Final = re.compile(r"(?<!\d)(20\d{2})\s*年\s*(?:度|部门|单位|预算|项目|本级|县级|市级)")


def is_table_title(text: str) -> bool:
    """Whether a line is the title of one project table (「3.道路养护经费绩效目标表」)."""
    shown = clean(text)
    if len(shown) > 80 or "\n" in shown or _SECTION.match(shown) or _WHOLE.search(shown):
        return False
    return bool(_TABLE.match(shown))


def name_from_title(title: Cell) -> Cell:
    """Return the project name that a title speaks of, for layouts without a name cell; EMPTY for a bare form name."""
    bare = _NUMBERED.sub("", title.text)
    match = _AFFIX.match(bare)
    name = match["name"].strip() if match is not None else ""
    if len(name) < 2 or name in ("预算", "部门", "项目", "部门预算", "部门整体", "财政", "专项资金"):
        return EMPTY
    return Cell(name, title.source)


def document_title(paragraphs: Iterable[Cell]) -> Cell:
    """Return the first paragraph that reads like the title of the whole file."""
    for cell in paragraphs:
        text = cell.text
        if not 4 <= len(text) <= 60 or re.search(
            r"[。；;，,：:]|^目\s*录$|^第[一二三四五六七八九十]+部分$", text
        ):
            continue
        if re.match(r"[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[)）]|\d{1,2}[.、．]", text):
            continue
        if re.search(r"绩效|预算|申报|目标", text):
            return cell
    return EMPTY


def fiscal_year(texts: Iterable[str]) -> int | None:
    """Return the fiscal year where titles state exactly one (「2024年度」), otherwise None."""
    years = {int(match[1]) for text in texts for match in _YEAR.finditer(clean(text))}
    return years.pop() if len(years) == 1 else None
