"""Scores: bounds, mapping and monotony."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from models.records.finding import Basis, Finding, Location, Severity, Wording
from rules.engine.base import DIMENSIONS
from rules.engine.score import score_one, scoring

ORDER = {"通过": 2, "完善后通过": 1, "不通过": 0}


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    number = draw(st.integers(0, 30))
    return Finding(
        code=f"BC{100 + number}",
        name=f"rule-{number}",
        severity=draw(st.sampled_from(Severity)),
        wording=Wording("事实", "影响", "依据", "建议"),
        location=Location("projects[0]"),
        basis=Basis("数据逻辑"),
        dimension=DIMENSIONS[number % 4],
        opinion_code="11",
    )


@given(st.lists(findings(), max_size=60), st.data())
def test_fixing_a_finding_never_lowers_a_score(items: list[Finding], data: st.DataObject) -> None:
    before = score_one(items)
    assert Decimal(0) <= before.score <= 100
    if not items:
        assert (before.score, before.grade, before.conclusion) == (Decimal("100.0"), "优", "通过")
        return
    gone = data.draw(st.integers(0, len(items) - 1))
    after = score_one(items[:gone] + items[gone + 1 :])
    assert after.score >= before.score
    assert all(after.dimensions[name] >= before.dimensions[name] for name in DIMENSIONS)
    assert ORDER[after.conclusion] >= ORDER[before.conclusion]


def test_an_error_keeps_a_table_from_passing() -> None:
    item = Finding(
        code="BC301",
        name="unit-missing",
        severity=Severity.ERROR,
        wording=Wording("事实", "影响", "依据", "建议"),
        location=Location("projects[0]"),
        basis=Basis("数据逻辑"),
        dimension="适当性",
        opinion_code="4",
    )
    score = score_one([item])
    assert score.grade == "优"
    assert score.conclusion == "完善后通过"
    assert sum(d.points for d in score.deductions) == 100 - score.score


def test_the_mapping_covers_every_dimension_and_sums_to_100() -> None:
    assert tuple(scoring().dimensions) == DIMENSIONS
    assert sum(scoring().dimensions.values()) == 100
    assert scoring().grades[-1][1] == 0
