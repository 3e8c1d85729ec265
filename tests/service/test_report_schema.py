"""docs/report.schema.json is the published shape: every report fits it, and no key appears unannounced."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from models.records.codec import dumps, report_to_json
from nlp.quantity import of_row
from rules.engine.suppress import Waiver
from service import pipeline
from service.settings import Limits

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "report.schema.json").read_text(encoding="utf-8"))
FILES = [ROOT / "corpora" / "samples" / "sample.docx", ROOT / "corpora" / "samples" / "sample.xlsx"]
SEED = ROOT.parent / "shared" / "seed" / "xinglong.txt"


def _json(path: Path) -> Any:
    options = pipeline.CheckOptions(waivers=(Waiver(rule="BC303", reason="已沟通", author="张某"),))
    report = pipeline.check_bytes(path.read_bytes(), name=path.name, options=options, limits=Limits())
    return json.loads(dumps(report_to_json(report, of_row)))


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", [*FILES, SEED], ids=lambda path: path.name)
def test_reports_fit_the_schema(path: Path) -> None:
    if not path.is_file():
        pytest.skip("样本文件 ../shared/seed 不在本机")
    assert [error.message for error in Draft202012Validator(SCHEMA).iter_errors(_json(path))] == []


def test_a_new_or_missing_key_is_noticed() -> None:
    data = _json(FILES[0])
    validator = Draft202012Validator(SCHEMA)
    data["findings"][0]["colour"] = "red"
    del data["document"]["projects"][0]["rows"][0]["unit"]
    assert len(list(validator.iter_errors(data))) == 2
