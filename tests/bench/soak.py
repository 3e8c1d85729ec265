"""`python -m tests.bench.soak [seconds]`: mixed load on `biaochi serve` and its worker, memory of all processes.

One hour's work of a busy bureau in 300 seconds (default): rows while typing, projects with and without suggestions, files
in two formats, documents filed with reports and decisions, batches, the portal. Every table is made of other indicators of the
corpus, so memories of texts fill up as they would. The first fifth is warm-up. Prints figures; asserts nothing.
"""

from __future__ import annotations

import asyncio
import io
import json
import random
import statistics
import sys
import time
import zipfile
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

import httpx

from tests.bench.__main__ import SAMPLE
from tests.bench.processes import Sampler, course
from tests.bench.service import Server, project_of_nine_rows

SECONDS = 300.0
CALLERS = 8
WARM = 0.2
FILES = 40
"""Different files of each format; more would take longer to make than to check."""
BATCH = 25
Json = dict[str, Any]


@dataclass
class World:
    """What callers draw from, and what they have seen."""

    client: httpx.AsyncClient
    rng: random.Random
    corpus: list[Any]
    project: Json
    docx: list[bytes]
    xlsx: list[bytes]
    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def row(self) -> Json:
        """Return a row made of an indicator of the corpus."""
        query = self.rng.choice(self.corpus)
        base = self.rng.choice(self.project["rows"])
        return base | {
            "name": query.name, "description": query.description, "value": query.value, "unit": query.unit,
        }  # fmt: skip

    def table(self) -> Json:
        """Return a project of nine rows that was not seen before."""
        self.number += 1
        return self.project | {
            "name": f"{self.rng.choice(self.corpus).name}项目（{self.number}）",
            "rows": [self.row() for _ in range(9)],
        }

    def upload(self, kind: str) -> dict[str, tuple[str, bytes]]:
        """Return the form of a file."""
        self.number += 1
        return {
            "file": (f"{self.number}.{kind}", self.rng.choice(self.docx if kind == "docx" else self.xlsx))
        }

    async def ask(self, method: str, path: str, **given: Any) -> httpx.Response:
        """Return an answer; one that is none of the expected kind counts as an error."""
        answer = await self.client.request(method, path, **given)
        if answer.status_code >= 400:
            self.errors[
                f"{method} {path.split('?')[0].partition('/v1/')[2].split('/')[0]} {answer.status_code}"
            ] += 1
        return answer


async def row(world: World) -> None:
    """A row while it is typed, every other one with its project."""
    body: Json = {"row": world.row()}
    if world.rng.random() < 0.5:
        body["project"] = world.table()
    await world.ask("POST", "/v1/check/row", json=body)


async def plain(world: World) -> None:
    """A project of nine rows without suggestions."""
    await world.ask("POST", "/v1/check?suggest=false", json=world.table())


async def suggested(world: World) -> None:
    """A project of nine rows with suggestions."""
    await world.ask("POST", "/v1/check", json=world.table())


async def docx(world: World) -> None:
    """A Word file, its report as a page."""
    await world.ask("POST", "/v1/check?format=html", files=world.upload("docx"))


async def xlsx(world: World) -> None:
    """A workbook, its report as a workbook, every other one without suggestions."""
    query = "format=xlsx" + ("&suggest=false" if world.rng.random() < 0.5 else "")
    await world.ask("POST", f"/v1/check?{query}", files=world.upload("xlsx"))


async def portal(world: World) -> None:
    """A project in the portal's words."""
    rows = [
        {
            "一级绩效指标": item["level1"], "二级绩效指标": item["level2"], "三级绩效指标": item["name"],
            "计算符号": "≥", "指标值": item["value"], "计量单位": item["unit"],
        }
        for item in (world.row() for _ in range(9))
    ]  # fmt: skip
    world.number += 1
    body = {
        "项目代码": f"990102{world.number:014d}",
        "项目名称": rows[0]["三级绩效指标"],
        "本年度绩效指标": rows,
    }
    await world.ask("POST", "/v1/portal/check", json=body)


async def filed(world: World) -> None:
    """A document filed, its report read, some findings decided, filed again, compared."""
    made = await world.ask(
        "POST", "/v1/documents", json={"department": "教育局", "label": "年度目标", "fiscal_year": 2027}
    )
    document = made.json()["id"]
    for name in ("一上", "二上"):
        content: Json = (
            {"json": {"projects": [world.table()]}}
            if world.rng.random() < 0.5
            else {"files": world.upload(world.rng.choice(("docx", "xlsx")))}
        )
        done = await world.ask("POST", f"/v1/documents/{document}/rounds?round={name}", **content)
        run = done.json()["run"]["id"]
        await world.ask("GET", f"/v1/runs/{run}/report")
        found = (await world.ask("GET", f"/v1/runs/{run}/findings")).json()["findings"]
        for finding in world.rng.sample(found, min(3, len(found))):
            action = world.rng.choice(("accepted", "rejected"))
            await world.ask(
                "POST",
                f"/v1/documents/{document}/decisions",
                json={
                    "fingerprint": finding["fingerprint"],
                    "action": action,
                    "reason": "已核对",
                    "run": run,
                },
            )
    await world.ask("GET", f"/v1/runs/{run}/report?format={world.rng.choice(('xlsx', 'docx', 'html'))}")
    await world.ask("GET", f"/v1/documents/{document}/comparison")


async def batch(world: World) -> None:
    """Many files at once, followed to the end, results read."""
    files = [("file", world.upload(world.rng.choice(("docx", "xlsx")))["file"]) for _ in range(BATCH)]
    answer = await world.ask(
        "POST", "/v1/batches", files=files, headers={"Idempotency-Key": f"soak-{world.number}"}
    )
    place = f"/v1/batches/{answer.json()['id']}"
    async with world.client.stream("GET", f"{place}/events") as events:
        async for line in events.aiter_lines():
            if line == "event: end":
                break
    cursor = "-1"
    while cursor is not None:
        page = (await world.ask("GET", f"{place}/results?cursor={cursor}&limit=10")).json()
        world.errors["搁置"] += sum(item["state"] != "done" for item in page["results"])
        cursor = page["next"]


async def watched(world: World) -> None:
    """What monitoring asks."""
    await world.ask("GET", "/readyz")
    await world.ask("GET", "/metrics")
    await world.ask("GET", "/v1/documents")


Kind = Callable[[World], Awaitable[None]]
# What one hour brings.
MIX: tuple[tuple[Kind, str, int], ...] = (
    (row, "检查一行", 3600),
    (plain, "9 行项目，不带建议", 1200),
    (suggested, "9 行项目，带建议", 480),
    (docx, "docx 文件", 90),
    (xlsx, "xlsx 文件", 90),
    (portal, "系统对接的项目", 240),
    (filed, "两轮填报、报告与处理", 60),
    (batch, f"{BATCH} 份的批次", 6),
    (watched, "健康检查与指标", 120),
)


async def work(world: World, seconds: float) -> None:
    """Do the hour's work at its pace: later where the machine is slower, never sooner."""
    share = seconds / SECONDS
    plan = [
        (i * seconds / max(1, round(n * share)), kind, name)
        for kind, name, n in MIX
        for i in range(round(n * share))
    ]
    plan.sort(key=lambda item: item[0])
    begin, waiting = time.monotonic(), iter(plan)

    async def caller() -> None:
        for due, kind, name in waiting:
            await asyncio.sleep(max(0.0, due - (time.monotonic() - begin)))
            start = time.perf_counter()
            try:
                await kind(world)
            except (httpx.HTTPError, KeyError, json.JSONDecodeError) as error:
                world.errors[f"{name} {type(error).__name__}"] += 1
            world.times[name].append(time.perf_counter() - start)

    # A batch or a filing keeps its caller for long, so there are more of them than connections busy at a time.
    await asyncio.gather(*(caller() for _ in range(CALLERS)))


def files(corpus: list[Any], rng: random.Random) -> tuple[list[bytes], list[bytes]]:
    """Return variants of the shipped sample in both formats, with indicators of the corpus instead of its own."""
    from openpyxl import load_workbook

    from service import pipeline
    from service.settings import Limits

    source = SAMPLE / "sample.docx"
    document = pipeline.load(source.read_bytes(), name=source.name, limits=Limits())
    names = {item.name.text for project in document.projects for item in project.rows}
    word, books = [], []
    with zipfile.ZipFile(source) as archive:
        parts = {item.filename: archive.read(item) for item in archive.infolist()}
    for _ in range(FILES):
        other = {name: rng.choice(corpus).name for name in names}
        text = parts["word/document.xml"].decode()
        for old, new in other.items():
            text = text.replace(f">{escape(old)}<", f">{escape(new)}<")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, text.encode() if name == "word/document.xml" else data)
        word.append(out.getvalue())
        book = load_workbook(SAMPLE / "sample.xlsx")
        for sheet in book:
            for cells in sheet.iter_rows():
                for cell in cells:
                    if cell.value in other:
                        cell.value = other[cell.value]
        out = io.BytesIO()
        book.save(out)
        books.append(out.getvalue())
    return word, books


def main(seconds: float = SECONDS) -> None:
    """Print the figures."""
    from nlp.training.corpus import load

    rng = random.Random(5)
    corpus = [item.query for item in load()]
    word, books = files(corpus, rng)
    server = Server()
    with server as port, Sampler(server.process.pid) as sampler:

        async def run() -> World:
            async with httpx.AsyncClient(
                base_url=f"http://127.0.0.1:{port}", timeout=120, trust_env=False
            ) as client:
                world = World(client, rng, corpus, project_of_nine_rows(), word, books)
                await work(world, seconds)
                return world

        begin = time.monotonic()
        world = asyncio.run(run())
        took = time.monotonic() - begin
    report(world, sampler, took)


def report(world: World, sampler: Sampler, took: float) -> None:
    """Print what was done, how long it took and how memory went."""
    print(
        f"混合负载 {took:.0f} 秒，其中预热 {took * WARM:.0f} 秒；{CALLERS} 个调用方；出错 {sum(world.errors.values())} 次"
    )
    for what, times in sorted(world.errors.items()):
        if times:
            print(f"  {what}\t{times} 次")
    for name, seen in world.times.items():
        seen.sort()
        p99 = seen[max(0, int(len(seen) * 0.99) - 1)]
        print(
            f"  {name}\t{len(seen)} 次　p50 {statistics.median(seen) * 1000:.0f} ms　p99 {p99 * 1000:.0f} ms"
        )
    warm = took * WARM
    print("常驻内存，MiB（预热之后分为十段，各段的中位数；最后一段比第一段）")
    for (kind, pid), series in sorted(sampler.series().items()):
        print(f"  {kind} {pid}\t{_shown(course(series, warm))}")
    print(f"  合计\t{_shown(course(sampler.totals(), warm))}")


def _shown(parts: list[float]) -> str:
    if not parts:
        return "中途启动或结束"
    change = (parts[-1] / parts[0] - 1) * 100
    return f"{' '.join(f'{part:.0f}' for part in parts)}（{change:+.1f}%）"


if __name__ == "__main__":
    main(*(float(text) for text in sys.argv[1:2]))
