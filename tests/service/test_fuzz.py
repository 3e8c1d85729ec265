"""Mutated files end in a report or in an InputError; nothing else, no runaway time or memory."""

from __future__ import annotations

import random
import resource
import time
import zipfile
from io import BytesIO
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


@pytest.mark.parametrize("batch", range(10))
def test_fifty_mutated_files_end_in_a_report_or_an_input_error(batch: int) -> None:
    rng = random.Random(batch)
    sources = _sources()
    outcomes = {"report": 0, "refused": 0}
    for _ in range(50):
        name = rng.choice(sorted(sources))
        data = sources[name]
        inside = data[:2] == b"PK" and rng.random() < 0.6
        mutated = _mutate_inside_zip(data, rng) if inside else _mutate(data, rng)
        start = time.perf_counter()
        try:
            report = pipeline.check_bytes(mutated, name=name, options=pipeline.CheckOptions(), limits=LIMITS)
            assert not any(item.code == "BC901" for item in report.findings), "a rule crashed"
            outcomes["report"] += 1
        except InputError as error:
            outcomes["refused"] += 1 if error.message and "\n" not in error.message else -1000
        assert time.perf_counter() - start < MAX_SECONDS
    assert min(outcomes.values()) > 0, outcomes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 < MAX_MIB
