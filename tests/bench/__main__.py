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
from typing import Any

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
    plain_options = pipeline.CheckOptions(suggest=False)
    without = timed(lambda: pipeline.check(document, plain_options), 11)
    cost = (warm - without) / rows
    print(
        f"其中建议及其验证\t每行 {cost * 1000:.2f} ms（不带建议 {without * 1000:.0f} ms，带建议为其 {warm / without:.1f} 倍）"
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
    classifier()


def classifier() -> None:
    """Print the class model's figures beside a plain scikit-learn pipeline of the same kind, run here and now."""
    from nlp.classify import Query, classify, classify_many, cues, nearest
    from nlp.classify import load as model
    from nlp.classify.artifact import FOLDER
    from nlp.training.corpus import load

    size = sum(path.stat().st_size for path in FOLDER.iterdir() if path.suffix in {".npz", ".json", ".tsv"})
    only, _ = child("import numpy")
    loaded, _ = child("from nlp.classify import load; load()")
    print(
        f"分类模型 {size / 1e6:.1f} MB，sha256 {model().sha256[:12]}，连同导入就绪 {loaded * 1000:.0f} ms（只导入 numpy {only * 1000:.0f} ms）"
    )
    base = [row.query for row in load()]
    rounds = iter("甲乙丙丁戊己庚辛")

    def fresh() -> list[Query]:
        """Return 20,000 distinct rows that no cache has seen."""
        tail = next(rounds)
        return [
            Query(query.name + tail, query.description, query.value, query.unit) for query in base[:20_000]
        ]

    batches = [fresh() for _ in range(3)]
    speeds = []
    for batch in batches:
        start = time.perf_counter()
        classify_many(batch)
        speeds.append(len(batch) / (time.perf_counter() - start))
    bulk = statistics.median(speeds)
    singles = fresh()[:2000]
    start = time.perf_counter()
    for query in singles:
        classify(query)
    one = (time.perf_counter() - start) / len(singles)
    explained = fresh()[:1000]
    start = time.perf_counter()
    for query in explained:
        cues(query, "质量")
        nearest(query.name, "质量")
    why = (time.perf_counter() - start) / len(explained)
    print(
        f"批量分类 {bulk:,.0f} 行/秒（不同名称，单核）；逐行 {one * 1000:.3f} ms；判断依据与范例每行 {why * 1000:.2f} ms"
    )
    baseline(base, batches[0])


def baseline(base: list[Any], batch: list[Any]) -> None:
    """Print the speed of a scikit-learn pipeline on character sequences for comparison."""
    try:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import SGDClassifier
        from sklearn.pipeline import make_pipeline
    except ImportError:
        print("未安装 scikit-learn，基线略")
        return
    names = [query.name for query in base[:5000]]
    pipe = make_pipeline(
        TfidfVectorizer(analyzer="char", ngram_range=(1, 3)), SGDClassifier(loss="log_loss", random_state=0)
    )
    pipe.fit(names, [str(i % 11) for i in range(len(names))])
    start = time.perf_counter()
    pipe.predict_proba([query.name for query in batch])
    bulk = len(batch) / (time.perf_counter() - start)
    start = time.perf_counter()
    for query in batch[:300]:
        pipe.predict_proba([query.name])
    one = (time.perf_counter() - start) / 300
    print(f"基线（scikit-learn 字符管线，只看名称）批量 {bulk:,.0f} 行/秒；逐行 {one * 1000:.3f} ms")


if __name__ == "__main__":
    main()
