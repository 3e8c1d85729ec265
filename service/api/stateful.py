"""What the stateful routes share: answers with tags, the same request twice, entries in the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Query, Request
from pydantic import BaseModel
from pydantic.json_schema import SkipJsonSchema
from sqlalchemy import String, cast, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api.deps import request_id
from service.api.errors import Problem
from service.api.tasks import JSON, encoded
from service.auth.dependencies import require
from service.auth.roles import Actor
from service.auth.trail import audit
from service.store.engine import Store, now
from service.store.tables import Idempotent
from service.store.values import MAX_PAGE, PAGE

REPLAYED: Final = "Idempotent-Replayed"

IdempotencyKey = Annotated[
    str | SkipJsonSchema[None],
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]+$",
        description="幂等键：网络中断后以同一键原样重试，只处理一次，回答与第一次相同；保存期内用于不同内容时为 409",
    ),
]
IfMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(alias="If-Match", max_length=1000, description="只在对象仍是这一版本（ETag）时修改，否则为 412"),
]
IfNoneMatch = Annotated[
    str | SkipJsonSchema[None],
    Header(alias="If-None-Match", max_length=1000, description="写 * 时，只在还没有该对象时建立，否则为 412"),
]
Reader = Annotated[Actor, Depends(require("read_document"))]
Writer = Annotated[Actor, Depends(require("write_document"))]
Reviewer = Annotated[Actor, Depends(require("review"))]
Cursor = Annotated[
    str | SkipJsonSchema[None], Query(max_length=1000, description="上一页的 next；不写为第一页")
]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="每页条数")]
DEFAULT_LIMIT: Final = PAGE


@dataclass(frozen=True, slots=True)
class Made:
    """What an act answers."""

    body: Mapping[str, Any]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def moment(value: datetime | None) -> str | None:
    """Return a time of the store as the interface shows it."""
    return None if value is None else value.isoformat(timespec="microseconds") + "Z"


def tag_of(data: bytes) -> str:
    """Return the tag of an answer."""
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def shown(made: Made, *, tagged: bool = False) -> Response:
    """Return an answer in JSON; `tagged` where the object may be changed with If-Match."""
    data = encoded(made.body)
    headers = dict(made.headers)
    if tagged:
        headers |= {"ETag": tag_of(data), "Cache-Control": "private, no-cache"}
    return Response(data, made.status, headers, media_type=JSON)


def listed(name: str, items: Iterable[Mapping[str, Any]], following: str | None) -> Response:
    """Return a page of a list; `following` is the cursor of the next one."""
    return shown(Made({name: list(items), "next": following}))


def tagged(request: Request, body: Mapping[str, Any]) -> Response:
    """Return an object with its tag, or 304 where the caller has it already."""
    data = encoded(body)
    if is_known(request, tag_of(data)):
        return Response(status_code=304, headers={"ETag": tag_of(data), "Cache-Control": "private, no-cache"})
    return shown(Made(body), tagged=True)


def is_known(request: Request, tag: str) -> bool:
    """Whether the caller says that it has this version."""
    known = {part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")}
    return tag in known or "*" in known


def must_match(if_match: str | None, body: Mapping[str, Any] | None) -> None:
    """Raise Problem where the caller has seen another version than the one that it is about to change.

    `body` is the object as it is now, None where there is none. Call it with the object locked.
    """
    if if_match is None:
        return
    known = {part.strip() for part in if_match.split(",")}
    if body is None or not ("*" in known or tag_of(encoded(body)) in known):
        raise Problem("precondition-failed", "对象已被他人修改，请重新读取，核对后再修改")


def digest_of(request: Request, *parts: bytes | BaseModel) -> str:
    """Return the digest of what a request asks: address, query and content."""
    found = hashlib.sha256()
    for part in (request.url.path, request.url.query, *parts):
        if isinstance(part, BaseModel):
            part = json.dumps(part.model_dump(mode="json", exclude_unset=True), sort_keys=True)
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "big") + data)
    return found.hexdigest()


def route_of(request: Request) -> str:
    """Return the method and the path of the route, without what a caller put in."""
    return f"{request.method} {getattr(request.scope['route'], 'path', '-')}"[:200]


def replayed(request: Request, store: Store, actor: Actor, key: str | None, digest: str) -> Response | None:
    """Return the answer that the same request got before. Raises Problem where it asked for something else."""
    if key is None:
        return None
    with store.read() as session:
        return _replayed(session, request, actor, key, digest)


def once(
    request: Request,
    store: Store,
    actor: Actor,
    key: str | None,
    digest: str,
    act: Callable[[Session], Made],
) -> Response:
    """Do an act in a transaction, and only once for all requests with the same idempotency key."""
    if key is None:
        with store.session() as session:
            return shown(act(session))
    try:
        return _kept(request, store, actor, key, digest, act)
    except IntegrityError:
        # Another request with this key was faster by a moment: its answer can be seen now.
        return _kept(request, store, actor, key, digest, act)


def _kept(
    request: Request, store: Store, actor: Actor, key: str, digest: str, act: Callable[[Session], Made]
) -> Response:
    with store.session() as session:
        before = _replayed(session, request, actor, key, digest)
        if before is not None:
            return before
        # In front of the act: a second request waits here and not behind half of the work.
        row = Idempotent(
            actor=actor.id, route=route_of(request), key=key, request_sha256=digest, status=0, answer={}, created_at=now()
        )  # fmt: skip
        session.add(row)
        session.flush()
        made = act(session)
        row.status = made.status
        row.answer = {"body": dict(made.body), "headers": dict(made.headers)}
    return shown(made)


def forget(session: Session, object_id: str) -> None:
    """Delete the kept answers that name an object: they hold what it is called and why it was decided so."""
    named = cast(Idempotent.answer, String).contains(object_id, autoescape=True)
    session.execute(delete(Idempotent).where(named), execution_options={"synchronize_session": False})


def _replayed(session: Session, request: Request, actor: Actor, key: str, digest: str) -> Response | None:
    row = session.scalars(
        select(Idempotent).where(
            Idempotent.actor == actor.id, Idempotent.route == route_of(request), Idempotent.key == key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request_sha256 != digest:
        raise Problem(
            "idempotency-conflict", "该幂等键已用于内容不同的请求；重新提交请换一个键，重试请原样发送"
        )
    return shown(Made(row.answer["body"], row.status, {**row.answer["headers"], REPLAYED: "true"}))


def note(
    session: Session,
    request: Request,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    sha256: str | None = None,
) -> None:
    """Append an act to the audit trail, as the last thing of its transaction."""
    audit(session, actor, action, object_type, object_id, sha256, request_id=request_id(request))


def ok(model: Any, status: int = 200, *, tag: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the documented answer of a route; `tag` where it carries an ETag and may be 304."""
    found: dict[int | str, dict[str, Any]] = {status: {"model": model, "description": "成功"}}
    if tag:
        found[status]["headers"] = {
            "ETag": {"schema": {"type": "string"}, "description": "用于 If-None-Match、If-Match"}
        }
    if tag and status == 200:
        found[304] = {"description": "与 If-None-Match 所示的相同"}
    return found


def refuses(*statuses: int, **extra: Any) -> dict[str, Any]:
    """Return the `openapi_extra` of a route that may refuse in further ways."""
    return {"x-problems": list(statuses), **extra}
