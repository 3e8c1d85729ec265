"""On the real file: the handbook's example rows for D and L rules are found, and the must-not rules are silent.

Rows are named by the line of their level-2 cell in the text dump, as the handbook does. Skipped where ../shared is absent.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from models.records.report import Report
from rules.engine.paths import split_path
from service import pipeline
from service.settings import Limits

SEED = Path(__file__).resolve().parents[3] / "shared" / "seed" / "xinglong.txt"
pytestmark = pytest.mark.skipif(not SEED.is_file(), reason="样本文件 ../shared/seed 不在本机")

ROWS: dict[str, str] = {
    "near-duplicate-indicator": "642 649 1370 1412 1055 1097 530 572 845 887",
    "input-as-target": "880 551",
    "category-mismatch": "1517 642 1062 670",
    "wrong-level1": "453 460",
    "not-a-performance-indicator": "110 1167 985",
    "double-barrelled": "432 887 250",
    "same-name-two-classes": "362 1307 1083 1398 677 978 957 1069 964 1076",
    "value-in-name": "",
    "vague-wording": "159 138 1293 1503",
    "respondent-unnamed": "789 1209 1524 369 159",
    "not-measurable": "103 110 131 138 159 334 348 355 467 1272 677",
    "value-repeats-name": "138 334 348 355 467",
    "ungraded-qualitative": "159 131",
    "pseudo-quantified": "677 362 1083 1398 1307 558",
    "rate-over-100": "775 1167 1489",
    "operator-direction": "341 446 852 1286 1391 1496 124",
    "malformed-value": "1279",
    "operator-missing": "215 229 236 551 761",
    "operator-form": "341 572 579 1104 1174",
    "target-too-low": "845",
    "unit-missing": "117 124 145 152 425 446 852 866 880",
    "unit-mismatch": "229 866 964 544 1300",
    "scale-slip": "1286 1496",
    "cost-restates-budget": "446 551 852 1286 1391 1496 229 866 880",
    "cost-over-budget": "341",
    "not-a-cost": "341 446 551 761 971 1286 1391 656 1076 1167",
    "circular-benefit": "565 1090 1405 880",
    "basis-not-a-basis": "",
    "goal-indicator-conflict": "1055",
    "department-project-conflict": "950 845 1475",
    "typo-suspect": "572",
}
COUNTS = {
    "description-repeats-name": 106,
    "unspecific-basis": 105,
    "blanket-value": 49,
    "basis-kind-mismatch": 13,
}
ANYWHERE = {
    "stray-characters": ("projects[1].name", "projects[12].name"),
    "slogan-goal": ("department.items[12]",),
    "numbering-gap": ("department.items[11]", "projects[6]"),
    "goal-without-indicator": ("projects[3].goals[1]",),
    "spending-plan": ("projects[0].plan", "projects[13].plan"),
    "placeholder-text": ("projects[0].goals[0]", "projects[12].goals[2]"),
    "typo-suspect": ("projects[2].goals[2]", "projects[8].goals[1]", "projects[7].goals[1]"),
    "basis-repeats-name": ("projects[2].rows[",),
    "basis-not-a-basis": ("projects[2].rows[",),
}


@cache
def _report() -> Report:
    return pipeline.check_bytes(
        SEED.read_bytes(), name=SEED.name, options=pipeline.CheckOptions(), limits=Limits()
    )


def _paths(name: str) -> set[str]:
    return {
        location.path
        for item in _report().findings
        if item.name == name
        for location in (item.location, *item.related)
    }


def _line_of(path: str) -> int | None:
    where = split_path(path)
    if where.project is None or where.row is None:
        return None
    source = _report().document.projects[where.project].rows[where.row].level2.source
    return source.line if source else None


@pytest.mark.parametrize("name", [name for name, lines in ROWS.items() if lines])
def test_example_rows_are_found(name: str) -> None:
    found = {_line_of(path) for path in _paths(name)}
    assert {int(line) for line in ROWS[name].split()} - found == set()


@pytest.mark.parametrize("name", COUNTS)
def test_systematic_defects_fold_and_list_their_rows(name: str) -> None:
    rows = {path.rsplit(".", 1)[0] for path in _paths(name) if ".rows[" in path}
    assert len(rows) >= COUNTS[name]
    assert sum(1 for item in _report().findings if item.name == name) <= 15


@pytest.mark.parametrize("name", ANYWHERE)
def test_examples_outside_rows_are_found(name: str) -> None:
    paths = _paths(name)
    for prefix in ANYWHERE[name]:
        assert any(path.startswith(prefix) for path in paths), (prefix, sorted(paths))


def test_rules_that_must_not_exist_are_silent() -> None:
    report = _report()
    texts = [item.message for item in report.findings]
    assert not any(
        "708元" in text and item.name == "scale-slip"
        for item, text in zip(report.findings, texts, strict=True)
    )
    assert not any("生态" in item.wording.fact for item in report.findings if item.name == "missing-category")
    assert not any(
        "可持续" in item.wording.fact for item in report.findings if item.name == "missing-category"
    )
    assert not any(item.name == "too-few-indicators" for item in report.findings)
    assert not any(item.name == "weights-not-100" for item in report.findings)


def test_at_most_eight_findings_are_shown_per_table() -> None:
    shown: Counter[int] = Counter()
    for item in _report().findings:
        where = split_path(item.location.path)
        if where.project is not None and item.display.state == "shown":
            shown[where.project] += 1
    assert max(shown.values()) <= 8


def test_formats_give_the_same_findings() -> None:
    def lines(suffix: str) -> list[tuple[str, str, str]]:
        path = SEED.with_suffix(suffix)
        report = pipeline.check_bytes(
            path.read_bytes(), name=path.name, options=pipeline.CheckOptions(), limits=Limits()
        )
        return [(f.code, f.location.path, f.message) for f in report.findings if f.code != "BC504"]

    assert lines(".docx") == lines(".pdf") == lines(".txt")
