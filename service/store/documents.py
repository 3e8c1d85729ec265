"""Documents and their rounds. Whoever asks for a document of a foreign department is told that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from service.store.engine import erased, new_id, now
from service.store.errors import BadValue, Conflict, DepartmentRefused, NotFound
from service.store.tables import DocumentRow, Version
from service.store.values import PAGE, Departments, Page, fitting, key, paged, within

STATES = {"draft": "草稿", "submitted": "已提交", "returned": "已退回", "approved": "已通过"}
"""The states of a document and what a reader calls them."""

_NEXT = {
    "draft": {"submitted"},
    # Withdrawing a table that was filed makes it a draft again.
    "submitted": {"draft", "returned", "approved"},
    "returned": {"draft", "submitted"},
    "approved": {"returned"},
}
_YEARS = range(1949, 2200)


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionInfo:
    """One round without the text of its tables."""

    id: str
    document_id: str
    number: int
    round: str
    sha256: str
    input_kind: str
    created_by: str
    created_at: datetime
    purge_after: datetime | None
    purged: bool
    """Whether its text is gone."""


def missing(what: str = "这份文件") -> NotFound:
    """Return the one error for what is absent and for what is none of the caller's business."""
    return NotFound(f"没有{what}，请核对编号")


def create_document(
    session: Session,
    *,
    departments: Departments,
    department: str,
    label: str,
    fiscal_year: int | None = None,
    created_by: str,
    at: datetime | None = None,
) -> DocumentRow:
    """Add a document without any round. Raises DepartmentRefused, BadValue."""
    fitting(DocumentRow.department, department, "部门", required=True)
    fitting(DocumentRow.label, label, "名称", required=True)
    if departments is not None and department not in departments:
        raise DepartmentRefused("没有为该部门建立文件的权限，请核对部门名称，或请管理员调整密钥的部门范围")
    if fiscal_year is not None and fiscal_year not in _YEARS:
        raise BadValue("年度应为四位年份，如 2026")
    at = at or now()
    row = DocumentRow(
        id=new_id(),
        department=department,
        fiscal_year=fiscal_year,
        label=label,
        state="draft",
        created_by=created_by,
        created_at=at,
        updated_at=at,
    )
    session.add(row)
    session.flush()
    return row


def get_document(
    session: Session, document_id: str, *, departments: Departments, lock: bool = False
) -> DocumentRow:
    """Return a document. With `lock` no other writer can change it until the session ends. Raises NotFound."""
    query = select(DocumentRow).where(
        DocumentRow.id == key(document_id), within(DocumentRow.department, departments)
    )
    if lock:
        # SQLite ignores this; there a writing session is alone anyway.
        query = query.with_for_update().execution_options(populate_existing=True)
    row = session.scalars(query).one_or_none()
    if row is None:
        raise missing()
    return row


def list_documents(
    session: Session,
    *,
    departments: Departments,
    department: str | None = None,
    state: str | None = None,
    fiscal_year: int | None = None,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[DocumentRow]:
    """Return documents, newest first. Raises BadCursor, BadValue."""
    query = select(DocumentRow).where(within(DocumentRow.department, departments))
    if department is not None:
        query = query.where(DocumentRow.department == fitting(DocumentRow.department, department, "部门"))
    if state is not None:
        query = query.where(DocumentRow.state == _state(state))
    if fiscal_year is not None:
        if fiscal_year not in _YEARS:
            return Page(())
        query = query.where(DocumentRow.fiscal_year == fiscal_year)
    return paged(
        session,
        query,
        by=(DocumentRow.created_at, DocumentRow.id),
        newest_first=True,
        cursor=cursor,
        limit=limit,
    )


def set_state(
    session: Session, document_id: str, state: str, *, departments: Departments, at: datetime | None = None
) -> DocumentRow:
    """Bring a document into a state; the state it has already is no error. Raises NotFound, Conflict, BadValue."""
    row = get_document(session, document_id, departments=departments, lock=True)
    if _state(state) == row.state:
        return row
    if state not in _NEXT[row.state]:
        raise Conflict(f"文件{STATES[row.state]}，不能改为{STATES[state]}")
    row.state = state
    row.updated_at = at or now()
    session.flush()
    return row


def delete_document(session: Session, document_id: str, *, departments: Departments) -> None:
    """Delete a document with all rounds, runs, findings, opinions and decisions. Raises NotFound.

    SQLite overwrites the content with zeros and its write-ahead log is emptied after the commit. PostgreSQL keeps
    deleted rows on disk until it has vacuumed: `retention.purge` does that.
    """
    row = get_document(session, document_id, departments=departments, lock=True)
    session.execute(delete(DocumentRow).where(DocumentRow.id == row.id))
    erased(session)


def add_version(
    session: Session,
    document_id: str,
    *,
    departments: Departments,
    round: str,
    document: dict[str, Any],
    original: bytes | None,
    sha256: str,
    input_kind: str,
    created_by: str,
    purge_after: datetime | None = None,
    at: datetime | None = None,
) -> VersionInfo:
    """Add the next round of a document, numbered from 1. `document` is the normalised document of the contract.

    Text and bytes are removed by `purge` once `purge_after` has passed; None keeps them. Raises NotFound, BadValue.
    """
    fitting(Version.round, round, "轮次", required=True)
    row = get_document(session, document_id, departments=departments, lock=True)
    last = session.scalar(select(func.max(Version.number)).where(Version.document_id == row.id))
    at = at or now()
    version = Version(
        id=new_id(),
        document_id=row.id,
        number=(last or 0) + 1,
        round=round,
        sha256=sha256,
        input_kind=input_kind,
        document=document,
        original=original,
        created_by=created_by,
        created_at=at,
        purge_after=purge_after,
    )
    session.add(version)
    row.updated_at = at
    session.flush()
    return get_version_info(session, version.id, departments=departments)


def get_version(session: Session, version_id: str, *, departments: Departments) -> Version:
    """Return a round with its text; `document` and `original` are None once purged. Raises NotFound."""
    row = session.scalars(
        select(Version)
        .join(DocumentRow, DocumentRow.id == Version.document_id)
        .where(Version.id == key(version_id), within(DocumentRow.department, departments))
    ).one_or_none()
    if row is None:
        raise missing("这个版本")
    return row


def get_version_info(session: Session, version_id: str, *, departments: Departments) -> VersionInfo:
    """Return a round without its text. Raises NotFound."""
    row = session.execute(
        _infos()
        .join(DocumentRow, DocumentRow.id == Version.document_id)
        .where(Version.id == key(version_id), within(DocumentRow.department, departments))
    ).one_or_none()
    if row is None:
        raise missing("这个版本")
    return VersionInfo(**row._mapping)


def list_versions(session: Session, document_id: str, *, departments: Departments) -> tuple[VersionInfo, ...]:
    """Return all rounds of a document in order, without text. Raises NotFound."""
    row = get_document(session, document_id, departments=departments)
    query = _infos().where(Version.document_id == row.id).order_by(Version.number)
    return tuple(VersionInfo(**item._mapping) for item in session.execute(query))


def _infos() -> Any:
    # The type parameters of Select differ between SQLAlchemy 2.0 and 2.1.
    return select(
        Version.id,
        Version.document_id,
        Version.number,
        Version.round,
        Version.sha256,
        Version.input_kind,
        Version.created_by,
        Version.created_at,
        Version.purge_after,
        Version.document.is_(None).label("purged"),
    )


def _state(state: str) -> str:
    if state not in STATES:
        raise BadValue(f"状态应为 {'、'.join(STATES)} 之一")
    return state
