"""Rounds of a document: filed and checked in one act, read again, compared."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from models.records.codec import document_to_json
from nlp.quantity import of_row
from service.api import bodies, store_tasks, views
from service.api import schemas_store as shapes
from service.api.deps import PREFIX, services_of
from service.api.errors import Problem
from service.api.stateful import (
    IdempotencyKey,
    Made,
    Reader,
    Writer,
    digest_of,
    note,
    ok,
    once,
    refuses,
    replayed,
    shown,
    tagged,
)
from service.api.stateless import Profile
from service.api.store_tasks import Checked
from service.api.tasks import Source
from service.api.wiring import Kept, kept
from service.auth.roles import Actor
from service.export.base import MEDIA_TYPES, file_name
from service.pipeline import CheckOptions
from service.store import documents as store
from service.store import runs as store_runs
from service.store.engine import now
from service.store.errors import Conflict
from service.store.waivers import waivers_in_force

router = APIRouter(prefix=PREFIX, tags=["文件与轮次"])

PURGED = "表内文字已按保存期限清除，问题清单仍可查看"
_ORIGINALS = (
    *(MEDIA_TYPES[kind] for kind in ("docx", "xlsx")),
    "application/octet-stream",
)


@router.post(
    "/documents/{document}/rounds",
    summary="填报一轮并检查",
    status_code=201,
    responses=ok(shapes.Filed, 201),
    openapi_extra=bodies.documented("CheckBody", file=True),
)
async def add_round(
    request: Request,
    document: str,
    actor: Writer,
    round: Annotated[str, Query(min_length=1, max_length=40, description="轮次，如 一上、二上、再报")],
    profile: Profile = None,
    key: IdempotencyKey = None,
) -> Response:
    """上传文件（表单字段 file）或提交 JSON，格式与 `/v1/check` 相同。适用于该部门的豁免参与检查。已通过的文件须先退回。"""
    source, here = await bodies.source(request), kept(request)
    digest = digest_of(request, source.data, source.name.encode())
    before = await run_in_threadpool(replayed, request, here.store, actor, key, digest)
    if before is not None:
        return before
    wanted = await run_in_threadpool(_wanted, here, document, actor, profile)
    services = services_of(request)
    checked = await services.workers.run(store_tasks.check, source, wanted, services.settings.limits)
    request.state.codes = checked.codes

    def act(session: Session) -> Made:
        return _filed(session, request, document, actor, round, profile, source, checked)

    return await run_in_threadpool(once, request, here.store, actor, key, digest, act)


def _wanted(here: Kept, document: str, actor: Actor, profile: str | None) -> CheckOptions:
    with here.store.read() as session:
        row = store.get_document(session, document, departments=actor.departments)
        _must_be_open(row.state)
        return store_tasks.options(profile, waivers_in_force(session, row.department))


def _must_be_open(state: str) -> None:
    if state == "approved":
        raise Conflict("文件已通过，不能再报；确需修改的，请先由审核退回")


def _filed(
    session: Session,
    request: Request,
    document: str,
    actor: Actor,
    round_name: str,
    profile: str | None,
    source: Source,
    checked: Checked,
) -> Made:
    report = checked.decoded()
    # What was so before the check may have changed meanwhile.
    _must_be_open(store.get_document(session, document, departments=actor.departments, lock=True).state)
    at = now()
    info = store.add_version(
        session,
        document,
        departments=actor.departments,
        round=round_name,
        document=document_to_json(report.document, of_row),
        original=source.data,
        sha256=checked.sha256,
        input_kind=checked.input_kind,
        created_by=actor.id,
        purge_after=kept(request).retention.until(at),
        at=at,
    )
    run = store_runs.record_run(
        session, info.id, report, departments=actor.departments, profile=profile, at=at
    )
    body = {"round": views.round_(info), "run": views.run(session, run)}
    note(session, request, actor, "round.create", "round", info.id, checked.sha256)
    return Made(body, 201, {"Location": f"{PREFIX}/rounds/{info.id}"})


@router.get("/documents/{document}/rounds", summary="各轮填报", responses=ok(shapes.RoundList))
def list_rounds(request: Request, document: str, actor: Reader) -> Response:
    """先后为序。"""
    with kept(request).store.read() as session:
        found = store.list_versions(session, document, departments=actor.departments)
    return shown(Made({"rounds": [views.round_(item) for item in found]}))


@router.get("/rounds/{round}", summary="一轮填报", responses=ok(shapes.RoundOut, tag=True))
def get_round(request: Request, round: str, actor: Reader) -> Response:
    """何时由谁提交、文件摘要与保存期限。"""
    with kept(request).store.read() as session:
        info = store.get_version_info(session, round, departments=actor.departments)
    return tagged(request, views.round_(info))


@router.get(
    "/rounds/{round}/text",
    summary="一轮填报的内容",
    responses=ok(shapes.RoundText),
    openapi_extra=refuses(410),
)
def get_round_text(request: Request, round: str, actor: Reader) -> Response:
    """规范化后的内容，可直接提交 `/v1/check`；查看记入审计。"""
    with kept(request).store.session() as session:
        row = store.get_version(session, round, departments=actor.departments)
        if row.document is None:
            raise Problem("purged", PURGED)
        body: dict[str, Any] = {"schema": "biaochi.document/v1", "document": row.document}
        note(session, request, actor, "round.read", "round", row.id, row.sha256)
    return shown(Made(body))


@router.get(
    "/rounds/{round}/original",
    summary="一轮填报的原文件",
    response_class=Response,
    responses={
        200: {
            "description": "成功",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _ORIGINALS},
        }
    },
    openapi_extra=refuses(410),
)
def get_round_original(request: Request, round: str, actor: Reader) -> Response:
    """与所提交的逐字节相同；查看记入审计。"""
    with kept(request).store.session() as session:
        row = store.get_version(session, round, departments=actor.departments)
        document = store.get_document(session, row.document_id, departments=actor.departments)
        if row.original is None:
            raise Problem("purged", PURGED)
        kind, data = row.input_kind, row.original
        name = file_name(f"{document.label}_{row.round}") or "原文件"
        note(session, request, actor, "round.read", "round", row.id, row.sha256)
    media = MEDIA_TYPES[kind] if kind in ("docx", "xlsx") else "application/octet-stream"
    named = quote(f"{name}.{kind}", safe="")
    return Response(
        data, media_type=media, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{named}"}
    )


@router.get(
    "/documents/{document}/comparison",
    summary="比较两轮",
    responses=ok(shapes.Comparison),
    openapi_extra=refuses(409),
)
def compare(
    request: Request,
    document: str,
    actor: Reader,
    old: Annotated[str | SkipJsonSchema[None], Query(max_length=32, description="前一次检查的编号")] = None,
    new: Annotated[str | SkipJsonSchema[None], Query(max_length=32, description="后一次检查的编号")] = None,
) -> Response:
    """已解决、仍存在、新出现的问题。不写检查编号时，比较最近两轮各自的最后一次检查。"""
    if (old is None) != (new is None):
        raise Problem("invalid-request", "old 与 new 须同时写明，或同时不写")
    with kept(request).store.read() as session:
        row = store.get_document(session, document, departments=actor.departments)
        if old is None or new is None:
            old, new = _last_two(session, row.id, actor)
        found = store_runs.compare_runs(session, old, new, departments=actor.departments)
        if found.new.document_id != row.id:
            raise Conflict("所写的检查不属于这份文件，请核对编号")
        before, after = views.runs(session, [found.old, found.new])
    parts = ("solved", "remaining", "added", "waived", "unchecked")
    body = {name: views.references(getattr(found, name)) for name in parts}
    complete = found.old.complete and found.new.complete
    return shown(Made({"old": before, "new": after, "complete": complete} | body))


def _last_two(session: Session, document: str, actor: Actor) -> tuple[str, str]:
    """Return the last runs of the last two rounds."""
    rounds = store.list_versions(session, document, departments=actor.departments)[-2:]
    last: dict[str, str] = {}
    cursor: str | None = None
    while len(rounds) == 2:
        page = store_runs.list_runs(session, document, departments=actor.departments, cursor=cursor)
        for info in page.items:
            last.setdefault(info.version_id, info.id)
        if all(info.id in last for info in rounds):
            return last[rounds[0].id], last[rounds[1].id]
        cursor = page.next
        if cursor is None:
            break
    raise Conflict("这份文件还没有两轮可供比较，请先提交下一轮，或用 old、new 写明两次检查")
