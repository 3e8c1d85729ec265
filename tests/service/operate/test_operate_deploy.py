"""Dockerfile, compose file and units name only what there is."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from service.commands import register
from service.config.registry import FILE_SUFFIX, PREFIX, by_name
from service.config.source import collect
from service.jobs.settings import JobSettings
from service.settings import ServerSettings, server_from

ROOT = Path(__file__).resolve().parents[3]
UNITS = sorted((ROOT / "deploy").glob("*.service"))
FILES = [ROOT / "Dockerfile", ROOT / "compose.yml", *sorted((ROOT / "deploy").iterdir())]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yml").read_text("utf-8"))
OURS = ("service", "worker")


def commands() -> dict[str, click.Command]:
    group = click.Group()
    register(group)
    return group.commands


def exists(words: Iterable[str]) -> bool:
    """Return whether the words are a command, down through groups."""
    found: click.Command | None = click.Group(commands=commands())
    for word in words:
        found = found.commands.get(word) if isinstance(found, click.Group) else None
    return found is not None and not isinstance(found, click.Group)


def unit(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(path.read_text("utf-8"))
    return parser


@pytest.mark.parametrize("path", [path for path in FILES if path.is_file()], ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = by_name()
    for name in re.findall(rf"{PREFIX}[A-Z0-9_]*[A-Z0-9]", path.read_text("utf-8")):
        plain = name.removesuffix(FILE_SUFFIX)
        assert name in known or (plain in known and known[plain][1].hides), name


def test_every_command_that_is_run_exists() -> None:
    for path in UNITS:
        program, *words = unit(path)["Service"]["ExecStart"].split()
        assert program == "/opt/biaochi/bin/biaochi"
        assert exists(words), words
    for name in OURS:
        assert exists(COMPOSE["services"][name]["command"])
    docker = (ROOT / "Dockerfile").read_text("utf-8")
    assert 'ENTRYPOINT ["biaochi"]\nCMD ["serve"]' in docker
    assert exists(["serve"])
    page = (ROOT / "docs" / "operate.md").read_text("utf-8")
    for line in re.findall(r"biaochi ((?:config|doctor|keys|serve|store|worker)(?: [a-z]+)*)", page):
        words = line.split()
        group = commands()[words[0]]
        if isinstance(group, click.Group) and len(words) > 1:
            assert words[1] in group.commands, line
        elif not isinstance(group, click.Group):
            assert exists(words[:1]), line


def test_the_containers_can_do_little() -> None:
    services = COMPOSE["services"]
    assert set(services) == {"service", "worker", "db"}
    for name in OURS:
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["depends_on"] == {"db": {"condition": "service_healthy"}}
        environment = service["environment"]
        collect({key: value for key, value in environment.items() if not key.endswith(FILE_SUFFIX)})
        server_from({key: value for key, value in environment.items() if not key.endswith(FILE_SUFFIX)})
        assert not any(by_name()[key][1].hides for key in environment if key in by_name())
        for secret in service["secrets"]:
            assert secret in COMPOSE["secrets"]
        for volume in service["volumes"]:
            assert volume.partition(":")[0] in COMPOSE["volumes"]
    assert [port.split(":")[0] for port in services["service"]["ports"]] == ["127.0.0.1"]
    assert "ports" not in services["db"]
    assert services["db"]["networks"] == ["inner"]
    assert COMPOSE["networks"]["inner"] == {"internal": True}
    # Nobody's work is cut off by an impatient manager.
    most = max(ServerSettings().shutdown_seconds, JobSettings().grace_seconds)
    assert int(services["service"]["stop_grace_period"].removesuffix("s")) > most


def test_secrets_are_no_files_of_the_project() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "/deploy/secrets/" in ignored
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("deploy/secrets/")
    # Only what the build needs is sent to it.
    allowed = [
        line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line[:1] not in ("#", "")
    ]
    assert allowed[0] == "*"
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    names = {name for line in copied for name in line.split()}
    assert {line[1:] for line in allowed if line.startswith("!")} == names
    assert all((ROOT / name).exists() for name in names)


def test_the_image_is_built_from_plain_names_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    assert re.findall(r"^ARG BASE=(.*)$", text, re.MULTILINE) == ["python:3.11-slim"]
    assert set(re.findall(r"^FROM (\S+)", text, re.MULTILINE)) == {"${BASE}"}
    final = text.rpartition("\nFROM ")[2]
    assert "USER 10001:10001" in final
    assert "HEALTHCHECK" in final
    # Where packages come from is the builder's business and stays out of the image.
    assert "PIP_" not in final
    assert re.findall(r"^ARG (PIP_\w+)$", text, re.MULTILINE) == re.findall(
        r"^ARG (PIP_\w+)", text, re.MULTILINE
    )
    assert COMPOSE["services"]["db"]["image"] == "postgres:16"
    for path in FILES:
        if path.is_file():
            assert "://" not in re.sub(r"postgresql://\S+", "", path.read_text("utf-8")), path.name


def test_the_lock_of_the_image_agrees_with_the_others() -> None:
    def pins(name: str) -> dict[str, str]:
        text = (ROOT / name).read_text("utf-8")
        return dict(re.findall(r"^([a-z0-9-]+)==([^ \n]+)", text, re.MULTILINE))

    image, plain, dev = (
        pins("requirements-server.lock"),
        pins("requirements.lock"),
        pins("requirements-dev.lock"),
    )
    assert plain.items() <= image.items() <= dev.items()
    assert {"psycopg", "psycopg-binary", "joserfc"} <= image.keys()


def test_the_check_of_health_works_as_it_is_written(tmp_path: Path) -> None:
    text = (ROOT / "Dockerfile").read_text("utf-8")
    found = re.search(r'CMD \["python", "-c", "(.*)"\]', text)
    assert found is not None
    done = subprocess.run(
        [sys.executable, "-c", found[1]], env={"BIAOCHI_PORT": "1"}, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert b"ConnectionRefusedError" in done.stderr


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_units_are_hardened_and_patient(path: Path) -> None:
    service = unit(path)["Service"]
    assert service["User"] == "biaochi"
    assert (service["ProtectSystem"], service["NoNewPrivileges"], service["PrivateTmp"]) == (
        "strict",
        "yes",
        "yes",
    )
    if service.get("Type") == "exec":
        assert service["KillMode"] == "mixed"
        most = max(ServerSettings().shutdown_seconds, JobSettings().grace_seconds)
        assert int(service["TimeoutStopSec"]) > most


def test_systemd_finds_no_fault(tmp_path: Path) -> None:
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("systemd-analyze is not installed on this machine")
    copies = []
    for path in [*UNITS, *(ROOT / "deploy").glob("*.timer")]:
        copy = tmp_path / path.name
        # The program does not stand at its place on this machine; any that can be run will do.
        copy.write_text(
            path.read_text("utf-8").replace("/opt/biaochi/bin/biaochi", sys.executable), encoding="utf-8"
        )
        copies.append(copy)
    done = subprocess.run([tool, "verify", *map(str, copies)], capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if "biaochi" in line]
    assert (done.returncode, told) == (0, [])
