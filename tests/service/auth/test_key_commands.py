from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.auth.keys import Keys
from service.auth.settings import AuthSettings
from service.errors import BiaochiError, SettingsError
from service.key_commands import keys as group
from service.store.engine import Store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'keys.db'}"


def run(*arguments: str, **env: Any) -> Result:
    return CliRunner().invoke(group, arguments, env=env, catch_exceptions=False, standalone_mode=False)


def create(url: str, *more: str) -> str:
    result = run(
        "create",
        "--database",
        url,
        "--name",
        "张三",
        *(more or ("--role", "administrator", "--all-departments")),
    )
    return result.stdout.strip()


def listed(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run("list", "--format", "json", "--database", url).stdout)
    return found


def test_create_shows_the_key_once_and_sets_up_an_empty_database(url: str) -> None:
    result = run("create", "--database", url, "--name", "教育局填报", "--role", "drafter", "--department", "教育局",
                 "--department", "体育局", "--expires", "2999-12-31", "--per-minute", "5", "--per-day", "50")  # fmt: skip
    text = result.stdout.strip()
    assert "只显示这一次" in result.stderr
    assert text not in result.stderr
    store = Store(url)
    actor = Keys(store, AuthSettings()).verify(text)
    store.close()
    assert (actor.role, actor.departments, actor.per_minute) == (
        "drafter",
        frozenset({"教育局", "体育局"}),
        5,
    )
    (key,) = listed(url)
    assert key | {"created_at": "", "expires_at": "", "last_used_at": ""} == {
        "id": actor.id,
        "name": "教育局填报",
        "role": "drafter",
        "departments": ["体育局", "教育局"],
        "state": "active",
        "created_at": "",
        "expires_at": "",
        "revoked_at": None,
        "last_used_at": "",
        "per_minute": 5,
        "per_day": 50,
    }
    assert text[12:] not in json.dumps(listed(url))


def test_the_last_day_still_counts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        create(url, "--role", "reviewer", "--all-departments", "--expires", "2999-12-31")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert listed(url)[0]["expires_at"] == "2999-12-31T16:00:00Z"


def test_list_for_people(url: str) -> None:
    text = create(url)
    line = run("list", "--database", url).stdout.strip()
    assert line == f"{text[3:11]}　可用　管理　张三　全部部门　不过期　未使用"


def test_an_empty_list(url: str) -> None:
    from service.store.schema import upgrade

    store = Store(url)
    upgrade(store)
    store.close()
    result = run("list", "--database", url)
    assert (result.stdout, result.stderr) == ("", "尚无密钥\n")
    assert listed(url) == []


def test_long_lists_are_whole(url: str) -> None:
    create(url)
    store = Store(url)
    service = Keys(store, AuthSettings())
    from tests.service.auth.auth_tools import make

    for _ in range(60):
        make(service, "reviewer")
    store.close()
    assert len({key["id"] for key in listed(url)}) == 61


def test_revoke_and_rotate(url: str) -> None:
    first, second = create(url), create(url)
    run("revoke", first[3:11], "--database", url)
    rotated = run("rotate", second[3:11], "--database", url).stdout.strip()
    assert rotated[:12] == second[:12]
    assert rotated != second
    assert {key["id"]: key["state"] for key in listed(url)} == {
        first[3:11]: "revoked",
        second[3:11]: "active",
    }


def test_a_whole_key_also_names_itself(url: str) -> None:
    text = create(url)
    result = run("revoke", text, "--database", url)
    assert text not in result.output
    assert listed(url)[0]["state"] == "revoked"


def test_the_database_of_the_environment(url: str, tmp_path: Path) -> None:
    run("create", "--name", "张三", "--role", "reviewer", "--all-departments", BIAOCHI_DATABASE=url)
    assert len(listed(url)) == 1
    assert len(json.loads(run("list", "--format", "json", BIAOCHI_DATABASE=url).stdout)) == 1
    run(
        "create",
        "--name",
        "李四",
        "--role",
        "reviewer",
        "--all-departments",
        BIAOCHI_DATA=str(tmp_path / "data"),
    )
    assert (tmp_path / "data" / "biaochi.db").is_file()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--role", "drafter"),
        ("--role", "reviewer"),
        ("--role", "reviewer", "--all-departments", "--department", "教育局"),
        ("--role", "drafter", "--all-departments"),
        ("--role", "drafter", "--department", " "),
        ("--role", "reviewer", "--all-departments", "--expires", "2001-01-01"),
        ("--role", "reviewer", "--all-departments", "--expires", "9999-12-31"),
        ("--role", "reviewer", "--all-departments", "--per-day", "9999999999"),
    ],
)
def test_keys_that_cannot_be_made(url: str, arguments: tuple[str, ...]) -> None:
    with pytest.raises(BiaochiError, match=r"部门|到期|日期|次数"):
        create(url, *arguments)


def test_looking_makes_no_database(url: str, tmp_path: Path) -> None:
    for command in (("list",), ("revoke", "aaaaaaaa"), ("rotate", "aaaaaaaa")):
        with pytest.raises(SettingsError, match="没有这个数据库文件"):
            run(*command, "--database", url)
    assert [*tmp_path.iterdir()] == []


def test_a_database_of_something_else(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'other.db'}"
    Store(url).close()
    with pytest.raises(BiaochiError, match="升级"):
        run("list", "--database", url)
    with pytest.raises(SettingsError, match="数据库"):
        run("list", "--database", "mysql://u:geheim@h/d")


def test_help_is_chinese() -> None:
    for command in ("create", "list", "revoke", "rotate"):
        text = run(command, "--help").output
        assert "用法：" in text
        assert "--database" in text
