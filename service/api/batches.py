"""Batches: many files or projects at once, with progress, results and a message at the end."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio
from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic.json_schema import SkipJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from service.api import batch_bodies, queueing
from service.api import schemas_admin as shapes
from service.api.batch_bodies import Batch
from service.api.deps import PREFIX, services_of
from service.api.stateful import (
    Cursor,
    IdempotencyKey,
    Limit,
    Made,
    listed,
    moment,
    note,
    ok,
    refuses,
    replayed,
    shown,
)
from service.api.wiring import Kept, kept
from service.auth.dependencies import require
from service.auth.roles import Actor
from service.jobs import progress as streams
from service.jobs import queue, view
from service.jobs.errors import NoSuchJob
from service.store.errors import BadCursor
from service.store.values import key as known

router = APIRouter(prefix=PREFIX, tags=["批次"])

_EVENT: dict[str, Any] = {
    "type": "object",
    "description": "一个事件，各字段一行；data 为 JSON",
    "properties": {
        "event": {"type": "string", "enum": ["progress", "end"]},
        "id": {"type": "string"},
        "data": {"type": "string"},
    },
}
Runner = Annotated[Actor, Depends(require("run_batch"))]


@router.post(
    "/batches",
    summary="提交一个批次",
    status_code=202,
    responses=ok(shapes.BatchOut, 202),
    openapi_extra=batch_bodies.DOCUMENTED,
)
async def submit_batch(request: Request, actor: Runner, key: IdempotencyKey = None) -> Response:
    """上传若干文件（表单字段 file，可多个），或以 JSON 提交若干项目；立即返回编号，由工作进程逐份检查。

    适用于该部门的豁免参与检查。一份不可用不影响其他各份，其结果写明原因。
    """
    services, here = services_of(request), kept(request)
    batch = await batch_bodies.read(request, services.settings.limits, here.jobs)
    return await run_in_threadpool(_submit, request, here, actor, batch, key)


def _submit(request: Request, here: Kept, actor: Actor, sent: Batch, key: str | None) -> Response:
    digest = batch_bodies.digest_of(request, sent)
    before = replayed(request, here.store, actor, key, digest)
    if before is not None:
        return before
    wanted = sent.options
    batch = queueing.Batch(
        files=sent.files,
        department=queueing.department_of_batch(actor, wanted.department),
        profile=wanted.profile,
        suggest=wanted.suggest,
        webhook=wanted.webhook,
        priority=wanted.priority,
    )
    act = queueing.Act(
        request=request, actor=actor, key=key, digest=digest, action="batch.create", object_type="batch"
    )

    def made(job: str) -> Made:
        return Made(_out(view.find(here.store, job)), 202, {"Location": f"{PREFIX}/batches/{job}"})

    return queueing.take_in(act, batch, made)


@router.get("/batches", summary="批次清单", responses=ok(shapes.BatchPage))
def list_batches(
    request: Request,
    actor: Runner,
    state: Annotated[shapes.BatchState | SkipJsonSchema[None], Query(description="只列该状态的")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """新的在前；只列本人部门范围内的。"""
    here = kept(request)
    if cursor is not None:
        try:
            # The mark is the number of a batch: a foreign one must not tell when it was submitted.
            _visible(here, cursor, actor)
        except NoSuchJob as error:
            raise BadCursor("翻页标记无效，请从第一页重新开始") from error
    page = view.jobs(here.store, departments=actor.bound_to, state=state, before=cursor, limit=limit)
    return listed("batches", map(_out, page.items), page.next_before)


@router.get("/batches/{batch}", summary="一个批次的进度", responses=ok(shapes.BatchProgress))
def get_batch(request: Request, batch: str, actor: Runner) -> Response:
    """各状态的份数、搁置的各份与原因、估计剩余时间；供轮询。"""
    here = kept(request)
    _visible(here, batch, actor)
    found = view.progress(here.store, batch)
    body = streams.progress_to_json(found)
    del body["job"]
    return shown(Made(_out(found.job) | body | {"complete": found.counts["done"] == found.job.total}))


@router.get(
    "/batches/{batch}/events",
    summary="一个批次的进度（服务器推送）",
    response_class=Response,
    responses={200: {"description": "成功", "content": {"text/event-stream": {"schema": _EVENT}}}},
)
async def batch_events(
    request: Request,
    batch: str,
    actor: Runner,
    last_event_id: Annotated[
        str | SkipJsonSchema[None], Header(alias="Last-Event-ID", max_length=200)
    ] = None,
) -> Response:
    """`progress` 事件的数据即进度；批次结束时为 `end` 事件，收到后请关闭连接。服务停止时连接结束，重新连接即可接续。"""
    here = kept(request)
    await run_in_threadpool(_visible, here, batch, actor)
    return StreamingResponse(
        _stream(here, batch, last_event_id),
        media_type=streams.MEDIA_TYPE,
        headers={"X-Accel-Buffering": "no"},
    )


class _Stopping(Exception):
    """The service is about to stop."""


async def _stream(here: Kept, batch: str, last_event_id: str | None) -> AsyncIterator[str]:
    async def sleep(seconds: float) -> None:
        if here.stop.is_set():
            raise _Stopping
        await anyio.sleep(seconds)

    try:
        async for piece in streams.events(here.store, batch, last_event_id=last_event_id, sleep=sleep):
            yield piece
    except _Stopping:
        return


@router.get("/batches/{batch}/results", summary="一个批次的结果", responses=ok(shapes.ResultPage))
def batch_results(
    request: Request,
    batch: str,
    actor: Runner,
    reports: Annotated[bool, Query(description="是否带报告；不带时只列各份的状态")] = True,
    cursor: Annotated[int, Query(ge=-1, le=2**31 - 1, description="上一页的 next；从头开始为 -1")] = -1,
    limit: Annotated[int, Query(ge=1, le=200, description="每页份数")] = 20,
) -> Response:
    """按提交的次序，处理完的附报告；没有全部处理完时 complete 为 false。取报告记入审计。"""
    here = kept(request)
    _visible(here, batch, actor)
    found = view.progress(here.store, batch)
    page = view.results(here.store, batch, after=cursor, limit=limit, with_result=reports)
    if any(item.result is not None for item in page.items):
        with here.store.session() as session:
            note(session, request, actor, "batch.read", "batch", batch)
    following = None if page.next_after is None else str(page.next_after)
    return shown(
        Made(
            {
                "state": found.job.state,
                "complete": found.counts["done"] == found.job.total,
                "results": [_result(item) for item in page.items],
                "next": following,
            }
        )
    )


@router.post(
    "/batches/{batch}/cancel",
    summary="取消一个批次",
    responses=ok(shapes.BatchOut),
    openapi_extra=refuses(409),
)
def cancel_batch(request: Request, batch: str, actor: Runner) -> Response:
    """已处理完的保留结果；已结束的批次不作改动。"""
    here = kept(request)
    _visible(here, batch, actor)
    queue.cancel(
        here.store, batch, also=lambda session: note(session, request, actor, "batch.cancel", "batch", batch)
    )
    return shown(Made(_out(view.find(here.store, batch))))


def _visible(here: Kept, batch: str, actor: Actor) -> view.JobInfo:
    """Return a batch that is the caller's business. Raises NoSuchJob."""
    found = view.find(here.store, known(batch))
    if not actor.sees(found.department):
        raise NoSuchJob("没有这个批次，请核对编号")
    return found


def _out(job: view.JobInfo) -> dict[str, Any]:
    return {
        "id": job.id,
        "state": job.state,
        "priority": job.priority,
        "department": job.department,
        "total": job.total,
        "has_webhook": job.has_webhook,
        "created_by": job.created_by,
        "created_at": moment(job.created_at),
        "started_at": moment(job.started_at),
        "finished_at": moment(job.finished_at),
    }


def _result(item: view.ChunkResult) -> dict[str, Any]:
    return {
        "ordinal": item.ordinal,
        "label": item.label,
        "state": item.state,
        "attempts": item.attempts,
        "sha256": item.sha256,
        "error": item.error,
        "finished_at": moment(item.finished_at),
        "result": item.result,
    }
