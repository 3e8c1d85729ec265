"""What docs/portal.md shows works as it stands: curl and Python always, JavaScript and Java where they are installed."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.client import Client
from service.jobs import signing
from service.pipeline import CheckOptions
from service.portal.mapping import mapping, read_mapping
from service.portal.tasks import check
from service.settings import Limits
from service.store.engine import Store
from tests.service.portal.portal_tools import Service, listening, mock_portal, service

ROOT = Path(__file__).resolve().parents[3]
TEXT = (ROOT / "docs/portal.md").read_text(encoding="utf-8")
BODY = '{"delivery": "d1", "job": "批次"}'.encode()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", TEXT, re.M | re.S)


@pytest.fixture
def running(store: Store) -> Iterator[Service]:
    with listening(service(store)) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "项目.json").write_text(blocks("json")[0], encoding="utf-8")
    return tmp_path


def run(found: Service, folder: Path, *command: str, **env: str) -> str:
    values = {
        **{key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")},
        "BIAOCHI_URL": found.url, "BIAOCHI_KEY": found.key(), "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8",
        "LC_ALL": "C.UTF-8", **env,
    }  # fmt: skip
    done = subprocess.run(
        command, cwd=folder, env=values, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_both_ways_of_writing_a_project() -> None:
    for body in blocks("json")[:2]:
        found = json.loads(check(body.encode(), CheckOptions(), None, Limits()).data)
        assert found["rows"]
        assert found["amounts"]


def test_the_example_mapping_holds(tmp_path: Path) -> None:
    (tmp_path / "site.yml").write_text(blocks("yaml")[0], encoding="utf-8")
    found = read_mapping(tmp_path / "site.yml")
    assert found.codes["operator"]["02"] == "≤"
    assert found.departments == {"406001": "住建局"}


def test_the_table_of_fields_names_only_what_is_read() -> None:
    part = TEXT[TEXT.index("### 字段") : TEXT.index("## 映射文件")]
    table = "\n".join(line for line in part.splitlines() if line.startswith("|"))
    names = mapping()
    known = {name for columns in names.row_shown.values() for name in columns}
    known |= {name for columns in (*names.message.values(), *names.message_row.values()) for name in columns}
    shown = set(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", table)) - {"GUID"}
    assert shown <= known
    assert {name for name in known if name.isascii()} - shown <= {"GUID", "FISCAL_YEAR", "FINDEX_NAME", "SINDEX_NAME", "LV1_PERF_IND_CODE", "LV2_PERF_IND_CODE", "INDEXVALUE"}  # fmt: skip


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(running: Service, folder: Path) -> None:
    out = run(running, folder, "sh", "-ec", blocks("sh")[0])
    assert '"state":"cancelled"' in out
    assert json.loads((folder / "结果.json").read_bytes())["amounts"] == {"本年度预算资金总额": "812000.50"}
    assert json.loads((folder / "批次结果.json").read_bytes())["items"][0]["state"] == "queued"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_signs_alike(tmp_path: Path) -> None:
    (tmp_path / "body.bin").write_bytes(BODY)
    env = {**os.environ, "TIMESTAMP": "1700000000", "SECRET": "s1"}
    done = subprocess.run(
        ["sh", "-ec", blocks("sh")[1]], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == signing.sign("s1", 1_700_000_000, BODY)


def test_python(running: Service, folder: Path) -> None:
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.1):
            running.work()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        out = run(running, folder, sys.executable, "-c", blocks("python")[0])
    finally:
        stop.set()
        thread.join()
    assert "完善后通过 红" in out
    assert out.splitlines()[-1].startswith("99010224P004000000043 done")


def test_python_receiver(running: Service, folder: Path) -> None:
    key = running.key()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        "BIAOCHI_URL": running.url,
        "BIAOCHI_KEY": key,
        "HOOK_PORT": str(port),
        "PYTHONPATH": str(ROOT),
        "PYTHONIOENCODING": "utf-8",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", blocks("python")[1]],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        project: dict[str, Any] = json.loads(blocks("json")[0])
        job = Client(running.url, key).submit([project], webhook=f"http://127.0.0.1:{port}/")
        running.work()
        assert running.deliver() == "sent"
        assert process.stdout is not None
        assert process.stdout.readline().split() == ["收到", job, "done", "1"]
    finally:
        process.terminate()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript(running: Service, folder: Path) -> None:
    (folder / "call.mjs").write_text(blocks("js")[0], encoding="utf-8")
    out = run(running, folder, "node", "call.mjs")
    assert "完善后通过 红" in out
    assert "cancelled" in out
    (folder / "receive.mjs").write_text(blocks("js")[1], encoding="utf-8")
    sent = signing.headers(["s2"], 1_700_000_000, BODY, "d1")
    (folder / "try.mjs").write_text(
        'import { receive } from "./receive.mjs";\n'
        f"const headers = {json.dumps({k.lower(): v for k, v in sent.items()})};\n"
        f"const body = Buffer.from({json.dumps(BODY.decode())});\n"
        'const say = (...rest) => console.log(JSON.stringify(receive(["s1", "s2"], ...rest)));\n'
        "say(headers, body, 1700000900); say(headers, Buffer.from('{}'), 1700000000); say({}, body, 1700000000);\n"
        "say(headers, body, 1700000100); say(headers, body, 1700000200);\n",
        encoding="utf-8",
    )
    lines = run(running, folder, "node", "try.mjs").splitlines()
    assert lines == ["null", "null", "null", '{"delivery":"d1","job":"批次"}', '{"replayed":true}']


@pytest.mark.skipif(shutil.which("javac") is None, reason="javac is not installed")
def test_java(running: Service, folder: Path) -> None:
    (folder / "Biaochi.java").write_text(blocks("java")[0], encoding="utf-8")
    sent = signing.headers(["s2"], 1_700_000_000, BODY, "d1")
    (folder / "Try.java").write_text(
        "import java.nio.charset.StandardCharsets;\nimport java.util.List;\n"
        "public class Try { public static void main(String[] a) throws Exception {\n"
        '  Biaochi b = new Biaochi("", "");\n'
        f"  byte[] body = {json.dumps(BODY.decode(), ensure_ascii=False)}.getBytes(StandardCharsets.UTF_8);\n"
        f'  String t = "1700000000"; String s = {json.dumps(sent[signing.SIGNATURE])}; List<String> k = List.of("s1", "s2");\n'
        "  System.out.println(b.receive(k, t, s, body, 1700000900L));\n"
        "  System.out.println(b.receive(k, t, s, new byte[] {1}, 1700000000L));\n"
        "  System.out.println(b.receive(k, t, s, body, 1700000100L));\n"
        '  System.out.println("[" + b.receive(k, t, s, body, 1700000200L) + "]");\n}}\n',
        encoding="utf-8",
    )
    run(running, folder, "javac", "-encoding", "UTF-8", "-Xlint:all", "-Werror", "Biaochi.java", "Try.java")
    assert run(running, folder, "java", "Try").splitlines() == ["null", "null", "d1", "[]"]
    shutil.copy(folder / "项目.json", folder / "project.json")
    out = run(running, folder, "java", "-Dfile.encoding=UTF-8", "Biaochi", "project.json")
    assert '"biaochi.portal/v1"' in out
    assert '"state":"cancelled"' in out


def test_every_setting_and_route_is_named() -> None:
    for word in (
        "BIAOCHI_PORTAL_MAPPING",
        "BIAOCHI_WEBHOOK_SECRET",
        "BIAOCHI_WEBHOOK_ALLOW",
        "Idempotency-Key",
        signing.TIMESTAMP,
        signing.SIGNATURE,
    ):
        assert word in TEXT
    with mock_portal(()) as portal:
        assert portal.url.startswith("http://127.0.0.1")
