"""A client for an application in this process: real routes and lifespan, no sockets."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI


class Client:
    """Sends requests to an application that runs in an event loop of its own."""

    def __init__(self, portal: BlockingPortal, app: FastAPI, client: httpx.AsyncClient) -> None:
        self.portal, self.app, self._client = portal, app, client

    def request(self, method: str, url: str, **values: Any) -> httpx.Response:
        """Return the answer."""

        async def send() -> httpx.Response:
            return await self._client.request(method, url, **values)

        return self.portal.call(send)

    def get(self, url: str, **values: Any) -> httpx.Response:
        return self.request("GET", url, **values)

    def post(self, url: str, **values: Any) -> httpx.Response:
        return self.request("POST", url, **values)


@contextmanager
def running(app: FastAPI, *, raises: bool = True) -> Iterator[Client]:
    """Run the application's lifespan around the block; `raises` lets exceptions through that nobody answers."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=raises, client=("127.0.0.1", 50000))
    client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", timeout=60)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(app.router.lifespan_context(app)),
        portal.wrap_async_context_manager(client),
    ):
        yield Client(portal, app, client)
