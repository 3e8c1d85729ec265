"""Bodies that several tests send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SAMPLES = ROOT / "corpora" / "samples"
DOCX = SAMPLES / "sample.docx"
XLSX = SAMPLES / "sample.xlsx"

ROW = {
    "level1": "产出指标",
    "level2": "质量指标",
    "name": "培训合格率",
    "description": "考核合格人数占参训人数的比例",
    "value": "≥95",
    "basis": "计划标准",
}
PROJECT: dict[str, Any] = {
    "code": "990101270501001A0077",
    "name": "基层干部培训",
    "department": "某县委组织部",
    "budget": {"total": "8.12", "fiscal": "8.12", "unit": "万元", "purpose": "培训场地、教材与师资费用"},
    "goals": ["全年举办培训班4期，培训基层干部200人次。"],
    "rows": [
        ROW,
        {
            "level1": "产出指标",
            "level2": "数量指标",
            "name": "培训人次",
            "description": "参加培训的人次数",
            "value": "≥200人次",
            "basis": "年度培训计划",
        },
    ],
}


def upload(path: Path, name: str | None = None) -> dict[str, tuple[str, bytes]]:
    """Return the form of an upload."""
    return {"file": (name or path.name, path.read_bytes())}


def problem(answer: Any, status: int, slug: str) -> dict[str, Any]:
    """Return the problem of an answer after looking at everything that every problem has."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["type"]) == (status, f"urn:biaochi:problem:{slug}"), body
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["status"] == status
    assert body["request_id"] == answer.headers["x-request-id"]
    assert set(body) <= {"type", "title", "status", "detail", "request_id", "errors"}
    assert body["title"]
    assert any("一" <= char <= "鿿" for char in body["detail"])
    assert "Traceback" not in answer.text
    assert ".py" not in answer.text
    return body
