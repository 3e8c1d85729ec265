"""Waivers of a department, and those of the bureau that hold for every department."""

from __future__ import annotations

from datetime import date, datetime, time

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from rules.engine.suppress import Waiver, WaiverError, parse_waivers
from service.store.documents import missing
from service.store.engine import new_id, now
from service.store.errors import BadValue, DepartmentRefused
from service.store.tables import WaiverRow
from service.store.values import PAGE, Departments, Page, fitting, key, paged, within


def add_waiver(
    session: Session,
    *,
    departments: Departments,
    department: str | None,
    reason: str,
    author: str,
    fingerprint: str | None = None,
    rule: str | None = None,
    project: str | None = None,
    name: str | None = None,
    expires: date | None = None,
    at: datetime | None = None,
) -> WaiverRow:
    """Add a waiver by fingerprint, or by rule (code or name) with project and indicator name.

    `department` None holds for all departments and takes a caller who may see all. Raises DepartmentRefused, BadValue.
    """
    if departments is not None and department not in departments:
        raise DepartmentRefused("没有为该部门设置豁免的权限，请核对部门名称，或请管理员调整密钥的部门范围")
    entry = {
        "fingerprint": fingerprint,
        "rule": rule,
        "project": project,
        "name": name,
        "reason": reason,
        "author": author,
        "expires": expires,
    }
    try:
        # The same rules as for a waiver file; the rule becomes its code.
        (parsed,) = parse_waivers([entry], "豁免")
    except WaiverError as error:
        raise BadValue(str(error).removeprefix("豁免 第 1 条：")) from error
    row = WaiverRow(
        id=new_id(),
        department=None if department is None else fitting(WaiverRow.department, department, "部门"),
        reason=fitting(WaiverRow.reason, parsed.reason, "理由"),
        author=fitting(WaiverRow.author, parsed.author, "填写人"),
        expires=None if parsed.expires is None else datetime.combine(parsed.expires, time.min),
        created_at=at or now(),
    )
    for column, value, label in (
        (WaiverRow.fingerprint, parsed.fingerprint, "指纹"),
        (WaiverRow.rule, parsed.rule, "规则编号"),
        (WaiverRow.project, parsed.project, "项目"),
        (WaiverRow.name, parsed.name, "指标名称"),
    ):
        setattr(row, column.key, None if value is None else fitting(column, value, label))
    session.add(row)
    session.flush()
    return row


def get_waiver(session: Session, waiver_id: str, *, departments: Departments) -> WaiverRow:
    """Return a waiver of the caller's departments or of all departments. Raises NotFound."""
    row = session.scalars(
        select(WaiverRow).where(WaiverRow.id == key(waiver_id), _visible(departments))
    ).one_or_none()
    if row is None:
        raise missing("这条豁免")
    return row


def revoke_waiver(
    session: Session, waiver_id: str, *, departments: Departments, at: datetime | None = None
) -> WaiverRow:
    """End a waiver; the first time counts. Raises NotFound, and DepartmentRefused for one of all departments."""
    row = get_waiver(session, waiver_id, departments=departments)
    if departments is not None and row.department is None:
        raise DepartmentRefused("该豁免适用于所有部门，只有不限部门的密钥可以撤销")
    if row.revoked_at is None:
        row.revoked_at = at or now()
        session.flush()
    return row


def list_waivers(
    session: Session,
    *,
    departments: Departments,
    department: str | None = None,
    revoked: bool = False,
    cursor: str | None = None,
    limit: int = PAGE,
) -> Page[WaiverRow]:
    """Return waivers, newest first; with `department` those that hold for it. Raises BadCursor, BadValue."""
    query = select(WaiverRow).where(_visible(departments))
    if department is not None:
        query = query.where(_for(fitting(WaiverRow.department, department, "部门")))
    if not revoked:
        query = query.where(WaiverRow.revoked_at.is_(None))
    return paged(
        session,
        query,
        by=(WaiverRow.created_at, WaiverRow.id),
        newest_first=True,
        cursor=cursor,
        limit=limit,
    )


def waivers_for(session: Session, department: str) -> tuple[Waiver, ...]:
    """Return what a check of this department's documents has to set aside, oldest first.

    Expired ones are among them: the engine tells by `CheckOptions.today` and says so.
    """
    rows = session.scalars(
        select(WaiverRow)
        .where(_for(fitting(WaiverRow.department, department, "部门")), WaiverRow.revoked_at.is_(None))
        .order_by(WaiverRow.created_at, WaiverRow.id)
    )
    return tuple(to_waiver(row) for row in rows)


def waivers_in_force(
    session: Session, department: str | None, *, on: date | None = None
) -> tuple[Waiver, ...]:
    """Return the waivers of a department that have not ended by a day; of None those that hold for all departments."""
    on = on or date.today()
    if department is not None:
        found = waivers_for(session, department)
    else:
        rows = session.scalars(
            select(WaiverRow)
            .where(WaiverRow.department.is_(None), WaiverRow.revoked_at.is_(None))
            .order_by(WaiverRow.created_at, WaiverRow.id)
        )
        found = tuple(to_waiver(row) for row in rows)
    return tuple(item for item in found if item.expires is None or item.expires >= on)


def to_waiver(row: WaiverRow) -> Waiver:
    """Return the entry as the rule engine takes it."""
    return Waiver(
        reason=row.reason,
        author=row.author,
        fingerprint=row.fingerprint,
        rule=row.rule,
        project=row.project,
        name=row.name,
        expires=None if row.expires is None else row.expires.date(),
    )


def _for(department: str) -> ColumnElement[bool]:
    return or_(WaiverRow.department.is_(None), WaiverRow.department == department)


def _visible(departments: Departments) -> ColumnElement[bool]:
    return or_(WaiverRow.department.is_(None), within(WaiverRow.department, departments))
