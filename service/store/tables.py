"""The tables. SQLite by default, PostgreSQL by URL; times are UTC without zone, ids are text.

Text of filed tables stands only in `versions.document`, `versions.original`, `runs.report`, `opinions.text`, `chunks.payload`
and `chunks.result`; all of them may be NULL, which is what purging leaves. Everything else (paths, fingerprints,
codes, hashes, counts) may be kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of all tables."""

    metadata = MetaData(naming_convention=NAMING)
    # SQLAlchemy reads this from the class. None is NULL, not the JSON word null: purging has to leave NULL.
    type_annotation_map = {  # noqa: RUF012
        dict[str, Any]: JSON(none_as_null=True),
        list[Any]: JSON(none_as_null=True),
        datetime: DateTime(timezone=False),
    }


class ApiKey(Base):
    """A key of a person or a program. The secret itself is never stored, only its hash."""

    __tablename__ = "api_keys"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(20))
    """drafter, reviewer, administrator, portal."""
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    departments: Mapped[list[Any] | None]
    """Departments the key may see; NULL for all (reviewers, administrators)."""
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    per_minute: Mapped[int | None]
    per_day: Mapped[int | None]


class WebSession(Base):
    """A signed-in browser. The cookie's value is stored as a hash."""

    __tablename__ = "sessions"
    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    key_id: Mapped[str] = mapped_column(ForeignKey("api_keys.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class DocumentRow(Base):
    """A filed document over all its rounds."""

    __tablename__ = "documents"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    department: Mapped[str] = mapped_column(String(200), index=True)
    fiscal_year: Mapped[int | None]
    label: Mapped[str] = mapped_column(String(200))
    """What the caller calls it; no text of the table is taken for it."""
    state: Mapped[str] = mapped_column(String(20))
    """draft, submitted, returned, approved."""
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Version(Base):
    """One round of a document: 一上, 退回, 再报 …"""

    __tablename__ = "versions"
    __table_args__ = (UniqueConstraint("document_id", "number"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    round: Mapped[str] = mapped_column(String(40))
    sha256: Mapped[str] = mapped_column(String(64))
    input_kind: Mapped[str] = mapped_column(String(20))
    document: Mapped[dict[str, Any] | None]
    """The normalised document as the contract gives it; NULL once purged."""
    original: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_by: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    purge_after: Mapped[datetime | None] = mapped_column(index=True)


class Run(Base):
    """One check of a version."""

    __tablename__ = "runs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    version_id: Mapped[str] = mapped_column(ForeignKey("versions.id", ondelete="CASCADE"), index=True)
    profile: Mapped[str | None] = mapped_column(String(200))
    manifest: Mapped[dict[str, Any]]
    complete: Mapped[bool] = mapped_column(Boolean)
    scores: Mapped[list[Any]]
    report: Mapped[dict[str, Any] | None]
    """The whole report; NULL once purged."""
    report_sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]


class FindingRow(Base):
    """A finding without any text of the table."""

    __tablename__ = "findings"
    __table_args__ = (Index("ix_findings_run_id_fingerprint", "run_id", "fingerprint"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    fingerprint: Mapped[str] = mapped_column(String(40))
    code: Mapped[str] = mapped_column(String(10))
    severity: Mapped[str] = mapped_column(String(10))
    path: Mapped[str] = mapped_column(String(200))
    opinion_code: Mapped[str] = mapped_column(String(10))
    waived: Mapped[bool] = mapped_column(Boolean)
    """Set aside by a waiver or the baseline; kept so that a later round does not count it as solved."""


class Opinion(Base):
    """Opinion text on one project of a run, as the reviewer leaves it."""

    __tablename__ = "opinions"
    __table_args__ = (UniqueConstraint("run_id", "project"),)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id", ondelete="CASCADE"), index=True)
    project: Mapped[int]
    text: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(20))
    """draft, issued."""
    conclusion: Mapped[str] = mapped_column(String(20))
    updated_by: Mapped[str] = mapped_column(String(32))
    updated_at: Mapped[datetime]


class Decision(Base):
    """What somebody decided about a finding; the latest one counts."""

    __tablename__ = "decisions"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id", ondelete="CASCADE"), index=True)
    run_id: Mapped[str | None] = mapped_column(String(32))
    fingerprint: Mapped[str] = mapped_column(String(40), index=True)
    code: Mapped[str] = mapped_column(String(10))
    action: Mapped[str] = mapped_column(String(20))
    """accepted, edited, rejected."""
    reason: Mapped[str] = mapped_column(String(400))
    decided_by: Mapped[str] = mapped_column(String(32))
    decided_at: Mapped[datetime]


class WaiverRow(Base):
    """A finding that a department need not see, with reason and end."""

    __tablename__ = "waivers"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    department: Mapped[str | None] = mapped_column(String(200), index=True)
    fingerprint: Mapped[str | None] = mapped_column(String(40))
    rule: Mapped[str | None] = mapped_column(String(60))
    project: Mapped[str | None] = mapped_column(String(200))
    name: Mapped[str | None] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(String(400))
    author: Mapped[str] = mapped_column(String(200))
    expires: Mapped[datetime | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Job(Base):
    """A batch."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("created_by", "idempotency_key"),
        Index("ix_jobs_state_priority", "state", "priority"),
    )
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    """queued, running, done, cancelled. A job with poison chunks ends as done and says so."""
    priority: Mapped[int]
    department: Mapped[str | None] = mapped_column(String(200), index=True)
    options: Mapped[dict[str, Any]]
    total: Mapped[int]
    created_by: Mapped[str] = mapped_column(String(32))
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    webhook: Mapped[str | None] = mapped_column(String(2000))
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Chunk(Base):
    """One document of a batch. Leased by a worker, given back when its heartbeat stops."""

    __tablename__ = "chunks"
    __table_args__ = (
        UniqueConstraint("job_id", "ordinal"),
        Index("ix_chunks_state_not_before", "state", "not_before"),
        Index("ix_chunks_job_id_state_ordinal", "job_id", "state", "ordinal"),
    )
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    label: Mapped[str] = mapped_column(String(400))
    state: Mapped[str] = mapped_column(String(20))
    """queued, leased, done, poison, cancelled."""
    attempts: Mapped[int]
    owner: Mapped[str | None] = mapped_column(String(80))
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime]
    payload: Mapped[bytes | None] = mapped_column(LargeBinary)
    payload_sha256: Mapped[str] = mapped_column(String(64))
    result: Mapped[dict[str, Any] | None]
    error: Mapped[str | None] = mapped_column(String(400))
    finished_at: Mapped[datetime | None]


class Delivery(Base):
    """A webhook message that has to reach its address."""

    __tablename__ = "deliveries"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    job_id: Mapped[str] = mapped_column(ForeignKey("jobs.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(20))
    """waiting, sent, failed."""
    attempts: Mapped[int]
    not_before: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    last_status: Mapped[int | None]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class Idempotent(Base):
    """The answer that was given to a request with an idempotency key."""

    __tablename__ = "idempotency"
    __table_args__ = (UniqueConstraint("actor", "route", "key"),)
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    actor: Mapped[str] = mapped_column(String(32))
    route: Mapped[str] = mapped_column(String(200))
    key: Mapped[str] = mapped_column(String(200))
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class Audit(Base):
    """Who did what and when. Only ever added to; each entry holds the hash of the one before."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(32))
    role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(30))
    object_id: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str | None] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))
    outcome: Mapped[str] = mapped_column(String(20))
    previous: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
