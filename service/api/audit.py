"""The audit trail for administrators: looked through, and taken away as JSON lines."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response, StreamingResponse

from service.api import schemas_admin as shapes
from service.api.deps import PREFIX
from service.api.stateful import DEFAULT_LIMIT, Cursor, Limit, listed, note, ok
from service.api.wiring import kept
from service.auth.dependencies import must_see, require
from service.auth.roles import Actor
from service.store import audit as store

router = APIRouter(prefix=PREFIX, tags=["审计"])

Auditor = Annotated[Actor, Depends(require("read_audit"))]
LINES = "application/x-ndjson"


@router.get("/audit", summary="审计记录", responses=ok(shapes.AuditPage))
def list_audit(
    request: Request,
    actor: Auditor,
    by: Annotated[
        str | SkipJsonSchema[None], Query(max_length=32, description="只列该操作人（编号）的")
    ] = None,
    object_id: Annotated[
        str | SkipJsonSchema[None], Query(max_length=64, description="只列涉及该对象（编号）的")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """新的在前，只有编号与摘要，没有表内文字；记录涉及各部门，限定部门的管理员不能查看。"""
    must_see(actor, None)
    with kept(request).store.read() as session:
        page = store.list_entries(session, actor=by, object_id=object_id, cursor=cursor, limit=limit)
    return listed("entries", map(store.to_json, page.items), page.next)


@router.get(
    "/audit/export",
    summary="导出审计记录",
    response_class=Response,
    responses={200: {"description": "成功", "content": {LINES: {"schema": {"type": "string"}}}}},
)
def export_audit(
    request: Request,
    actor: Auditor,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="从该序号之后开始，供增量导出")] = 0,
    limit: Annotated[
        int | SkipJsonSchema[None], Query(ge=1, le=2**31 - 1, description="至多多少条；不写为全部")
    ] = None,
) -> Response:
    """每行一条 JSON，旧的在前；每条含前一条的摘要，缺失与改动可以查出。导出本身也记入审计。"""
    must_see(actor, None)
    here = kept(request)
    with here.store.session() as session:
        note(session, request, actor, "audit.export", "audit", "trail")
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(
        store.export(here.store, after=after, limit=limit), media_type=LINES, headers=headers
    )
