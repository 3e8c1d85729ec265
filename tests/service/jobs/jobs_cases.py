"""Batches, checkers and triggers for the tests of jobs. Worker processes import this by name."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from service.errors import NoTableFound, SettingsError
from service.jobs import queue
from service.jobs.queue import Task
from service.pipeline import CheckOptions
from service.settings import Limits
from service.store.engine import Store

T0 = datetime(2025, 3, 1, 8, 0, 0)
OPTIONS = CheckOptions()


def after(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def documents(count: int, salt: str = "") -> list[tuple[str, bytes]]:
    return [(f"{i}.json", f'{{"document": {i}, "salt": "{salt}"}}'.encode()) for i in range(count)]


def submit(store: Store, files: int | Sequence[tuple[str, bytes]] = 1, **given: Any) -> str:
    parts = documents(files) if isinstance(files, int) else files
    options = given.pop("options", OPTIONS)
    return queue.submit(store, parts, options, **({"created_by": "k1", "at": T0} | given))


def answer(payload: bytes) -> dict[str, Any]:
    return {"kind": "report", "report": {"sha256": hashlib.sha256(payload).hexdigest()}}


def cheap(task: Task, limits: Limits) -> dict[str, Any]:
    """Takes a few milliseconds and answers with the digest of what it was given."""
    assert task.payload is not None
    time.sleep((task.ordinal % 7) * 0.004)
    return answer(task.payload)


def moody(task: Task, limits: Limits) -> dict[str, Any]:
    """Does what the document says."""
    assert task.payload is not None
    word, _, rest = task.payload.decode().partition(" ")
    if word == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif word == "exit":
        os._exit(3)
    elif word == "hang":
        time.sleep(600)
    elif word == "memory":
        bytearray(1 << 42)
    elif word == "crash":
        raise RuntimeError("表中的文字")
    elif word == "empty":
        raise NoTableFound("没有找到绩效目标表")
    elif word == "settings":
        raise SettingsError("没有这个检查配置")
    elif word == "slow":
        Path(rest).touch()
        time.sleep(2)
    elif word == "stuck":
        Path(rest).touch()
        time.sleep(600)
    return answer(task.payload)


def count_results(store: Store) -> None:
    """Let the database itself note every time a chunk is finished."""
    final = "NEW.state IN ('done', 'poison', 'cancelled')"
    with store.session() as session:
        session.execute(text("CREATE TABLE written (chunk_id INTEGER NOT NULL, state TEXT NOT NULL)"))
        if store.is_sqlite:
            session.execute(
                text(
                    f"CREATE TRIGGER chunk_written AFTER UPDATE OF state, result ON chunks WHEN {final} "
                    "BEGIN INSERT INTO written VALUES (NEW.id, NEW.state); END"
                )
            )
            return
        session.execute(
            text(
                "CREATE FUNCTION note_written() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN INSERT INTO written VALUES (NEW.id, NEW.state); RETURN NULL; END $$"
            )
        )
        session.execute(
            text(
                "CREATE TRIGGER chunk_written AFTER UPDATE OF state, result ON chunks FOR EACH ROW "
                f"WHEN ({final}) EXECUTE FUNCTION note_written()"
            )
        )


def written(store: Store) -> list[tuple[int, str]]:
    with store.read() as session:
        return [(row[0], row[1]) for row in session.execute(text("SELECT chunk_id, state FROM written"))]
