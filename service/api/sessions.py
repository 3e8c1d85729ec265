"""Signing a browser in and out, and who is calling."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api import schemas_admin as shapes
from service.api.deps import PREFIX, CurrentActor, request_id
from service.api.stateful import Made, ok, shown
from service.auth.dependencies import current_session, sign_in, sign_out
from service.auth.roles import RIGHTS, Actor

router = APIRouter(prefix=PREFIX, tags=["密钥与身份"])


@router.post("/session", summary="登录网页", status_code=201, responses=ok(shapes.Caller, 201))
async def enter(request: Request, body: shapes.SignIn) -> Response:
    """以密钥换取 Cookie；此后修改数据的请求须带 `X-CSRF-Token`，值为回答中的 csrf。"""
    answer = Response()
    session = await sign_in(request, answer, body.key, request_id=request_id(request))
    made = shown(Made(_caller(session.actor, session.csrf), 201))
    for cookie in answer.headers.getlist("set-cookie"):
        made.headers.append("set-cookie", cookie)
    return made


@router.get("/session", summary="当前身份", responses=ok(shapes.Caller))
async def who(request: Request, actor: CurrentActor) -> Response:
    """名称、角色、部门与可做的事；用密钥、令牌调用时同样适用。"""
    session = current_session(request)
    return shown(Made(_caller(actor, None if session is None else session.csrf)))


@router.delete("/session", summary="退出网页", status_code=204, responses={204: {"description": "已退出"}})
async def leave(request: Request, actor: CurrentActor) -> Response:
    """结束本次登录；密钥不受影响。"""
    answer = Response(status_code=204)
    await sign_out(request, answer, request_id=request_id(request))
    return answer


def _caller(actor: Actor, csrf: str | None) -> dict[str, Any]:
    return {
        "id": actor.id,
        "name": actor.name,
        "role": actor.role,
        "departments": None if actor.bound_to is None else list(actor.bound_to),
        "via": actor.via,
        "rights": [right for right in RIGHTS if actor.may(right)],
        "csrf": csrf,
    }
