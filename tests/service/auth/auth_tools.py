"""A small application behind the dependencies, a caller for it, and actors for the tests of `service.auth`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, Form, Request, Response
from fastapi.responses import JSONResponse

from service.auth.access import Auth
from service.auth.dependencies import RateHeaders, current_actor, current_session, require, sign_in, sign_out
from service.auth.errors import AuthError
from service.auth.key_values import NewKey
from service.auth.keys import Keys
from service.auth.roles import RIGHTS, Actor, Role

ROOT = Actor("root", "总管", "administrator", None)
CurrentActor = Annotated[Actor, Depends(current_actor)]


class Clock:
    """Stands still until it is moved; serves as wall clock and as ticks."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 8, 0, 0)
        self.seconds = 1_000.0

    def __call__(self) -> datetime:
        return self.at

    def ticks(self) -> float:
        return self.seconds

    def forward(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds


def make(keys: Keys, role: Role = "drafter", *departments: str, **given: Any) -> NewKey:
    """Make a key; drafters and portals are of the education department where nothing is said."""
    scope: Sequence[str] | None = departments or (("教育局",) if role in ("drafter", "portal") else None)
    return keys.create(**({"name": "张三", "role": role, "departments": scope, "by": ROOT} | given))


def application(auth: Auth) -> FastAPI:
    """Return an application with a route for every right, for signing in and out, and for a form."""
    app = FastAPI()
    app.state.auth = auth
    app.add_middleware(RateHeaders)

    async def refuse(_: Request, error: Exception) -> Response:
        assert isinstance(error, AuthError)
        return JSONResponse({"type": error.type, "detail": error.message}, error.status, dict(error.headers))

    app.add_exception_handler(AuthError, refuse)

    async def who(request: Request, actor: CurrentActor) -> dict[str, Any]:
        session = current_session(request)
        return {
            "id": actor.id,
            "role": actor.role,
            "via": actor.via,
            "departments": actor.bound_to,
            "csrf": session.csrf if session is not None else None,
        }

    app.add_api_route("/who", who, methods=["GET", "POST", "DELETE"])

    @app.post("/form")
    async def form(actor: CurrentActor, title: Annotated[str, Form()]) -> dict[str, str]:
        return {"title": title}

    @app.post("/raw")
    async def raw(request: Request, actor: CurrentActor) -> dict[str, int]:
        return {"size": len(await request.body())}

    @app.post("/session")
    async def enter(request: Request, response: Response, key: Annotated[str, Form()]) -> dict[str, str]:
        return {"csrf": (await sign_in(request, response, key)).csrf}

    @app.delete("/session")
    async def leave(request: Request, response: Response, actor: CurrentActor) -> dict[str, str]:
        await sign_out(request, response)
        return {}

    for permission in RIGHTS:

        async def allowed(actor: Annotated[Actor, Depends(require(permission))]) -> dict[str, str]:
            return {"id": actor.id}

        allowed.__annotations__["actor"] = Annotated[Actor, Depends(require(permission))]
        app.add_api_route(f"/may/{permission}", allowed, methods=["GET"])
    return app


def ask(
    app: FastAPI,
    path: str = "/who",
    method: str = "GET",
    *,
    base: str = "http://127.0.0.1:8000",
    client: str = "127.0.0.1",
    headers: dict[str, str] | Sequence[tuple[bytes, bytes]] | None = None,
    **given: Any,
) -> httpx.Response:
    """Make one request."""

    async def run() -> httpx.Response:
        transport = httpx.ASGITransport(app=app, client=(client, 40_000))
        async with httpx.AsyncClient(transport=transport, base_url=base) as caller:
            return await caller.request(method, path, headers=headers, **given)

    return asyncio.run(run())


def bearer(key: NewKey | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key if isinstance(key, str) else key.text}"}
