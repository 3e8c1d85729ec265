from __future__ import annotations

import sqlite3
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from service.errors import SettingsError
from service.store import backup, decisions, documents, keys, retention, runs, schema
from service.store.engine import Store
from service.store.errors import StoreError
from service.store.tables import Chunk, Idempotent, Job, Opinion, Run, Version, WebSession
from tests.service.store.filing import AT, DAY, ROADS, SECRET, filed, report, run

MINE = frozenset({ROADS})
KEEP = retention.Retention(keep_days=10, keep_job_days=3, keep_answer_hours=2)


def with_opinion(store: Store, **options: object) -> str:
    with store.session() as session:
        info = run(session, filed(session), report(), **options)
        decisions.save_opinion(
            session, info.id, 0, departments=None, text=SECRET, conclusion="通过", updated_by="k"
        )
    return info.id


def test_text_goes_when_its_time_has_passed_and_findings_stay(store: Store) -> None:
    old = with_opinion(store, purge_after=KEEP.until(AT))
    young = with_opinion(store, purge_after=KEEP.until(AT + DAY))
    kept = with_opinion(store)
    assert retention.purge(store, AT + DAY * 10 - timedelta(seconds=1), KEEP).versions == 0
    done = retention.purge(store, AT + DAY * 10, KEEP)
    assert (done.versions, done.runs, done.opinions, done.scrubbed) == (1, 1, 1, True)
    again = retention.purge(store, AT + DAY * 10, KEEP, compact=True)
    assert (again.versions, again.runs, again.opinions, again.scrubbed) == (0, 0, 0, True)
    with store.read() as session:
        assert runs.get_run_info(session, old, departments=MINE).purged
        assert runs.get_run(session, old, departments=MINE).report is None
        assert runs.list_findings(session, old, departments=MINE).items
        assert decisions.list_opinions(session, old, departments=MINE)[0].text is None
        version = session.scalars(select(Version).join(Run).where(Run.id == old)).one()
        assert (version.document, version.original) == (None, None)
        (listed,) = documents.list_versions(session, version.document_id, departments=MINE)
        assert listed.purged
        # NULL, not the JSON word null.
        assert session.scalar(select(func.count()).where(Version.document.is_(None))) == 1
        for other in (young, kept):
            assert runs.get_run(session, other, departments=MINE).report is not None
            assert decisions.list_opinions(session, other, departments=MINE)[0].text == SECRET
        assert session.scalar(select(func.count()).select_from(Opinion)) == 3


def job(job_id: str, finished: int | None) -> list[object]:
    return [
        Job(
            id=job_id,
            state="done" if finished is not None else "running",
            priority=0,
            department=ROADS,
            options={},
            total=1,
            created_by="k",
            created_at=AT,
            finished_at=None if finished is None else AT + DAY * finished,
        ),
        Chunk(
            job_id=job_id,
            ordinal=0,
            label="一",
            state="done",
            attempts=1,
            not_before=AT,
            payload=SECRET.encode(),
            payload_sha256="0" * 64,
            result={"title": SECRET},
            finished_at=AT,
        ),
    ]


def test_batches_lose_their_text_some_days_after_their_end(store: Store) -> None:
    with store.session() as session:
        for name, finished in (("old", 0), ("young", 1), ("running", None)):
            for item in job(name, finished):
                session.add(item)
                session.flush()
    assert retention.purge(store, AT + DAY * 3, KEEP).chunks == 1
    assert retention.purge(store, AT + DAY * 3, KEEP).chunks == 0
    with store.read() as session:
        left = {row.job_id: (row.payload, row.result) for row in session.scalars(select(Chunk))}
        old = session.scalars(select(Chunk).where(Chunk.job_id == "old")).one()
    assert left["old"] == (None, None)
    assert left["young"] == left["running"] == (SECRET.encode(), {"title": SECRET})
    assert (old.payload_sha256, old.state) == ("0" * 64, "done")


def test_sessions_and_answers_that_are_over_are_deleted(store: Store) -> None:
    with store.session() as session:
        owner = keys.insert_key(session, name="键", role="reviewer", secret_hash="a" * 64, departments=None)
        for name, days in (("over", 0), ("valid", 1)):
            session.add(
                WebSession(id_hash=name, key_id=owner.id, csrf="c", created_at=AT, expires_at=AT + DAY * days)
            )
            session.add(
                Idempotent(
                    actor="k",
                    route="/v1/check",
                    key=name,
                    request_sha256="0" * 64,
                    status=200,
                    answer={"title": SECRET},
                    created_at=AT + DAY * (days - 1),
                )
            )
    done = retention.purge(store, AT, KEEP)
    assert (done.sessions, done.answers) == (1, 1)
    with store.read() as session:
        assert session.scalars(select(WebSession.id_hash)).all() == ["valid"]
        assert session.scalars(select(Idempotent.key)).all() == ["valid"]


def test_purged_text_is_gone_from_the_files(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    with_opinion(store, purge_after=AT)
    with store.session() as session:
        for item in job("old", 0):
            session.add(item)
            session.flush()
    marks = (SECRET.encode(), SECRET.encode("unicode_escape"))

    def traces() -> list[str]:
        return [item.name for item in tmp_path.iterdir() if any(mark in item.read_bytes() for mark in marks)]

    assert traces() != []
    with store.read() as reading:
        # Somebody who still reads an old state keeps the log from being emptied; the purge says so.
        reading.scalars(select(Run.id)).all()
        assert not retention.purge(store, AT + DAY * 3, KEEP).scrubbed
    assert retention.purge(store, AT + DAY * 3, KEEP).scrubbed
    assert traces() == []
    store.close()


def test_retention_comes_from_the_environment() -> None:
    assert retention.retention_from({}) == retention.Retention()
    assert retention.retention_from({"BIAOCHI_KEEP_DAYS": "10", "BIAOCHI_KEEP_JOB_DAYS": " "}) == (
        retention.Retention(keep_days=10)
    )
    for wrong in ("0", "-1", "x", "1.5", "１", "9" * 30):
        with pytest.raises(SettingsError, match="BIAOCHI_KEEP_ANSWER_HOURS"):
            retention.retention_from({"BIAOCHI_KEEP_ANSWER_HOURS": wrong})


@pytest.fixture
def filled(tmp_path: Path, sqlite_template: Path) -> Store:
    path = tmp_path / "live" / "store.db"
    path.parent.mkdir()
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    with store.session() as session:
        run(session, filed(session), report())
    return store


def test_a_backup_taken_while_others_write_is_restored_whole(filled: Store, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "one.db"
    with filled.session() as session:
        # Not committed yet: not in the copy.
        filed(session)
        backup.backup(filled, copy)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [item.name for item in copy.parent.iterdir()] == ["one.db"]
    target = tmp_path / "restored" / "store.db"
    backup.restore(copy, f"sqlite:///{target}")
    restored = Store(f"sqlite:///{target}")
    assert schema.upgrade(restored) == schema.head()
    with restored.read() as session, filled.read() as live:
        (document,) = documents.list_documents(session, departments=None).items
        (info,) = runs.list_runs(session, document.id, departments=None).items
        whole = runs.get_run(live, info.id, departments=None)
        assert runs.get_run(session, info.id, departments=None).report == whole.report
        assert len(documents.list_documents(live, departments=None).items) == 2
    restored.close()
    filled.close()


def test_a_backup_of_the_first_release_is_restored_and_upgraded(tmp_path: Path) -> None:
    old = Store(f"sqlite:///{tmp_path / 'old.db'}")
    schema.upgrade(old, "0001")
    with old.session() as session:
        filed(session)
    backup.backup(old, tmp_path / "copy.db")
    old.close()
    backup.restore(tmp_path / "copy.db", f"sqlite:///{tmp_path / 'new.db'}")
    store = Store(f"sqlite:///{tmp_path / 'new.db'}")
    schema.upgrade(store)
    with store.read() as session:
        assert len(documents.list_documents(session, departments=None).items) == 1
    store.close()


def test_nothing_is_overwritten_and_nothing_half_done_is_left(filled: Store, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    there = folder / "there.db"
    there.write_bytes(b"precious")
    with pytest.raises(StoreError, match="已存在"):
        backup.backup(filled, there)
    backup.backup(filled, folder / "copy.db")
    with pytest.raises(StoreError, match="已存在"):
        backup.restore(folder / "copy.db", f"sqlite:///{there}")
    assert there.read_bytes() == b"precious"
    live = filled.engine.url.database
    # The live store's own log stands beside it.
    with pytest.raises(StoreError, match="停止服务"):
        backup.restore(folder / "copy.db", f"sqlite:///{live}")
    assert sorted(item.name for item in folder.iterdir()) == ["copy.db", "there.db"]
    filled.close()


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    text = tmp_path / "text.db"
    text.write_bytes(b"no database at all " * 100)
    foreign = tmp_path / "foreign.db"
    connection = sqlite3.connect(foreign)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    for path, says in (
        (text, "没有完成"),
        (foreign, "不是标尺的数据库"),
        (tmp_path / "none.db", "没有备份文件"),
    ):
        with pytest.raises(StoreError, match=says):
            backup.restore(path, target)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["foreign.db", "text.db"]
    for url in ("sqlite://", "nonsense"):
        with pytest.raises(SettingsError):
            backup.restore(text, url)


def test_a_damaged_backup_is_refused(filled: Store, tmp_path: Path) -> None:
    copy = backup.backup(filled, tmp_path / "copy.db")
    filled.close()
    data = bytearray(copy.read_bytes())
    data[len(data) // 2 :] = bytes(len(data) - len(data) // 2)
    copy.write_bytes(data)
    with pytest.raises(StoreError, match=r"损坏|没有完成"):
        backup.restore(copy, f"sqlite:///{tmp_path / 'new.db'}")
    assert not (tmp_path / "new.db").exists()


def test_postgresql_has_tools_of_its_own(tmp_path: Path) -> None:
    store = Store("postgresql://someone:secret@host/name")
    with pytest.raises(StoreError, match="pg_dump") as caught:
        backup.backup(store, tmp_path / "copy.db")
    assert "secret" not in caught.value.message
    with pytest.raises(StoreError, match="pg_restore"):
        backup.restore(tmp_path / "copy.db", "postgresql://someone:secret@host/name")
    store.close()
