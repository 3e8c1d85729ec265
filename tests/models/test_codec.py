"""Records ⇄ JSON: nothing is lost, nothing foreign is trusted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records.codec import document_to_json, dumps, quantity_to_json, report_to_json
from models.records.decode import DecodeError, document_from_json
from nlp.quantity import of_row, parse
from service import pipeline
from service.settings import Limits

SAMPLES = Path(__file__).resolve().parents[2] / "corpora" / "samples"


def _document(name: str) -> Any:
    return pipeline.normalised(pipeline.load((SAMPLES / name).read_bytes(), name=name, limits=Limits()))


@pytest.mark.parametrize("name", ["sample.docx", "sample.xlsx"])
def test_decode_of_encode_is_the_same_document(name: str) -> None:
    document = _document(name)
    again = document_from_json(json.loads(dumps(document_to_json(document, of_row))))
    assert again.projects == document.projects
    assert again.department == document.department
    assert (again.title, again.year, again.problems) == (document.title, document.year, document.problems)


def test_only_filed_cells_are_needed() -> None:
    document = document_from_json(
        {"projects": [{"name": "a", "rows": [{"name": "修复桥梁座数", "value": "≥3座"}]}]}
    )
    row = document.projects[0].rows[0]
    assert (row.name.text, row.value.text, row.unit) == ("修复桥梁座数", "≥3座", None)
    assert document.projects[0].absent == {"budget", "plan", "goals", "code"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("≥2万张", {"kind": "count", "operator": "≥", "number": "20000", "unit": "张"}),
        ("＞3万元", {"kind": "money", "operator": "＞", "number": "3", "unit": "万元"}),
        ("≤2024年10月底前", {"kind": "date", "operator": "≤", "date": "2024-10-31"}),
        ("10月底前", {"kind": "date", "operator": "≤", "date": "--10-31"}),
        ("按合同约定", {"kind": "text", "operator": None, "number": None, "unit": None}),
        ("≥95%", {"kind": "ratio", "operator": "≥", "number": "95", "unit": "%"}),
        ("≤3个工作日", {"kind": "duration", "operator": "≤", "number": "3", "unit": "个工作日"}),
    ],
)
def test_quantity_is_written_as_the_contract_says(value: str, expected: dict[str, object]) -> None:
    got = quantity_to_json(parse(value))
    if value.startswith("≤3"):
        assert got["kind"] == "duration"
        assert got["number"] == "3"
    else:
        assert got == expected


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "顶层"),
        ({}, "projects"),
        ({"projects": {}}, "projects"),
        ({"projects": [1]}, r"projects\[0\]"),
        ({"projects": [{"rows": [{"name": []}]}]}, r"projects\[0\]\.rows\[0\]\.name"),
        ({"projects": [{"rows": [{"value": True}]}]}, r"rows\[0\]\.value"),
        ({"projects": [{"budget": 3}]}, r"projects\[0\]\.budget"),
        ({"projects": [{"budget": {"unit": "美元"}}]}, "budget.unit"),
        ({"projects": [{"plan": [3]}]}, r"plan\[0\]"),
        ({"projects": [], "year": "2027"}, "year"),
        ({"projects": [], "department": []}, "department"),
        ({"projects": [], "problems": ["x"]}, r"problems\[0\]"),
    ],
)
def test_wrong_types_are_refused_with_their_path(value: Any, path: str) -> None:
    with pytest.raises(DecodeError, match=path):
        document_from_json(value)


_LEAF = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
)
_KEYS = st.sampled_from(
    ["projects", "rows", "name", "value", "budget", "total", "plan", "goals", "department", "sources"]
)
_ANY = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=15,
)


@given(_ANY)
def test_any_json_gives_a_document_or_a_decode_error(value: Any) -> None:
    try:
        document = document_from_json(
            {"projects": value} if not isinstance(value, dict) else {"projects": [], **value}
        )
    except DecodeError:
        return
    json.loads(dumps(document_to_json(document, of_row)))


def test_report_has_the_keys_of_the_contract() -> None:
    report = pipeline.check(_document("sample.docx"), pipeline.CheckOptions())
    data = report_to_json(report, of_row)
    finding = data["findings"][0]
    assert set(finding) >= {
        "code", "name", "severity", "message", "location", "related", "evidence", "basis", "opinion_code",
        "confidence", "suggestions", "fingerprint",
    }  # fmt: skip
    assert set(data["scores"]["projects"][0]) >= {"score", "grade", "dimensions", "conclusion"}
    project = data["document"]["projects"][0]
    assert project["budget"]["total"] == "36.00"
    assert project["plan"][0] == {"label": "3月底", "percent": "20"}
    assert set(project["rows"][0]) >= {
        "level1", "level2", "name", "description", "operator", "value", "unit", "basis", "weight", "quantity", "source",
    }  # fmt: skip
