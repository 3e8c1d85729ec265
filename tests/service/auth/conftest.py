"""Stores, a clock that stands still, and the parts of `service.auth` on them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.auth.access import Auth
from service.auth.keys import Keys
from service.auth.settings import AuthSettings
from service.store.engine import Store
from tests.service.auth.auth_tools import Clock
from tests.service.store.fixtures import postgres_server, sqlite_template, store, store_url

__all__ = ["postgres_server", "sqlite_template", "store", "store_url"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(store: Store, clock: Clock) -> Keys:
    """On SQLite and on PostgreSQL."""
    return Keys(store, AuthSettings(), clock=clock, ticks=clock.ticks)


@pytest.fixture
def file_store(sqlite_template: Path, tmp_path: Path) -> Iterator[Store]:
    """On SQLite only: for tests that are about HTTP."""
    path = tmp_path / "auth.db"
    shutil.copyfile(sqlite_template, path)
    opened = Store(f"sqlite:///{path}")
    yield opened
    opened.close()


@pytest.fixture
def auth(file_store: Store, clock: Clock) -> Auth:
    return Auth(file_store, AuthSettings(), host="127.0.0.1", clock=clock, ticks=clock.ticks)
