"""Memory of a server and everything it has started, sampled while it works (Linux: read from /proc)."""

from __future__ import annotations

import statistics
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

_PAGE = 4096 / 1024 / 1024
_KINDS = (
    ("to_process", "计算进程"),
    ("spawn_main", "批次工作进程"),
    ("resource_tracker", ""),
    ("soffice", "LibreOffice"),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment."""

    at: float
    """Seconds since the sampling began."""
    pid: int
    kind: str
    mib: float


@dataclass
class Sampler:
    """Samples the resident memory of a process and its descendants in the background."""

    root: int
    every: float = 1.0
    samples: list[Sample] = field(default_factory=list)

    def __enter__(self) -> Sampler:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        begin = time.monotonic()
        while not self._over.wait(self.every):
            at = time.monotonic() - begin
            self.samples += [Sample(at, pid, kind, mib) for pid, kind, mib in tree(self.root)]

    def totals(self) -> dict[float, float]:
        """Return the sum over all processes at every moment."""
        sums: dict[float, float] = defaultdict(float)
        for sample in self.samples:
            sums[sample.at] += sample.mib
        return dict(sums)

    def series(self) -> dict[tuple[str, int], dict[float, float]]:
        """Return every process by kind and number: its memory by moment."""
        found: dict[tuple[str, int], dict[float, float]] = defaultdict(dict)
        for sample in self.samples:
            found[sample.kind, sample.pid][sample.at] = sample.mib
        return dict(found)


def course(series: dict[float, float], warm: float, parts: int = 10) -> list[float]:
    """Return the medians of equal parts of the time behind the warm-up; empty where one has no sample."""
    length = (max(series) - warm) / parts
    found: list[list[float]] = [[] for _ in range(parts)]
    for at, mib in series.items():
        if at >= warm and length > 0:
            found[min(int((at - warm) / length), parts - 1)].append(mib)
    return [statistics.median(part) for part in found] if all(found) else []


def tree(root: int) -> list[tuple[int, str, float]]:
    """Return the process and its descendants: number, kind, resident MiB."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name in brackets may hold anything; what follows the last one is the state and the parent.
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            continue
    children: dict[int, list[int]] = defaultdict(list)
    for pid, parent in parents.items():
        children[parent].append(pid)
    waiting, found = [root], []
    while waiting:
        pid = waiting.pop()
        waiting += children[pid]
        try:
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace")
            mib = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
        except (OSError, IndexError):
            continue
        kind = "服务" if pid == root else next((name for word, name in _KINDS if word in line), "其他")
        if kind and mib:
            found.append((pid, kind, mib))
    return found
