from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.store import audit
from service.store.engine import Store
from service.store.errors import BadValue
from tests.service.store.filing import AT

ENTRY = audit.Entry(
    actor="k1",
    role="reviewer",
    action="document.check",
    object_type="document",
    object_id="d1",
    sha256="0" * 64,
)


def fill(store: Store, count: int = 5) -> None:
    for i in range(count):
        with store.session() as session:
            audit.append(session, replace(ENTRY, object_id=f"d{i}"), at=AT)


def tamper(store: Store, statement: str) -> None:
    """Do what only somebody who rules the database can do: change the trail behind its triggers."""
    if store.is_sqlite:
        with store.session() as session:
            rows = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")).all()
            for name, _ in rows:
                session.execute(text(f"DROP TRIGGER {name}"))
            session.execute(text(statement))
            for _, sql in rows:
                session.execute(text(sql))
        return
    with store.session() as session:
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
        session.execute(text(statement))
        session.execute(text("ALTER TABLE audit ENABLE TRIGGER USER"))


def test_entries_are_chained_and_numbered_without_gaps(store: Store) -> None:
    fill(store, 2)
    with pytest.raises(ZeroDivisionError), store.session() as session:
        fails(session_with_entry=session)
    fill(store, 1)
    lines = [json.loads(line) for line in audit.export(store)]
    assert [item["seq"] for item in lines] == [1, 2, 3]
    assert [item["previous"] for item in lines] == [audit.START, *(item["digest"] for item in lines[:2])]
    assert lines[0]["at"] == "2026-03-01T08:00:00.123456Z"
    assert audit.verify(store) is None


def fails(session_with_entry: object) -> None:
    audit.append(session_with_entry, ENTRY)  # type: ignore[arg-type]
    raise ZeroDivisionError


def test_the_digest_can_be_recomputed_from_an_exported_line(store: Store) -> None:
    import hashlib

    fill(store, 1)
    line = json.loads(next(audit.export(store)))
    digest = line.pop("digest")
    plain = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(plain.encode()).hexdigest() == digest


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 'k2' WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit",
    ],
)
def test_the_database_refuses_to_change_the_trail(store: Store, statement: str) -> None:
    fill(store)
    with pytest.raises(DBAPIError, match="append-only"), store.session() as session:
        session.execute(text(statement))
    assert audit.verify(store) is None


def test_the_database_refuses_the_ways_around(store: Store) -> None:
    fill(store)
    columns = "at, actor, role, action, object_type, object_id, sha256, request_id, outcome, previous, digest"
    ways = (
        [f"INSERT OR REPLACE INTO audit (seq, {columns}) SELECT seq, {columns} FROM audit WHERE seq = 3"]
        if store.is_sqlite
        else [
            "TRUNCATE audit",
            f"INSERT INTO audit (seq, {columns}) SELECT seq, {columns} FROM audit WHERE seq = 3"
            " ON CONFLICT (seq) DO UPDATE SET actor = 'k2'",
        ]
    )
    for statement in ways:
        with pytest.raises(DBAPIError, match="append-only"), store.session() as session:
            session.execute(text(statement))
    assert len(list(audit.export(store))) == 5


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE audit SET actor = 'k2' WHERE seq = 3", 3),
        ("UPDATE audit SET at = '2026-03-02 08:00:00.000000' WHERE seq = 1", 1),
        ("UPDATE audit SET sha256 = NULL WHERE seq = 5", 5),
        ("DELETE FROM audit WHERE seq = 3", 3),
        ("DELETE FROM audit WHERE seq = 1", 1),
        ("UPDATE audit SET seq = 9 WHERE seq = 4", 4),
    ],
)
def test_verifying_finds_what_was_changed_behind_the_triggers(
    store: Store, statement: str, broken: int
) -> None:
    fill(store)
    tamper(store, statement)
    assert audit.verify(store) == broken


def test_a_tail_cut_off_shows_against_a_digest_kept_elsewhere(store: Store) -> None:
    fill(store)
    last = json.loads(list(audit.export(store))[-1])
    assert audit.verify(store, last=(5, last["digest"])) is None
    tamper(store, "DELETE FROM audit WHERE seq > 3")
    assert audit.verify(store) is None
    assert audit.verify(store, last=(5, last["digest"])) == 4
    # Written anew after the cut, the chain is whole, but it is another one.
    fill(store, 3)
    assert audit.verify(store) is None
    with store.session() as session:
        audit.append(session, ENTRY)
    assert audit.verify(store, last=(5, "f" * 64)) == 5


def test_exporting_goes_on_where_it_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_BATCH", 2)
    fill(store)

    def numbers(**options: int) -> list[int]:
        return [json.loads(line)["seq"] for line in audit.export(store, **options)]

    assert numbers() == [1, 2, 3, 4, 5]
    assert numbers(limit=3) == [1, 2, 3]
    assert numbers(after=3, limit=3) == [4, 5]
    assert numbers(after=5) == []
    assert audit.verify(store) is None


def test_entries_are_listed_newest_first(store: Store) -> None:
    fill(store)
    with store.read() as session:
        first = audit.list_entries(session, limit=3)
        rest = audit.list_entries(session, limit=3, cursor=first.next)
        assert [row.seq for row in first.items + rest.items] == [5, 4, 3, 2, 1]
        assert [row.seq for row in audit.list_entries(session, object_id="d2").items] == [3]
        assert audit.list_entries(session, actor="nobody").items == ()


def test_an_entry_that_does_not_fit_is_refused(store: Store) -> None:
    for entry in (replace(ENTRY, object_id="x" * 65), replace(ENTRY, request_id="a\0")):
        with pytest.raises(BadValue), store.session() as session:
            audit.append(session, entry)
    assert list(audit.export(store)) == []


def test_processes_that_append_at_once_make_one_chain(store: Store, store_url: str) -> None:
    program = (
        "import sys; from service.store.engine import Store; from service.store import audit;"
        "store = Store(sys.argv[1]);\n"
        "for i in range(25):\n"
        "    with store.session() as session:\n"
        "        audit.append(session, audit.Entry(actor='k', role='r', action='a', object_type='t'))\n"
        "store.close()"
    )
    processes = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", program, store_url], stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    assert [(process.communicate()[1], process.returncode) for process in processes] == [(b"", 0)] * 3
    assert len(list(audit.export(store))) == 75
    assert audit.verify(store) is None
