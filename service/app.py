"""The application: create_app(settings) puts routes, layers and lifespan together. Nothing happens at import."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from itertools import count

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from service import memories
from service.api import (
    audit,
    batches,
    decisions,
    documents,
    errors,
    keys,
    metrics,
    openapi,
    portal,
    reference,
    rounds,
    runs,
    sessions,
    stateless,
    waivers,
    wiring,
)
from service.api.deps import PREFIX, Services
from service.api.guard import Guard
from service.api.workers import Workers
from service.auth.dependencies import RateHeaders
from service.logs import Observed, access
from service.settings import ServerSettings

LOOK_EVERY = 8
_EXPOSED = (
    "X-Request-ID", "ETag", "Retry-After", "Content-Disposition", "Location", "Idempotent-Replayed",
    "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset",
)  # fmt: skip
_STATEFUL = (documents, rounds, runs, decisions, waivers, batches, keys, sessions, audit, portal)


def create_app(settings: ServerSettings) -> FastAPI:
    """Return the application. Its lifespan loads rules, model and dictionary before the first request is taken."""
    settings = _consistent(settings)
    services = Services(settings, Workers(settings.processes, settings.request_seconds))

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with wiring.joined(app, settings):
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
    # A part brings a router with PREFIX; who is calling is found by `identify`, what a route asks of the caller by
    # `service.auth.dependencies.require`. Its own readiness: app.state.checks["name"] = an async function. Store,
    # auth and batches join in the lifespan: see `service.api.wiring`.
    app.state.identify = wiring.identify
    app.include_router(stateless.router)
    app.include_router(reference.router)
    app.include_router(reference.health)
    counted = metrics.install(app)
    for part in _STATEFUL:
        app.include_router(part.router)
    # ---------------------------------------------------------------------------------------------------------------

    errors.install(app)
    wiring.install(app)
    openapi.install(app)
    app.add_middleware(RateHeaders)
    app.add_middleware(Guard, settings=settings, observers=(access, counted.observe, _forgetting()))
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


def _forgetting() -> Callable[[Observed], None]:
    """Return an observer that keeps what this process remembers of texts small, once the answer is out."""
    numbers = count(1)

    def observe(observed: Observed) -> None:
        # Looking takes as long as a fiftieth of a row's check, so not every request has to pay for it.
        if observed.received and next(numbers) % LOOK_EVERY == 0:
            memories.forget()

    return observe


def _consistent(settings: ServerSettings) -> ServerSettings:
    """Return settings in which no conversion outlives its request: a killed process would leave it behind."""
    limits = settings.limits
    seconds = max(1, min(limits.convert_seconds, int(settings.request_seconds) - 2))
    return replace(settings, limits=replace(limits, convert_seconds=seconds))


def from_environment() -> FastAPI:
    """Return the application for an ASGI server of one's own: `uvicorn --factory service.app:from_environment`."""
    from service.settings import server_from

    return create_app(server_from())
