"""The real department file in five formats gives the same document (skipped where ../shared is absent)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from models.records.document import ROW_FIELDS, Document
from service.ingest.load import load
from service.settings import Limits

SEED = Path(__file__).resolve().parents[4] / "shared" / "seed"
pytestmark = pytest.mark.skipif(not SEED.is_dir(), reason="样本文件 ../shared/seed 不在本机")


def _read(suffix: str) -> Document:
    path = SEED / f"xinglong.{suffix}"
    return load(path.read_bytes(), name=path.name, limits=Limits())


def _texts(document: Document) -> list[Any]:
    out: list[Any] = []
    for project in document.projects:
        budget = project.budget
        out.append(
            (
                [getattr(project, key).text for key in ("title", "code", "name", "department")],
                [amount.amount if amount else None for amount in (budget.total, budget.fiscal, budget.other)],
                (budget.unit, budget.purpose.text),
                [(point.label.text, point.percent.amount) for point in project.plan],
                [goal.text for goal in project.goals],
                sorted(project.absent),
            )
        )
        for row in project.rows:
            cells = [row.cell(field) for field in ROW_FIELDS]
            out.append(
                (
                    [cell.text if cell is not None else None for cell in cells],
                    sorted(row.absent),
                    dict(row.extra),
                )
            )
    return out


@pytest.mark.parametrize("suffix", ["txt", "docx", "xlsx", "pdf", "doc"])
def test_fourteen_projects_and_113_rows_cell_for_cell(suffix: str) -> None:
    document = _read(suffix)
    assert len(document.projects) == 14
    assert sum(len(project.rows) for project in document.projects) == 113
    assert document.problems == ()
    assert _texts(document) == _texts(_read("docx"))


@pytest.mark.parametrize("suffix", ["txt", "docx", "pdf", "doc"])
def test_part_one_is_read(suffix: str) -> None:
    department = _read(suffix).department
    assert department is not None
    assert [item.number for item in department.items] == [
        f"（{n}）"
        for n in ["一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十三", "十四"]
    ]
    glued = department.items[6]
    assert (glued.name.text, glued.goal.text[:2]) == ("专项经费", "保证")
    assert all(item.indicator for item in department.items)
    assert department.measures


def test_importer_residue_stays_in_raw_only() -> None:
    project = _read("txt").projects[12]
    assert "bookmark" not in project.name.text
    assert project.name.raw is not None
    assert "bookmark" in project.name.raw
    assert replace(project.name, raw=None, source=None) == replace(
        _read("docx").projects[12].name, source=None
    )


def test_budgets_sum_up_and_lines_are_kept() -> None:
    document = _read("txt")
    totals = [project.budget.total.amount for project in document.projects if project.budget.total]
    assert str(sum(amount for amount in totals if amount is not None)) == "287.52"
    source = document.projects[7].rows[3].name.source
    assert source is not None
    assert source.line == 867
