"""The store for tests of the service: every test that asks for `store` runs on SQLite and on PostgreSQL.

Each test gets a database of its own, upgraded and empty, copied from a template that is made once per session.
`store_url` is its address for servers and workers in other processes; `store` is the opened `Store` on it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from service.store.engine import Store
from service.store.schema import upgrade
from tests.service.store.postgres import Server, Unavailable, running

BACKENDS = ("sqlite", "postgresql")
_numbers = count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL for the session. Its database `template_store` has the present schema and no rows."""
    try:
        context = running()
        server = context.__enter__()
    except Unavailable as error:
        pytest.skip(f"PostgreSQL cannot run on this machine: {error}")
    try:
        server.run("CREATE DATABASE template_store")
        _prepared(server.url("template_store"))
        yield server
    finally:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the present schema and no rows."""
    path = tmp_path_factory.mktemp("template") / "store.db"
    _prepared(f"sqlite:///{path}")
    return path


@pytest.fixture(params=BACKENDS)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    yield from _database(request.getfixturevalue("postgres_server"), "template1")


@pytest.fixture(params=BACKENDS)
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an upgraded, empty database."""
    if request.param == "sqlite":
        path = tmp_path / "store.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    yield from _database(request.getfixturevalue("postgres_server"), "template_store")


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """An upgraded, empty store."""
    opened = Store(store_url)
    yield opened
    opened.close()


def _prepared(url: str) -> None:
    store = Store(url)
    upgrade(store)
    # Empties the write-ahead log, so that the file alone is the database.
    store.scrub()
    store.close()


def _database(server: Server, template: str) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    server.run(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.url(name)
    # A worker that the test killed may not have hung up yet.
    server.run(f"DROP DATABASE {name} WITH (FORCE)")
