"""Real `biaochi serve` and `biaochi worker` for tests that stop and kill them, and the mark by which all are found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from service.store.engine import new_id

MARKER = "RUN_OF_THIS_TEST"
COMMAND = [sys.executable, "-c", "from service.cli import main; main()"]
# Failures are the tests' doing, so none of them may set a document aside.
PATIENT = {
    "BIAOCHI_JOB_LEASE_SECONDS": "1",
    "BIAOCHI_JOB_MAX_ATTEMPTS": "1000000",
    "BIAOCHI_JOB_BACKOFF_SECONDS": "0.01",
    "BIAOCHI_JOB_BACKOFF_MAX_SECONDS": "0.05",
    "BIAOCHI_JOB_POLL_SECONDS": "0.05",
}


@contextmanager
def marked() -> Iterator[None]:
    """Give all processes started in the block a mark; wait at the end until none of them is left."""
    os.environ[MARKER] = new_id()
    try:
        yield
        while running():
            time.sleep(0.05)
    finally:
        kill_all()
        del os.environ[MARKER]


def running(word: bytes = b"spawn_main") -> list[int]:
    """Return the processes with the mark of this test and a word in their command; every one was started by it."""
    marker = f"{MARKER}={os.environ[MARKER]}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = marker in (folder / "environ").read_bytes().split(b"\0")
            if is_ours and word in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue  # It has just ended, or is not ours to look at.
    return found


def kill_all() -> None:
    """Kill the workers of this test."""
    for pid in running():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


class Running:
    """A command that stays running."""

    def __init__(self, arguments: Sequence[str], ready: str, settings: dict[str, str]) -> None:
        plain = {name: text for name, text in os.environ.items() if not name.startswith("BIAOCHI_")}
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [*COMMAND, *arguments], stderr=subprocess.PIPE, text=True, env=plain | settings
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if ready in line:
                break
        else:
            raise AssertionError(f"did not start: {''.join(self.lines)}")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        self.lines += list(self.process.stderr)
        self.process.stderr.close()

    def end(self, number: int, seconds: float = 60) -> int:
        """Send a signal, return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        if number != signal.SIGKILL:
            # Children of a killed one hold the other end of the line for a while.
            self._reader.join(10)
        return code


class Serving(Running):
    """`biaochi serve` on a store; `port` 0 lets the system choose."""

    def __init__(self, database: str, port: int = 0, **settings: str) -> None:
        given = {"BIAOCHI_DATABASE": database, "BIAOCHI_PROCESSES": "0", **settings}
        super().__init__(("serve", "--port", str(port)), "标尺服务已启动", given)
        self.url = self.lines[-1].split("：")[1].strip()
        self.port = int(self.url.rsplit(":", 1)[1])


class Working(Running):
    """`biaochi worker` on a store, with one worker process."""

    def __init__(self, database: str, **settings: str) -> None:
        super().__init__(
            ("worker", "--processes", "1"), "工作进程", {"BIAOCHI_DATABASE": database, **settings}
        )
