"""Bringing the database to the present schema. Any number of processes may try at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from service.store.engine import Store, unreachable
from service.store.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK = 0x6269616F_6368_6901
"""Key of the PostgreSQL advisory lock that one upgrade holds."""


def head() -> str:
    """Return the revision that this program works with."""
    from alembic.script import ScriptDirectory

    revision = ScriptDirectory.from_config(_config()).get_current_head()
    assert revision is not None
    return revision


def current(store: Store) -> str | None:
    """Return the revision of the database, None where nothing was set up yet. Raises StoreError."""
    try:
        with store.read() as session:
            return _current(session.connection())
    except SQLAlchemyError as error:
        raise unreachable(error) from error


def is_current(store: Store) -> bool:
    """Return whether the database has the schema of this program."""
    return current(store) == head()


def require_current(store: Store) -> None:
    """Raise StoreError, in words that say what to do, unless the database has the schema of this program."""
    found = current(store)
    if found is not None and not _known(found):
        raise _too_new(found)
    if found != head():
        raise StoreError(f"数据库结构为 {found or '空'}，本程序需要 {head()}，请先升级数据库")


def upgrade(store: Store, revision: str = "head") -> str:
    """Bring the database to a revision and return it. One process works, others wait and find it done.

    All or nothing: it is one transaction on both databases. Raises StoreError.
    """
    from alembic import command

    try:
        with _exclusive(store) as connection:
            found = _current(connection)
            if found is not None and not _known(found):
                raise _too_new(found)
            command.upgrade(_config(connection), revision)
            reached = _current(connection)
    except SQLAlchemyError as error:
        raise unreachable(error) from error
    assert reached is not None
    return reached


@contextmanager
def _exclusive(store: Store) -> Iterator[Connection]:
    """Yield a connection in a transaction that no other upgrade can enter."""
    if not store.is_sqlite:
        with store.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield connection
        return
    with store.engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        # Copying a table drops the old one, which would take the rows that refer to it along. The pragma does
        # nothing inside a transaction; the transaction itself is the lock (BEGIN IMMEDIATE, see engine).
        driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise StoreError(f"升级后表 {broken[0]} 的引用不完整，已恢复原状，请先备份并联系维护人员")
        finally:
            driver.execute("PRAGMA foreign_keys=ON")


def _current(connection: Connection) -> str | None:
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _known(revision: str) -> bool:
    from alembic.script import ScriptDirectory

    return revision in {item.revision for item in ScriptDirectory.from_config(_config()).walk_revisions()}


def _too_new(revision: str) -> StoreError:
    return StoreError(f"数据库结构 {revision} 由较新版本的标尺建立，请升级程序，或恢复与本版本相符的备份")


def _config(connection: Connection | None = None) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "service.store:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
