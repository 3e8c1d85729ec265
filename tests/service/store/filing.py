"""Builders for tests of the store: a filed document, its round and its check."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.records.codec import document_to_json
from models.records.report import Report
from nlp.quantity import of_row
from service.pipeline import CheckOptions, check_bytes
from service.settings import Limits
from service.store.documents import VersionInfo, add_version, create_document
from service.store.runs import RunInfo, record_run
from service.store.tables import DocumentRow

AT = datetime(2026, 3, 1, 8, 0, 0, 123456)
DAY = timedelta(days=1)
ROADS = "交通运输局"
SCHOOLS = "教育局"
NOWHERE = "0" * 32
SECRET = "机密路段养护工程"
"""Stands in the tables of every report made here and must not be found outside the columns that may hold text."""


def row(name: str, value: str, level2: str = "数量指标", level1: str = "产出指标") -> dict[str, str]:
    return {"level1": level1, "level2": level2, "name": name, "description": name, "value": value}


FIRST = (row("养护公路里程", "≥320"), row(f"{SECRET}数量", "≥5"), row("养护经费", "＞3万元", "成本指标"))
SECOND = (row("养护公路里程", "≥320公里"), row(f"{SECRET}数量", "≥5"), row("养护经费", "＞3万元", "成本指标"))


def report(rows: tuple[dict[str, str], ...] = FIRST, **options: Any) -> Report:
    project = {"code": "P1", "name": SECRET, "budget": {"total": "2.00", "unit": "万元"}, "rows": list(rows)}
    data = json.dumps({"title": SECRET, "projects": [project]}).encode()
    return check_bytes(data, name="a.json", options=CheckOptions(suggest=False, **options), limits=Limits())


def filed(session: Session, department: str = ROADS, *, at: datetime = AT, label: str = "一") -> DocumentRow:
    return create_document(
        session,
        departments=None,
        department=department,
        label=label,
        fiscal_year=2026,
        created_by="k1",
        at=at,
    )


def version(
    session: Session,
    document: DocumentRow,
    checked: Report,
    *,
    round: str = "一上",
    purge_after: datetime | None = None,
    at: datetime = AT,
) -> VersionInfo:
    return add_version(
        session,
        document.id,
        departments=None,
        round=round,
        document=document_to_json(checked.document, of_row),
        original=SECRET.encode(),
        sha256=checked.document.input_sha256,
        input_kind=checked.document.input_kind,
        created_by="k1",
        purge_after=purge_after,
        at=at,
    )


def run(session: Session, document: DocumentRow, checked: Report, **options: Any) -> RunInfo:
    round_ = version(session, document, checked, **options)
    return record_run(
        session, round_.id, checked, departments=None, profile="cn2015", at=options.get("at", AT)
    )
