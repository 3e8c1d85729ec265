"""The application: create_app(settings) puts routes, layers and lifespan together. Nothing happens at import."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from service.api import errors, openapi, reference, stateless
from service.api.deps import PREFIX, Services, identify_local
from service.api.guard import Guard
from service.api.workers import Workers
from service.settings import ServerSettings

_EXPOSED = ("X-Request-ID", "ETag", "Retry-After", "Content-Disposition", "Location")


def create_app(settings: ServerSettings) -> FastAPI:
    """Return the application. Its lifespan loads rules, model and dictionary before the first request is taken."""
    settings = _consistent(settings)
    services = Services(settings, Workers(settings.processes, settings.request_seconds))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await services.workers.start()
        try:
            yield
        finally:
            await services.workers.stop()

    app = FastAPI(
        title="标尺",
        version=version("biaochi"),
        lifespan=lifespan,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # Swagger and ReDoc pages load scripts from other hosts.
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.services = services
    app.state.checks = {"workers": services.workers.is_ready}

    # ---- The place where other parts join -------------------------------------------------------------------------
    # auth:       app.state.identify = current_actor (and app.state.auth); every route below depends on it.
    # documents, jobs, portal, pages: app.include_router(APIRouter(prefix=PREFIX, dependencies=[Depends(actor)]));
    # their own readiness: app.state.checks["store"] = an async function that returns whether all is well.
    app.state.identify = identify_local
    app.include_router(stateless.router)
    app.include_router(reference.router)
    app.include_router(reference.health)
    # ---------------------------------------------------------------------------------------------------------------

    errors.install(app)
    openapi.install(app)
    app.add_middleware(Guard, settings=settings)
    if settings.cors_origins:
        # Outside of the guard, so that pages can read its refusals too.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "X-API-Key", "X-Request-ID"],
            expose_headers=list(_EXPOSED),
        )  # fmt: skip
    return app


def _consistent(settings: ServerSettings) -> ServerSettings:
    """Return settings in which no conversion outlives its request: a killed process would leave it behind."""
    limits = settings.limits
    seconds = max(1, min(limits.convert_seconds, int(settings.request_seconds) - 2))
    return replace(settings, limits=replace(limits, convert_seconds=seconds))


def from_environment() -> FastAPI:
    """Return the application for an ASGI server of one's own: `uvicorn --factory service.app:from_environment`."""
    from service.settings import server_from

    return create_app(server_from(os.environ))
