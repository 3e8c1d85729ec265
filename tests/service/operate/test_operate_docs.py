"""docs/operate.md: its table is the list of settings, and its first commands work as they stand."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from service.config.docs import BEGIN, END, refreshed
from service.config.registry import by_name
from service.config.source import collect

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "operate.md").read_text("utf-8")


def blocks(language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_table_of_settings_is_fresh() -> None:
    assert refreshed(PAGE) == PAGE, "run `make docs`"
    assert all(f"| `{name}` |" in PAGE for name in by_name())


def test_a_page_without_marks_is_refused() -> None:
    for page in ("", BEGIN, END):
        with pytest.raises(ValueError, match="marks"):
            refreshed(page)


def test_examples_can_be_read(tmp_path: Path) -> None:
    (example,) = blocks("toml")
    tomllib.loads(example)
    (tmp_path / "c.toml").write_text(example, encoding="utf-8")
    given = collect({"BIAOCHI_CONFIG": str(tmp_path / "c.toml")})
    assert given.values["BIAOCHI_JOB_PROCESSES"] == "4"
    (scrape,) = blocks("yaml")
    assert "scrape_configs" in yaml.safe_load(scrape)


def test_files_that_are_named_exist() -> None:
    for name in re.findall(r"deploy/[a-z-]+\.(?:toml|service|timer)", PAGE):
        assert (ROOT / name).is_file(), name
    for name in re.findall(r"\]\(([a-z]+\.md)\)", PAGE):
        assert (ROOT / "docs" / name).is_file(), name


def test_three_commands_lead_to_the_first_answer(tmp_path: Path) -> None:
    """As they stand, besides the port, which may be taken on this machine."""
    if not (ROOT / ".venv").is_dir():
        pytest.skip("the project is not installed in .venv, as `make demo` would do it")
    for name in (".venv", "corpora"):
        (tmp_path / name).symlink_to(ROOT / name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    commands = blocks()[0]
    assert len(commands.splitlines()) == 3
    script = commands.replace("8000", port) + "kill -TERM %1\nwait %1\n"
    env = {key: value for key, value in os.environ.items() if not key.startswith("BIAOCHI_")}
    process = subprocess.Popen(
        ["bash", "-m", "-c", script],
        cwd=tmp_path,
        env=env | {"BIAOCHI_PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, told = process.communicate(timeout=300)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, told.decode()
    report = json.loads((tmp_path / "报告.json").read_text("utf-8"))
    assert report["schema"] == "biaochi.report/v1"
    lines = out.decode().splitlines()
    assert len(lines) == len(report["findings"]) > 0
    assert all(line.startswith("BC") for line in lines)
    assert (tmp_path / "biaochi-data" / "biaochi.db").is_file()
