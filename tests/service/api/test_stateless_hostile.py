"""Hostile files through the door: bombs, wrong types, tricks in names, load."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from service.api.bodies import shown_name
from service.app import create_app
from service.settings import Limits, ServerSettings
from tests.service.api.asgi import Client, running
from tests.service.api.samples import DOCX, PROJECT, ROW, problem, upload

CANARY = "机密工程甲乙丙"


def packed(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as container:
        for name, data in parts.items():
            container.writestr(name, data)
    return out.getvalue()


def file(client: Client, data: bytes, name: str = "表.docx", path: str = "check") -> Any:
    return client.post(f"/v1/{path}", files={"file": (name, data)})


BOMB = packed({"word/document.xml": b" " * (300 * 1024 * 1024), "[Content_Types].xml": b"<a/>"})
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><w:document>&c;</w:document>'


@pytest.mark.parametrize(
    ("data", "status", "slug"),
    [
        (BOMB, 413, "too-large"),
        (packed({f"a{k}": b"" for k in range(10_001)}), 413, "too-large"),
        (packed({"word/document.xml": LAUGHS, "[Content_Types].xml": b"<a/>"}), 422, "damaged-input"),
        (packed({"../../etc/passwd": b"x"}), 415, "unsupported-format"),
        (packed({"a.txt": b"x"}), 415, "unsupported-format"),
        (b"", 422, "empty-input"),
        (b"\x00" * 100, 422, "empty-input"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 60, 415, "unsupported-format"),
        (b"%PDF-1.7 nonsense", 422, "damaged-input"),
        (b"PK\x03\x04" + b"\x00" * 50, 422, "damaged-input"),
        (DOCX.read_bytes()[:9000], 422, "damaged-input"),
        ("只是一段话。".encode(), 422, "no-table"),
    ],
    ids=[
        "bomb", "entries", "laughs", "traversal", "zip", "empty", "zeros", "png", "pdf", "container", "cut", "prose",
    ],
)  # fmt: skip
def test_hostile_files(client: Client, data: bytes, status: int, slug: str) -> None:
    for path in ("check", "parse", "fix"):
        body = problem(file(client, data, path=path), status, slug)
        assert "表.docx" not in body["detail"]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("表.docx", "表.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\用户\\表.docx", "表.docx"),
        ("/etc/shadow/", ""),
        ("a\r\nSet-Cookie: x.docx", "a Set-Cookie_ x.docx"),
        ("..", ""),
        ("表\u202exslx.docx", "表xslx.docx"),
        ("a" * 5000, "a" * 180),
        ("", ""),
    ],
)
def test_names_of_files(sent: str, shown: str) -> None:
    assert shown_name(sent) == shown


@pytest.mark.parametrize(
    "name", ["../../x.docx", "a\r\nX-Evil: 1.docx", '"; filename="b.docx', "表\x00.docx", "；'*.docx"]
)
def test_names_cannot_reach_the_headers(client: Client, name: str) -> None:
    answer = client.post("/v1/check?format=html", files=upload(DOCX, name))
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    disposition = answer.headers["content-disposition"]
    assert disposition.isascii()
    assert not set(disposition.split("''")[1]) & set("\"'/\\;\r\n ")


@pytest.mark.parametrize(
    "files",
    [
        {"other": ("a.docx", b"x")},
        [("file", ("a.docx", b"x")), ("file", ("b.docx", b"y"))],
        [(f"f{k}", ("a", b"x")) for k in range(50)],
    ],
    ids=["name", "two", "many"],
)
def test_forms_with_the_wrong_files(client: Client, files: Any) -> None:
    answer = client.post("/v1/check", files=files)
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code, "bad-request" if answer.status_code == 400 else "invalid-request")


def test_forms_without_a_file(client: Client) -> None:
    answer = client.post("/v1/check", files={"x": (None, "1")}, data={"file": CANARY})
    assert CANARY not in problem(answer, 422, "invalid-request")["detail"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--x",
        b"--x--",
        b"--x\r\n\r\n",
        b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--",
        b"garbage" * 100,
    ],
)
def test_broken_forms(client: Client, content: bytes) -> None:
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "multipart/form-data; boundary="):
        answer = client.post("/v1/check", content=content, headers={"content-type": kind})
        assert answer.status_code in (400, 422)
        problem(answer, answer.status_code, answer.json()["type"].rsplit(":", 1)[1])


@pytest.mark.parametrize(
    "cell",
    [
        "=cmd|'/C calc'!A1",
        "<script>alert(1)</script>",
        "\x00\x1b[31m",
        "9" * 4000,
        10**300,
        1e308,
        -0.0,
    ],
)
def test_odd_cells_are_answered(client: Client, cell: Any) -> None:
    project = {**PROJECT, "name": cell, "rows": [{**ROW, "name": cell, "value": cell, "weight": cell}]}
    for fmt in ("json", "html", "xlsx", "docx"):
        sent = json.dumps({"projects": [project]}).encode()
        answer = client.post(
            f"/v1/check?format={fmt}", content=sent, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 200
        if fmt == "html":
            assert b"<script>alert" not in answer.content
    row = client.post(
        "/v1/check/row",
        content=json.dumps({"row": project["rows"][0]}).encode(),
        headers={"content-type": "application/json"},
    )
    assert row.status_code == 200


def test_ids_of_indicators_may_hold_anything(client: Client) -> None:
    request = {"items": [{"id": "\u2028\r\n", "name": "培训人次\r\n\ud83d\ude00"}]}
    answer = client.post(
        "/v1/classify", content=json.dumps(request).encode(), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200


# --- bounds -----------------------------------------------------------------------------------------------------------

SMALL = ServerSettings(
    max_body_bytes=2048, upload_seconds=0.3, max_concurrency=2, limits=replace(Limits(), max_bytes=10_000)
)


def test_halves_of_characters_are_refused(client: Client) -> None:
    for path, value in (
        ("check", {**PROJECT, "name": "\ud800"}),
        ("check/row", {"row": {"name": "\udfff甲"}}),
    ):
        answer = client.post(
            f"/v1/{path}", content=json.dumps(value).encode(), headers={"content-type": "application/json"}
        )
        problem(answer, 422, "damaged-input")
    whole = {**PROJECT, "name": "\U0001f600"}
    assert (
        client.post(
            "/v1/check", content=json.dumps(whole).encode(), headers={"content-type": "application/json"}
        ).status_code
        == 200
    )


async def _form(size: int, number: int) -> AsyncIterator[bytes]:
    yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    async for piece in _pieces(size, number):
        yield piece


async def _pieces(size: int, number: int, pause: float = 0.0) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * size
        if pause:
            await asyncio.sleep(pause)


def test_announced_and_streamed_sizes() -> None:
    headers = {"content-type": "application/json"}
    form = {"content-type": "multipart/form-data; boundary=x"}
    with running(create_app(SMALL)) as client:
        problem(client.post("/v1/check", content=b" " * 3000, headers=headers), 413, "too-large")
        sent = client.post("/v1/check/row", content=_pieces(1000, 1000), headers=headers)
        assert problem(sent, 413, "too-large")["detail"].startswith("正文超过 0.001953 MB")
        assert sent.headers["connection"] == "close"
        problem(client.post("/v1/check", content=_form(40_000, 1000), headers=form), 413, "too-large")
        problem(
            client.post("/v1/check", content=b"", headers={**headers, "content-length": "9" * 30}),
            413,
            "too-large",
        )
        # A form may be larger than a body of JSON, its file may not be larger than a file.
        assert client.post("/v1/check", files={"file": ("a.txt", b"x" * 3000)}).status_code == 422
        problem(client.post("/v1/check", files={"file": ("a.txt", b"x" * 12_000)}), 413, "too-large")


def test_slow_uploads_end() -> None:
    headers = {"content-type": "application/json"}
    with running(create_app(SMALL)) as client:
        answer = client.post("/v1/check", content=_pieces(1, 1000, 0.05), headers=headers)
        problem(answer, 408, "upload-timeout")
        assert client.get("/healthz").status_code == 200


def test_too_many_at_once_are_asked_to_come_back() -> None:
    headers = {"content-type": "application/json"}
    with running(create_app(replace(SMALL, upload_seconds=30.0))) as client:

        async def flood() -> list[Any]:
            release = asyncio.Event()
            inside: list[None] = []

            async def held() -> AsyncIterator[bytes]:
                yield b'{"row": {}'
                inside.append(None)
                await release.wait()
                yield b"}"

            slow = [
                asyncio.create_task(client._client.post("/v1/check/row", content=held(), headers=headers))
                for _ in range(2)
            ]
            while len(inside) < 2:
                await asyncio.sleep(0.01)
            refused = await client._client.post("/v1/check/row", content=b"{}", headers=headers)
            reading = await client._client.get("/v1/rules")
            release.set()
            return [refused, reading, *await asyncio.gather(*slow)]

        refused, reading, *slow = client.portal.call(flood)
        problem(refused, 503, "overloaded")
        assert refused.headers["retry-after"] == "1"
        assert reading.status_code == 200
        assert [item.status_code for item in slow] == [200, 200]
        assert client.post("/v1/check/row", content=b'{"row": {}}', headers=headers).status_code == 200


def test_foreign_pages_are_let_in_only_where_settings_say_so() -> None:
    asked = {"Origin": "https://portal.example", "Access-Control-Request-Method": "POST"}
    with running(create_app(replace(SMALL, cors_origins=("https://portal.example",)))) as client:
        answer = client.request("OPTIONS", "/v1/check", headers=asked)
        assert answer.headers["access-control-allow-origin"] == "https://portal.example"
        assert "access-control-allow-credentials" not in answer.headers
        refused = client.post("/v1/check", content=b"x" * 9000, headers={"Origin": "https://portal.example"})
        assert refused.headers["access-control-allow-origin"] == "https://portal.example"
        other = client.request("OPTIONS", "/v1/check", headers={**asked, "Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers
    with running(create_app(SMALL)) as client:
        problem(client.request("OPTIONS", "/v1/check", headers=asked), 405, "method-not-allowed")


# --- the program's own mistakes ---------------------------------------------------------------------------------------


def test_a_mistake_of_the_program_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    app = create_app(SMALL)

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(CANARY)

    with running(app) as client, caplog.at_level(logging.INFO):
        body = problem(client.get("/broken", headers={"X-Request-ID": "r1"}), 500, "internal")
        assert CANARY not in json.dumps(body, ensure_ascii=False)
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert "RuntimeError" in logged
    assert "r1" in logged
    assert CANARY not in logged


def test_logs_hold_no_text_and_no_lines_of_others(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post(
            f"/v1/check?x={CANARY}", json={**PROJECT, "name": CANARY}, headers={"X-Request-ID": "a\tb"}
        )
        client.get(f"/v1/rules/{CANARY}%0a%0dINJECTED")
        client.request("GET", f"/{CANARY}", headers={"User-Agent": f"{CANARY}".encode()})
    own = [r.getMessage() for r in caplog.records if r.name.startswith("biaochi")]
    assert len(own) == 3
    assert not any(CANARY in line or "INJECTED" in line or "\n" in line for line in own)
    assert "POST /v1/check 200" in own[0]
