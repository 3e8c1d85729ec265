"""Routes that tell what holds here: rules, profiles, limits, manifest, health. Their answers carry an ETag."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from corpora.store import digests
from nlp.classify import ID as CLASS_MODEL
from nlp.classify import load as class_model
from nlp.scheme import scheme_ids
from rules.engine.profile import load_profile, profile_names
from rules.engine.registry import all_rules, resolve
from service.api import convert, schemas
from service.api import schemas_reference as shown
from service.api.deps import PREFIX, actor, services_of
from service.api.errors import Problem
from service.api.tasks import JSON, encoded
from service.export import FORMATS
from service.ingest.reader import formats
from service.pipeline import ruleset_for

router = APIRouter(prefix=PREFIX, dependencies=[Depends(actor)])
health = APIRouter()
"""Without sign-in: machines ask."""


@dataclass(frozen=True, slots=True)
class Static:
    """An answer that stays the same while the process lives."""

    data: bytes
    etag: str

    @classmethod
    def of(cls, value: Any) -> "Static":
        """Return the answer for a JSON value."""
        data = encoded(value)
        return cls(data, f'"{hashlib.sha256(data).hexdigest()[:32]}"')


def conditional(request: Request, static: Static) -> Response:
    """Return the answer, or 304 where the caller has it already."""
    headers = {"ETag": static.etag, "Cache-Control": "private, no-cache"}
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if static.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(static.data, headers=headers, media_type=JSON)


def _ok(model: Any) -> dict[int | str, dict[str, Any]]:
    return {
        200: {
            "model": model,
            "description": "成功",
            "headers": {"ETag": {"schema": {"type": "string"}, "description": "用于 If-None-Match"}},
        },
        304: {"description": "与 If-None-Match 所示的相同"},
    }


@cache
def _rules() -> Static:
    return Static.of({"rules": [convert.rule_summary(entry.cls) for entry in all_rules().values()]})


@cache
def _rule(code: str) -> Static:
    return Static.of(convert.rule_page(all_rules()[code].cls))


@cache
def _profiles() -> Static:
    return Static.of(
        {"profiles": [convert.profile_summary(name, load_profile(name)) for name in profile_names()]}
    )


@cache
def _profile(name: str) -> Static:
    return Static.of(convert.profile_page(name, load_profile(name), ruleset_for(name).digest))


@cache
def _manifest() -> Static:
    artifact = class_model()
    return Static.of(
        {
            "tool": version("biaochi"),
            "schemas": ["biaochi.report/v1", "biaochi.document/v1", "biaochi.fix/v1"],
            "formats": sorted({*formats(), "json"}),
            "report_formats": [name for name in FORMATS if name != "text"],
            "schemes": list(scheme_ids()),
            "profiles": [
                {
                    "name": name,
                    "chain": list(load_profile(name).chain),
                    "profile_digest": load_profile(name).digest,
                    "ruleset_digest": ruleset_for(name).digest,
                }
                for name in profile_names()
            ],
            "models": [{"id": CLASS_MODEL, "version": artifact.version, "sha256": artifact.sha256}],
            "corpora": dict(digests()),
        }
    )


@router.get("/rules", summary="规则目录", tags=["规则与配置"], responses=_ok(shown.RuleList))
async def rules(request: Request) -> Response:
    """全部规则，按编号排列。"""
    return conditional(request, _rules())


@router.get(
    "/rules/{code}",
    summary="一条规则的说明",
    tags=["规则与配置"],
    responses={**_ok(shown.RulePage), 308: {"description": "曾用名或名称，转到编号的地址"}},
)
async def rule(request: Request, code: str) -> Response:
    """为什么、反例、正例、依据与选项；用名称或曾用名访问时转到编号。"""
    try:
        found = resolve(code).cls.code
    except KeyError:
        raise Problem("not-found", "没有这条规则，请核对编号或名称；目录见 /v1/rules") from None
    if found != code:
        # Relative to the address asked for, so that a prefix of a proxy stays and no header decides where it leads.
        return RedirectResponse(found, 308)
    return conditional(request, _rule(found))


@router.get("/profiles", summary="检查配置", tags=["规则与配置"], responses=_ok(shown.ProfileList))
async def profiles(request: Request) -> Response:
    """随附的检查配置。"""
    return conditional(request, _profiles())


@router.get("/profiles/{name}", summary="一份检查配置", tags=["规则与配置"], responses=_ok(shown.ProfilePage))
async def profile(request: Request, name: str) -> Response:
    """每条规则的开关、级别、选项与意见代码，以及由哪个文件的哪一行设定。"""
    if name not in profile_names():
        raise Problem("not-found", "没有这个检查配置，请核对名称；清单见 /v1/profiles")
    return conditional(request, _profile(name))


@router.get("/limits", summary="各项上限", tags=["服务"], responses=_ok(shown.Limits))
async def limits(request: Request) -> Response:
    """超过上限的请求以 413 或 503 拒绝。"""
    settings = services_of(request).settings
    bounds = settings.limits
    names = set(shown.Limits.model_fields)
    values = {name: getattr(bounds, name, None) or getattr(settings, name, None) for name in names}
    values["max_classify_items"] = schemas.MOST_ITEMS
    return conditional(request, Static.of({name: values[name] for name in shown.Limits.model_fields}))


@router.get("/manifest", summary="版本与数据摘要", tags=["服务"], responses=_ok(shown.ServiceManifest))
async def manifest(request: Request) -> Response:
    """版本、规则集、模型与词表的摘要；报告的 manifest 与此对应。"""
    return conditional(request, _manifest())


@health.get("/healthz", summary="是否在运行", tags=["服务"], responses={200: {"model": shown.Health}})
async def healthz() -> Response:
    """进程在运行即为 200。"""
    return Response(b'{"status":"ok"}', media_type=JSON)


@health.get("/readyz", summary="是否可以接受请求", tags=["服务"], responses={200: {"model": shown.Ready}})
async def readyz(request: Request) -> Response:
    """规则、模型已就绪，所用的各部分（`app.state.checks`）都正常时为 200，否则为 503。"""
    checks: dict[str, Callable[[], Awaitable[bool]]] = request.app.state.checks
    for name, is_ready in checks.items():
        if not await is_ready():
            raise Problem("unready", f"{name} 尚未就绪，请稍后重试", headers={"Retry-After": "2"})
    return Response(encoded({"status": "ready", "checks": dict.fromkeys(checks, "ok")}), media_type=JSON)
