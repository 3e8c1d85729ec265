"""The commands around API keys: keys create, list, revoke, rotate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.cli_text import ChineseCommand, ChineseGroup
from service.errors import SettingsError

if TYPE_CHECKING:
    from service.auth.key_values import Key, NewKey
    from service.auth.keys import Keys
    from service.auth.roles import Actor

_STATES = {"active": "可用", "expired": "已过期", "revoked": "已停用"}

_database = click.option(
    "--database",
    metavar="地址",
    help="数据库地址，如 sqlite:///数据.db；默认取 BIAOCHI_DATABASE，再默认取数据文件夹中的 biaochi.db",
)
_format = click.option(
    "--format", "fmt", type=click.Choice(("text", "json")), default="text", help="输出格式，默认 text"
)


@click.group(cls=ChineseGroup)
def keys() -> None:
    """管理接口密钥：建立、列出、停用、换发。"""


@keys.command(cls=ChineseCommand)
@click.option("--name", required=True, metavar="名称", help="使用人或系统的名称")
@click.option(
    "--role",
    type=click.Choice(("drafter", "reviewer", "administrator", "portal")),
    required=True,
    help="drafter 填报、reviewer 审核、administrator 管理、portal 系统对接",
)
@click.option(
    "--department",
    "departments",
    multiple=True,
    metavar="部门",
    help="可用的部门，可写多次；填报与系统对接必填",
)
@click.option("--all-departments", is_flag=True, help="可用于全部部门，只用于审核与管理")
@click.option(
    "--expires",
    type=click.DateTime(formats=["%Y-%m-%d"]),
    metavar="日期",
    help="用到这一天为止，如 2027-12-31；默认不过期",
)
@click.option("--per-minute", type=click.IntRange(1), metavar="次数", help="每分钟上限，默认按角色")
@click.option("--per-day", type=click.IntRange(1), metavar="次数", help="每天上限，默认按角色")
@_database
def create(
    name: str,
    role: str,
    departments: tuple[str, ...],
    all_departments: bool,
    expires: datetime | None,
    per_minute: int | None,
    per_day: int | None,
    database: str | None,
) -> int:
    """建立密钥。密钥只显示这一次，写到标准输出。"""
    if all_departments == bool(departments):
        raise SettingsError("请用 --department 写明部门，或用 --all-departments 表示全部部门，二者取一")
    with _opened(database, fresh=True) as (store_keys, actor):
        made = store_keys.create(
            name=name,
            role=role,
            departments=None if all_departments else departments,
            by=actor,
            expires_at=None if expires is None else _end_of(expires),
            per_minute=per_minute,
            per_day=per_day,
        )
    _show_once(made, "已建立密钥")
    return 0


@keys.command("list", cls=ChineseCommand)
@_format
@_database
def show(fmt: str, database: str | None) -> int:
    """列出密钥，不含密钥内容。"""
    from service.store.engine import now

    with _opened(database) as (store_keys, actor):
        found = [*_all(store_keys, actor)]
    if fmt == "json":
        click.echo(json.dumps([_as_json(key, now()) for key in found], ensure_ascii=False, indent=1))
        return 0
    if not found:
        click.echo("尚无密钥", err=True)
    for key in found:
        click.echo("　".join(_columns(key, now())))
    return 0


@keys.command(cls=ChineseCommand)
@click.argument("key_id", metavar="编号")
@_database
def revoke(key_id: str, database: str | None) -> int:
    """停用密钥，不能恢复；用它登录的网页同时退出。"""
    with _opened(database) as (store_keys, actor):
        key = store_keys.revoke(_id(key_id), by=actor)
    click.echo(f"已停用密钥 {key.id}（{key.name}）", err=True)
    return 0


@keys.command(cls=ChineseCommand)
@click.argument("key_id", metavar="编号")
@_database
def rotate(key_id: str, database: str | None) -> int:
    """换发密钥：编号与权限不变，旧密钥立即失效。新密钥只显示这一次，写到标准输出。"""
    with _opened(database) as (store_keys, actor):
        made = store_keys.rotate(_id(key_id), by=actor)
    _show_once(made, "已换发密钥")
    return 0


@contextmanager
def _opened(database: str | None, *, fresh: bool = False) -> Iterator[tuple[Keys, Actor]]:
    """Yield the keys of the database and the actor of the command line; `fresh` sets up an empty database."""
    from service.auth.keys import Keys
    from service.auth.roles import Actor
    from service.auth.settings import AuthSettings
    from service.settings import server_from
    from service.store import schema
    from service.store.engine import Store

    url = database or server_from().database_url
    if not fresh:
        _must_exist(url)
    store = Store(url)
    try:
        if fresh and schema.current(store) is None:
            schema.upgrade(store)
        else:
            schema.require_current(store)
        # Whoever can open the database rules it anyway; the trail says that it was the command line.
        yield Keys(store, AuthSettings()), Actor("cli", "命令行", "administrator", None, via="local")
    finally:
        store.close()


def _end_of(day: datetime) -> datetime:
    """Return the end of a day where this machine stands: the day itself still counts, as people read such a date."""
    try:
        return (day + timedelta(days=1)).astimezone()
    except (OverflowError, OSError, ValueError) as error:
        raise SettingsError("--expires 的日期过远，请写近一些的日期，或不写表示不过期") from error


def _must_exist(url: str) -> None:
    """Raise SettingsError where looking would make an empty database file."""
    _, is_sqlite, path = url.partition("sqlite:///")
    if is_sqlite and path != ":memory:" and not Path(path.partition("?")[0]).is_file():
        raise SettingsError("没有这个数据库文件，请核对 --database、BIAOCHI_DATABASE 或 BIAOCHI_DATA")


def _id(text: str) -> str:
    """Return the identifier also where somebody pastes the whole key."""
    from service.auth.key_values import id_of

    return id_of(text.strip()) or text.strip()


def _all(store_keys: Keys, actor: Actor) -> Iterator[Key]:
    cursor: str | None = None
    while True:
        page = store_keys.list(actor, cursor=cursor)
        yield from page.items
        cursor = page.next
        if cursor is None:
            return


def _show_once(made: NewKey, title: str) -> None:
    click.echo(f"{title} {made.key.id}（{made.key.name}）。下面的密钥只显示这一次，请妥善保存：", err=True)
    click.echo(made.text)


def _columns(key: Key, at: datetime) -> tuple[str, ...]:
    from service.auth.roles import ROLE_NAMES

    return (
        key.id,
        _STATES[key.state(at)],
        ROLE_NAMES[key.role],
        key.name,
        "全部部门" if key.departments is None else "、".join(key.departments),
        "不过期" if key.expires_at is None else f"到期 {_local(key.expires_at)}",
        "未使用" if key.last_used_at is None else f"最近使用 {_local(key.last_used_at)}",
    )


def _as_json(key: Key, at: datetime) -> dict[str, Any]:
    def moment(value: datetime | None) -> str | None:
        return None if value is None else value.isoformat(timespec="seconds") + "Z"

    return {
        "id": key.id,
        "name": key.name,
        "role": key.role,
        "departments": None if key.departments is None else [*key.departments],
        "state": key.state(at),
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "revoked_at": moment(key.revoked_at),
        "last_used_at": moment(key.last_used_at),
        "per_minute": key.per_minute,
        "per_day": key.per_day,
    }


def _local(moment: datetime) -> str:
    return f"{moment.replace(tzinfo=UTC).astimezone():%Y-%m-%d %H:%M}"
