"""Rows of the store as the interface shows them; the shapes are those of `schemas_store`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from service.api.stateful import moment
from service.store.counts import finding_counts
from service.store.documents import VersionInfo
from service.store.runs import RunInfo
from service.store.tables import Decision, DocumentRow, FindingRow, Opinion, WaiverRow


def document(row: DocumentRow) -> dict[str, Any]:
    """Return a document."""
    return {
        "id": row.id,
        "department": row.department,
        "label": row.label,
        "fiscal_year": row.fiscal_year,
        "state": row.state,
        "created_by": row.created_by,
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def round_(info: VersionInfo) -> dict[str, Any]:
    """Return a round."""
    return {
        "id": info.id,
        "document": info.document_id,
        "number": info.number,
        "round": info.round,
        "sha256": info.sha256,
        "input_kind": info.input_kind,
        "created_by": info.created_by,
        "created_at": moment(info.created_at),
        "purge_after": moment(info.purge_after),
        "purged": info.purged,
    }


def run(session: Session, info: RunInfo) -> dict[str, Any]:
    """Return a run with the numbers of its findings."""
    return runs(session, [info])[0]


def runs(session: Session, infos: Sequence[RunInfo]) -> list[dict[str, Any]]:
    """Return runs with the numbers of their findings."""
    counts = finding_counts(session, [info.id for info in infos])
    return [
        {
            "id": info.id,
            "document": info.document_id,
            "round": info.version_id,
            "number": info.number,
            "profile": info.profile,
            "complete": info.complete,
            "counts": counts[info.id],
            "scores": info.scores,
            "manifest": info.manifest,
            "report_sha256": info.report_sha256,
            "created_at": moment(info.created_at),
            "purged": info.purged,
        }
        for info in infos
    ]


def decision(row: Decision) -> dict[str, Any]:
    """Return a decision."""
    return {
        "id": row.id,
        "document": row.document_id,
        "run": row.run_id,
        "fingerprint": row.fingerprint,
        "code": row.code,
        "action": row.action,
        "reason": row.reason,
        "decided_by": row.decided_by,
        "decided_at": moment(row.decided_at),
    }


def reference(row: FindingRow) -> dict[str, Any]:
    """Return a finding of a comparison."""
    return {
        "fingerprint": row.fingerprint,
        "code": row.code,
        "severity": row.severity,
        "path": row.path,
        "opinion_code": row.opinion_code,
    }


def references(rows: Iterable[FindingRow]) -> list[dict[str, Any]]:
    """Return the findings of a comparison."""
    return [reference(row) for row in rows]


def finding(row: FindingRow, decided: Mapping[str, Decision]) -> dict[str, Any]:
    """Return a finding with the decision that counts."""
    last = decided.get(row.fingerprint)
    return reference(row) | {
        "ordinal": row.ordinal,
        "waived": row.waived,
        "decision": None if last is None else decision(last),
    }


def opinion(row: Opinion) -> dict[str, Any]:
    """Return an opinion."""
    return {
        "run": row.run_id,
        "project": row.project,
        "state": row.state,
        "conclusion": row.conclusion,
        "text": row.text,
        "updated_by": row.updated_by,
        "updated_at": moment(row.updated_at),
    }


def waiver(row: WaiverRow) -> dict[str, Any]:
    """Return a waiver."""
    return {
        "id": row.id,
        "department": row.department,
        "fingerprint": row.fingerprint,
        "rule": row.rule,
        "project": row.project,
        "name": row.name,
        "reason": row.reason,
        "author": row.author,
        "expires": None if row.expires is None else row.expires.date().isoformat(),
        "created_at": moment(row.created_at),
        "revoked_at": moment(row.revoked_at),
    }
