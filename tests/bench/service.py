"""`python -m tests.bench.service`: requests a second and latencies beside a no-op route. No assertion anywhere.

The load comes from one other process on the same machine over 8 connections, each sending its next request when the
answer has come. Every body differs a little from the one before, so that no memory of an equal request helps.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from tests.bench.__main__ import ROOT, SAMPLE

CONNECTIONS = 8
ROUNDS = 5
_FIELDS = ("level1", "level2", "name", "description", "operator", "value", "unit", "basis", "weight")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured phase."""

    rate: float
    p50: float
    p99: float


class Server:
    """`biaochi serve` in a process of its own."""

    def __enter__(self) -> int:
        code = "from service.cli import main; main()"
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--port", "0"],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "BIAOCHI_DATA": self.folder.name},
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if "标尺服务已启动" in line:
                self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=subprocess.DEVNULL)
                return int(line.rsplit(":", 1)[1])
        raise RuntimeError("the server did not start")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.drain.wait(10)
        self.folder.cleanup()


def request(method: str, path: str, body: bytes = b"") -> bytes:
    """Return the bytes of a request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _one(port: int, make: Callable[[], bytes], requests: int, times: list[float]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    for _ in range(requests):
        sent = make()
        start = time.perf_counter()
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.split(b"\r\n", 1)[0].decode())
        size = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        await reader.readexactly(size)
        times.append(time.perf_counter() - start)
    writer.close()
    await writer.wait_closed()


def load(port: int, make: Callable[[], bytes], requests: int) -> Figure:
    """Send `requests` over 8 connections and return what was seen."""

    async def run() -> tuple[list[float], float]:
        times: list[float] = []
        start = time.perf_counter()
        await asyncio.gather(*(_one(port, make, requests // CONNECTIONS, times) for _ in range(CONNECTIONS)))
        return times, time.perf_counter() - start

    times, wall = asyncio.run(run())
    times.sort()
    return Figure(
        len(times) / wall, statistics.median(times) * 1000, times[int(len(times) * 0.99) - 1] * 1000
    )


def project_of_nine_rows() -> dict[str, Any]:
    """Return the project of nine rows of the shipped sample, filed cells only."""
    from models.records.codec import document_to_json
    from nlp.quantity import of_row
    from service import pipeline
    from service.settings import Limits

    file = SAMPLE / "sample.docx"
    document = pipeline.load(file.read_bytes(), name=file.name, limits=Limits())
    whole = document_to_json(document, of_row)["projects"]
    project = next(item for item in whole if len(item["rows"]) == 9)
    rows = [{key: row[key] for key in _FIELDS if key in row} for row in project["rows"]]
    return {key: project[key] for key in ("code", "name", "department", "budget", "goals")} | {"rows": rows}


def varied(path: str, body: Callable[[int], dict[str, Any]]) -> Callable[[], bytes]:
    """Return a maker of requests that differ by a number."""
    numbers = count(1)
    return lambda: request("POST", path, json.dumps(body(next(numbers)), ensure_ascii=False).encode())


def main() -> None:
    """Print the table."""
    from nlp.training.corpus import load as indicators

    corpus = indicators()
    project = project_of_nine_rows()
    rows = project["rows"]
    first = rows[1]

    def typed(n: int) -> dict[str, Any]:
        return first | {"name": f"{first['name']}{n}"}

    def strange(i: int, n: int) -> dict[str, Any]:
        query = corpus[(9 * n + i) * 7 % len(corpus)].query
        return rows[i] | {"name": query.name, "description": query.description, "value": query.value}

    phases = {
        "无操作路由": (4000, lambda: request("GET", "/healthz")),
        "检查 9 行项目（规则与分类，不带建议）": (
            800,
            varied("/v1/check?suggest=false", lambda n: project | {"rows": [typed(n), *rows[:1], *rows[2:]]}),
        ),
        "检查 9 行项目（各行每次都是别的指标，不带建议）": (
            400,
            varied(
                "/v1/check?suggest=false", lambda n: project | {"rows": [strange(i, n) for i in range(9)]}
            ),
        ),
        "检查 9 行项目（带建议）": (
            240,
            varied("/v1/check", lambda n: project | {"rows": [typed(n), *rows[:1], *rows[2:]]}),
        ),
        "检查一行": (2400, varied("/v1/check/row", lambda n: {"row": typed(n)})),
        "检查一行，附其他 8 行": (
            1200,
            varied(
                "/v1/check/row",
                lambda n: {"row": typed(n), "project": project | {"rows": [*rows[:1], *rows[2:]]}},
            ),
        ),
    }
    seen: dict[str, list[Figure]] = {name: [] for name in phases}
    with Server() as port:
        for make in (item[1] for item in phases.values()):
            load(port, make, 80)
        # Phases take turns, so that whatever else the machine does falls on all of them.
        for _ in range(ROUNDS):
            for name, (requests, make) in phases.items():
                seen[name].append(load(port, make, requests // ROUNDS))
    print(f"{CONNECTIONS} 个连接，每项 {ROUNDS} 轮交替，取中位数")
    base = statistics.median(item.p99 for item in seen["无操作路由"])
    for name, found in seen.items():
        rate, p50, p99 = (
            statistics.median(getattr(item, key) for item in found) for key in ("rate", "p50", "p99")
        )
        print(
            f"{name}\t{rate:,.0f} 次/秒　p50 {p50:.1f} ms　p99 {p99:.1f} ms（无操作的 {p99 / base:.1f} 倍）"
        )


if __name__ == "__main__":
    main()
