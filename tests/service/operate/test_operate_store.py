"""The commands around the database, as a person gives them."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result
from sqlalchemy import select

from service.errors import BiaochiError
from service.store import audit, schema
from service.store.engine import Store, now
from service.store.tables import Base, Version
from service.store_commands import store as group
from tests.service.store.filing import SECRET, filed, report, run, version


def told(url: str, *args: str) -> Result:
    done = CliRunner().invoke(group, [*args, "--database", url], standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that is in a database, besides the trail, which goes on."""
    opened = Store(url)
    with opened.read() as session:
        found = {
            table.name: sorted(map(repr, session.execute(select(table)).all()))
            for table in Base.metadata.sorted_tables
            if table.name != "audit"
        }
    opened.close()
    return found  # type: ignore[return-value]


def previous() -> str:
    """Return the revision before the present one."""
    scripts = ScriptDirectory.from_config(schema._config())
    before = scripts.get_revision(schema.head()).down_revision
    assert isinstance(before, str)
    return before


def fill(url: str, revision: str = "head") -> None:
    opened = Store(url)
    schema.upgrade(opened, revision)
    with opened.session() as session:
        document = filed(session)
        run(session, document, report())
        audit.append(session, audit.Entry(actor="k", role="reviewer", action="check", object_type="document"))
    opened.close()


def test_backup_and_restore_give_the_same_data(tmp_path: Path) -> None:
    url, copy, new = (
        f"sqlite:///{tmp_path / 'a.db'}",
        tmp_path / "copy.db",
        f"sqlite:///{tmp_path / 'b' / 'new.db'}",
    )
    fill(url)
    before = contents(url)
    assert SECRET in str(before)
    assert told(url, "backup", str(copy)).return_value == 0
    assert told(new, "restore", str(copy)).return_value == 0
    assert contents(new) == before
    for place in (url, new):
        assert "完整" in told(place, "audit", "verify").stdout
    with pytest.raises(BiaochiError, match="不会覆盖"):
        told(url, "backup", str(copy))
    with pytest.raises(BiaochiError, match="不会覆盖"):
        told(new, "restore", str(copy))
    assert contents(new) == before


def test_a_backup_of_the_previous_schema_is_restored_and_upgraded(tmp_path: Path) -> None:
    url, copy, new = (
        f"sqlite:///{tmp_path / 'a.db'}",
        tmp_path / "copy.db",
        f"sqlite:///{tmp_path / 'new.db'}",
    )
    fill(url, previous())
    told(url, "backup", str(copy))
    told(new, "restore", str(copy))
    opened = Store(new)
    assert schema.is_current(opened)
    opened.close()
    told(url, "upgrade")
    assert contents(new) == contents(url)
    # What was copied is in the older state still: nothing was changed in the copy itself.
    connection = sqlite3.connect(copy)
    assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (previous(),)
    connection.close()


def test_upgrade_from_the_previous_schema_keeps_every_row(empty_url: str) -> None:
    fill(empty_url, previous())
    status = told(empty_url, "status")
    assert "biaochi store upgrade" in status.stdout
    with pytest.raises(BiaochiError, match="请先升级数据库"):
        told(empty_url, "purge")
    assert f"由 {previous()} 升级到 {schema.head()}" in told(empty_url, "upgrade").stderr
    assert "没有改动" in told(empty_url, "upgrade").stderr
    found = json.loads(told(empty_url, "status", "--format", "json").stdout)
    assert (found["rows"]["documents"], found["rows"]["runs"], found["revision"]) == (1, 1, schema.head())
    assert SECRET in str(contents(empty_url))


def test_upgrade_makes_a_database_and_looking_does_not(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.db'}"
    for args in (("status",), ("purge",), ("audit", "verify"), ("backup", str(tmp_path / "b.db"))):
        with pytest.raises(BiaochiError, match="没有这个数据库文件"):
            told(url, *args)
    assert list(tmp_path.iterdir()) == []
    assert "由 空 升级到" in told(url, "upgrade").stderr


def test_purge_removes_text_and_leaves_a_trace_in_the_trail(store: Store, store_url: str) -> None:
    with store.session() as session:
        version(session, filed(session), report(), purge_after=now() - timedelta(days=1))
    assert "到期待清除的轮次 1" in told(store_url, "status").stdout
    assert "轮次 1" in told(store_url, "purge", "--compact").stderr
    assert "轮次 0" in told(store_url, "purge").stderr
    with store.read() as session:
        assert session.scalars(select(Version.document)).all() == [None]
    actions = [json.loads(line)["action"] for line in told(store_url, "audit", "export").stdout.splitlines()]
    assert actions == ["store.purge", "store.purge"]


def test_the_trail_is_exported_and_checked(tmp_path: Path, sqlite_template: Path) -> None:
    place = tmp_path / "a.db"
    place.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{place}"
    opened = Store(url)
    with opened.session() as session:
        for number in range(3):
            audit.append(
                session,
                audit.Entry(actor=f"k{number}", role="reviewer", action="check", object_type="document"),
            )
    opened.close()
    entries = [json.loads(line) for line in told(url, "audit", "export").stdout.splitlines()]
    assert [item["seq"] for item in entries] == [1, 2, 3]
    assert [
        json.loads(line)["seq"] for line in told(url, "audit", "export", "--after", "2").stdout.splitlines()
    ] == [3]
    last = f"3:{entries[-1]['digest']}"
    assert told(url, "audit", "verify", "--last", last).return_value == 0
    assert told(url, "audit", "verify", "--last", f"4:{entries[-1]['digest']}").return_value == 1
    with pytest.raises(BiaochiError, match="序号:摘要"):
        told(url, "audit", "verify", "--last", "三")
    connection = sqlite3.connect(place)
    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    connection.execute("UPDATE audit SET actor = 'other' WHERE seq = 2")
    connection.commit()
    connection.close()
    changed = told(url, "audit", "verify")
    assert changed.return_value == 1
    assert "第 2 条" in changed.stdout


def test_postgresql_names_its_own_tools(postgres_server: Any, tmp_path: Path) -> None:
    url = postgres_server.url("template_store")
    with pytest.raises(BiaochiError, match="pg_dump"):
        told(url, "backup", str(tmp_path / "b.db"))
    with pytest.raises(BiaochiError, match="pg_restore"):
        told(url, "restore", str(tmp_path / "b.db"))
    assert "PostgreSQL" in told(url, "status").stdout
