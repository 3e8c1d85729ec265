"""Metadata tells the truth: every class attribute that a user sees is complete and of a known value."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from models.records.finding import Severity
from rules.engine.base import DIMENSIONS, EngineRule, Rule
from rules.engine.docs import REQUIRED, page, render_catalogue, render_page
from rules.engine.registry import all_rules, resolve

FIXED_NAMES = [
    "unknown-category",
    "wrong-level1",
    "category-mismatch",
    "not-a-performance-indicator",
    "double-barrelled",
    "description-repeats-name",
    "value-repeats-name",
    "basis-repeats-name",
    "duplicate-indicator",
    "near-duplicate-indicator",
    "blanket-value",
    "shared-boilerplate",
    "unit-missing",
    "unit-mismatch",
    "operator-missing",
    "operator-direction",
    "rate-over-100",
    "malformed-value",
    "scale-slip",
    "inconsistent-unit",
    "not-measurable",
    "vague-wording",
    "pseudo-quantified",
    "ungraded-qualitative",
    "slogan-goal",
    "target-too-low",
    "missing-category",
    "empty-cell",
    "placeholder-text",
    "stray-characters",
    "typo-suspect",
    "basis-not-a-basis",
    "unspecific-basis",
    "numbering-gap",
    "weights-not-100",
    "cost-over-budget",
    "cost-restates-budget",
    "not-a-cost",
    "unit-cost-arithmetic",
    "circular-benefit",
    "budget-parts-mismatch",
    "spending-plan",
    "goal-indicator-conflict",
    "goal-without-indicator",
    "department-project-conflict",
    "rule-crashed",
    "unread-region",
    "unused-waiver",
]
# Rules of the handbook (3.1 to 3.6) that can be decided from the table itself or by word and unit lists.
HANDBOOK = [
    "STR-01",
    "STR-02",
    "STR-03",
    "STR-04",
    "STR-05",
    "STR-06",
    "STR-07",
    "STR-09",
    "STR-10",
    "STR-11",
    "STR-12",
    "STR-13",
    "STR-14",
    "CLS-01",
    "CLS-02",
    "CLS-04",
    "CLS-05",
    "CLS-07",
    "NAM-01",
    "NAM-03",
    "NAM-04",
    "NAM-05",
    "NAM-06",
    "NAM-07",
    "NAM-08",
    "VAL-01",
    "VAL-02",
    "VAL-03",
    "VAL-04",
    "VAL-05",
    "VAL-06",
    "VAL-07",
    "VAL-08",
    "VAL-09",
    "VAL-10",
    "VAL-11",
    "UNI-01",
    "UNI-02",
    "UNI-03",
    "UNI-04",
    "CST-01",
    "CST-02",
    "CST-03",
    "CST-04",
    "BEN-01",
    "BEN-02",
    "BEN-04",
    "BAS-01",
    "BAS-02",
    "BAS-03",
    "WGT-01",
    "WGT-02",
    "GOAL-01",
    "GOAL-02",
    "GOAL-03",
    "GOAL-05",
    "XP-01",
    "XP-02",
    "XP-03",
]
RULES = [pytest.param(entry.cls, id=code) for code, entry in all_rules().items()]
CATALOGUE = Path(__file__).resolve().parents[2] / "rules" / "CATALOGUE.md"


def test_every_fixed_name_exists() -> None:
    assert sorted(set(FIXED_NAMES) - {entry.cls.name for entry in all_rules().values()}) == []


def test_every_decidable_rule_of_the_handbook_has_its_code() -> None:
    covered = {key for entry in all_rules().values() for key in entry.cls.handbook}
    assert sorted(set(HANDBOOK) - covered) == []


@pytest.mark.parametrize("rule", RULES)
def test_metadata_is_complete(rule: type[Rule]) -> None:
    assert rule.dimension in DIMENSIONS
    assert rule.opinion_code in {str(n) for n in range(1, 12)}
    assert isinstance(rule.severity, Severity)
    assert rule.title
    assert rule.source.document
    assert rule.source.article is None or rule.source.checked_by, "no article before a person has checked it"
    assert is_dataclass(rule.Options)
    assert all(item.name not in ("enabled", "severity") for item in fields(rule.Options))
    for template in (rule.fact, rule.impact, rule.advice, rule.fold_advice):
        assert not template.endswith(("。", "；", "，")), template
        assert "！" not in template
        assert "您" not in template


@pytest.mark.parametrize("rule", RULES)
def test_page_has_its_form(rule: type[Rule]) -> None:
    parsed = page(rule)
    assert parsed.summary.endswith("。")
    assert set(REQUIRED) <= set(parsed.sections), set(REQUIRED) - set(parsed.sections)
    assert not re.search(r"第[一二三四五六七八九十百\d]+条", parsed.sections["依据"]), "no article numbers"
    if not issubclass(rule, EngineRule):
        assert parsed.bad, "a rule shows at least one 反例"
        assert parsed.good, "a rule shows at least one 正例"
    assert rule.title in render_page(rule)


def test_codes_names_and_aliases_resolve_to_one_rule() -> None:
    keys: dict[str, str] = {}
    for code, entry in all_rules().items():
        for key in (entry.cls.code, entry.cls.name, *entry.cls.aliases):
            assert keys.setdefault(key, code) == code, key
            assert resolve(key).cls is entry.cls


def test_catalogue_is_fresh() -> None:
    assert CATALOGUE.read_text(encoding="utf-8") == render_catalogue(), "run make docs"
