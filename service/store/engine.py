"""Opening the store: SQLite in WAL mode by default with nothing to set up, PostgreSQL by URL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session

from service.errors import SettingsError

_BUSY_MS = 30_000


def now() -> datetime:
    """Return the present moment in UTC, without zone, to the microsecond."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """Return a new identifier."""
    return uuid4().hex


class Store:
    """The database with its sessions. Cheap to make; `close` ends its connections."""

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file of this machine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Yield a session; commit at the end, roll back on any exception."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """End all connections."""
        self.engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError("数据库地址有误，应如 sqlite:///数据.db 或 postgresql://用户@主机/库") from error
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise SettingsError("数据库只支持 SQLite 与 PostgreSQL")
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_MS / 1000})
        event.listen(engine, "connect", _pragmas)
        event.listen(engine, "begin", _begin)
        return engine
    return create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=10)


def _pragmas(connection: Any, _record: Any) -> None:
    # Transactions are begun by SQLAlchemy (see _begin); the driver must not begin them lazily.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={_BUSY_MS}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Any) -> None:
    # A writer that first reads would fail instead of waiting when another writer came between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
