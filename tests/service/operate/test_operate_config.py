"""Settings: one list, two places to set them, and clear words for what is wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.config.registry import FILE_SUFFIX, PREFIX, SECTIONS, by_name
from service.config.report import MASK, default_of, lines, loaded, problems
from service.config.source import collect, environment
from service.config_commands import config
from service.errors import SettingsError
from service.settings import server_from

ROOT = Path(__file__).resolve().parents[3]
SECRET = "a-secret-of-this-site"


def written(path: Path, text: str) -> dict[str, str]:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return {"BIAOCHI_CONFIG": str(path)}


# --- the list ----------------------------------------------------------------------------------------------------------


def test_names_are_unique_and_have_words() -> None:
    names = Counter(section.full_name(item) for section in SECTIONS for item in section.settings)
    assert [name for name, times in names.items() if times > 1] == []
    assert all(item.meaning for section in SECTIONS for item in section.settings)


def test_every_field_of_a_settings_class_is_in_the_list() -> None:
    missing = []
    for section in SECTIONS:
        if not section.holder:
            continue
        listed = {item.name.lower() for item in section.settings}
        for item in fields(loaded(section.holder)):
            renamed = {"secrets": "secret", "allow_hosts": "allow", "allow_ranges": "allow"}.get(
                item.name, item.name
            )
            # Classes of settings inside of others have a section of their own.
            if renamed not in listed and item.name not in ("limits", "oidc"):
                missing.append(f"{section.title}: {item.name}")
    assert missing == []


def test_every_name_in_the_program_is_in_the_list() -> None:
    known = by_name()
    strange = {
        (path.name, name)
        for path in (ROOT / "service").rglob("*.py")
        for name in re.findall(rf"{PREFIX}[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_<*{{])", path.read_text("utf-8"))
        if name.removesuffix(FILE_SUFFIX) not in known and name != f"{PREFIX}WEBHOOK_ALLOW_HOSTS"
    }
    assert strange == set()


def test_every_reader_takes_every_default() -> None:
    for section in SECTIONS:
        if section.holder:
            assert is_dataclass(loaded(section.holder))
            loaded(section.reader)({})
        assert all(default_of(section, item) for item in section.settings)


# --- environment and file ----------------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    env = written(
        tmp_path / "c.toml", 'port = 9000\nhost = "::1"\n[webhook]\nallow = ["10.0.0.0/8", "a.example"]\n'
    )
    given = collect({**env, "BIAOCHI_PORT": "9100", "BIAOCHI_HOST": " ", "PATH": "/bin"})
    assert given.values["BIAOCHI_PORT"] == "9100"
    assert given.values["BIAOCHI_HOST"] == "::1"
    assert given.values["BIAOCHI_WEBHOOK_ALLOW"] == "10.0.0.0/8,a.example"
    assert given.origins["BIAOCHI_PORT"] == "environment"
    assert given.origins["BIAOCHI_HOST"] == "file"
    assert (server_from(given.values).port, server_from(given.values).host) == (9100, "::1")


def test_modules_read_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from service.auth.settings import auth_from
    from service.jobs.settings import jobs_from, webhooks_from
    from service.settings import limits_from, wording_from
    from service.store.retention import retention_from

    text = f"""
port = 9001
max_rows = 77
session_hours = 3
rate_drafter = "1/2"
llm = {{url = "http://127.0.0.1:1/v1", model = "m"}}
job.lease_seconds = 7.5
webhook.secret = "{SECRET}"
keep = {{days = 5}}
"""
    monkeypatch.setenv("BIAOCHI_CONFIG", written(tmp_path / "c.toml", text)["BIAOCHI_CONFIG"])
    wording = wording_from()
    assert wording is not None
    assert (server_from().port, limits_from().max_rows, auth_from().session_hours) == (9001, 77, 3)
    assert (jobs_from().lease_seconds, webhooks_from().secrets) == (7.5, (SECRET,))
    assert (retention_from().keep_days, wording.model) == (5, "m")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "没有「prot」这项设置，是否为 BIAOCHI_PORT"),
        ("[job]\nproceses = 1", "没有「job.proceses」这项设置，是否为 BIAOCHI_JOB_PROCESSES"),
        ('config = "x"', "没有「config」"),
        ("oidc_issuer = 'a'\n[oidc]\nissuer = 'b'", "BIAOCHI_OIDC_ISSUER 写了两次"),
        ("port = true", "「port」应为文字、数字或文字的列表"),
        ("port = 2026-01-01", "「port」应为"),
        ("host = 127.0.0.1", "第 1 行不是正确的 TOML"),
        ("port = 1\n[job", "不是正确的 TOML"),
        ('"机密\\n" = 1', "有一项的名称不是英文"),
    ],
)
def test_what_is_wrong_in_the_file_is_said(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(says)) as caught:
        environment(written(tmp_path / "c.toml", text))
    assert "\n" not in caught.value.message


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="无法读取"):
        environment({"BIAOCHI_CONFIG": str(tmp_path / "none.toml")})
    (tmp_path / "c.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="不是 UTF-8"):
        environment({"BIAOCHI_CONFIG": str(tmp_path / "c.toml")})


def test_secrets_may_stand_in_files_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{SECRET}\n", encoding="utf-8")
    given = collect({"BIAOCHI_WEBHOOK_SECRET_FILE": str(file)})
    assert given.values["BIAOCHI_WEBHOOK_SECRET"] == SECRET
    assert given.origins["BIAOCHI_WEBHOOK_SECRET"] == "secret-file"
    with pytest.raises(SettingsError, match="只能设置一个"):
        collect({"BIAOCHI_WEBHOOK_SECRET_FILE": str(file), "BIAOCHI_WEBHOOK_SECRET": SECRET})
    file.write_text("\n", encoding="utf-8")
    for path in (file, tmp_path / "none"):
        with pytest.raises(SettingsError, match="BIAOCHI_WEBHOOK_SECRET_FILE"):
            collect({"BIAOCHI_WEBHOOK_SECRET_FILE": str(path)})
    # Only what hides something has it.
    assert collect({"BIAOCHI_PORT_FILE": str(file)}).unknown == ("BIAOCHI_PORT_FILE",)


# --- what is shown -----------------------------------------------------------------------------------------------------


def test_no_secret_is_shown(tmp_path: Path) -> None:
    env = {
        "BIAOCHI_WEBHOOK_SECRET": SECRET,
        "BIAOCHI_LLM_KEY": SECRET,
        "BIAOCHI_DATABASE": f"postgresql://biaochi:{SECRET}@host/name?password={SECRET}",
        "BIAOCHI_LLM_URL": f"http://user:{SECRET}@host/v1?key={SECRET}",
        "BIAOCHI_OIDC_JWKS": f"https://{SECRET}@host/keys",
    }
    given = collect(env)
    shown = {line.name: line.value for _, found in lines(given) for line in found}
    assert shown["BIAOCHI_WEBHOOK_SECRET"] == MASK
    assert shown["BIAOCHI_DATABASE"] == "postgresql://…@host/name?…"
    for fmt in ("text", "json"):
        for extra in ([], ["--check"]):
            done = CliRunner().invoke(config, ["--format", fmt, *extra], env=env)
            assert SECRET not in done.output


def test_the_command_tells_value_and_origin(tmp_path: Path) -> None:
    env = {**written(tmp_path / "c.toml", "port = 9000"), "BIAOCHI_HOST": "::1"}
    done = CliRunner().invoke(config, [], env=env, standalone_mode=False)
    assert done.return_value == 0
    assert "BIAOCHI_PORT = 9000　（设置文件）　监听的端口" in done.output
    assert "BIAOCHI_HOST = ::1　（环境变量）" in done.output
    assert "BIAOCHI_KEEP_DAYS = 365 天　（默认）" in done.output
    data = json.loads(CliRunner().invoke(config, ["--format", "json"], env=env).output)
    port = next(item for item in data["settings"] if item["name"] == "BIAOCHI_PORT")
    assert (port["value"], port["origin"], port["default"]) == ("9000", "file", "8000")


def test_check_finds_everything_at_once(tmp_path: Path) -> None:
    env = {
        **written(tmp_path / "c.toml", f'max_rows = 0\nwebhook.secret = "{SECRET}"'),
        "BIAOCHI_PROT": "1",
        "BIAOCHI_PORT": "many",
        "BIAOCHI_METRICS": "yes",
        "BIAOCHI_JOB_PROCESSES": "-1",
        "BIAOCHI_KEEP_DAYS": "x",
        "BIAOCHI_AUTH": "none",
        "BIAOCHI_DATABASE": "mysql://x/y",
    }
    (tmp_path / "c.toml").chmod(0o644)
    found = "\n".join(problems(collect(env)))
    for name in ("PROT", "PORT", "METRICS", "JOB_PROCESSES", "KEEP_DAYS", "AUTH", "DATABASE", "MAX_ROWS"):
        assert f"{PREFIX}{name}" in found
    assert "其他用户可以读取" in found
    assert "是否为 BIAOCHI_PORT" in found
    done = CliRunner().invoke(config, ["--check"], env=env, standalone_mode=False)
    assert done.return_value == 2


def test_check_is_content_with_the_defaults_and_the_sample() -> None:
    assert problems(collect({})) == ()
    sample = ROOT / "deploy" / "biaochi.toml"
    assert problems(collect({"BIAOCHI_CONFIG": str(sample)})) == ()
    assert tomllib.loads(sample.read_text("utf-8"))["auth"] == "keys"
