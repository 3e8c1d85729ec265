"""Documents: created, listed, submitted, returned, deleted."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api import schemas_store as shapes
from service.api import views
from service.api.deps import PREFIX
from service.api.stateful import (
    DEFAULT_LIMIT,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    Made,
    Reader,
    Reviewer,
    Writer,
    digest_of,
    forget,
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
from service.auth.roles import Actor
from service.store import documents as store
from service.store.errors import Conflict

router = APIRouter(prefix=PREFIX, tags=["文件与轮次"])

_DELETING = {
    "submitted": "文件已提交，请先撤回再删除，或请管理员删除",
    "approved": "文件已通过，请先由审核退回再删除，或请管理员删除",
}
_FIRST = {
    "draft": "文件还是草稿，请先由填报人提交，再退回或通过",
    "returned": "文件已退回，请待填报人再次提交后审核",
    "approved": "文件已通过，请先由审核退回，再撤回或提交",
}
"""What has to happen before a state that cannot follow the present one."""


@router.post("/documents", summary="建立一份文件", status_code=201, responses=ok(shapes.DocumentOut, 201))
def create_document(
    request: Request, actor: Writer, body: shapes.DocumentNew, key: IdempotencyKey = None
) -> Response:
    """一份文件经历若干轮次；建立后用 `/v1/documents/{document}/rounds` 提交各轮内容。"""

    def act(session: Session) -> Made:
        row = store.create_document(
            session,
            departments=actor.departments,
            department=body.department,
            label=body.label,
            fiscal_year=body.fiscal_year,
            created_by=actor.id,
        )
        note(session, request, actor, "document.create", "document", row.id)
        return Made(views.document(row), 201, {"Location": f"{PREFIX}/documents/{row.id}"})

    return once(request, kept(request).store, actor, key, digest_of(request, body), act)


@router.get("/documents", summary="文件清单", responses=ok(shapes.DocumentPage))
def list_documents(
    request: Request,
    actor: Reader,
    department: Annotated[
        str | SkipJsonSchema[None], Query(max_length=200, description="只列该部门的")
    ] = None,
    state: Annotated[shapes.State | SkipJsonSchema[None], Query(description="只列该状态的")] = None,
    fiscal_year: Annotated[int | SkipJsonSchema[None], Query(description="只列该年度的")] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """新的在前；只列本人部门范围内的。"""
    with kept(request).store.read() as session:
        page = store.list_documents(
            session,
            departments=actor.departments,
            department=department,
            state=state,
            fiscal_year=fiscal_year,
            cursor=cursor,
            limit=limit,
        )
    return listed("documents", map(views.document, page.items), page.next)


@router.get("/documents/{document}", summary="一份文件", responses=ok(shapes.DocumentOut, tag=True))
def get_document(request: Request, document: str, actor: Reader) -> Response:
    """名称、部门、年度与状态。"""
    with kept(request).store.read() as session:
        row = store.get_document(session, document, departments=actor.departments)
    return tagged(request, views.document(row))


@router.delete(
    "/documents/{document}",
    summary="删除一份文件",
    status_code=204,
    responses={204: {"description": "已删除"}},
    openapi_extra=refuses(409, 412),
)
def delete_document(request: Request, document: str, actor: Writer, if_match: IfMatch = None) -> Response:
    """连同各轮内容、检查、意见与处理一并删除，不能恢复；审计记录保留。已提交或已通过的，只有管理员可以删除。"""
    with kept(request).store.session() as session:
        row = store.get_document(session, document, departments=actor.departments, lock=True)
        must_match(if_match, views.document(row))
        if row.state in _DELETING and actor.role != "administrator":
            raise Conflict(_DELETING[row.state])
        store.delete_document(session, document, departments=actor.departments)
        forget(session, row.id)
        note(session, request, actor, "document.delete", "document", row.id)
    return Response(status_code=204)


@router.put(
    "/documents/{document}/filing",
    summary="提交或撤回",
    responses=ok(shapes.DocumentOut, tag=True),
    openapi_extra=refuses(412),
)
def file_document(
    request: Request, document: str, actor: Writer, body: shapes.FilingNew, if_match: IfMatch = None
) -> Response:
    """草稿提交审核；已提交或已退回的改回草稿。已是该状态的，不作改动。"""
    return _change(request, document, actor, body.state, if_match)


@router.put(
    "/documents/{document}/verdict",
    summary="退回或通过",
    responses=ok(shapes.DocumentOut, tag=True),
    openapi_extra=refuses(412),
)
def judge_document(
    request: Request, document: str, actor: Reviewer, body: shapes.VerdictNew, if_match: IfMatch = None
) -> Response:
    """已提交的退回修改或予以通过；已通过的可以退回。"""
    return _change(request, document, actor, body.state, if_match)


def _change(request: Request, document: str, actor: Actor, state: str, if_match: str | None) -> Response:
    with kept(request).store.session() as session:
        row = store.get_document(session, document, departments=actor.departments, lock=True)
        must_match(if_match, views.document(row))
        before = row.state
        try:
            store.set_state(session, document, state, departments=actor.departments)
        except Conflict as error:
            raise Conflict(_FIRST.get(before, error.message)) from error
        body: dict[str, Any] = views.document(row)
        if before != state:
            note(session, request, actor, f"document.{state}", "document", row.id)
    return shown(Made(body), tagged=True)
