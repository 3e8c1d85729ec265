"""Gold documents: exact findings and scores; the clean project stays clean and loses exactly what is taken from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from models.records.document import EMPTY, AmountCell, Cell, Document, Indicator, Project
from models.records.finding import Severity
from service import pipeline
from service.settings import Limits
from tests.tools.build_sample import build_docx, build_xlsx
from tests.tools.update_gold import findings_of

ROOT = Path(__file__).resolve().parents[2]
GOLD = sorted((ROOT / "corpora" / "gold").glob("*.yml"))
SAMPLES = ROOT / "corpora" / "samples"


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.stem)
def test_gold_document(path: Path) -> None:
    gold = yaml.safe_load(path.read_text(encoding="utf-8"))
    source = ROOT / gold["source"]
    found = findings_of(source.read_bytes(), source.name)
    assert found["findings"] == gold["findings"]
    assert found["scores"] == gold["scores"]


def test_samples_are_built_from_their_source() -> None:
    data = yaml.safe_load((SAMPLES / "sample.yml").read_text(encoding="utf-8"))
    assert (SAMPLES / "sample.docx").read_bytes() == build_docx(data)
    assert (SAMPLES / "sample.xlsx").read_bytes() == build_xlsx(data)


def _clean() -> Document:
    data = (SAMPLES / "sample.docx").read_bytes()
    document = pipeline.load(data, name="sample.docx", limits=Limits())
    return replace(document, department=None, projects=document.projects[:1])


def _grave(document: Document) -> list[tuple[str, str]]:
    report = pipeline.check(document, pipeline.CheckOptions())
    return [(item.name, item.location.path) for item in report.findings if item.severity is not Severity.INFO]


def test_the_clean_project_has_no_error_and_no_warning() -> None:
    assert _grave(_clean()) == []


def _row(document: Document, index: int, **cells: Cell) -> Document:
    project = document.projects[0]
    rows: list[Indicator] = list(project.rows)
    rows[index] = replace(rows[index], **cells)  # type: ignore[arg-type]
    return replace(document, projects=(replace(project, rows=tuple(rows)),))


def _budget(document: Document, **parts: AmountCell | None) -> Document:
    project: Project = document.projects[0]
    return replace(document, projects=(replace(project, budget=replace(project.budget, **parts)),))  # type: ignore[arg-type]


REMOVALS: dict[str, tuple[Callable[[Document], Document], list[tuple[str, str]]]] = {
    "name": (lambda d: _row(d, 0, name=EMPTY), [("empty-cell", "projects[0].rows[0].name")]),
    "value": (lambda d: _row(d, 1, value=EMPTY), [("empty-cell", "projects[0].rows[1].value")]),
    "unit": (lambda d: _row(d, 0, value=Cell("≥120")), [("unit-missing", "projects[0].rows[0].value")]),
    "percent sign": (
        lambda d: _row(d, 1, value=Cell("≥85")),
        [("unit-missing", "projects[0].rows[1].value")],
    ),
    "fiscal part": (
        lambda d: _budget(d, fiscal=AmountCell(Cell("30.00"), Decimal("30.00"))),
        [("budget-parts-mismatch", "projects[0].budget.total")],
    ),
}


@pytest.mark.parametrize("case", REMOVALS)
def test_removing_one_thing_gives_exactly_its_finding(case: str) -> None:
    damage, expected = REMOVALS[case]
    assert _grave(damage(_clean())) == expected
