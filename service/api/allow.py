"""All methods of an address: the framework names only those of the first route that has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from starlette.requests import Request
from starlette.routing import Match, Route


def methods_of(request: Request) -> str:
    """Return the methods that the address of a request knows, as `Allow` wants them."""
    found: set[str] = set()
    scope = {**request.scope, "root_path": "", "path_params": {}}
    for route in plain_routes(request.app.routes):
        if route.matches(scope)[0] is not Match.NONE:
            found |= route.methods or set()
    return ", ".join(sorted(found - {"HEAD"}))


def plain_routes(routes: Iterable[Any]) -> Iterator[Route]:
    """Yield the routes of an application and of the routers that it includes."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from plain_routes(inner.routes)
        elif isinstance(route, Route):
            yield route
