"""What routes are given: the settings, the processes that compute, and who is calling."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Request

from service.api.workers import Workers
from service.auth.roles import Actor
from service.settings import ServerSettings

Identify = Callable[[Request], Awaitable[Actor]]
"""Tells who is calling, or raises an AuthError."""

PREFIX: Final = "/v1"
"""Of every router, written in the router itself: logs and metrics name a route by its own path."""
LOCAL: Final = Actor("local", "本机", "administrator", None, via="local")
"""Everybody, as long as nobody has to sign in."""


@dataclass(frozen=True, slots=True)
class Services:
    """What one application works with; stands in `app.state.services`."""

    settings: ServerSettings
    workers: Workers


async def identify_local(_: Request) -> Actor:
    """Take every caller for the local one: the open mode."""
    return LOCAL


def services_of(request: Request) -> Services:
    """Return what the application works with. Called by routes: a dependency would cost more than it does."""
    found: Services = request.app.state.services
    return found


async def actor(request: Request) -> Actor:
    """Return who is calling. How this is found out stands in `app.state.identify`. Raises AuthError."""
    identify: Identify = request.app.state.identify
    return await identify(request)


def request_id(request: Request) -> str:
    """Return the identifier of the request, which also stands in the answer and in the logs."""
    found: str = request.scope["state"]["request_id"]
    return found


CurrentActor = Annotated[Actor, Depends(actor)]
