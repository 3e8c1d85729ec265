"""The published description of the interface; kept as openapi.json, and a test notices changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from service.api import schemas, schemas_admin
from service.api.errors import KINDS, MEDIA_TYPE, PREFIX, Kind

_REF: Final = "#/components/schemas/{model}"
_EVERYWHERE: Final = (400, 401, 403, 404, 405, 429, 500, 503)
_WITH_BODY: Final = (408, 409, 413, 415, 422)
_BODIES: Final = (
    schemas.RowRequest,
    schemas.ClassifyRequest,
    schemas.SuggestRequest,
    schemas.PreviewRequest,
    schemas.DocumentIn,
    schemas.ProjectIn,
    schemas.ReportIn,
    schemas.ProblemOut,
    schemas_admin.BatchNew,
)
_CHECK_BODY: Final = {
    "title": "CheckBody",
    "description": "document 对象、单个项目或整个报告；一体化系统的数据行、项目报文同样可读，字段映射见使用说明。",
    "anyOf": [{"$ref": _REF.format(model=name)} for name in ("DocumentIn", "ProjectIn", "ReportIn")],
}
_ABOUT: Final = """预算项目绩效目标表质量检查。错误一律为 application/problem+json，`type` 稳定，`detail` 说明怎样处理，不含所提交的文字。

每个响应带 `X-Request-ID`；请求中给出（字母、数字、点、下划线、连字符，至多 64 位）则沿用。"""


def install(app: FastAPI) -> None:
    """Let the application publish its description."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application."""
    document = get_openapi(title="标尺", version=app.version, description=_ABOUT, routes=app.routes)
    components = document.setdefault("components", {})
    known = components.setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(model, "validation") for model in _BODIES], ref_template=_REF.replace("{model}", "{model}")
    )
    for name, schema in definitions["$defs"].items():
        known.setdefault(name, schema)
    known["CheckBody"] = _CHECK_BODY
    for unused in ("HTTPValidationError", "ValidationError"):
        known.pop(unused, None)
    statuses: set[int] = set()
    for path, item in document["paths"].items():
        for operation in item.values():
            statuses |= _document_problems(path, operation)
    components["responses"] = {f"Problem{status}": _problems(status) for status in sorted(statuses)}
    components["schemas"] = dict(sorted(known.items()))
    return document


def _document_problems(path: str, operation: dict[str, Any]) -> set[int]:
    """Add what every route may answer; what a route says of itself stays."""
    wanted = {500, 503} if path in ("/healthz", "/readyz") else set(_EVERYWHERE)
    wanted |= set(operation.pop("x-problems", ()))
    if "requestBody" in operation:
        wanted |= set(_WITH_BODY)
    elif "parameters" in operation:
        wanted |= {422}
    responses: dict[str, Any] = operation["responses"]
    if "HTTPValidationError" in json.dumps(responses.get("422", {})):
        del responses["422"]
    added = {s for s in wanted if str(s) not in responses}
    responses |= {str(s): {"$ref": f"#/components/responses/Problem{s}"} for s in sorted(added)}
    operation["responses"] = dict(sorted(responses.items()))
    return added


def _problems(status: int) -> dict[str, Any]:
    kinds = [kind for kind in KINDS.values() if kind.status == status]
    return {
        "description": "；".join(f"{kind.title}（{kind.slug}）" for kind in kinds),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": _REF.format(model="ProblemOut")},
                "examples": {kind.slug: {"value": _example(kind)} for kind in kinds},
            }
        },
    }


def _example(kind: Kind) -> Mapping[str, Any]:
    return {
        "type": PREFIX + kind.slug,
        "title": kind.title,
        "status": kind.status,
        "detail": f"{kind.title}，请按说明处理后重试",
        "request_id": "6f0e0c1c7f6c4d0f9c1f3a5b7d9e1f20",
    }


def render() -> str:
    """Return the text of openapi.json."""
    from service.app import create_app
    from service.settings import ServerSettings

    app = create_app(ServerSettings())
    return json.dumps(describe(app), ensure_ascii=False, indent=1) + "\n"
