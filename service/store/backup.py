"""Copies of a SQLite store, taken while it is in use. PostgreSQL brings its own tools."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import mkstemp

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from service.errors import SettingsError
from service.store.engine import Store
from service.store.errors import StoreError


def backup(store: Store, path: Path) -> Path:
    """Write a whole copy of the store, as of one moment, to a new file. Raises StoreError.

    Nobody has to stop: readers and writers go on meanwhile. An existing file is never overwritten, and a file that is
    there is a whole copy.
    """
    if not store.is_sqlite:
        raise StoreError("PostgreSQL 请用 pg_dump 备份，如 pg_dump --format=custom --file=备份.dump 库名")
    source = store.engine.url.database
    if not source or source == ":memory:" or not Path(source).is_file():
        raise StoreError("数据库文件不存在，没有可备份的内容，请检查数据库地址")
    _copy(Path(source), path, "备份")
    return path


def restore(path: Path, url: str) -> Path:
    """Make a store of a copy, at an address where there is none yet. Raises StoreError, SettingsError.

    The copy may be of an older version: `schema.upgrade` comes next, as at every start.
    """
    try:
        target = make_url(url)
    except ArgumentError as error:
        raise SettingsError("数据库地址有误，应如 sqlite:///数据.db") from error
    if target.get_backend_name() != "sqlite":
        raise StoreError("PostgreSQL 请用 pg_restore 恢复，如 pg_restore --dbname=库名 备份.dump")
    if not target.database or target.database == ":memory:":
        raise SettingsError("数据库地址应写明文件，如 sqlite:///数据.db")
    if not path.is_file():
        raise StoreError(f"没有备份文件 {path.name}，请检查路径")
    place = Path(target.database)
    leftovers = [Path(f"{place}{end}") for end in ("-wal", "-shm") if Path(f"{place}{end}").exists()]
    if leftovers:
        # SQLite would play an old log into the new file.
        raise StoreError(f"{leftovers[0].name} 属于原来的数据库，请先停止服务并移走，再恢复")
    _copy(path, place, "恢复")
    return place


def _copy(source: Path, target: Path, what: str) -> None:
    """Copy a database by SQLite's own means into a file that appears whole or not at all."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    except OSError as error:
        raise StoreError(f"无法写入 {target.name}，请检查路径与写入权限") from error
    part = Path(name)
    try:
        # Read-only: an unreadable or foreign file is not touched.
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as old,
            closing(sqlite3.connect(part)) as new,
        ):
            old.backup(new)
            _checked(new, source)
            # The copy carries WAL mode in its head; a single file is easier to carry away.
            new.execute("PRAGMA journal_mode=DELETE")
        os.fsync(handle)
        _placed(part, target)
    except FileExistsError as error:
        raise StoreError(f"{target.name} 已存在，不会覆盖；请换一个文件名，或先移走原文件") from error
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"{what}没有完成（{type(error).__name__}），请检查 {source.name} 是否完好、磁盘空间是否足够"
        ) from error
    finally:
        os.close(handle)
        part.unlink(missing_ok=True)


def _placed(part: Path, target: Path) -> None:
    """Give a finished file its name. Raises FileExistsError where the name is taken."""
    try:
        # Unlike a rename, a link refuses to take the place of a file that came into being meanwhile.
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # Some network and memory-card file systems know no links.
        if target.exists():
            raise FileExistsError(target) from None
        part.rename(target)


def _checked(connection: sqlite3.Connection, source: Path) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"alembic_version", "documents", "audit"} <= tables:
        raise StoreError(f"{source.name} 不是标尺的数据库，请检查路径")
    found = connection.execute("PRAGMA integrity_check").fetchone()
    if found[0] != "ok":
        raise StoreError(f"{source.name} 已损坏，请改用更早的备份")
