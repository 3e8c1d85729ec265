"""The house keeps its own rules."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("service", "rules", "nlp", "corpora", "models", "tests")
MAX_LINES = 400


def _files(*patterns: str) -> list[Path]:
    return [p for pattern in patterns for package in PACKAGES for p in (ROOT / package).rglob(pattern)]


def test_no_file_is_too_long() -> None:
    long = {
        p.relative_to(ROOT).as_posix(): n
        for p in _files("*.py")
        if (n := len(p.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_import_names_are_ours() -> None:
    for package in PACKAGES[:-1]:
        module = __import__(package)
        assert module.__file__ is not None
        assert Path(module.__file__).resolve().parent == ROOT / package


def test_no_registry_host_in_any_tracked_file() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [
        name
        for name in tracked.decode().split("\0")
        if name.endswith((".lock", ".toml", ".yml", ".md", ".py", ".sh"))
    ]
    names += ["Makefile", ".ci/run"]
    pattern = re.compile(r"(pypi|pythonhosted|npmjs|debian)\.(org|com)", re.IGNORECASE)
    guilty = [
        n
        for n in names
        if (ROOT / n).is_file() and pattern.search((ROOT / n).read_text("utf-8", errors="ignore"))
    ]
    assert [n for n in guilty if n != "tests/test_house.py"] == []


def test_every_command_and_setting_is_documented() -> None:
    from dataclasses import fields

    import click

    from service.commands import register
    from service.settings import Limits, WordingSettings

    group = click.Group()
    register(group)
    readme = (ROOT / "README.md").read_text("utf-8") + "".join(
        p.read_text("utf-8") for p in (ROOT / "docs").glob("*.md")
    )
    assert [name for name in group.commands if f"biaochi {name}" not in readme] == []
    assert [f.name for f in fields(Limits) if f"BIAOCHI_{f.name.upper()}" not in readme] == []
    assert [f.name for f in fields(WordingSettings) if f"BIAOCHI_LLM_{f.name.upper()}" not in readme] == []


def test_texts_for_users_keep_the_tone() -> None:
    texts = list(ROOT.glob("*.md")) + list((ROOT / "docs").glob("*.md")) + list((ROOT / "rules").glob("*.md"))
    assert [p.name for p in texts if re.search(r"您|[一-鿿]！", p.read_text("utf-8"))] == []
