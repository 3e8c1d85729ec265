"""What people make of findings: decisions on each, and the opinions on projects."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api import schemas_store as shapes
from service.api import views
from service.api.deps import PREFIX
from service.api.errors import Problem
from service.api.stateful import (
    DEFAULT_LIMIT,
    Cursor,
    IdempotencyKey,
    IfMatch,
    IfNoneMatch,
    Limit,
    Made,
    Reader,
    Reviewer,
    digest_of,
    listed,
    must_match,
    note,
    ok,
    once,
    refuses,
    shown,
    tagged,
)
from service.api.wiring import kept
from service.auth.dependencies import require
from service.auth.roles import Actor
from service.store import decisions as store
from service.store.documents import get_document, missing
from service.store.runs import RunInfo, get_run_info
from service.store.tables import Opinion
from service.store.values import paged

router = APIRouter(prefix=PREFIX, tags=["处理与意见"])

Decider = Annotated[Actor, Depends(require("decide"))]
Project = Annotated[int, Path(ge=0, le=1_000_000, description="项目在报告中的序号，从 0 起数")]


@router.post(
    "/documents/{document}/decisions",
    summary="处理一个问题",
    status_code=201,
    responses=ok(shapes.DecisionOut, 201),
)
def decide(
    request: Request, document: str, actor: Decider, body: shapes.DecisionNew, key: IdempotencyKey = None
) -> Response:
    """采纳、修改后采纳，或说明理由不采纳；同一问题以最后一次为准，以前的保留。"""

    def act(session: Session) -> Made:
        row = store.decide(
            session,
            document,
            body.fingerprint,
            body.action,
            departments=actor.departments,
            reason=body.reason,
            run_id=body.run,
            decided_by=actor.id,
        )
        note(session, request, actor, f"finding.{body.action}", "finding", row.fingerprint)
        return Made(views.decision(row), 201)

    return once(request, kept(request).store, actor, key, digest_of(request, body), act)


@router.get("/documents/{document}/decisions", summary="处理记录", responses=ok(shapes.DecisionPage))
def list_decisions(
    request: Request, document: str, actor: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """全部处理，新的在前；每个问题的最后一次见 `/v1/runs/{run}/findings`。"""
    with kept(request).store.read() as session:
        page = store.list_decisions(
            session, document, departments=actor.departments, cursor=cursor, limit=limit
        )
    return listed("decisions", map(views.decision, page.items), page.next)


@router.get("/runs/{run}/opinions", summary="一次检查的意见", responses=ok(shapes.OpinionList))
def list_opinions(
    request: Request, run: str, actor: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """按项目次序；没有审核权的只看到已出具的。"""
    with kept(request).store.read() as session:
        found = get_run_info(session, run, departments=actor.departments)
        query = select(Opinion).where(Opinion.run_id == found.id)
        if not actor.may("review"):
            query = query.where(Opinion.state == "issued")
        page = paged(session, query, by=(Opinion.project,), newest_first=False, cursor=cursor, limit=limit)
    return listed("opinions", map(views.opinion, page.items), page.next)


@router.get(
    "/runs/{run}/opinions/{project}", summary="一个项目的意见", responses=ok(shapes.OpinionOut, tag=True)
)
def get_opinion(request: Request, run: str, project: Project, actor: Reader) -> Response:
    """没有审核权的只看到已出具的。"""
    with kept(request).store.read() as session:
        found = get_run_info(session, run, departments=actor.departments)
        row = _opinion(session, found.id, project)
    if row is None or not (row.state == "issued" or actor.may("review")):
        raise missing("这个项目的意见")
    return tagged(request, views.opinion(row))


@router.put(
    "/runs/{run}/opinions/{project}",
    summary="保存意见草稿",
    responses=ok(shapes.OpinionOut, tag=True),
    openapi_extra=refuses(412),
)
def save_opinion(
    request: Request,
    run: str,
    project: Project,
    actor: Reviewer,
    body: shapes.OpinionNew,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Response:
    """已出具的不能再改。"""
    with kept(request).store.session() as session:
        info, before = _held(session, run, project, actor, if_match)
        if before is not None and if_none_match is not None and if_none_match.strip() == "*":
            raise Problem("precondition-failed", "该项目已有意见，请先读取，核对后再修改")
        row = store.save_opinion(
            session,
            run,
            project,
            departments=actor.departments,
            text=body.text,
            conclusion=body.conclusion,
            updated_by=actor.id,
        )
        shape = views.opinion(row)
        note(session, request, actor, "opinion.save", "opinion", row.id, _digest(info))
    return shown(Made(shape), tagged=True)


@router.post(
    "/runs/{run}/opinions/{project}/issue",
    summary="出具意见",
    responses=ok(shapes.OpinionOut, tag=True),
    openapi_extra=refuses(409, 412),
)
def issue_opinion(
    request: Request, run: str, project: Project, actor: Reviewer, if_match: IfMatch = None
) -> Response:
    """出具后不能修改；重复出具不作改动。"""
    with kept(request).store.session() as session:
        info, before = _held(session, run, project, actor, if_match)
        is_issued = before is not None and before.state == "issued"
        row = store.issue_opinion(session, run, project, departments=actor.departments, updated_by=actor.id)
        shape = views.opinion(row)
        if not is_issued:
            note(session, request, actor, "opinion.issue", "opinion", row.id, _digest(info))
    return shown(Made(shape), tagged=True)


def _held(
    session: Session, run: str, project: int, actor: Actor, if_match: str | None
) -> tuple[RunInfo, Opinion | None]:
    """Return a run and its opinion on a project, which nobody else changes until the session ends. Raises Problem."""
    info = get_run_info(session, run, departments=actor.departments)
    # Locked before looking: otherwise two who saw the same version would both be let through.
    get_document(session, info.document_id, departments=actor.departments, lock=True)
    row = _opinion(session, info.id, project)
    must_match(if_match, None if row is None else views.opinion(row))
    return info, row


def _opinion(session: Session, run: str, project: int) -> Opinion | None:
    return session.scalars(
        select(Opinion).where(Opinion.run_id == run, Opinion.project == project)
    ).one_or_none()


def _digest(info: RunInfo) -> str:
    """Return the digest of the file that an opinion is about."""
    return str(info.manifest["input_sha256"])
