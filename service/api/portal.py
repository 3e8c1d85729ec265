"""Routes for the budget system's portal: one project at once, batches with a message at the end, withdrawal."""

from typing import Annotated, Any, NoReturn
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic.json_schema import SkipJsonSchema
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.api import bodies, queueing
from service.api.deps import PREFIX, services_of
from service.api.errors import Fault, Problem, scrubbed
from service.api.stateful import IdempotencyKey, Made, digest_of, note, ok, replayed, shown
from service.api.stateless import Profile, Suggest
from service.api.wiring import kept
from service.auth.dependencies import require
from service.auth.roles import Actor
from service.errors import SettingsError
from service.jobs import queue, view, webhooks
from service.jobs.errors import NoSuchJob
from service.jobs.progress import progress_to_json
from service.jobs.signing import TOLERANCE
from service.portal import schemas, tasks

router = APIRouter(prefix=f"{PREFIX}/portal", tags=["申报系统"])

Portal = Annotated[Actor, Depends(require("portal"))]
JobId = Annotated[str, Path(pattern=r"^[0-9A-Za-z_-]{1,64}$", description="批次编号")]
Department = Annotated[
    str | SkipJsonSchema[None],
    Query(min_length=1, max_length=200, description="项目所属的部门；写明时须在密钥的部门之内"),
]
MOST_RESULTS = 200
_RETRY = {"Retry-After": "60"}


def _project_body() -> dict[str, Any]:
    content = {"schema": schemas.PROJECT_SCHEMA, "examples": schemas.PROJECT_EXAMPLES}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def _batch_body() -> dict[str, Any]:
    schema = schemas.BatchIn.model_json_schema()
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    "/check",
    summary="检查申报系统的一个项目",
    responses=ok(schemas.PortalResult),
    openapi_extra=_project_body(),
)
async def portal_check(
    request: Request,
    actor: Portal,
    profile: Profile = None,
    suggest: Suggest = True,
    department: Department = None,
) -> Response:
    """正文为项目报文或一体化系统的数据行，字段按本站的映射文件读取；什么也不保存。

    适用于该部门的豁免参与检查；密钥对应多个部门而没有写明部门的，只用适用于全部部门的豁免。
    """
    whose = queueing.department_of(actor, department)
    body = await bodies.json_body(request)
    services, store = services_of(request), kept(request).store
    options = await run_in_threadpool(queueing.checking, store, whose, profile, suggest=suggest)
    mine = actor.departments if whose is None else frozenset({whose})
    try:
        reply = await services.workers.run(tasks.check, body, options, mine, services.settings.limits)
    except SettingsError as error:
        _misconfigured(error)
    request.state.codes = reply.codes
    return Response(reply.data, media_type=reply.media_type)


@router.post(
    "/batches",
    summary="提交一批项目",
    status_code=202,
    responses=ok(schemas.Submitted, 202),
    openapi_extra=_batch_body(),
)
async def portal_submit(
    request: Request,
    actor: Portal,
    profile: Profile = None,
    suggest: Suggest = True,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """收下后立即返回批次编号；全部处理完毕时向 webhook 发送带签名的通知，也可以轮询进度。

    适用于该部门的豁免参与检查。
    """
    body = await bodies.json_body(request)
    services, store = services_of(request), kept(request).store
    digest = digest_of(request, body)
    before = await run_in_threadpool(replayed, request, store, actor, idempotency_key, digest)
    if before is not None:
        return before
    try:
        sent = await services.workers.run(tasks.batch, body, services.settings.limits)
    except SettingsError as error:
        _misconfigured(error)
    batch = queueing.Batch(
        files=sent.files,
        department=_department(actor, sent),
        profile=profile,
        suggest=suggest,
        webhook=sent.webhook,
    )
    act = queueing.Act(
        request=request,
        actor=actor,
        key=idempotency_key,
        digest=digest,
        action="portal.submit",
        object_type="job",
    )

    def made(job: str) -> Made:
        place = f"{PREFIX}/portal/batches/{quote(job, safe='')}"
        return Made({"job": job, "total": len(sent.files)}, 202, {"Location": place})

    return await run_in_threadpool(queueing.take_in, act, batch, made)


@router.get("/batches/{job}", summary="批次的进度", responses=ok(schemas.PortalProgress))
async def portal_progress(request: Request, actor: Portal, job: JobId) -> Response:
    """只见本部门的批次。"""
    store = kept(request).store
    await run_in_threadpool(_find, request, actor, job)
    return shown(Made(progress_to_json(await run_in_threadpool(queue.progress, store, job))))


@router.get("/batches/{job}/results", summary="批次的结果", responses=ok(schemas.PortalItems))
async def portal_results(
    request: Request,
    actor: Portal,
    job: JobId,
    after: Annotated[int, Query(ge=-1, le=2**31 - 1, description="上一页的 next_after；不写为第一页")] = -1,
    limit: Annotated[int, Query(ge=1, le=MOST_RESULTS, description="每页项目数")] = 50,
) -> Response:
    """按提交的顺序，未完成的没有 result；随时可取，已完成的不再改变。取结果记入审计。"""
    store = kept(request).store

    def page() -> dict[str, Any]:
        info = _find(request, actor, job)
        found = view.results(store, job, after=after, limit=limit)
        items = [_item(entry) for entry in found.items]
        if any(entry.result is not None for entry in found.items):
            with store.session() as session:
                note(session, request, actor, "portal.read", "job", job)
        return {"job": info.id, "state": info.state, "items": items, "next_after": found.next_after}

    try:
        return shown(Made(await run_in_threadpool(page)))
    except SettingsError as error:
        _misconfigured(error)


@router.post("/batches/{job}/withdraw", summary="撤回一批", responses=ok(schemas.Withdrawn))
async def portal_withdraw(request: Request, actor: Portal, job: JobId) -> Response:
    """未完成的项目不再处理，已完成的结果保留；重复撤回的结果相同。"""
    store = kept(request).store

    def withdraw() -> str:
        _find(request, actor, job)
        return queue.cancel(
            store, job, also=lambda session: note(session, request, actor, "portal.withdraw", "job", job)
        )

    return shown(Made({"job": job, "state": await run_in_threadpool(withdraw)}))


@router.get("/webhook", summary="核对回调签名的密钥", responses=ok(schemas.WebhookSecrets))
async def portal_webhook(request: Request, actor: Portal) -> Response:
    """由站点密钥与当前身份推出，只能核对该身份所提交批次的通知；没有设置站点密钥时为空。"""
    secrets = [webhooks.receiver_secret(secret, actor.id) for secret in kept(request).messages.secrets]
    return shown(Made({"secrets": secrets, "tolerance": TOLERANCE}))


def _find(request: Request, actor: Actor, job: str) -> view.JobInfo:
    """Return a job. Another department's does not exist for the caller. Raises NoSuchJob."""
    info = view.find(kept(request).store, job)
    if not actor.sees(info.department):
        raise NoSuchJob("没有这个批次，请核对编号")
    return info


def _department(actor: Actor, batch: tasks.Batch) -> str | None:
    """Return whose batch it is. Raises Problem, Forbidden."""
    department = queueing.department_of_batch(actor, batch.department)
    for other, number in batch.units:
        if department is not None and other != department:
            fault = Fault(f"projects[{number}]", "单位属于其他部门")
            raise Problem(
                "department-refused", "批次中有其他部门的项目，请核对单位代码，按部门分批提交", faults=[fault]
            )
    return department


def _item(entry: view.ChunkResult) -> dict[str, Any]:
    result, error = tasks.result_of(entry.result, entry.label)
    if result is None and error is None:
        error = entry.error
        if entry.state == "done":
            error = "结果已按保存期限清除，请重新提交"
    return {
        "ordinal": entry.ordinal,
        "key": entry.label,
        "state": entry.state,
        "result": result,
        "error": error,
    }


def _misconfigured(error: SettingsError) -> NoReturn:
    """Tell that the site's mapping file is at fault, not the caller."""
    raise Problem("unready", scrubbed(error.message), headers=_RETRY) from error
