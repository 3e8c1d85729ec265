"""One application in threads of this process serves all tests that need no processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.app import create_app
from service.settings import ServerSettings
from tests.service.api.asgi import Client, running


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    with running(create_app(ServerSettings())) as found:
        yield found
