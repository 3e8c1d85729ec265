"""Checks of a round: what was found, without text where it may be kept, and what changed between two rounds."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session

from models.records.codec import report_to_json
from models.records.finding import Finding
from models.records.report import Report
from nlp.quantity import of_row
from service.export.jsonfile import json_report
from service.store.documents import get_document, get_version_info, missing
from service.store.engine import new_id as fresh_id
from service.store.engine import now
from service.store.errors import Conflict
from service.store.tables import DocumentRow, FindingRow, Run, Version
from service.store.values import PAGE, Departments, Page, fitting, key, paged, within


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInfo:
    """One check without the text of its report."""

    id: str
    document_id: str
    version_id: str
    number: int
    """Number of the round."""
    profile: str | None
    manifest: dict[str, Any]
    complete: bool
    scores: list[Any]
    report_sha256: str
    """Digest of the JSON report as `export.jsonfile.json_report` writes it."""
    created_at: datetime
    purged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of the findings of an earlier run in a later one."""

    old: RunInfo
    new: RunInfo
    solved: tuple[FindingRow, ...]
    """Rows of the old run."""
    remaining: tuple[FindingRow, ...]
    """Rows of the new run."""
    added: tuple[FindingRow, ...]
    """Rows of the new run."""
    waived: tuple[FindingRow, ...]
    """Rows of the new run: still there, but set aside by now."""
    unchecked: tuple[FindingRow, ...]
    """Rows of the old run whose rule did not take part in the new one: nothing can be said about them."""


def record_run(
    session: Session,
    version_id: str,
    report: Report,
    *,
    departments: Departments,
    profile: str | None = None,
    at: datetime | None = None,
) -> RunInfo:
    """Keep a check of a round. Raises NotFound."""
    if profile is not None:
        fitting(Run.profile, profile, "规则集名称")
    version = get_version_info(session, version_id, departments=departments)
    # Nobody deletes the document while the run is written.
    get_document(session, version.document_id, departments=departments, lock=True)
    data = report_to_json(report, of_row)
    run = Run(
        id=fresh_id(),
        version_id=version.id,
        profile=profile,
        manifest=data["manifest"],
        complete=report.complete,
        scores=data["scores"]["projects"],
        report=data,
        report_sha256=hashlib.sha256(json_report(report)).hexdigest(),
        created_at=at or now(),
    )
    session.add(run)
    session.flush()
    found = [(item, False) for item in report.findings] + [(item.finding, True) for item in report.waived]
    rows = [_row(run.id, i, finding, waived=waived) for i, (finding, waived) in enumerate(found)]
    if rows:
        session.execute(insert(FindingRow), rows)
    return get_run_info(session, run.id, departments=departments)


def get_run(session: Session, run_id: str, *, departments: Departments) -> Run:
    """Return a run with its report, which is None once purged. Raises NotFound."""
    run = session.scalars(
        select(Run)
        .join(Version, Version.id == Run.version_id)
        .join(DocumentRow, DocumentRow.id == Version.document_id)
        .where(Run.id == key(run_id), within(DocumentRow.department, departments))
    ).one_or_none()
    if run is None:
        raise missing("这次检查")
    return run


def get_run_info(session: Session, run_id: str, *, departments: Departments) -> RunInfo:
    """Return a run without its report. Raises NotFound."""
    row = session.execute(_infos(departments).where(Run.id == key(run_id))).one_or_none()
    if row is None:
        raise missing("这次检查")
    return RunInfo(**row._mapping)


def list_runs(
    session: Session,
    document_id: str,
    *,
    departments: Departments,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[RunInfo]:
    """Return the runs of a document over all its rounds, newest first, without text. Raises NotFound, BadCursor."""
    document = get_document(session, document_id, departments=departments)
    page = paged(
        session,
        _infos(departments).where(Version.document_id == document.id),
        by=(Run.created_at, Run.id),
        newest_first=True,
        cursor=cursor,
        limit=limit,
    )
    return Page(tuple(RunInfo(**row._mapping) for row in page.items), page.next)


def list_findings(
    session: Session,
    run_id: str,
    *,
    departments: Departments,
    waived: bool = False,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[FindingRow]:
    """Return the findings of a run in the order of its report; with `waived` those set aside instead.

    They remain after the text is purged. Raises NotFound, BadCursor.
    """
    run = get_run_info(session, run_id, departments=departments)
    return paged(
        session,
        select(FindingRow).where(FindingRow.run_id == run.id, FindingRow.waived.is_(waived)),
        by=(FindingRow.ordinal,),
        newest_first=False,
        cursor=cursor,
        limit=limit,
    )


def compare_runs(session: Session, old_id: str, new_id: str, *, departments: Departments) -> Difference:
    """Return what became of the findings of one run in another of the same document, by fingerprint.

    Raises NotFound, and Conflict for runs of different documents.
    """
    old = get_run_info(session, old_id, departments=departments)
    new = get_run_info(session, new_id, departments=departments)
    if old.document_id != new.document_id:
        raise Conflict("两次检查不属于同一份文件，无法比较")
    before, _ = _by_fingerprint(session, old.id)
    after, set_aside = _by_fingerprint(session, new.id)
    ran = frozenset(new.manifest["rules"])
    gone = [row for key_, row in before.items() if key_ not in after and key_ not in set_aside]
    return Difference(
        old=old,
        new=new,
        solved=tuple(row for row in gone if row.code in ran),
        remaining=tuple(row for key_, row in after.items() if key_ in before),
        added=tuple(row for key_, row in after.items() if key_ not in before),
        waived=tuple(row for key_, row in set_aside.items() if key_ in before),
        unchecked=tuple(row for row in gone if row.code not in ran),
    )


def _by_fingerprint(session: Session, run_id: str) -> tuple[dict[str, FindingRow], dict[str, FindingRow]]:
    """Return the open findings and those set aside, in the order of the report."""
    rows = session.scalars(select(FindingRow).where(FindingRow.run_id == run_id).order_by(FindingRow.ordinal))
    found: tuple[dict[str, FindingRow], dict[str, FindingRow]] = ({}, {})
    for row in rows:
        found[row.waived][row.fingerprint] = row
    return found


def _infos(departments: Departments) -> Select[Any]:
    return (
        select(
            Run.id,
            Version.document_id,
            Run.version_id,
            Version.number,
            Run.profile,
            Run.manifest,
            Run.complete,
            Run.scores,
            Run.report_sha256,
            Run.created_at,
            Run.report.is_(None).label("purged"),
        )
        .join(Version, Version.id == Run.version_id)
        .join(DocumentRow, DocumentRow.id == Version.document_id)
        .where(within(DocumentRow.department, departments))
    )


def _row(run_id: str, ordinal: int, finding: Finding, *, waived: bool) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "ordinal": ordinal,
        "fingerprint": finding.fingerprint,
        # A province's own rules and profiles write these two; the report keeps them whole.
        "code": finding.code[:10],
        "opinion_code": finding.opinion_code[:10],
        "severity": finding.severity.value,
        "path": finding.location.path,
        "waived": waived,
    }
