from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text

from service.store import audit, schema
from service.store.engine import Store
from service.store.errors import StoreError
from service.store.tables import Base, Delivery, DocumentRow, Version
from tests.service.store.filing import filed, report, version

ENTRY = audit.Entry(actor="k1", role="reviewer", action="check", object_type="document", object_id="d1")


def test_models_and_migrations_agree(store: Store) -> None:
    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_new_database_is_brought_to_the_present_schema(empty_url: str) -> None:
    store = Store(empty_url)
    assert schema.current(store) is None
    assert not schema.is_current(store)
    with pytest.raises(StoreError, match="结构为 空"):
        schema.require_current(store)
    assert schema.upgrade(store) == schema.head()
    schema.require_current(store)
    store.close()


def test_upgrading_from_the_first_revision_keeps_every_row(empty_url: str) -> None:
    store = Store(empty_url)
    assert schema.upgrade(store, "0001") == "0001"
    assert not inspect(store.engine).has_table("deliveries")
    with pytest.raises(StoreError, match="结构为 0001"):
        schema.require_current(store)
    with store.session() as session:
        document = filed(session)
        version(session, document, report())
        audit.append(session, ENTRY)
    assert schema.upgrade(store) == schema.head()
    with store.read() as session:
        assert [row.id for row in session.scalars(select(DocumentRow))] == [document.id]
        assert [row.document_id for row in session.scalars(select(Version))] == [document.id]
        assert session.scalars(select(Delivery)).all() == []
    assert audit.verify(store) is None
    with store.session() as session:
        audit.append(session, ENTRY)
    store.close()


def test_upgrading_again_changes_nothing(store: Store) -> None:
    with store.session() as session:
        filed(session)
    assert schema.upgrade(store) == schema.head()
    with store.read() as session:
        assert len(session.scalars(select(DocumentRow)).all()) == 1


def test_an_upgrade_that_fails_leaves_everything_as_it_was(empty_url: str) -> None:
    store = Store(empty_url)
    schema.upgrade(store, "0001")
    with store.session() as session:
        session.execute(text("CREATE TABLE deliveries (id INTEGER)"))
    with pytest.raises(StoreError):
        schema.upgrade(store)
    assert schema.current(store) == "0001"
    with store.session() as session:
        session.execute(text("DROP TABLE deliveries"))
    assert schema.upgrade(store) == schema.head()
    store.close()


def test_foreign_keys_are_enforced_after_an_upgrade(empty_url: str) -> None:
    store = Store(empty_url)
    schema.upgrade(store)
    with store.session() as session:
        document = filed(session)
        version(session, document, report())
    with store.session() as session:
        session.execute(text("DELETE FROM documents"))
    with store.read() as session:
        assert session.scalars(select(Version)).all() == []
    store.close()


def test_a_database_of_a_newer_program_is_refused(store: Store) -> None:
    with store.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="请升级程序"):
        schema.upgrade(store)
    with pytest.raises(StoreError, match="请升级程序"):
        schema.require_current(store)


def test_processes_that_upgrade_at_once_all_succeed(empty_url: str) -> None:
    program = (
        "import sys; from service.store.engine import Store; from service.store.schema import head, upgrade;"
        "store = Store(sys.argv[1]); print(head(), flush=True); sys.stdin.readline();"
        "print(upgrade(store)); store.close()"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", program, empty_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    # They begin only once all of them have loaded.
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{schema.head()}\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    answers = [process.communicate() for process in processes]
    assert answers == [(f"{schema.head()}\n", "")] * 4
    store = Store(empty_url)
    assert schema.is_current(store)
    store.close()
