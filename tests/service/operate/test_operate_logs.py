"""Logs: one JSON object a line, and nothing in it that came from a table or an attacker."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from service import logs
from service.store.engine import Store
from tests.service.api.stateful_tools import FIRST, SECRET, World, world

HOSTILE = f'{SECRET}\n{{"event": "forged"}}\r\x1b[2J\u2028\x85'


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Configure logging as a server does, and put everything back."""
    root, own = logging.getLogger(), logging.getLogger("biaochi")
    alembic = logging.getLogger("alembic")
    before = root.handlers[:], root.level, own.level, alembic.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    found = io.StringIO()
    logs.configure("debug", found)
    yield found
    logging.captureWarnings(False)
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])
    alembic.setLevel(before[3])
    logging.raiseExceptions = before[4]
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    text = stream.getvalue()
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
    return [json.loads(line) for line in text.splitlines()]


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as caught:
        return caught


def test_a_request_is_one_line_of_what_is_known_of_it(
    stream: io.StringIO, store: Store, store_url: str
) -> None:
    with world(store, store_url, batch_workers=0) as made:
        _ask(made)
        keys = set(made.keys.values())
        ids = {made.client.app.state.auth.keys.verify(key).id for key in keys}
    found = [item for item in entries(stream) if item["logger"] == "biaochi.access"]
    assert [(item["method"], item["route"], item["status"]) for item in found] == [
        ("POST", "/v1/check", 200),
        ("GET", "/v1/rules/{code}", 404),
        ("GET", "-", 404),
        ("-", "/v1/check", 405),
        ("GET", "/v1/rules", 401),
    ]
    first, last = found[0], found[-1]
    assert first["request_id"] == "order-1"
    assert first["actor"] in ids
    assert first["findings"] > 0
    assert first["received"] > 0
    assert first["ms"] > 0
    assert last["actor"] is None
    text = stream.getvalue()
    for word in (SECRET, json.dumps(SECRET)[1:-1], "forged", "draft.docx", "secret-query", *keys):
        assert word not in text


def _ask(made: World) -> None:
    made.ask("POST", "/check", json=FIRST, params={"x": "secret-query"}, headers={"X-Request-ID": "order-1"})
    made.ask("GET", f"/rules/{SECRET}%0a%0dforged", headers={"X-Request-ID": "a\tforged"})
    made.client.request("GET", f"/{SECRET}/draft.docx?{SECRET}")
    made.client.request("FORGED", "/v1/check")
    made.client.get("/v1/rules", headers={"User-Agent": "forged", "Authorization": "Bearer forged"})


@pytest.mark.parametrize("name", ["pdfminer.pdfinterp", "openpyxl", "asyncio", "root-of-nobody"])
def test_lines_of_libraries_keep_only_their_place(stream: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning(f"cannot read {HOSTILE}")
    logging.getLogger(name).warning("cannot read %s", HOSTILE)
    logging.getLogger(name).error("failed", exc_info=raised(ValueError(HOSTILE)))
    found = entries(stream)
    assert [item["event"] for item in found] == ["message of a library"] * 3
    assert all(item["at"].startswith("test_operate_logs:") for item in found)
    assert found[2]["exception"] == "ValueError"
    assert found[2]["frames"][0].rpartition(":")[0] == __file__
    assert "forged" not in stream.getvalue()


def test_lines_of_uvicorn_keep_their_words_without_arguments(stream: io.StringIO) -> None:
    log = logging.getLogger("uvicorn.error")
    log.info("Uvicorn running on %s", HOSTILE)
    log.error("Exception in ASGI application\n", exc_info=raised(RuntimeError(HOSTILE)))
    first, second = entries(stream)
    assert first["event"] == "Uvicorn running on \N{HORIZONTAL ELLIPSIS}"
    assert (second["event"], second["exception"]) == ("Exception in ASGI application", "RuntimeError")
    assert "forged" not in stream.getvalue()


def test_what_nobody_caught_is_told_without_its_text(stream: io.StringIO) -> None:
    error = raised(ValueError(HOSTILE))
    sys.excepthook(ValueError, error, error.__traceback__)  # type: ignore[arg-type]
    thread = threading.Thread(target=lambda: raised_again(HOSTILE))
    thread.start()
    thread.join()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert [(item["logger"], item["exception"]) for item in entries(stream)] == [
        ("biaochi.crash", "ValueError")
    ] * 2
    assert "forged" not in stream.getvalue()


def raised_again(text: str) -> None:
    raise ValueError(text)


def test_a_record_that_cannot_be_written_shows_nothing(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("biaochi.x").error("%d", HOSTILE)
    assert "forged" not in capsys.readouterr().err + stream.getvalue()


def test_the_level_holds_for_our_own_lines_only(stream: io.StringIO) -> None:
    logging.getLogger("biaochi.x").debug("fine")
    logging.getLogger("multipart").debug("data %s", HOSTILE)
    assert [item["event"] for item in entries(stream)] == ["fine"]


def test_even_our_own_lines_cannot_be_broken(stream: io.StringIO) -> None:
    logging.getLogger("biaochi.x").warning("key %s", HOSTILE)
    (found,) = entries(stream)
    assert found["event"] == f"key {HOSTILE}"


def test_warnings_in_processes_are_json_without_text() -> None:
    program = (
        "import sys, warnings; from service import logs; logs.configure();"
        f"warnings.warn({HOSTILE!r}); raise ValueError({HOSTILE!r})"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    lines = [json.loads(line) for line in done.stderr.decode("ascii").splitlines()]
    assert [(line["logger"], line.get("exception")) for line in lines] == [
        ("py.warnings", None), ("biaochi.crash", "ValueError"),
    ]  # fmt: skip
    assert b"forged" not in done.stderr
    assert done.returncode == 1
