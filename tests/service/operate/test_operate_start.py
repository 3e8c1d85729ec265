"""What the commands that stay running say at their start."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from service.config.source import collect, strangers

READY = {"serve": "标尺服务已启动", "worker": "已启动 1 个工作进程"}
ARGUMENTS = {
    "serve": ("serve", "--port", "0", "--batch-workers", "0"),
    "worker": ("worker", "--processes", "1"),
}
SECRET = "a-value-that-nobody-shall-see"


@pytest.mark.parametrize("command", READY)
def test_misspelt_settings_are_named_without_their_values(command: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from service.cli import main; main()", *ARGUMENTS[command]],
        env={
            **os.environ,
            "BIAOCHI_DATA": str(tmp_path),
            "BIAOCHI_PROCESSES": "0",
            "BIAOCHI_WEBHOOK_SECRETS": SECRET,
            "BIAOCHI_PROT": SECRET,
            "BIAOCHI_EMPTY": "",
        },
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    lines: list[str] = []
    for line in process.stderr:
        lines.append(line.rstrip("\n"))
        if READY[command] in line:
            break
    process.send_signal(signal.SIGTERM)
    lines += process.communicate(timeout=60)[1].splitlines()
    assert process.returncode == 0
    assert lines.index("没有 BIAOCHI_PROT 这项设置，是否为 BIAOCHI_PORT；不起作用，请改名或删除") == 0
    assert any(
        line.startswith("没有 BIAOCHI_WEBHOOK_SECRETS 这项设置，是否为 BIAOCHI_WEBHOOK_SECRET；")
        for line in lines
    )
    assert not any("BIAOCHI_EMPTY" in line or SECRET in line for line in lines)


def test_a_name_cannot_forge_a_line() -> None:
    given = collect({"BIAOCHI_X\n标尺服务已启动\x1b[2J": "1", "BIAOCHI_" + "Y" * 500: "1"})
    first, second = strangers(given)
    assert "\n" not in first
    assert "\x1b" not in first
    assert len(second) < 150


THREADS = """
import ctypes, sys, threading
from service.serve_commands import few_arenas
if sys.argv[1:]:
    few_arenas()
together = threading.Barrier(12)
def allocate():
    together.wait()
    kept = [bytes(1000) for _ in range(1000)]
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(12)]
for thread in threads: thread.start()
for thread in threads: thread.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="other C libraries have one heap for all threads"
)
def test_threads_share_their_heaps() -> None:
    def heaps(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", THREADS, *arguments], capture_output=True, text=True, check=True
        )
        return done.stderr.count("\nArena ") + done.stderr.startswith("Arena ")

    assert heaps() > 2
    assert heaps("few") <= 2
