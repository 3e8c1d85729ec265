"""Waivers: findings that need not be listed, with reason, author and end. Checks of rounds and batches use them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api import schemas_store as shapes
from service.api import views
from service.api.deps import PREFIX
from service.api.stateful import (
    DEFAULT_LIMIT,
    Cursor,
    IdempotencyKey,
    Limit,
    Made,
    Reader,
    digest_of,
    listed,
    note,
    ok,
    once,
    refuses,
    shown,
    tagged,
)
from service.api.wiring import kept
from service.auth.dependencies import require
from service.auth.roles import Actor
from service.store import waivers as store

router = APIRouter(prefix=PREFIX, tags=["豁免"])

Waiving = Annotated[Actor, Depends(require("waive"))]


@router.post("/waivers", summary="设置一条豁免", status_code=201, responses=ok(shapes.WaiverOut, 201))
def add_waiver(
    request: Request, actor: Waiving, body: shapes.WaiverNew, key: IdempotencyKey = None
) -> Response:
    """以后的检查不再列出；写明理由与期限。不写部门的适用于全部部门，只有不限部门的身份可以设置。"""

    def act(session: Session) -> Made:
        row = store.add_waiver(
            session,
            departments=actor.departments,
            department=body.department,
            reason=body.reason,
            author=actor.name,
            fingerprint=body.fingerprint,
            rule=body.rule,
            project=body.project,
            name=body.name,
            expires=body.expires,
        )
        note(session, request, actor, "waiver.create", "waiver", row.id)
        return Made(views.waiver(row), 201, {"Location": f"{PREFIX}/waivers/{row.id}"})

    return once(request, kept(request).store, actor, key, digest_of(request, body), act)


@router.get("/waivers", summary="豁免清单", responses=ok(shapes.WaiverPage))
def list_waivers(
    request: Request,
    actor: Reader,
    department: Annotated[
        str | SkipJsonSchema[None], Query(max_length=200, description="只列适用于该部门的")
    ] = None,
    revoked: Annotated[bool, Query(description="连同已撤销的")] = False,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Response:
    """本人部门的与适用于全部部门的，新的在前。"""
    with kept(request).store.read() as session:
        page = store.list_waivers(
            session,
            departments=actor.departments,
            department=department,
            revoked=revoked,
            cursor=cursor,
            limit=limit,
        )
    return listed("waivers", map(views.waiver, page.items), page.next)


@router.get("/waivers/{waiver}", summary="一条豁免", responses=ok(shapes.WaiverOut, tag=True))
def get_waiver(request: Request, waiver: str, actor: Reader) -> Response:
    """范围、理由、期限与撤销时间。"""
    with kept(request).store.read() as session:
        row = store.get_waiver(session, waiver, departments=actor.departments)
    return tagged(request, views.waiver(row))


@router.post(
    "/waivers/{waiver}/revoke",
    summary="撤销一条豁免",
    responses=ok(shapes.WaiverOut),
    openapi_extra=refuses(409),
)
def revoke_waiver(request: Request, waiver: str, actor: Waiving) -> Response:
    """以后的检查重新列出；已撤销的不作改动。"""
    with kept(request).store.session() as session:
        before = store.get_waiver(session, waiver, departments=actor.departments).revoked_at
        row = store.revoke_waiver(session, waiver, departments=actor.departments)
        if before is None:
            note(session, request, actor, "waiver.revoke", "waiver", row.id)
    return shown(Made(views.waiver(row)))
