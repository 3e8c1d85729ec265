"""`make bench`: figures of this machine, with a baseline run side by side. No assertion anywhere.

Uses the seed file beside the checkout where present, otherwise the shipped sample; says which.
"""

from __future__ import annotations

import gc
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT.parent / "shared" / "seed"
SAMPLE = ROOT / "corpora" / "samples"


def timed(action: Callable[[], object], repeat: int = 5) -> float:
    """Return the median seconds of `repeat` runs."""
    times = []
    for _ in range(repeat):
        gc.collect()
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def child(code: str) -> tuple[float, float]:
    """Run Python code in a fresh process; return wall seconds and peak MiB."""
    script = f"import resource, sys\n{code}\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, file=sys.stderr)"
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    wall = time.perf_counter() - start
    return wall, float(done.stderr.strip().splitlines()[-1])


def main() -> None:
    """Print the table."""
    from service import pipeline
    from service.settings import Limits

    folder, stem = (SEED, "xinglong") if SEED.is_dir() else (SAMPLE, "sample")
    files = sorted(
        p for p in folder.glob(f"{stem}.*") if p.suffix in {".txt", ".docx", ".xlsx", ".pdf", ".doc"}
    )
    first = next((p for p in files if p.suffix == ".txt"), files[0])
    print(f"样本：{folder.name}/{stem}　Python {sys.version.split()[0]}")
    bare = min(child("pass")[0] for _ in range(3))
    cold = [
        child(f"from service.commands import run_check\nrun_check(({str(first)!r},), 'text', None)")
        for _ in range(5)
    ]
    wall = statistics.median(item[0] for item in cold)
    print(
        f"冷启动检查 {first.name}\t{wall * 1000:.0f} ms（空 Python 进程 {bare * 1000:.0f} ms，比值 {wall / bare:.1f}）"
    )
    print(f"冷启动峰值内存\t{max(item[1] for item in cold):.0f} MiB")
    limits = Limits()
    options = pipeline.CheckOptions()
    document = pipeline.load(first.read_bytes(), name=first.name, limits=limits)
    pipeline.check(document, options)
    rows = sum(len(project.rows) for project in document.projects)
    warm = timed(lambda: pipeline.check(document, options), 11)
    print(
        f"热检查 {len(document.projects)} 个项目 {rows} 行\t{warm * 1000:.0f} ms（每行 {warm / rows * 1e6:.0f} µs）"
    )
    from nlp.quantity import parse

    values = [row.value.text for project in document.projects for row in project.rows]

    # A changing suffix of blanks defeats the cache without changing what has to be understood.
    rounds = iter(range(1, 1000))

    def fresh() -> None:
        padding = " " * next(rounds)
        for value in values:
            parse(value + padding)

    baseline = timed(lambda: [value.strip().lstrip("≥≤<>=＞＜").isdigit() for value in values])
    parsing = timed(fresh)
    print(
        f"解析指标值 {len(values)} 个\t{parsing * 1000:.1f} ms（朴素判断 {baseline * 1000:.3f} ms，比值 {parsing / baseline:.0f}）"
    )
    for path in files:
        data = path.read_bytes()
        seconds = timed(lambda data=data, path=path: pipeline.load(data, name=path.name, limits=limits), 3)  # type: ignore[misc]
        print(f"读取 {path.suffix[1:]}\t{seconds * 1000:.0f} ms")
    print(f"本进程峰值内存\t{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
