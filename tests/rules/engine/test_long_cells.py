"""The work on a cell grows with its length and not with the square of it; counted in calls, so that no clock decides."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from models.records.document import Document
from rules.checks.bc505_typo_suspect import RULE as TYPOS
from rules.engine.profile import load_profile
from rules.engine.ruleset import build
from rules.engine.run import run, with_schemes
from rules.engine.testing import build_document, findings_of

LENGTH = 1500
CELLS = ("name", "description", "value", "basis", "goal", "purpose")
TEXTS = (
    "≥95%",
    "完成率",
    "1",
    "（",
    "、",
    "(1)",
    "完成1件",
    "培训群众20人次，满意度达到95%以上；",
    "比上年",
    "优良",
    "的的",
)


def _document(cell: str, text: str) -> Document:
    row = {
        "level2": "数量指标",
        "name": "培训人次",
        "description": "参加培训的人次",
        "value": "≥100人次",
        "basis": "工作计划",
    }
    project = {
        "name": "农民培训经费",
        "budget": "100.00",
        "goals": [text if cell == "goal" else "培训农民100人次。"],
        "purpose": text if cell == "purpose" else "用于农民培训",
        "rows": [row | {cell: text} if cell in row else row],
    }
    return with_schemes(build_document({"projects": [project]}), "cn2015")


def _calls(document: Document) -> int:
    """Return how many calls, of Python and of C functions, a check of the document makes."""
    ruleset = build(load_profile())
    count = 0

    def note(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        run(document, ruleset, reraise=True)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("text", TEXTS)
def test_twice_the_text_is_at_most_twice_the_work(cell: str, text: str) -> None:
    # Each begins with a word of its own, so that no text finds the other's answers in a cache.
    warm, first, second = (
        word + (text * LENGTH)[:size]
        for word, size in (("村道", LENGTH), ("桥梁", LENGTH), ("水渠", 2 * LENGTH))
    )
    # Word lists and patterns are made on first use; a run beforehand keeps them out of the count.
    _calls(_document(cell, warm))
    assert _calls(_document(cell, second)) < 2.5 * _calls(_document(cell, first))


def test_a_cell_full_of_typing_errors_tells_how_many_are_not_listed() -> None:
    case = {"document": {"projects": [{"name": "水库加固", "goals": ["做好防讯工作。" * 30]}]}}
    found = findings_of(TYPOS, case)
    assert len(found) == 20
    assert ["另有 10 处" in item.message for item in found] == [False] * 19 + [True]
