"""Opening the store: SQLite in WAL mode by default with nothing to set up, PostgreSQL by URL."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session

from service.errors import SettingsError
from service.store.errors import StoreError

_BUSY_MS = 30_000
_SCRUB_BUSY_MS = 2_000
_READ_ONLY = "biaochi_read_only"
_ERASED = "biaochi_erased"


def now() -> datetime:
    """Return the present moment in UTC, without zone, to the microsecond."""
    return datetime.now(UTC).replace(tzinfo=None)


def new_id() -> str:
    """Return a new identifier."""
    return uuid4().hex


def erased(session: Session) -> None:
    """Note that the session deletes confidential text: its traces are scrubbed once it has committed."""
    session.info[_ERASED] = True


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
        with Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                yield session
            if session.info.pop(_ERASED, False):
                self.scrub()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Yield a session that only reads: it waits for no writer, sees one moment, and cannot write."""
        options: dict[str, Any] = {_READ_ONLY: True}
        if not self.is_sqlite:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with Session(self.engine.execution_options(**options), expire_on_commit=False) as session:
            yield session

    def scrub(self) -> bool:
        """Remove what deleting leaves beside the SQLite file; return False where a reader stood in the way.

        Deleted content is overwritten with zeros (`secure_delete`), but its earlier copies stand in the write-ahead
        log until that is emptied. `session` calls this after every deletion that went through `erased`, `purge` at
        its end. On PostgreSQL this does nothing: see `retention`.
        """
        if not self.is_sqlite:
            return True
        pooled = self.engine.raw_connection()
        try:
            cursor = pooled.cursor()
            # A long reader shall not hold up whoever deletes; the next purge tries again.
            cursor.execute(f"PRAGMA busy_timeout={_SCRUB_BUSY_MS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            row = cursor.fetchone()
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            cursor.close()
        except sqlite3.Error:
            # What was to be deleted is deleted and committed; nobody shall be told otherwise.
            pooled.invalidate()
            return False
        finally:
            pooled.close()
        return row is not None and row[0] == 0

    def ping(self) -> None:
        """Ask the database for a sign of life. Raises StoreError."""
        try:
            with self.read() as session:
                session.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            raise unreachable(error) from error

    def close(self) -> None:
        """End all connections."""
        self.engine.dispose()


def unreachable(error: SQLAlchemyError) -> StoreError:
    """Return the error for a database that does not answer. The address is not shown: it may hold a password."""
    kind = type(getattr(error, "orig", None) or error).__name__
    return StoreError(f"无法使用数据库（{kind}），请检查数据库地址、文件权限、磁盘空间与服务是否运行")


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
            _private_file(Path(parsed.database))
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_MS / 1000})
        event.listen(engine, "connect", _pragmas)
        event.listen(engine, "begin", _begin)
        return engine
    try:
        return create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=10)
    except ModuleNotFoundError as error:
        raise SettingsError("使用 PostgreSQL 需要安装 psycopg：pip install 'biaochi[postgres]'") from error


def _private_file(path: Path) -> None:
    # Drafts are confidential: only the service's own user may read a new database. Its log files inherit this.
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise SettingsError("无法建立数据库文件，请检查 sqlite:/// 之后的路径与写入权限") from error


def _pragmas(connection: Any, _record: Any) -> None:
    # Transactions are begun by SQLAlchemy (see _begin); the driver must not begin them lazily.
    connection.isolation_level = None
    cursor = connection.cursor()
    # `secure_delete` overwrites deleted content with zeros; `recursive_triggers` lets INSERT OR REPLACE meet the
    # triggers that keep the audit trail append-only.
    cursor.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _write_ahead(cursor)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON", "recursive_triggers=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _write_ahead(cursor: sqlite3.Cursor) -> None:
    # Processes that open a new file at once get "database is locked" here, whatever the busy timeout.
    deadline = time.monotonic() + _BUSY_MS / 1000
    while cursor.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            # A database in memory stays as it is.
            return


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get(_READ_ONLY):
        connection.exec_driver_sql("PRAGMA query_only=ON")
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("PRAGMA query_only=OFF")
    # A writer that first reads would fail instead of waiting when another writer came between.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
