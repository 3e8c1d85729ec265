"""Routes that compute and keep nothing: check, one row, parse, classify, suggest, preview, fix."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AfterValidator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError
from starlette.responses import Response

from rules.engine.profile import profile_names
from service.api import bodies, schemas, schemas_report, tasks
from service.api.deps import PREFIX, actor, services_of
from service.api.tasks import FixFormat, Options, Reply, ReportFormat
from service.fixing import Only

HTML_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_FILES = (
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "text/html",
)

router = APIRouter(prefix=PREFIX, dependencies=[Depends(actor)])


def _shipped(profile: str | None) -> str | None:
    """Return the name of a shipped profile; a path is never one."""
    if profile is not None and profile not in profile_names():
        raise PydanticCustomError(
            "unknown_profile", "no such profile", {"expected": "、".join(profile_names())}
        )
    return profile


Profile = Annotated[
    str | SkipJsonSchema[None],
    Query(description="检查配置的名称，见 /v1/profiles；不写时按表内标签选择指标体系", examples=["hebei"]),
    AfterValidator(_shipped),
]
Suggest = Annotated[bool, Query(description="是否给出建议；不需要时更快")]


def _answer(request: Request, reply: Reply) -> Response:
    # For counting: what is found most is of interest to operators.
    request.state.codes = reply.codes
    headers = {}
    if reply.filename is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(reply.filename, safe='')}"
    if reply.media_type.startswith("text/html"):
        headers["Content-Security-Policy"] = HTML_POLICY
    return Response(reply.data, headers=headers, media_type=reply.media_type)


def _ok(model: Any, *, files: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the documented answer of a route; report formats other than JSON are files."""
    found: dict[str, Any] = {"model": model, "description": "成功"}
    if files:
        found["content"] = {kind: {"schema": {"type": "string", "format": "binary"}} for kind in _FILES}
    return {200: found}


@router.post(
    "/check",
    summary="检查一份文件或一份 JSON",
    tags=["检查"],
    responses=_ok(schemas_report.Report, files=True),
    openapi_extra=bodies.documented("CheckBody", file=True),
)
async def check(
    request: Request,
    profile: Profile = None,
    suggest: Suggest = True,
    format: Annotated[ReportFormat, Query(description="报告格式")] = "json",
    annotated: Annotated[bool, Query(description="返回原文件的批注副本（docx、xlsx）而不是报告")] = False,
) -> Response:
    """上传文件（表单字段 file），或提交 JSON：document 对象、单个项目、整个报告、一体化系统的数据行。

    JSON 报告与 `biaochi check --format json` 逐字节相同。
    """
    source = await bodies.source(request)
    options = Options(profile=profile, suggest=suggest)
    services = services_of(request)
    limits = services.settings.limits
    return _answer(
        request, await services.workers.run(tasks.check, source, options, format, annotated, limits)
    )


@router.post(
    "/check/row",
    summary="检查正在填写的一行",
    tags=["检查"],
    responses=_ok(schemas.RowAnswer),
    openapi_extra=bodies.documented("RowRequest"),
)
async def check_row(request: Request, profile: Profile = None, suggest: Suggest = False) -> Response:
    """只返回与该行有关的问题及归类；附上项目的名称、预算、目标与其他各行时，与它们的矛盾也会指出。"""
    body = await bodies.json_body(request)
    services = services_of(request)
    options, limits = Options(profile=profile, suggest=suggest), services.settings.limits
    typed = None if suggest else tasks.light(body, limits)
    if typed is not None:
        return _answer(request, tasks.check_typed(typed, options, limits))
    return _answer(request, await services.workers.run(tasks.check_row, body, options, limits))


@router.post(
    "/parse",
    summary="只读取，不检查",
    tags=["检查"],
    responses=_ok(schemas_report.ParsedDocument),
    openapi_extra=bodies.documented("CheckBody", file=True),
)
async def parse(request: Request, profile: Profile = None) -> Response:
    """返回规范化后的文件，内容与 `biaochi parse` 相同。"""
    source = await bodies.source(request)
    services = services_of(request)
    limits = services.settings.limits
    return _answer(request, await services.workers.run(tasks.parse, source, Options(profile=profile), limits))


@router.post(
    "/classify",
    summary="判断指标的类型",
    tags=["指标"],
    responses=_ok(schemas.ClassifyAnswer),
    openapi_extra=bodies.documented("ClassifyRequest"),
)
async def classify(request: Request) -> Response:
    """一次至多 1000 个指标，结果与请求同序。"""
    body, services = await bodies.json_body(request), services_of(request)
    return _answer(request, await services.workers.run(tasks.classify, body, services.settings.limits))


@router.post(
    "/suggest",
    summary="为项目推荐指标",
    tags=["指标"],
    responses=_ok(schemas.SuggestAnswer),
    openapi_extra=bodies.documented("SuggestRequest"),
)
async def suggest(request: Request) -> Response:
    """按类、按相关程度排列，说明理由；没有目标值，由填报人填写。"""
    body, services = await bodies.json_body(request), services_of(request)
    return _answer(request, await services.workers.run(tasks.suggest, body, services.settings.limits))


@router.post(
    "/preview",
    summary="试采用建议",
    tags=["建议"],
    responses=_ok(schemas_report.Report),
    openapi_extra=bodies.documented("PreviewRequest"),
)
async def preview(request: Request, profile: Profile = None, suggest: Suggest = True) -> Response:
    """把若干建议连同待填项的内容写进文件后重新检查，返回修改后的报告；什么也不保存。"""
    body, services = await bodies.json_body(request), services_of(request)
    options = Options(profile=profile, suggest=suggest)
    return _answer(
        request, await services.workers.run(tasks.preview, body, options, services.settings.limits)
    )


@router.post(
    "/fix",
    summary="采用全部无需填写的建议",
    tags=["建议"],
    responses=_ok(schemas.FixAnswer, files=True),
    openapi_extra=bodies.documented("CheckBody", file=True),
)
async def fix(
    request: Request,
    profile: Profile = None,
    only: Annotated[Only, Query(description="safe 只采用不改变含义的；verified 另采用请核实的")] = "verified",
    format: Annotated[
        FixFormat, Query(description="json；original 为改好的原文件（docx、xlsx）；list 为修改清单（xlsx）")
    ] = "json",
) -> Response:
    """只采用经规则复核、不需要填写数字的建议；再次提交修改后的文件不再有改动。"""
    source = await bodies.source(request)
    services = services_of(request)
    options, limits = Options(profile=profile), services.settings.limits
    return _answer(request, await services.workers.run(tasks.fix, source, options, only, format, limits))
