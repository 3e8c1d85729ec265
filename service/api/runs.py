"""Checks of a round: read in every format, looked through, done again."""

import hashlib
import json
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.api import schemas_report, store_tasks, views
from service.api import schemas_store as shapes
from service.api.deps import PREFIX, services_of
from service.api.errors import Problem
from service.api.rounds import PURGED
from service.api.stateful import (
    DEFAULT_LIMIT,
    Cursor,
    IdempotencyKey,
    Limit,
    Made,
    Reader,
    digest_of,
    is_known,
    listed,
    note,
    ok,
    once,
    refuses,
    replayed,
    shown,
    tagged,
)
from service.api.stateless import HTML_POLICY, Profile
from service.api.store_tasks import Stored
from service.api.tasks import ReportFormat, Source
from service.api.wiring import Kept, kept
from service.auth.roles import Actor
from service.export.base import MEDIA_TYPES
from service.pipeline import CheckOptions
from service.store import documents as store_documents
from service.store import runs as store
from service.store.decisions import latest_decisions
from service.store.waivers import waivers_in_force

router = APIRouter(prefix=PREFIX, tags=["检查记录"])

_FILES = {MEDIA_TYPES[kind].partition(";")[0] for kind in ("xlsx", "docx", "html")}


@router.post(
    "/rounds/{round}/runs",
    summary="再次检查一轮",
    status_code=201,
    responses=ok(shapes.RunOut, 201),
    openapi_extra=refuses(409, 410, 413, 415, 422),
)
async def add_run(
    request: Request, round: str, actor: Reader, profile: Profile = None, key: IdempotencyKey = None
) -> Response:
    """以所存原文和现行规则、豁免再检查一次，另存一条检查记录。"""
    here, digest = kept(request), digest_of(request)
    before = await run_in_threadpool(replayed, request, here.store, actor, key, digest)
    if before is not None:
        return before
    source, wanted = await run_in_threadpool(_again, here, round, actor, profile)
    services = services_of(request)
    checked = await services.workers.run(store_tasks.check, source, wanted, services.settings.limits)
    request.state.codes = checked.codes

    def act(session: Session) -> Made:
        info = store.record_run(
            session, round, checked.decoded(), departments=actor.departments, profile=profile
        )
        body = views.run(session, info)
        note(session, request, actor, "run.create", "run", info.id, checked.sha256)
        return Made(body, 201, {"Location": f"{PREFIX}/runs/{info.id}"})

    return await run_in_threadpool(once, request, here.store, actor, key, digest, act)


def _again(here: Kept, round_id: str, actor: Actor, profile: str | None) -> tuple[Source, CheckOptions]:
    with here.store.read() as session:
        row = store_documents.get_version(session, round_id, departments=actor.departments)
        document = store_documents.get_document(session, row.document_id, departments=actor.departments)
        if row.original is None:
            raise Problem("purged", PURGED)
        source = Source(row.original, f"x.{row.input_kind}", is_body=row.input_kind == "json")
        return source, store_tasks.options(profile, waivers_in_force(session, document.department))


@router.get("/documents/{document}/runs", summary="一份文件的检查记录", responses=ok(shapes.RunPage))
def list_runs(
    request: Request, document: str, actor: Reader, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """各轮的全部检查，新的在前。"""
    with kept(request).store.read() as session:
        page = store.list_runs(session, document, departments=actor.departments, cursor=cursor, limit=limit)
        return listed("runs", views.runs(session, page.items), page.next)


@router.get("/runs/{run}", summary="一次检查", responses=ok(shapes.RunOut, tag=True))
def get_run(request: Request, run: str, actor: Reader) -> Response:
    """问题数、评分与检查所用的版本。"""
    with kept(request).store.read() as session:
        body = views.run(session, store.get_run_info(session, run, departments=actor.departments))
    return tagged(request, body)


@router.get(
    "/runs/{run}/report",
    summary="检查报告",
    responses={
        **ok(schemas_report.Report, tag=True),
        200: {
            **ok(schemas_report.Report, tag=True)[200],
            "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in sorted(_FILES)},
        },
    },
    openapi_extra=refuses(410),
)
async def get_report(
    request: Request,
    run: str,
    actor: Reader,
    format: Annotated[ReportFormat, Query(description="报告格式")] = "json",
    annotated: Annotated[bool, Query(description="返回原文件的批注副本（docx、xlsx）而不是报告")] = False,
) -> Response:
    """JSON 与检查时的报告逐字节相同；其他格式由所存报告重新生成。查看记入审计。"""
    stored, digest = await run_in_threadpool(_stored, request, run, actor, with_original=annotated)
    headers = {
        "ETag": f'"{digest[:32]}-{format}{"-a" if annotated else ""}"',
        "Cache-Control": "private, no-cache",
    }
    if is_known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    reply = await services_of(request).workers.run(store_tasks.written, stored, format, annotated)
    if reply.filename is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(reply.filename, safe='')}"
    if reply.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = HTML_POLICY
    return Response(reply.data, headers=headers, media_type=reply.media_type)


def _stored(request: Request, run_id: str, actor: Actor, *, with_original: bool) -> tuple[Stored, str]:
    with kept(request).store.session() as session:
        row = store.get_run(session, run_id, departments=actor.departments)
        version = store_documents.get_version(session, row.version_id, departments=actor.departments)
        document = store_documents.get_document(session, version.document_id, departments=actor.departments)
        if row.report is None or (with_original and version.original is None):
            raise Problem("purged", PURGED)
        report = json.dumps(row.report).encode("ascii")
        found = Stored(
            report,
            version.input_kind,
            version.original if with_original else None,
            document.label,
            row.profile,
        )
        note(session, request, actor, "run.read", "run", row.id, version.sha256)
        return found, row.report_sha256


@router.get("/runs/{run}/findings", summary="一次检查的问题", responses=ok(shapes.FindingPage))
def list_findings(
    request: Request,
    run: str,
    actor: Reader,
    waived: Annotated[bool, Query(description="改列因豁免而不列的")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """按报告中的次序，附最后一次处理；表内文字清除后仍可查看。"""
    with kept(request).store.read() as session:
        info = store.get_run_info(session, run, departments=actor.departments)
        page = store.list_findings(
            session, run, departments=actor.departments, waived=waived, cursor=cursor, limit=limit
        )
        decided = latest_decisions(session, info.document_id, departments=actor.departments)
        rows = [views.finding(row, decided) for row in page.items]
    return shown(Made({"complete": info.complete, "findings": rows, "next": page.next}))


@router.post(
    "/runs/{run}/replay",
    summary="重演一次检查",
    responses=ok(shapes.Replay),
    openapi_extra=refuses(409, 410, 413, 415, 422),
)
async def replay(request: Request, run: str, actor: Reader) -> Response:
    """以所存原文按所记条件重新检查，与当时的 JSON 报告逐字节比较；不相同时列出版本的差别。什么也不保存。"""
    stored, digest = await run_in_threadpool(_stored, request, run, actor, with_original=True)
    services = services_of(request)
    data = await services.workers.run(store_tasks.replay, stored, services.settings.limits)
    return shown(Made(await run_in_threadpool(_compared, run, stored.report, digest, data)))


def _compared(run_id: str, stored: bytes, digest: str, data: bytes) -> dict[str, Any]:
    before, after = json.loads(stored), json.loads(data)
    again = hashlib.sha256(data).hexdigest()
    old, new = ({item["fingerprint"] for item in report["findings"]} for report in (before, after))
    keys = sorted({*before["manifest"], *after["manifest"]})
    return {
        "run": run_id,
        "same": again == digest,
        "report_sha256": digest,
        "replayed_sha256": again,
        "changed": [k for k in keys if before["manifest"].get(k) != after["manifest"].get(k)],
        "findings": {"gone": len(old - new), "added": len(new - old)},
    }
