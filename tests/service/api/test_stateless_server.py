"""`biaochi serve` as a person starts it, over real sockets."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service.api.samples import DOCX, PROJECT, ROOT

BIAOCHI = [sys.executable, "-c", "from service.cli import main; main()", "serve"]


class Server:
    def __init__(self, *args: str, env: dict[str, str] | None = None) -> None:
        import os

        # It is told to the tests; the server would warn of it.
        plain = {name: text for name, text in os.environ.items() if name != "BIAOCHI_LONG_TESTS"}
        self.process = subprocess.Popen(
            [*BIAOCHI, *args], cwd=ROOT, stderr=subprocess.PIPE, text=True, env=plain | (env or {})
        )
        self.lines: list[str] = []
        self.url = ""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if "标尺服务已启动：" in line:
                self.url = line.split("：")[1].strip()
                break
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines += list(self.process.stderr)
        self.process.stderr.close()

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.url.rsplit(":", 1)[1])

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(60)
        self._reader.join(10)
        return code


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    found = Server("--port", "0", env={"BIAOCHI_PROCESSES": "1", "BIAOCHI_UPLOAD_SECONDS": "1"})
    yield found
    found.stop()


def raw(server: Server, data: bytes) -> bytes:
    with socket.create_connection(server.address, 10) as connection:
        connection.sendall(data)
        found = b""
        while piece := connection.recv(65536):
            found += piece
        return found


def test_first_answer(server: Server) -> None:
    done = httpx.post(
        f"{server.url}/v1/check", files={"file": ("sample.docx", DOCX.read_bytes())}, timeout=60
    )
    assert done.status_code == 200
    printed = subprocess.run(
        [*BIAOCHI[:-1], "check", str(DOCX), "--format", "json"], capture_output=True, cwd=ROOT, check=False
    )
    assert done.content == printed.stdout
    assert "server" not in done.headers


def test_requests_that_are_no_http(server: Server) -> None:
    assert raw(server, b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    head = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    assert raw(server, head + b"X-Request-ID: a\nX-Evil: 1\r\nConnection: close\r\n\r\n")[:12] in (
        b"HTTP/1.1 400",
        b"HTTP/1.1 200",
    )
    smuggled = b"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
    assert b"500" not in raw(server, smuggled).split(b"\r\n")[0]


def test_a_request_id_cannot_split_the_answer(server: Server) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-ID: a%0d%0aX-Evil: 1\r\nConnection: close\r\n\r\n"
    assert b"x-evil" not in raw(server, sent).lower()


def test_a_body_that_does_not_come_is_given_up(server: Server) -> None:
    sent = b"POST /v1/check/row HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"
    found = raw(server, sent)
    assert found.startswith(b"HTTP/1.1 408")
    assert b"urn:biaochi:problem:upload-timeout" in found


def test_a_body_announced_too_large_is_refused_unread(server: Server) -> None:
    sent = b"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    assert raw(server, sent).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopping_finishes_what_is_in_hand(number: int) -> None:
    server = Server("--port", "0", env={"BIAOCHI_PROCESSES": "1"})
    body = json.dumps({"projects": [PROJECT] * 30}, ensure_ascii=False).encode()
    answers: list[Any] = []
    half = socket.create_connection(server.address, 30)
    half.sendall(
        b"POST /v1/check HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n"
        + f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body[:10]
    )
    httpx.get(f"{server.url}/healthz", timeout=30)
    ender = threading.Thread(target=lambda: answers.append(server.stop(number)))
    ender.start()
    half.sendall(body[10:])
    found = b""
    while piece := half.recv(65536):
        found += piece
    half.close()
    ender.join(60)
    assert found.startswith(b"HTTP/1.1 200")
    assert answers == [0]
    assert not any("Traceback" in line for line in server.lines)


def refused(*args: str, env: dict[str, str] | None = None) -> str:
    server = Server(*args, env=env)
    assert server.stop() == 2
    assert len(server.lines) == 1
    return server.lines[0]


def test_others_are_not_let_in_without_sign_in() -> None:
    assert "keys create" in refused("--host", "0.0.0.0", "--port", "0")
    assert "keys create" in refused("--port", "0", env={"BIAOCHI_HOST": "::"})


def test_addresses_that_cannot_be_had(server: Server) -> None:
    assert "端口" in refused("--port", str(server.address[1]))
    assert "BIAOCHI_PORT" in refused(env={"BIAOCHI_PORT": "many"})


def test_logs_name_routes_and_nothing_else(server: Server) -> None:
    httpx.get(f"{server.url}/v1/rules/机密工程?x=机密工程", timeout=30)
    httpx.post(f"{server.url}/v1/check/row", json={"row": {"name": "机密工程"}}, timeout=30)
    server.stop()
    text = "".join(server.lines)
    assert "GET /v1/rules/{code} 404" in text
    assert "POST /v1/check/row 200" in text
    assert "机密" not in text
    assert "%E6" not in text
