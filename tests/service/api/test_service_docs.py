"""The commands of docs/service.md, copied as they stand, with the numbers filled in that an earlier answer gave."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.api.samples import DOCX, PROJECT, ROOT
from tests.service.api.test_stateless_server import Server

TEXT = (ROOT / "docs/service.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    env = {"BIAOCHI_PROCESSES": "1", "BIAOCHI_DATA": str(tmp_path_factory.mktemp("docs"))}
    found = Server("--port", "0", env=env)
    yield found
    found.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A place where the files that the commands name are."""
    (tmp_path / "corpora").symlink_to(ROOT / "corpora")
    shutil.copy(DOCX, tmp_path / "申报表.docx")
    (tmp_path / "项目.json").write_text(json.dumps({"projects": [PROJECT]}), encoding="utf-8")
    return tmp_path


def commands(heading: str) -> list[str]:
    """Return the commands of the first block under a heading; a line that ends in a backslash or quote goes on."""
    part = TEXT[TEXT.index(f"\n{heading}\n") :]
    block = re.search(r"^```\n(.*?)^```", part, re.MULTILINE | re.DOTALL)
    assert block is not None
    return re.findall(r"^curl .*?(?=^curl |\Z)", block[1], re.MULTILINE | re.DOTALL)


def run(server: Server, folder: Path, command: str) -> str:
    text = command.replace(ADDRESS, server.url).replace(
        "curl -s", "curl --noproxy '*' --fail-with-body -s", 1
    )
    done = subprocess.run(
        ["sh", "-ec", text], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_from_nothing_to_the_first_answer(server: Server, folder: Path) -> None:
    (first,) = commands("## 从安装到第一个结果")
    run(server, folder, first)
    assert json.loads((folder / "报告.json").read_bytes())["schema"] == "biaochi.report/v1"


def test_checks(server: Server, folder: Path) -> None:
    written, answered = commands("### 检查")
    run(server, folder, written)
    assert (folder / "意见书.docx").read_bytes().startswith(b"PK")
    assert json.loads(run(server, folder, answered))["complete"] is True
    (row,) = commands("### 逐行检查")
    assert json.loads(run(server, folder, row))["findings"]


def test_filing_and_review(server: Server, folder: Path) -> None:
    known: dict[str, str] = {}
    answers: list[str] = []
    for command in commands("## 填报与审核"):
        for name, value in known.items():
            command = command.replace(name, value)
        answers.append(run(server, folder, command))
        found = json.loads(answers[-1]) if answers[-1] else {}
        if "label" in found:
            known.setdefault("文件编号", found["id"])
        if "run" in found and "round" in found:
            known.setdefault("检查编号", found["run"]["id"])
        if "findings" in found and "complete" in found:
            known["问题的指纹"] = found["findings"][0]["fingerprint"]
    assert (folder / "意见书.docx").read_bytes().startswith(b"PK")
    compared, replayed = (json.loads(answer) for answer in answers[-2:])
    assert compared["remaining"]
    assert not compared["solved"]
    assert replayed["same"] is True


def test_a_batch(server: Server, folder: Path) -> None:
    known = ""
    answers = []
    for command in commands("## 批次"):
        answers.append(run(server, folder, command.replace("批次编号", known)))
        known = known or json.loads(answers[0])["id"]
    # The stream ends with the batch, so that the results behind it are whole.
    assert "event: end" in answers[2]
    results = json.loads(answers[3])
    assert results["complete"] is True
    assert [item["label"] for item in results["results"]] == ["sample.docx", "sample.xlsx"]
