"""The client: what it asks for, what it raises, when it tries again."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service import client as module
from service.client import (
    ApiError,
    Client,
    ClientError,
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    TooMany,
    TooSlow,
    Unavailable,
    Unreachable,
)
from service.settings import Limits, ServerSettings
from service.store.engine import Store
from tests.service.api.samples import DOCX
from tests.service.portal.portal_tools import Service, listening, message, service

ROW = {"level1": "产出指标", "level2": "质量指标", "name": "培训合格率", "value": "≥95"}
PROJECT = {"name": "基层干部培训", "budget": {"total": "8.12", "purpose": "培训费"}, "rows": [ROW]}


@dataclass
class Fake:
    """Answers as told and keeps what was asked."""

    answers: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0
    pauses: list[float] = field(default_factory=list)
    hold: threading.Event | None = None

    def client(self, **given: Any) -> Client:
        return Client(f"http://127.0.0.1:{self.port}/base/", "k1", **({"sleep": self.pauses.append} | given))


@contextmanager
def fake(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Fake]:
    found = Fake(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.asked.append((self.command, self.path, dict(self.headers), data))
            if found.hold is not None:
                found.hold.wait()
            status, headers, body = found.answers.pop(0)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                pass  # The client did not wait.

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield found
    finally:
        if found.hold is not None:
            found.hold.set()
        server.shutdown()
        thread.join()
        server.server_close()


def problem(status: int, slug: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    body = {
        "type": f"urn:biaochi:problem:{slug}",
        "title": "标题",
        "status": status,
        "detail": "说明",
        "request_id": "r1",
        "errors": [{"path": "row.name", "detail": "缺少此项"}],
    }
    return status, headers, json.dumps(body).encode()


OK = (200, {}, b'{"job": "j1", "state": "cancelled", "secrets": []}')


@pytest.fixture
def running(store: Store) -> Iterator[Service]:
    with listening(service(store)) as found:
        yield found


def test_every_call_against_a_service(running: Service) -> None:
    client = Client(running.url, running.key())
    report = client.check(DOCX)
    assert report["schema"] == "biaochi.report/v1"
    assert report == client.check(DOCX.read_bytes(), name='样本"\r\n.docx')
    assert client.check_json(PROJECT, profile="hebei")["document"]["projects"][0]["name"] == "基层干部培训"
    row = client.check_row(ROW, project={"name": "基层干部培训"}, suggest=True)
    assert row["path"] == "projects[0].rows[0]"
    assert client.suggest(PROJECT, category="成本", limit=1)["suggestions"]
    checked = client.check_json(PROJECT)
    chosen = next(
        item
        for finding in checked["findings"]
        for item in finding["suggestions"]
        if item["verification"] == "verified"
    )
    changed = client.preview(checked["document"], [(chosen, {})], suggest=False)
    assert changed["document"] != checked["document"]
    assert client.portal_check(message(), department="教育局")["schema"] == "biaochi.portal/v1"
    with pytest.raises(Invalid) as refused:
        client.check_row({"name": []})
    assert refused.value.errors[0][0] == "row.name"
    assert refused.value.request_id
    with pytest.raises(NotFound):
        client.batch("nothing/../x")
    with pytest.raises(NotAllowed):
        client.portal_check(message(), department="卫健局")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Invalid), (401, NotAllowed), (403, NotAllowed), (404, NotFound), (409, Conflict), (410, NotFound),
        (412, Conflict), (413, Invalid), (422, Invalid), (429, TooMany), (500, Unavailable), (503, Unavailable),
    ],
)  # fmt: skip
def test_refusals_are_typed(status: int, kind: type[ApiError]) -> None:
    with fake(problem(status, "some-slug", **{"Retry-After": "7"})) as found, pytest.raises(kind) as refused:
        found.client(retries=0).batch("j1")
    error = refused.value
    assert type(error) is kind
    assert (error.status, error.slug, error.message, error.request_id) == (status, "some-slug", "说明", "r1")
    assert error.errors == (("row.name", "缺少此项"),)
    assert error.retry_after == 7


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"errors": 3, "detail": null}', b"\xff"])
def test_refusals_that_are_none_of_ours(body: bytes) -> None:
    with fake((502, {}, body)) as found, pytest.raises(Unavailable) as refused:
        found.client(retries=0).batch("j1")
    assert refused.value.message == "服务返回状态 502"


def test_busy_services_are_asked_again_as_they_wish() -> None:
    answers = (
        problem(429, "too-many-requests", **{"Retry-After": "3"}),
        problem(503, "overloaded"),
        (0, {}, b""),
        OK,
    )
    with fake(*answers) as found:
        assert found.client().withdraw("j1") == "cancelled"
        assert found.pauses == [3.0, 2.0, 4.0]
        assert len(found.asked) == 4


def test_a_submission_that_is_tried_again_is_the_same_one() -> None:
    with fake((0, {}, b""), problem(503, "unready"), OK) as found:
        assert found.client().submit([message()], webhook="https://portal.example/x") == "j1"
    keys = {head["Idempotency-Key"] for _, _, head, _ in found.asked}
    assert len(keys) == 1
    assert len({body for _, _, _, body in found.asked}) == 1
    method, path, head, body = found.asked[0]
    assert (method, path) == ("POST", "/base/v1/portal/batches?suggest=true")
    assert head["Authorization"] == "Bearer k1"
    assert json.loads(body) == {"projects": [message()], "webhook": "https://portal.example/x"}


@pytest.mark.parametrize(
    "answer",
    [
        problem(422, "invalid-request"),
        problem(500, "internal"),
        problem(429, "too-many-requests", **{"Retry-After": "86400"}),
    ],
)
def test_what_will_not_pass_is_not_tried_again(answer: tuple[int, dict[str, str], bytes]) -> None:
    with fake(answer) as found, pytest.raises(ApiError):
        found.client().batch("j1")
    assert len(found.asked) == 1
    assert found.pauses == []


def test_redirects_are_not_followed() -> None:
    with fake((307, {"Location": "http://127.0.0.1:1/"}, b"")) as found, pytest.raises(Invalid):
        found.client().batch("j1")


def test_nobody_there_and_nobody_answering() -> None:
    with fake() as found:
        gone = found.client(retries=1)
    with pytest.raises(Unreachable):
        gone.batch("j1")
    assert found.pauses == [1.0]
    with fake(OK) as found:
        found.hold = threading.Event()
        with pytest.raises(TooSlow):
            found.client(timeout=0.05).batch("j1")


@pytest.mark.parametrize("body", [b"[]", b"text", b"null"])
def test_answers_that_are_none(body: bytes) -> None:
    with fake((200, {}, body)) as found, pytest.raises(ClientError):
        found.client().webhook_secrets()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with fake(OK) as found:
        assert found.client().webhook_secrets() == ()


def test_waiting_looks_until_it_is_over() -> None:
    def state(name: str) -> tuple[int, dict[str, str], bytes]:
        found = {"job": "j1", "state": name, "total": 1, "finished": 0, "counts": {}, "seconds_left": None}
        return 200, {}, json.dumps(found).encode()

    with fake(state("queued"), state("running"), state("done")) as found:
        assert found.client().wait("j1", poll=2).state == "done"
        assert found.pauses == [2, 2]


def test_importing_the_client_loads_nothing_of_the_service() -> None:
    code = (
        "import sys, service.client;"
        "print([name for name in ('fastapi', 'sqlalchemy', 'numpy', 'jieba', 'yaml', 'httpx', 'rules') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert Path(str(module.__file__)).name == "client.py"


def test_a_body_that_is_too_large_is_told_so_and_not_sent_again(store: Store) -> None:
    pauses: list[float] = []
    with listening(
        service(store, ServerSettings(max_body_bytes=2048, limits=Limits(max_bytes=4096)))
    ) as found:
        client = Client(found.url, found.key(), sleep=pauses.append)
        # More than fits into the buffers on the way: the connection ends while the client is still sending.
        for call in (
            lambda: client.submit([message(项目内容="字" * 10_000_000)]),
            lambda: client.check(b"x" * 30_000_000, name="a.docx"),
        ):
            with pytest.raises(Invalid) as refused:
                call()
            assert (refused.value.status, refused.value.slug) == (413, "too-large")
    assert pauses == []


@pytest.mark.parametrize(
    "base",
    ["", "biaochi", "ftp://a", "http://", "http://a:99999", "http://a:b", "http://[::1", "http://a b", "http://a/?x=1",
     "http://a/#x", "http://a/\n", "http://a/中"],
)  # fmt: skip
def test_addresses_that_are_none(base: str) -> None:
    with pytest.raises(ClientError, match="服务地址"):
        Client(base)


@pytest.mark.parametrize("key", ["", "密钥", "a b", "a\nb", "a\x7f"])
def test_keys_that_cannot_be_sent(key: str) -> None:
    with pytest.raises(ClientError, match="密钥"):
        Client("http://127.0.0.1:9", key)
    with pytest.raises(ClientError, match="幂等键"):
        Client("http://127.0.0.1:9").submit([message()], idempotency_key=key)


@pytest.mark.parametrize(
    "value", [float("nan"), "\ud800", pytest.param(object(), id="object"), {1, 2}, b"x"], ids=repr
)
def test_contents_that_are_no_json(value: Any) -> None:
    with fake() as found, pytest.raises(ClientError, match="JSON"):
        found.client().portal_check({"项目名称": value})
    assert found.asked == []


def test_a_file_name_that_no_text_can_hold_is_sent_all_the_same() -> None:
    with fake((200, {}, b"{}")) as found:
        found.client().check(b"x", name="\udce4.docx")
    assert b'filename="?.docx"' in found.asked[0][3]
