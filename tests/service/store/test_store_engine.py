from __future__ import annotations

import stat
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from service.errors import SettingsError
from service.store.engine import Store, new_id, now
from service.store.errors import StoreError
from service.store.tables import DocumentRow


def fails(session: Session) -> None:
    session.execute(insert(DocumentRow).values(document()))
    raise ZeroDivisionError


def document() -> dict[str, object]:
    at = now()
    return {
        "id": new_id(),
        "department": "交通局",
        "fiscal_year": 2025,
        "label": "一",
        "state": "draft",
        "created_by": "k",
        "created_at": at,
        "updated_at": at,
    }


def test_a_session_commits_at_its_end_and_rolls_back_on_an_exception(store: Store) -> None:
    row = document()
    with store.session() as session:
        session.execute(insert(DocumentRow).values(row))
    with pytest.raises(ZeroDivisionError), store.session() as session:
        fails(session)
    with store.read() as session:
        found = session.scalars(select(DocumentRow)).all()
    assert [item.id for item in found] == [row["id"]]
    assert found[0].created_at == row["created_at"]


def test_a_reading_session_cannot_write_and_its_connection_can_again(store: Store) -> None:
    for _ in range(2):
        with pytest.raises(DBAPIError), store.read() as session:
            session.execute(insert(DocumentRow).values(document()))
        with store.session() as session:
            session.execute(insert(DocumentRow).values(document()))
    with store.read() as session:
        assert len(session.scalars(select(DocumentRow)).all()) == 2


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_of_it(store: Store) -> None:
    with store.session() as writing:
        writing.execute(insert(DocumentRow).values(document()))
        with store.read() as reading:
            assert reading.scalars(select(DocumentRow)).all() == []
    with store.read() as reading:
        assert len(reading.scalars(select(DocumentRow)).all()) == 1


def test_ping(store: Store, tmp_path: Path) -> None:
    store.ping()
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is not a database, but it is long enough to be looked at")
    other = Store(f"sqlite:///{broken}")
    with pytest.raises(StoreError, match="DatabaseError"):
        other.ping()
    other.close()


def test_a_new_sqlite_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "store.db"
    store = Store(f"sqlite:///{path}")
    with store.session() as session:
        session.execute(text("CREATE TABLE t (a INTEGER)"))
    assert {stat.S_IMODE(item.stat().st_mode) for item in path.parent.iterdir()} == {0o600}
    store.close()


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "数据库地址有误"),
        ("mysql://root:secret@host/db", "只支持"),
        ("sqlite:////proc/x/y.db", "写入权限"),
    ],
)
def test_a_wrong_address_is_refused_without_showing_it(url: str, says: str) -> None:
    with pytest.raises(SettingsError, match=says) as caught:
        Store(url)
    assert "secret" not in caught.value.message


def test_an_absent_server_is_reported_without_its_address() -> None:
    store = Store("postgresql://someone:secret@/none?host=/nonexistent")
    with pytest.raises(StoreError, match="数据库地址") as caught:
        store.ping()
    assert "secret" not in caught.value.message
    store.close()
