"""Keys of people and programs: made and shown once, listed, revoked, replaced."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from service.api import schemas_admin as shapes
from service.api.deps import PREFIX, request_id
from service.api.stateful import DEFAULT_LIMIT, Cursor, Limit, Made, listed, moment, ok, refuses, shown
from service.auth.dependencies import auth_of, require
from service.auth.key_values import Key, NewKey
from service.auth.roles import Actor
from service.store.engine import now

router = APIRouter(prefix=PREFIX, tags=["密钥与身份"])

Manager = Annotated[Actor, Depends(require("manage_keys"))]


@router.post("/keys", summary="建立密钥", status_code=201, responses=ok(shapes.KeyMade, 201))
def create_key(request: Request, actor: Manager, body: shapes.KeyNew) -> Response:
    """密钥内容只在此回答中出现一次，库中只存摘要；因此不支持幂等键，没有收到回答的请停用后另建。

    建立第一个密钥后，本机免密访问即告结束。
    """
    made = auth_of(request).keys.create(
        name=body.name,
        role=body.role,
        departments=body.departments,
        by=actor,
        expires_at=body.expires_at,
        per_minute=body.per_minute,
        per_day=body.per_day,
        request_id=request_id(request),
    )
    return shown(Made(_made(made), 201))


@router.get("/keys", summary="密钥清单", responses=ok(shapes.KeyPage))
def list_keys(
    request: Request, actor: Manager, cursor: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Response:
    """新的在前，不含密钥内容；限定部门的管理员只看到本人部门范围内的。"""
    page = auth_of(request).keys.list(actor, cursor=cursor, limit=limit)
    return listed("keys", map(_out, page.items), page.next)


@router.post(
    "/keys/{key}/revoke", summary="停用密钥", responses=ok(shapes.KeyOut), openapi_extra=refuses(409)
)
def revoke_key(request: Request, key: str, actor: Manager) -> Response:
    """不能恢复；用它登录的网页同时退出。"""
    found = auth_of(request).keys.revoke(key, by=actor, request_id=request_id(request))
    return shown(Made(_out(found)))


@router.post(
    "/keys/{key}/rotate", summary="换发密钥", responses=ok(shapes.KeyMade), openapi_extra=refuses(409, 422)
)
def rotate_key(request: Request, key: str, actor: Manager) -> Response:
    """编号与权限不变，旧密钥立即失效；新密钥只在此回答中出现一次。"""
    made = auth_of(request).keys.rotate(key, by=actor, request_id=request_id(request))
    return shown(Made(_made(made)))


def _made(made: NewKey) -> dict[str, Any]:
    return {"text": made.text, "key": _out(made.key)}


def _out(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "departments": None if key.departments is None else list(key.departments),
        "state": key.state(now()),
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
        "per_minute": key.per_minute,
        "per_day": key.per_day,
    }
