"""Scores: 100 points in four dimensions. The mapping is data (`corpora/scoring.yml`).

Points are taken per single finding (before folding), per rule with a rising but capped sum, so that removing any finding
never lowers a score and never worsens a conclusion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from types import MappingProxyType

from corpora.store import load_yaml
from models.records.finding import Finding, Severity
from models.records.report import Deduction, ProjectScore
from rules.engine.paths import split_path

SCORING = "scoring.yml"


@dataclass(frozen=True, slots=True)
class Scoring:
    """The mapping: points per dimension, per severity, how repeats count, grade bounds and conclusions."""

    dimensions: Mapping[str, Decimal]
    questions: Mapping[str, str]
    points: Mapping[Severity, Decimal]
    repeat_share: Decimal
    """Share of the points that each further hit of the same rule costs."""
    max_hits: int
    grades: tuple[tuple[str, Decimal, str], ...]
    """(grade, lower bound, conclusion), best first."""
    error_grade_cap: str
    """Best conclusion that a table with an error can get."""
    unscored: frozenset[str]
    """Codes that cost nothing (they speak of the check, not of the table)."""


@cache
def scoring() -> Scoring:
    """Return the shipped mapping."""
    data = load_yaml(SCORING)
    return Scoring(
        dimensions=MappingProxyType({k: Decimal(str(v["points"])) for k, v in data["dimensions"].items()}),
        questions=MappingProxyType({k: str(v["question"]) for k, v in data["dimensions"].items()}),
        points=MappingProxyType({Severity(k): Decimal(str(v)) for k, v in data["points"].items()}),
        repeat_share=Decimal(str(data["repeat_share"])),
        max_hits=int(data["max_hits"]),
        grades=tuple((g["grade"], Decimal(str(g["from"])), g["conclusion"]) for g in data["grades"]),
        error_grade_cap=str(data["conclusion_with_error"]),
        unscored=frozenset(data["unscored"]),
    )


def score_projects(findings: Iterable[Finding], count: int) -> tuple[ProjectScore, ...]:
    """Return one score per project from single, unfolded findings."""
    per_project: dict[int, list[Finding]] = defaultdict(list)
    for finding in findings:
        project = split_path(finding.location.path).project
        if project is not None:
            per_project[project].append(finding)
    return tuple(score_one(per_project[i]) for i in range(count))


def score_one(findings: Iterable[Finding]) -> ProjectScore:
    """Return the score of one project from its single findings."""
    mapping = scoring()
    hits: dict[tuple[str, str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.code not in mapping.unscored:
            hits[finding.dimension, finding.code, finding.name].append(finding)
    deductions = tuple(
        Deduction(code=code, name=name, dimension=dimension, count=len(items), points=_points(items))
        for (dimension, code, name), items in sorted(hits.items(), key=lambda item: item[0])
    )
    left: dict[str, Decimal] = {}
    for dimension, full in mapping.dimensions.items():
        lost = sum((d.points for d in deductions if d.dimension == dimension), Decimal(0))
        left[dimension] = max(Decimal(0), full - lost)
    total = _rounded(sum(left.values(), Decimal(0)))
    has_error = any(item.severity is Severity.ERROR for items in hits.values() for item in items)
    grade, conclusion = _grade(total, has_error=has_error)
    return ProjectScore(
        score=total,
        grade=grade,
        dimensions=MappingProxyType(
            {name: _rounded(left[name] * 100 / full) for name, full in mapping.dimensions.items()}
        ),
        conclusion=conclusion,
        deductions=deductions,
    )


def _points(items: list[Finding]) -> Decimal:
    """Gravest hits first at full price, each further one at `repeat_share`, at most `max_hits` counted."""
    mapping = scoring()
    prices = sorted((mapping.points[item.severity] for item in items), reverse=True)[: mapping.max_hits]
    return prices[0] + sum(prices[1:], Decimal(0)) * mapping.repeat_share


def _grade(total: Decimal, *, has_error: bool) -> tuple[str, str]:
    mapping = scoring()
    for grade, bound, conclusion in mapping.grades:
        if total >= bound:
            best = mapping.grades[0][2]
            if has_error and conclusion == best:
                return grade, mapping.error_grade_cap
            return grade, conclusion
    raise AssertionError("the last grade starts at 0")


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
