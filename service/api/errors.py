"""Every refusal as application/problem+json (RFC 9457): a stable type, Chinese texts that say what to do.

Nothing of what a caller sent is repeated, and nothing of how the program works is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from service.api.allow import methods_of
from service.auth.errors import AuthError
from service.errors import BiaochiError, InputError

MEDIA_TYPE: Final = "application/problem+json"
PREFIX: Final = "urn:biaochi:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of refusal. `slug` is the stable end of the type."""

    slug: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The stable type."""
        return PREFIX + self.slug


_KINDS: Final = (
    Kind("bad-request", 400, "请求格式有误"),
    Kind("unauthenticated", 401, "需要身份凭据"),
    Kind("forbidden", 403, "没有权限"),
    Kind("csrf", 403, "请求来源未通过核对"),
    Kind("department-refused", 403, "不能为该部门填报"),
    Kind("not-found", 404, "没有找到"),
    Kind("unknown-key", 404, "没有找到密钥"),
    Kind("no-such-job", 404, "没有找到批次"),
    Kind("method-not-allowed", 405, "不支持该方法"),
    Kind("upload-timeout", 408, "上传过慢"),
    Kind("conflict", 409, "与现状冲突"),
    Kind("idempotency-conflict", 409, "幂等键已用于其他内容"),
    Kind("purged", 410, "内容已按期限清除"),
    Kind("precondition-failed", 412, "版本已变"),
    Kind("too-large", 413, "内容过大"),
    Kind("unsupported-media-type", 415, "内容类型不支持"),
    Kind("unsupported-format", 415, "文件格式不支持"),
    Kind("missing-tool", 415, "文件格式暂不支持"),
    Kind("invalid-request", 422, "请求内容不符合约定"),
    Kind("unusable-input", 422, "内容不可用"),
    Kind("empty-input", 422, "内容为空"),
    Kind("damaged-input", 422, "内容已损坏"),
    Kind("encrypted-input", 422, "文件设有密码"),
    Kind("no-table", 422, "没有找到绩效目标表"),
    Kind("unusable-edit", 422, "建议不能采用"),
    Kind("bad-key", 422, "密钥设置有误"),
    Kind("bad-value", 422, "取值有误"),
    Kind("bad-cursor", 422, "翻页标记有误"),
    Kind("unusable-batch", 422, "批次不可用"),
    Kind("webhook-refused", 422, "回调地址不可用"),
    Kind("too-many-requests", 429, "请求过于频繁"),
    Kind("internal", 500, "服务内部错误"),
    Kind("overloaded", 503, "服务繁忙"),
    Kind("overdue", 503, "处理超时"),
    Kind("interrupted", 503, "处理中断"),
    Kind("unready", 503, "服务尚未就绪"),
    Kind("identity-unavailable", 503, "身份认证暂不可用"),
)
KINDS: Final[Mapping[str, Kind]] = MappingProxyType({kind.slug: kind for kind in _KINDS})
"""Every kind by slug. Slugs are never renamed or removed."""

_BY_STATUS: Final = MappingProxyType(
    {400: "bad-request", 401: "unauthenticated", 403: "forbidden", 404: "not-found", 405: "method-not-allowed",
     408: "upload-timeout", 409: "conflict", 412: "precondition-failed", 413: "too-large",
     415: "unsupported-media-type", 422: "invalid-request", 429: "too-many-requests", 503: "overloaded"}
)  # fmt: skip
_DETAILS: Final = MappingProxyType(
    {
        "bad-request": "请求无法解析，请核对请求头与正文的格式",
        "not-found": "没有这个地址或对象，请核对路径；接口清单见 /v1/openapi.json",
        "method-not-allowed": "该地址不支持此方法，可用的方法见响应头 Allow",
        "internal": "服务内部错误，请稍后重试；如再次出现，请将 request_id 告知管理员",
    }
)
_KEPT: Final = frozenset({"allow", "www-authenticate", "retry-after", "connection"})
"""Headers of a library's own refusals that still say something in ours."""
_QUOTED: Final = re.compile(r"「[^」]*」")
_KEYED: Final = re.compile(r"\b(extra|raw|sources|filed)\.\S+")


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a request; `path` is built from our own names and numbers."""

    path: str
    detail: str


class Problem(HTTPException):
    """A refusal on its way out."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.kind = KINDS[slug]
        self.faults = tuple(faults)
        super().__init__(self.kind.status, detail, dict(headers) if headers else None)


class InvalidBody(BiaochiError):
    """A body does not fit its schema; may cross the border of a process."""

    code = "invalid-request"

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.faults)


class UnusableEdit(InputError):
    """A suggestion cannot be taken: it is stale, meets another, or lacks a value."""

    code = "unusable-edit"

    def __init__(self, message: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(message)
        self.faults = faults

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.message, self.faults)


def scrubbed(message: str) -> str:
    """Return one of our messages without what it quotes: the callers' keys, prompts and texts."""
    return _KEYED.sub(r"\1", _QUOTED.sub("「…」", " ".join(message.split())))


def problem_of(error: Exception) -> Problem:
    """Return the refusal that an exception stands for; anything unknown is an internal one."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, RequestValidationError):
        return Problem(
            "invalid-request", "请求参数不符合约定，请按 errors 逐项改正", faults=faults_of(error.errors())
        )
    if isinstance(error, AuthError):
        # The titles of kinds unknown here still fit: each status has a plain one.
        slug = error.type if error.type in KINDS else _BY_STATUS.get(error.status, "forbidden")
        return Problem(slug, scrubbed(error.message), headers=error.headers)
    if isinstance(error, InvalidBody | UnusableEdit):
        return Problem(error.code, scrubbed(error.message), faults=error.faults)
    if isinstance(error, BiaochiError) and error.code in KINDS:
        return Problem(error.code, scrubbed(error.message))
    if isinstance(error, InputError):
        return Problem("unusable-input", scrubbed(error.message))
    if isinstance(error, HTTPException):
        slug = _BY_STATUS.get(error.status_code, "internal" if error.status_code >= 500 else "bad-request")
        kept = {k: v for k, v in (error.headers or {}).items() if k.lower() in _KEPT}
        return Problem(slug, _DETAILS.get(slug, _DETAILS["bad-request"]), headers=kept)
    return Problem("internal", _DETAILS["internal"])


def response(problem: Problem, request_id: str) -> Response:
    """Return the answer of a refusal."""
    kind = problem.kind
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.faults:
        body["errors"] = [{"path": fault.path, "detail": fault.detail} for fault in problem.faults]
    data = json.dumps(body, ensure_ascii=False).encode("utf-8", errors="replace")
    return Response(data, kind.status, problem.headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let the application answer every exception that routes and the framework raise with a problem."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.kind.status == 405:
            problem.headers = {"Allow": methods_of(request)}
        return response(problem, request.scope["state"]["request_id"])

    for kind in (HTTPException, RequestValidationError, BiaochiError):
        app.add_exception_handler(kind, handle)


_MOST_FAULTS: Final = 20
_LITERALS: Final = frozenset({"literal_error", "enum", "unknown_profile"})
_WORDS: Final = MappingProxyType(
    {
        "missing": "缺少此项",
        "cell_type": "应为文字、数字或 null",
        "extra_forbidden": "含有约定之外的项，请核对名称",
        "string_type": "应为文字",
        "string_unicode": "含有无法编码的字符",
        "string_pattern_mismatch": "写法不符合约定",
        "model_type": "应为对象",
        "model_attributes_type": "应为对象",
        "dict_type": "应为对象",
        "list_type": "应为数组",
        "tuple_type": "应为数组",
        "int_type": "应为整数",
        "int_parsing": "应为整数",
        "int_parsing_size": "数字过大",
        "int_from_float": "应为整数",
        "float_type": "应为数字",
        "float_parsing": "应为数字",
        "finite_number": "应为有限的数字",
        "bool_type": "应为 true 或 false",
        "bool_parsing": "应为 true 或 false",
    }
)
_BOUNDS: Final = MappingProxyType(
    {
        "too_long": ("不能多于 {} 项", "max_length"),
        "too_short": ("不能少于 {} 项", "min_length"),
        "string_too_long": ("不能多于 {} 字", "max_length"),
        "string_too_short": ("不能少于 {} 字", "min_length"),
        "greater_than_equal": ("不能小于 {}", "ge"),
        "less_than_equal": ("不能大于 {}", "le"),
        "greater_than": ("应大于 {}", "gt"),
        "less_than": ("应小于 {}", "lt"),
    }
)
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HEADER: Final = re.compile(r"[A-Za-z][A-Za-z-]{0,39}")


def faults_of(errors: Sequence[Any], names: frozenset[str] | None = None) -> tuple[Fault, ...]:
    """Return what pydantic found, in Chinese and without the input.

    `names` are the names that our schemas know: other parts of a path are the caller's own keys and are left out.
    """
    found: dict[tuple[str, str], Fault] = {}
    for error in errors:
        kind, context = str(error["type"]), error.get("ctx") or {}
        place = list(error["loc"])
        if kind == "extra_forbidden":
            place = place[:-1]
        if kind in ("too_long", "too_short") and isinstance(error.get("input"), str):
            kind = f"string_{kind}"
        fault = Fault(_path(place, names), _detail(kind, context))
        found.setdefault((fault.path, fault.detail), fault)
    return tuple(found.values())[:_MOST_FAULTS]


def _detail(kind: str, context: Mapping[str, Any]) -> str:
    if kind in _BOUNDS:
        text, key = _BOUNDS[kind]
        return text.format(context.get(key, "约定的限度"))
    if kind in _LITERALS:
        # What is expected comes from our own schema.
        return f"只能是 {str(context.get('expected', '')).replace(' or ', '、').replace(', ', '、')}"
    return _WORDS.get(kind, "不符合约定，请核对类型与取值")


def _path(place: Sequence[Any], names: frozenset[str] | None) -> str:
    path = ""
    if len(place) == 2 and place[0] == "header" and names is None and _HEADER.fullmatch(str(place[1])):
        # Written with hyphens; only those that a route declares are looked at.
        return f"header.{place[1]}"
    for part in place:
        if isinstance(part, int):
            path += f"[{part}]"
        elif isinstance(part, str) and _NAME.fullmatch(part) and (names is None or part in names):
            path += f".{part}" if path else part
    return path
