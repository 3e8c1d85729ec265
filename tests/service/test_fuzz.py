"""Mutated files end in a report or in an InputError; nothing else, no runaway time or memory."""

from __future__ import annotations

import random
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from pathlib import Path

import pytest

from service import pipeline
from service.errors import InputError
from service.settings import Limits

SAMPLES = Path(__file__).resolve().parents[2] / "corpora" / "samples"
SEED = Path(__file__).resolve().parents[3] / "shared" / "seed"
LIMITS = Limits()
MAX_SECONDS = 60
MAX_MIB = 2048


def _sources() -> dict[str, bytes]:
    files = [SAMPLES / "sample.docx", SAMPLES / "sample.xlsx"]
    sources = {path.name: path.read_bytes() for path in files}
    report = pipeline.check_bytes(
        sources["sample.xlsx"], name="sample.xlsx", options=pipeline.CheckOptions(), limits=LIMITS
    )
    from models.records.codec import dumps, report_to_json
    from nlp.quantity import of_row
    from service.export import render

    sources["r.json"] = dumps(report_to_json(report, of_row)).encode()
    (page,) = render(report, "html", original=None, original_kind=None, name="r")
    sources["r.html"] = page.data
    rows = [",".join(("一级指标", "二级指标", "三级指标", "指标值"))]
    for project in report.document.projects:
        rows += [",".join((r.level1.text, r.level2.text, r.name.text, r.value.text)) for r in project.rows]
    sources["r.csv"] = "\n".join(rows).encode("gbk", errors="ignore")
    sources["r.txt"] = "\n".join(f"\t{cell}" for row in rows for cell in (*row.split(","), "")).encode()
    for name in ("xinglong.pdf", "xinglong.doc"):
        if (SEED / name).is_file():
            sources[name] = (SEED / name).read_bytes()
    return sources


def _mutate(data: bytes, rng: random.Random) -> bytes:
    out = bytearray(data)
    kind = rng.randrange(5)
    if kind == 0:
        return bytes(out[: rng.randrange(len(out) + 1)])
    if kind == 1:
        for _ in range(rng.randrange(1, 40)):
            out[rng.randrange(len(out))] = rng.randrange(256)
    elif kind == 2:
        start = rng.randrange(len(out))
        del out[start : start + rng.randrange(1, 2000)]
    elif kind == 3:
        start = rng.randrange(len(out))
        out[start:start] = bytes(rng.randrange(256) for _ in range(rng.randrange(1, 400)))
    else:
        start, end = sorted((rng.randrange(len(out)), rng.randrange(len(out))))
        out += out[start : min(end, start + 4000)]
    return bytes(out)


def _mutate_inside_zip(data: bytes, rng: random.Random) -> bytes:
    """Mutate one member and pack again, so that the mutation reaches the XML parser."""
    target = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        names = source.namelist()
        victim = rng.choice([name for name in names if name.endswith(".xml")])
        for name in names:
            content = source.read(name)
            out.writestr(name, _mutate(content, rng) if name == victim and content else content)
    return target.getvalue()


@dataclass(frozen=True)
class Outcome:
    reports: int
    refused: int
    crashed: int
    unreadable_errors: int
    slowest_seconds: float
    peak_mib: float


def _batch(seed: int) -> Outcome:
    rng = random.Random(seed)
    sources = _sources()
    reports = refused = crashed = unreadable = 0
    slowest = 0.0
    for _ in range(50):
        name = rng.choice(sorted(sources))
        data = sources[name]
        inside = data[:2] == b"PK" and rng.random() < 0.6
        mutated = _mutate_inside_zip(data, rng) if inside else _mutate(data, rng)
        start = time.perf_counter()
        try:
            report = pipeline.check_bytes(mutated, name=name, options=pipeline.CheckOptions(), limits=LIMITS)
            crashed += any(item.code == "BC901" for item in report.findings)
            reports += 1
        except InputError as error:
            refused += 1
            unreadable += not error.message or "\n" in error.message
        slowest = max(slowest, time.perf_counter() - start)
    return Outcome(reports, refused, crashed, unreadable, slowest, _peak_mib())


def _peak_mib() -> float:
    """Return the most memory this process has held. `getrusage` would count the parent's, kept across exec."""
    (line,) = [
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    ]
    return int(line.split()[1]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="本系统没有 /proc，量不到进程的内存峰值")
@pytest.mark.parametrize("seed", range(10))
def test_fifty_mutated_files_end_in_a_report_or_an_input_error(seed: int) -> None:
    # A process of its own: the bound is for one process that checks, not for one that ran all tests before.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
        outcome = fresh.submit(_batch, seed).result()
    assert outcome.crashed == 0, "a rule crashed"
    assert outcome.unreadable_errors == 0
    assert min(outcome.reports, outcome.refused) > 0, outcome
    assert outcome.slowest_seconds < MAX_SECONDS
    assert outcome.peak_mib < MAX_MIB
