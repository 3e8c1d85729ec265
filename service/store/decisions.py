"""What people decided about findings (the latest decision counts) and the opinions that they issue."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.store.documents import get_document, missing
from service.store.engine import new_id, now
from service.store.errors import BadValue, Conflict
from service.store.runs import get_run_info
from service.store.tables import Decision, FindingRow, Opinion, Run, Version
from service.store.values import PAGE, Departments, Page, fitting, key, paged

ACTIONS = {"accepted": "采纳", "edited": "修改后采纳", "rejected": "不采纳"}
"""What can be decided about a finding and what a reader calls it."""

_TICK = timedelta(microseconds=1)


def decide(
    session: Session,
    document_id: str,
    fingerprint: str,
    action: str,
    *,
    departments: Departments,
    reason: str = "",
    run_id: str | None = None,
    decided_by: str,
    at: datetime | None = None,
) -> Decision:
    """Keep a decision about a finding of the document. Rejecting needs a reason. Raises NotFound, BadValue."""
    if action not in ACTIONS:
        raise BadValue(f"处理结果应为 {'、'.join(ACTIONS)} 之一")
    fitting(Decision.reason, reason, "理由", required=action == "rejected")
    # The lock keeps two decisions on one finding in order.
    document = get_document(session, document_id, departments=departments, lock=True)
    query = (
        select(FindingRow.code, FindingRow.run_id)
        .join(Run, Run.id == FindingRow.run_id)
        .join(Version, Version.id == Run.version_id)
        .where(Version.document_id == document.id, FindingRow.fingerprint == key(fingerprint))
        .order_by(Run.created_at.desc(), Run.id.desc())
        .limit(1)
    )
    if run_id is not None:
        query = query.where(Run.id == key(run_id))
    finding = session.execute(query).one_or_none()
    if finding is None:
        raise missing("文件中的这条问题")
    last = session.scalar(
        select(Decision.decided_at)
        .where(Decision.document_id == document.id, Decision.fingerprint == fingerprint)
        .order_by(Decision.decided_at.desc())
        .limit(1)
    )
    at = at or now()
    row = Decision(
        id=new_id(),
        document_id=document.id,
        run_id=finding.run_id,
        fingerprint=fingerprint,
        code=finding.code,
        action=action,
        reason=reason,
        decided_by=decided_by,
        # A clock that stands still or was set back must not make an older decision the latest.
        decided_at=at if last is None else max(at, last + _TICK),
    )
    session.add(row)
    session.flush()
    return row


def latest_decisions(session: Session, document_id: str, *, departments: Departments) -> dict[str, Decision]:
    """Return the decision that counts for every fingerprint that has one. Raises NotFound."""
    document = get_document(session, document_id, departments=departments)
    rows = session.scalars(
        select(Decision).where(Decision.document_id == document.id).order_by(Decision.decided_at)
    )
    return {row.fingerprint: row for row in rows}


def list_decisions(
    session: Session,
    document_id: str,
    *,
    departments: Departments,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[Decision]:
    """Return all decisions on a document, newest first. Raises NotFound, BadCursor."""
    document = get_document(session, document_id, departments=departments)
    return paged(
        session,
        select(Decision).where(Decision.document_id == document.id),
        by=(Decision.decided_at, Decision.id),
        newest_first=True,
        cursor=cursor,
        limit=limit,
    )


def save_opinion(
    session: Session,
    run_id: str,
    project: int,
    *,
    departments: Departments,
    text: str,
    conclusion: str,
    updated_by: str,
    at: datetime | None = None,
) -> Opinion:
    """Keep the draft of the opinion on one project of a run (counted from 0). Raises NotFound, Conflict, BadValue."""
    fitting(Opinion.text, text, "意见")
    fitting(Opinion.conclusion, conclusion, "结论", required=True)
    row = _opinion(session, run_id, project, departments=departments)
    if row is None:
        row = Opinion(id=new_id(), run_id=key(run_id), project=project, state="draft")
        session.add(row)
    elif row.state == "issued":
        raise Conflict("意见已出具，不能修改；如需更正，请对新一轮检查另行出具")
    row.text = text
    row.conclusion = conclusion
    row.updated_by = updated_by
    row.updated_at = at or now()
    session.flush()
    return row


def issue_opinion(
    session: Session,
    run_id: str,
    project: int,
    *,
    departments: Departments,
    updated_by: str,
    at: datetime | None = None,
) -> Opinion:
    """Issue the draft of an opinion; from then on it stands. Issuing twice is no error. Raises NotFound."""
    row = _opinion(session, run_id, project, departments=departments)
    if row is None:
        raise missing("这条意见草稿")
    if row.state != "issued":
        row.state = "issued"
        row.updated_by = updated_by
        row.updated_at = at or now()
        session.flush()
    return row


def list_opinions(session: Session, run_id: str, *, departments: Departments) -> tuple[Opinion, ...]:
    """Return the opinions on a run in the order of its projects; `text` is None once purged. Raises NotFound."""
    run = get_run_info(session, run_id, departments=departments)
    return tuple(session.scalars(select(Opinion).where(Opinion.run_id == run.id).order_by(Opinion.project)))


def _opinion(session: Session, run_id: str, project: int, *, departments: Departments) -> Opinion | None:
    """Return the opinion on an existing project, None where there is none yet; nobody else writes it meanwhile."""
    run = get_run_info(session, run_id, departments=departments)
    get_document(session, run.document_id, departments=departments, lock=True)
    if not 0 <= project < len(run.scores):
        raise missing("这次检查中的这个项目")
    return session.scalars(
        select(Opinion).where(Opinion.run_id == run.id, Opinion.project == project)
    ).one_or_none()
