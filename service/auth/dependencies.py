"""What routes ask for: the actor, and the right to do what they do.

The application puts an `Auth` into `app.state.auth`. Annotations here are not postponed: FastAPI cannot resolve the
names of postponed ones for an object such as `Require`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.auth.access import Auth
from service.auth.errors import CsrfFailed, Forbidden, Unauthenticated
from service.auth.key_values import PREFIX
from service.auth.network import SAFE_METHODS, client_address, is_local, is_own_page, is_plain
from service.auth.opening import local_actor
from service.auth.roles import RIGHTS, ROLE_NAMES, ROLES, Actor, Permission
from service.auth.sessions import (
    CSRF_FIELD,
    CSRF_HEADER,
    PageSession,
    cookie_name,
    drop_cookie,
    must_match,
    read_cookie,
    write_cookie,
)

MAX_HEADER: Final = 8_192
_BEARER: Final = re.compile(r"bearer +([A-Za-z0-9._~+/=-]+)", re.ASCII | re.IGNORECASE)
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")
_MISSING: Final = "请提供密钥：在请求头写 Authorization: Bearer 密钥，或 X-API-Key: 密钥；使用网页的请先登录"

SECURITY_SCHEMES: Final[Mapping[str, Mapping[str, str]]] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "密钥，或统一身份认证的令牌"},
    "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "密钥"},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": cookie_name(secure=True),
        "description": "网页登录；修改数据的请求另须带 X-CSRF-Token",
    },
}
"""For `components.securitySchemes` of the OpenAPI document."""


def auth_of(request: Request) -> Auth:
    """Return the application's `Auth`."""
    auth = request.app.state.auth
    assert isinstance(auth, Auth)
    return auth


async def current_actor(request: Request) -> Actor:
    """Return who is calling, counted against the quota once a request.

    Raises Unauthenticated, Forbidden, TooMany, IdentityUnavailable.
    """
    known: Any = getattr(request.state, "actor", None)
    if isinstance(known, Actor):
        return known
    auth = auth_of(request)
    actor = await _identify(request, auth)
    request.state.rate_headers = auth.quotas.spend(actor)
    request.state.actor = actor
    return actor


@dataclass(frozen=True, slots=True)
class Require:
    """A dependency that lets only roles with a right pass. `permission` can be read off a route's dependencies."""

    permission: Permission

    async def __call__(self, actor: Annotated[Actor, Depends(current_actor)]) -> Actor:
        """Return the actor. Raises Forbidden."""
        must_have(actor, self.permission)
        return actor


def require(permission: Permission) -> Require:
    """Return the dependency for a right: `actor: Annotated[Actor, Depends(require("check"))]`."""
    if permission not in RIGHTS:
        raise ValueError(f"no such right: {permission}")
    return Require(permission)


def must_have(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the role has the right."""
    if not actor.may(permission):
        able = "、".join(ROLE_NAMES[role] for role in ROLES if role in RIGHTS[permission])
        raise Forbidden(f"当前身份（{ROLE_NAMES[actor.role]}）无权进行此操作，需要的身份：{able}")


def must_see(actor: Actor, department: str | None) -> None:
    """Raise Forbidden unless the department is the actor's business. For objects that exist, answer 404 instead."""
    if not actor.sees(department):
        raise Forbidden("该部门不在当前身份的部门范围内，请核对部门名称，或联系管理员调整密钥的部门")


def current_session(request: Request) -> PageSession | None:
    """Return the page session that `current_actor` found, for the token in the page's forms."""
    session: Any = getattr(request.state, "page_session", None)
    return session if isinstance(session, PageSession) else None


async def sign_in(request: Request, response: Response, key: str, *, request_id: str = "") -> PageSession:
    """Sign a browser in with a key and set its cookie. Raises Unauthenticated, CsrfFailed, TooMany."""
    if not is_own_page(request):
        raise CsrfFailed("登录请求不是从本系统页面发出，请打开本系统的登录页面")
    auth = auth_of(request)
    auth.quotas.attempt(client_address(request))
    old = read_cookie(request, auth.settings)
    signed_in = await run_in_threadpool(auth.sessions.open, key.strip(), old=old, request_id=request_id)
    write_cookie(request, response, auth.settings, signed_in)
    return signed_in.session


async def sign_out(request: Request, response: Response, *, request_id: str = "") -> None:
    """End the session of a browser. The route depends on `current_actor`, which checks the token of the page."""
    auth = auth_of(request)
    token = read_cookie(request, auth.settings)
    if token:
        await run_in_threadpool(auth.sessions.close, token, request_id=request_id)
    drop_cookie(request, response, auth.settings)


class RateHeaders:
    """ASGI middleware: every answer to a counted request tells what is left of the quota."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; add the headers that `current_actor` left behind."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", ())}
                left = [
                    (name.lower().encode("ascii"), value.encode("ascii"))
                    for name, value in state.get("rate_headers", {}).items()
                    if name.lower().encode("ascii") not in present
                ]
                message["headers"] = [*message.get("headers", ()), *left]
            await send(message)

        await self._app(scope, receive, answer)


async def _identify(request: Request, auth: Auth) -> Actor:
    authorization = request.headers.getlist("authorization")
    api_key = request.headers.getlist("x-api-key")
    if len(authorization) + len(api_key) > 1:
        # Proxies disagree on which of several counts; whoever sends several may be playing one against another.
        raise Unauthenticated("一次请求只能带一个凭证，请只保留一个 Authorization 或 X-API-Key 请求头")
    if authorization or api_key:
        return await _by_header(auth, authorization, api_key)
    is_open = auth.is_open_known()
    if await run_in_threadpool(auth.is_open) if is_open is None else is_open:
        return _local(request)
    cookie = read_cookie(request, auth.settings)
    if cookie:
        return await _by_cookie(request, auth, cookie)
    raise Unauthenticated(_MISSING)


async def _by_header(auth: Auth, authorization: list[str], api_key: list[str]) -> Actor:
    text = (authorization or api_key)[0].strip(" \t")
    if len(text) > MAX_HEADER or not is_plain(text):
        raise Unauthenticated("凭证格式不对：应为一行英文字母、数字和符号，请核对是否完整复制")
    if authorization:
        shape = _BEARER.fullmatch(text)
        if shape is None:
            raise Unauthenticated("Authorization 请求头应为 Bearer 后接一个空格和密钥")
        text = shape[1]
    if text.startswith(PREFIX) or api_key:
        actor = auth.keys.verify_known(text)
        return actor if actor is not None else await run_in_threadpool(auth.keys.verify, text)
    if auth.tokens is None:
        raise Unauthenticated("密钥无效，请核对是否完整复制；本系统未启用统一身份认证的令牌")
    return await run_in_threadpool(auth.tokens.verify, text)


async def _by_cookie(request: Request, auth: Auth, cookie: str) -> Actor:
    session = await run_in_threadpool(auth.sessions.find, cookie)
    if request.method not in SAFE_METHODS:
        must_match(session, await _shown_token(request))
    request.state.page_session = session
    return session.actor


async def _shown_token(request: Request) -> str | None:
    """Return the token that a page shows, in the header or in its form."""
    headers = request.headers.getlist(CSRF_HEADER)
    if headers:
        return headers[0] if len(headers) == 1 else None
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in _FORMS:
        return None
    value = (await request.form()).get(CSRF_FIELD)
    return value if isinstance(value, str) else None


def _local(request: Request) -> Actor:
    if not is_local(request):
        raise Forbidden(
            "尚未建立密钥，只接受本机以 127.0.0.1 或 localhost 直接访问；供他人使用请先运行 biaochi keys create 建立密钥"
        )
    if not is_own_page(request):
        raise CsrfFailed("请求来自其他网站的页面，已拒绝；请在本系统的页面中操作")
    return local_actor()
