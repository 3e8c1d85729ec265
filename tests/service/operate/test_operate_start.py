"""What the commands that stay running say at their start."""

from __future__ import annotations

import os
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
