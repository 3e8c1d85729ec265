"""Fixtures that all tests of the service may use."""

from tests.service.store.fixtures import (  # noqa: F401
    empty_url,
    postgres_server,
    sqlite_template,
    store,
    store_url,
)
