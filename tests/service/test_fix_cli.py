"""`biaochi fix`, `biaochi suggest` and the preview, through the surfaces that people use."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from models.records.finding import Severity
from rules.engine.testing import document_of
from service import fixing, pipeline
from service.errors import InputError
from service.settings import Limits
from tests.service.test_cli import run

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "corpora" / "samples"


def _report(data: bytes) -> dict[str, Any]:
    done = run("check", "-", "--format", "json", stdin=data)
    assert done.returncode in (0, 1), done.stderr.decode()
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def _grave(report: dict[str, Any]) -> int:
    return sum(item["severity"] != "info" for item in report["findings"])


def test_fix_writes_a_document_that_check_reads_and_a_list_of_changes(tmp_path: Path) -> None:
    out = tmp_path / "改后.json"
    done = run("fix", str(SAMPLES / "sample.docx"), "-o", str(out))
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout == b""
    before = json.loads(run("check", str(SAMPLES / "sample.docx"), "--format", "json").stdout)
    after = _report(out.read_bytes())
    assert _grave(after) < _grave(before)
    book = openpyxl.load_workbook(tmp_path / "改后_修改清单.xlsx")
    assert book.sheetnames == ["修改清单", "修改理由", "尚需填写"]
    rows = list(book["修改清单"].iter_rows(min_row=4, values_only=True))
    assert rows
    assert all(row[3] != row[4] for row in rows)
    again = tmp_path / "再改.json"
    assert run("fix", str(out), "-o", str(again)).returncode == 0
    assert json.loads(again.read_bytes())["document"] == json.loads(out.read_bytes())["document"]


@pytest.mark.parametrize("kind", ["docx", "xlsx"])
def test_fix_writes_into_the_cells_of_the_original(kind: str, tmp_path: Path) -> None:
    source, out, told = SAMPLES / f"sample.{kind}", tmp_path / f"改后.{kind}", tmp_path / "改后.json"
    assert run("fix", str(source), "-o", str(out)).returncode == 0
    assert run("fix", str(source), "-o", str(told)).returncode == 0
    written = pipeline.load(out.read_bytes(), name=out.name, limits=Limits())
    wanted = json.loads(told.read_bytes())["document"]
    for project, other in zip(written.projects, wanted["projects"], strict=True):
        assert [(row.name.text, row.value.text) for row in project.rows] == [
            (row["name"], row["value"]) for row in other["rows"]
        ]
    assert run("fix", str(source), "-o", str(tmp_path / f"二.{kind}")).returncode == 0
    assert (tmp_path / f"二.{kind}").read_bytes() == out.read_bytes()


def test_only_safe_changes_no_meaning(tmp_path: Path) -> None:
    out = tmp_path / "safe.json"
    assert run("fix", str(SAMPLES / "sample.docx"), "-o", str(out), "--only", "safe").returncode == 0
    before = pipeline.normalised(
        pipeline.load((SAMPLES / "sample.docx").read_bytes(), name="a.docx", limits=Limits())
    )
    after = json.loads(out.read_bytes())["document"]
    for project, other in zip(before.projects, after["projects"], strict=True):
        assert len(project.rows) == len(other["rows"])
        for row, new in zip(project.rows, other["rows"], strict=True):
            assert row.level2.text == new["level2"]
            assert row.basis.text == new["basis"]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["{sample}", "-o", "{tmp}/x.xlsx"], "原文件是 docx"),
        (["{sample}", "-o", "{tmp}"], "文件名"),
        (["{sample}", "-o", "{sample}"], "不能是原文件"),
        (["{tmp}/none.docx", "-o", "{tmp}/x.docx"], "找不到文件"),
    ],
)
def test_fix_refuses_in_words_and_leaves_nothing(args: list[str], words: str, tmp_path: Path) -> None:
    filled = [arg.format(sample=SAMPLES / "sample.docx", tmp=tmp_path) for arg in args]
    done = run("fix", *filled)
    assert done.returncode == 2
    assert words in done.stderr.decode()
    assert list(tmp_path.iterdir()) == []


def test_suggest_ranks_indicators_of_a_class_with_reasons() -> None:
    done = run("suggest", "农村公路养护补助", "--class", "成本", "--limit", "3", "--format", "json")
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout)
    assert 1 <= len(found) <= 3
    assert {item["category"] for item in found} == {"成本指标"}
    assert all(item["operator"] == "≤" and item["reason"] and "÷" in item["description"] for item in found)


def test_suggest_reads_a_project_of_a_file_and_follows_its_scheme() -> None:
    done = run("suggest", str(SAMPLES / "sample.docx"), "--number", "2")
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert "领域：" in text
    for label in ("数量指标", "质量指标", "时效指标", "社会效益指标", "理由："):
        assert label in text


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["水利", "--class", "幸福"], "可用的类型有"),
        (["  "], "请给出项目名称或文件"),
        ([str(SAMPLES / "sample.docx"), "--number", "99"], "只有"),
    ],
)
def test_suggest_refuses_in_words(args: list[str], words: str) -> None:
    done = run("suggest", *args)
    assert done.returncode == 2
    assert words in done.stderr.decode()


def _poor() -> Any:
    rows = [
        {"level2": "数量指标", "name": "检修灯具数量", "value": "≥1200盏"},
        {"level2": "质量指标", "name": "检修验收合格率", "value": "≥95"},
        {"level2": "时效指标", "name": "报修处理时限", "value": "≤24小时"},
        {"level2": "成本指标", "name": "每盏灯具检修成本", "value": "≤400元/盏"},
        {"level2": "社会效益指标", "name": "照明影响力", "value": "≥95%"},
        {
            "level2": "服务对象满意度指标",
            "name": "沿线居民满意度",
            "description": "问卷调查",
            "value": "≥90%",
        },
    ]
    return document_of(
        {"project": {"name": "城区路灯检修", "budget": "50.00", "goals": ["1.检修路灯1200盏"], "rows": rows}}
    )


def test_preview_applies_edits_and_filled_blanks_and_checks_again() -> None:
    options = pipeline.CheckOptions()
    report = pipeline.check(_poor(), options)
    unit = next(item for item in report.findings if item.code == "BC301").suggestions[0]
    vague = next(item for item in report.findings if item.code in ("BC401", "BC403"))
    rewrite = next(item for item in vague.suggestions if item.slots)
    values = {
        slot.name: {"number": "96", "date": "10月31日"}.get(slot.kind, "《示例办法》（示例〔2025〕1号）")
        for slot in rewrite.slots
    }
    after = fixing.preview(report.document, [unit, rewrite], [{}, values], options)
    assert after.document.projects[0].rows[1].value.text == "≥95%"
    assert not any(
        "〔待填" in cell.text
        for cell in (after.document.projects[0].rows[4].name, after.document.projects[0].rows[4].value)
    )
    graver = [sum(item.severity is not Severity.INFO for item in r.findings) for r in (report, after)]
    assert graver[1] < graver[0]
    with pytest.raises(InputError, match="请填写"):
        fixing.preview(report.document, [rewrite], [{}], options)
    with pytest.raises(InputError, match="没有待填项"):
        fixing.preview(report.document, [unit], [{"slot9": "1"}], options)
    with pytest.raises(InputError, match="过期"):
        fixing.preview(after.document, [unit], [{}], options)
    with pytest.raises(InputError, match="同时修改"):
        fixing.preview(report.document, [unit, unit], [{}, {}], options)


def test_an_unfilled_blank_is_found_when_the_table_is_checked() -> None:
    document = _poor()
    rows = list(document.projects[0].rows)
    rows[1] = replace(rows[1], value=replace(rows[1].value, text="≥〔待填：近三年平均值〕%"))
    document = replace(document, projects=(replace(document.projects[0], rows=tuple(rows)),))
    report = pipeline.check(document, pipeline.CheckOptions())
    assert any(
        item.code == "BC503" and item.location.path.endswith("rows[1].value") for item in report.findings
    )


def test_suggestions_can_be_left_out() -> None:
    report = pipeline.check(_poor(), pipeline.CheckOptions(suggest=False))
    assert report.findings
    assert all(item.suggestions == () for item in report.findings)


def test_the_workbook_of_changes_runs_nothing(tmp_path: Path) -> None:
    evil = {"projects": [{"name": "=cmd|' /C calc'!A0", "goals": ["目标"], "rows": [
        {"level1": "产出指标", "level2": "质量指标", "name": "=1+1合格率", "value": "≥95"},
        {"level1": "产出指标", "level2": "数量指标", "name": "+抽检批次", "value": "≥12批次"}]}]}  # fmt: skip
    source = tmp_path / "evil.json"
    source.write_text(json.dumps(evil, ensure_ascii=False), encoding="utf-8")
    assert run("fix", str(source), "-o", str(tmp_path / "out.json")).returncode == 0
    book = openpyxl.load_workbook(io.BytesIO((tmp_path / "out_修改清单.xlsx").read_bytes()))
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)
