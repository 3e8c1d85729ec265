"""Store, sign-in and batches join the application here: opened when it starts, closed when it stops."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Final

import anyio.to_thread
import click
from fastapi import FastAPI, Request
from sqlalchemy.exc import InterfaceError, OperationalError
from starlette.responses import Response

from service.api.errors import Problem, response
from service.auth.access import Auth
from service.auth.dependencies import current_actor
from service.auth.roles import Actor
from service.auth.settings import auth_from
from service.jobs import webhooks
from service.jobs.pool import Pool
from service.jobs.settings import JobSettings, WebhookSettings, jobs_from, webhooks_from
from service.settings import ServerSettings
from service.store import schema
from service.store.engine import Store
from service.store.errors import StoreError
from service.store.retention import Retention, retention_from

_RETRY: Final = {"Retry-After": "2"}
_log = logging.getLogger("biaochi.service")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the stateful routes work with; stands in `app.state.kept` while the application runs."""

    store: Store
    retention: Retention
    jobs: JobSettings
    messages: WebhookSettings
    stop: threading.Event = field(default_factory=threading.Event)
    """Set once the application is to stop: streams end and workers finish."""


def read_settings() -> tuple[Retention, JobSettings, WebhookSettings]:
    """Return the settings of these parts from the environment. Raises SettingsError."""
    return retention_from(), jobs_from(), webhooks_from()


def kept_of(app: FastAPI) -> Kept:
    """Return what the stateful routes work with."""
    found: Kept = app.state.kept
    return found


def kept(request: Request) -> Kept:
    """Return what the stateful routes work with; called by routes."""
    return kept_of(request.app)


async def identify(request: Request) -> Actor:
    """Return who is calling. Raises AuthError, and Problem as long as nobody can be known."""
    if not hasattr(request.app.state, "auth"):
        raise Problem("unready", "服务正在启动，请稍后重试", headers=_RETRY)
    return await current_actor(request)


@asynccontextmanager
async def joined(app: FastAPI, settings: ServerSettings) -> AsyncIterator[None]:
    """Open the store and start what works in the background; end both behind the block. Raises SettingsError."""
    retention, jobs, messages = read_settings()
    store = await anyio.to_thread.run_sync(_opened, app, settings)
    found = Kept(
        store=store,
        retention=retention,
        jobs=replace(jobs, processes=settings.batch_workers),
        messages=messages,
    )
    app.state.kept = found
    app.state.checks["store"] = lambda: _is_ready(store)
    threads = _background(found, settings)
    for thread in threads:
        thread.start()
    if threads:
        app.state.checks["batches"] = lambda: _all_alive(threads)
    try:
        yield
    finally:
        found.stop.set()
        # The pool gives back what it cannot finish in time, and bounds its own end.
        for thread in threads:
            await anyio.to_thread.run_sync(thread.join)
        app.state.checks.pop("batches", None)
        del app.state.checks["store"]
        store.close()


def install(app: FastAPI) -> None:
    """Let a database that is away be an answer that says so."""

    async def away(request: Request, error: Exception) -> Response:
        _log.warning("store not usable (%s)", type(error).__name__)
        problem = Problem("unready", "数据库暂时无法使用，请稍后重试；持续出现时请联系管理员", headers=_RETRY)
        return response(problem, request.scope["state"]["request_id"])

    for kind in (OperationalError, InterfaceError):
        app.add_exception_handler(kind, away)


def _opened(app: FastAPI, settings: ServerSettings) -> Store:
    store = Store(settings.database_url)
    try:
        schema.upgrade(store)
        auth = Auth(store, auth_from(), host=settings.host)
        auth.prepare(lambda line: click.echo(line, err=True))
    except BaseException:
        store.close()
        raise
    app.state.auth = auth
    return store


async def _is_ready(store: Store) -> bool:
    try:
        await anyio.to_thread.run_sync(store.ping)
    except StoreError:
        return False
    return True


async def _all_alive(threads: Sequence[threading.Thread]) -> bool:
    return all(thread.is_alive() for thread in threads)


def _background(found: Kept, settings: ServerSettings) -> list[threading.Thread]:
    """Return the threads that work on batches, or at least send the messages about those that others finish."""
    if settings.batch_workers:
        pool = Pool(settings.database_url, settings.limits, settings=found.jobs, messages=found.messages)
        return [threading.Thread(target=pool.run, args=(found.stop,), name="biaochi-batches")]
    if not found.messages.secrets:
        return []
    return [
        threading.Thread(
            target=webhooks.run, args=(found.store, found.messages, found.stop), name=f"biaochi-messages-{i}"
        )
        for i in range(found.messages.threads)
    ]
