"""One application in threads of this process serves all tests that need no processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app import create_app
from service.settings import ServerSettings
from tests.service.api.asgi import Client, running


@pytest.fixture(scope="package", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keep the databases of these tests out of the project: of this process and of servers that it starts."""
    folder = tmp_path_factory.mktemp("data")
    defaults = ServerSettings.__init__.__kwdefaults__
    assert defaults is not None
    before = defaults["data"]
    defaults["data"] = folder
    os.environ["BIAOCHI_DATA"] = str(folder / "servers")
    yield folder
    defaults["data"] = before
    del os.environ["BIAOCHI_DATA"]


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with running(create_app(ServerSettings(data=tmp_path_factory.mktemp("client")))) as found:
        yield found
