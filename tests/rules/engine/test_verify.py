"""Proof of suggestions: what is dropped, and that running only what an edit touches says the same as running all."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from models.records.document import Document
from models.records.finding import Edit, Finding, Suggestion
from rules.engine.context import DocumentContext
from rules.engine.draft import Blank, Derivation, Draft
from rules.engine.edits import apply, fill
from rules.engine.fold import fold
from rules.engine.run import run
from rules.engine.suggest import Adviser
from rules.engine.testing import document_of
from rules.engine.verify import Verifier
from service import pipeline
from tests.tools.cures import documents

PROJECT = {
    "name": "路灯检修",
    "budget": "50.00",
    "goals": ["1.检修路灯1200盏"],
    "rows": [
        {
            "level2": "数量指标",
            "name": "检修灯具数量",
            "value": "≥1200盏",
            "basis": "《年度计划》（示例〔2025〕1号）",
        },
        {
            "level2": "质量指标",
            "name": "检修验收合格率",
            "value": "≥95",
            "basis": "《验收办法》（示例〔2025〕2号）",
        },
        {
            "level2": "成本指标",
            "name": "每盏灯具检修成本",
            "value": "≤400元/盏",
            "basis": "《定额标准》（示例〔2025〕3号）",
        },
        {
            "level2": "社会效益指标",
            "name": "夜间无重大事故发生",
            "value": "≥95%",
            "basis": "《统计台账》2024年",
        },
    ],
}
VALUE = "projects[0].rows[1].value"


def _prover(document: Document) -> tuple[Verifier, tuple[Finding, ...]]:
    ruleset = pipeline.ruleset_for(None)
    ctx = DocumentContext(document)
    found = run(document, ruleset, ctx=ctx, reraise=True)
    return Verifier(ctx, ruleset, found), found


@pytest.fixture(scope="module")
def prover() -> tuple[Verifier, tuple[Finding, ...]]:
    return _prover(document_of({"project": PROJECT}))


def _finding(found: tuple[Finding, ...], code: str) -> Finding:
    return next(item for item in found if item.code == code)


def _draft(new: str, path: str = VALUE, old: str = "≥95", **rest: Any) -> Draft:
    return Draft(title="改", rationale="因", edits=(Edit(path, old, new),), **rest)


def test_a_good_edit_is_verified(prover: tuple[Verifier, tuple[Finding, ...]]) -> None:
    verifier, found = prover
    proven = verifier.prove(_draft("≥95%"), [_finding(found, "BC301")])
    assert isinstance(proven, Suggestion)
    assert proven.verification == "verified"


def test_a_blank_is_proven_by_its_probe_and_stays_open(prover: tuple[Verifier, tuple[Finding, ...]]) -> None:
    verifier, found = prover
    blank = Blank("近三年平均值", "number", "97")
    proven = verifier.prove(_draft(f"≥{blank}%", blanks=(blank,)), [_finding(found, "BC301")])
    assert isinstance(proven, Suggestion)
    assert proven.verification == "needs_input"
    assert proven.edits[0].new == "≥〔待填：近三年平均值〕%"
    assert [slot.prompt for slot in proven.slots] == ["近三年平均值"]


@pytest.mark.parametrize(
    ("draft", "why"),
    [
        pytest.param(_draft("≥98%"), "没有的数字 98", id="invented-number"),
        pytest.param(_draft("≥95%，参考〔2019〕7号"), "没有的数字", id="invented-number-in-words"),
        pytest.param(_draft("≥95起"), "仍然存在|新的问题", id="does-not-help"),
        pytest.param(_draft("≥95%", old="≥96"), "过期", id="stale"),
        pytest.param(
            _draft("≥90%", derived=(Derivation(Decimal(90), "quotient", (Decimal(180), Decimal(2))),)),
            "没有的数字 90",
            id="sum-of-numbers-nobody-filed",
        ),
        pytest.param(
            _draft(
                "≤8元/盏",
                "projects[0].rows[2].value",
                "≤400元/盏",
                derived=(Derivation(Decimal(8), "quotient", (Decimal(400), Decimal(40))),),
            ),
            "没有的数字 8",
            id="wrong-division",
        ),
        pytest.param(_draft("〔待填：甲〕", blanks=()), "待填项", id="blank-without-slot"),
        pytest.param(_draft("≥50%"), "目标降低", id="lower-floor"),
        pytest.param(
            _draft("≤1200元/盏", "projects[0].rows[2].value", "≤400元/盏"), "目标降低", id="higher-ceiling"
        ),
        pytest.param(_draft("≤95%"), "目标降低|新的问题", id="floor-into-ceiling"),
        pytest.param(Draft(title="无", rationale="", edits=()), "没有可执行的修改", id="no-edits"),
    ],
)
def test_a_bad_edit_is_dropped(draft: Draft, why: str, prover: tuple[Verifier, tuple[Finding, ...]]) -> None:
    verifier, found = prover
    proven = verifier.prove(draft, [_finding(found, "BC301")])
    assert isinstance(proven, str)
    assert any(part in proven for part in why.split("|")), proven


def test_removing_a_row_without_an_heir_is_dropped(prover: tuple[Verifier, tuple[Finding, ...]]) -> None:
    verifier, found = prover
    from rules.engine.edits import row_cells

    row = document_of({"project": PROJECT}).projects[0].rows[1]
    draft = Draft(title="删", rationale="", edits=(Edit("projects[0].rows[1]", row_cells(row), None),))
    assert verifier.prove(draft, [_finding(found, "BC301")]) == "少考核一项内容"


def test_a_heir_with_a_lower_target_is_no_heir() -> None:
    rows = [
        {"level2": "数量指标", "name": "检修灯具数量", "value": "≥800盏"},
        {"level2": "数量指标", "name": "检修灯具数量", "value": "≥1200盏"},
    ]
    document = document_of({"project": {**PROJECT, "rows": rows}})
    verifier, found = _prover(document)
    from rules.engine.edits import row_cells

    gone = Edit("projects[0].rows[1]", row_cells(document.projects[0].rows[1]), None)
    draft = Draft(title="并", rationale="", edits=(gone,), merged={1: 0})
    assert verifier.prove(draft, [_finding(found, "BC204")]) == "合并后目标降低"


def test_zero_may_be_taken_from_a_name_that_denies(prover: tuple[Verifier, tuple[Finding, ...]]) -> None:
    verifier, found = prover
    zero = (Derivation(Decimal(0), "zero"),)
    path = "projects[0].rows[3]"
    edits = (
        Edit(f"{path}.name", "夜间无重大事故发生", "夜间重大事故发生数"),
        Edit(f"{path}.value", "≥95%", "＝0起"),
    )
    good = Draft(title="改", rationale="", edits=edits, derived=zero, lifted=True)
    assert isinstance(verifier.prove(good, [_finding(found, "BC302")]), Suggestion)
    other = (Edit(VALUE, "≥95", "＝0%"),)
    assert "没有的数字 0" in str(
        verifier.prove(Draft(title="改", rationale="", edits=other, derived=zero), [])
    )


def _counts(document: Document) -> list[Counter[str]]:
    """Findings by rule: all, and those no milder than a warning, and errors."""
    found = run(document, pipeline.ruleset_for(None), reraise=True)
    return [Counter(item.code for item in found if item.severity.rank <= rank) for rank in (2, 1, 0)]


CASES = [pytest.param(document, id=label) for label, _, document in documents()]


@pytest.mark.parametrize("document", CASES)
def test_the_partial_run_says_what_a_whole_run_says(document: Document) -> None:
    """For every draft of every finding: new findings by code are the same, counted over the whole document."""
    ruleset = pipeline.ruleset_for(None)
    document = pipeline.normalised(document)
    ctx = DocumentContext(document)
    found = run(document, ruleset, ctx=ctx, reraise=True)
    adviser = Adviser(ctx, ruleset, found)
    before = _counts(document)
    for item in fold(found, document, ruleset):
        if not adviser.curable(item):
            continue
        for draft in list(adviser.drafts(item))[:3]:
            after = apply(document, fill(draft.edits, draft.probes))
            outcome = adviser.verifier.outcome(after, fill(draft.edits, draft.probes))
            grown = {code for now, then in zip(_counts(after), before, strict=True) for code in now - then}
            assert grown <= {new.code for new in outcome.new}, draft.title
