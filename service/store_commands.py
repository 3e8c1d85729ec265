"""The commands around the database: store upgrade, backup, restore, purge, audit, status."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli_text import ChineseCommand, ChineseGroup
from service.errors import SettingsError

if TYPE_CHECKING:
    from service.store.engine import Store

DAMAGED: Final = 1
_TABLES: Final = (
    ("documents", "材料"),
    ("versions", "轮次"),
    ("runs", "检查"),
    ("findings", "问题"),
    ("jobs", "批次"),
    ("api_keys", "密钥"),
    ("audit", "审计记录"),
)

_database = click.option(
    "--database",
    metavar="地址",
    help="数据库地址，如 sqlite:///数据.db；默认取 BIAOCHI_DATABASE，再默认取数据文件夹中的 biaochi.db",
)


@click.group(cls=ChineseGroup)
def store() -> None:
    """管理数据库：升级、备份、恢复、清除到期文字、审计记录、概况。"""


@store.command(cls=ChineseCommand)
@_database
def upgrade(database: str | None) -> int:
    """建立数据库，或升级到本程序的结构；已是最新时不作改动。服务启动时也会自动升级。"""
    from service.store import schema

    with _opened(database, fresh=True) as opened:
        before = schema.current(opened)
        after = schema.upgrade(opened)
    if before == after:
        click.echo(f"数据库结构已是 {after}，没有改动", err=True)
    else:
        click.echo(f"数据库结构由 {before or '空'} 升级到 {after}", err=True)
    return 0


@store.command(cls=ChineseCommand)
@click.argument("path", metavar="备份文件", type=click.Path(path_type=Path))
@_database
def backup(path: Path, database: str | None) -> int:
    """把 SQLite 数据库备份到一个新文件，不必停止服务；PostgreSQL 请用 pg_dump。"""
    from service.store.backup import backup as copy

    with _opened(database) as opened:
        copy(opened, path)
        _noted(opened, "store.backup")
    click.echo(f"已备份到 {path}（{_size(path.stat().st_size)}）；其中有表内文字，请妥善保管", err=True)
    return 0


@store.command(cls=ChineseCommand)
@click.argument("path", metavar="备份文件", type=click.Path(path_type=Path))
@_database
def restore(path: Path, database: str | None) -> int:
    """由备份建立 SQLite 数据库并升级到本程序的结构；不覆盖已有的数据库。请先停止服务。"""
    from service.store import schema
    from service.store.backup import restore as copy

    url = _url(database)
    place = copy(path, url)
    with _opened(url) as opened:
        revision = schema.upgrade(opened)
        _noted(opened, "store.restore")
    click.echo(f"已恢复到 {place}，数据库结构为 {revision}", err=True)
    return 0


@store.command(cls=ChineseCommand)
@click.option("--compact", is_flag=True, help="同时把空间还给系统；期间其他读写须等待")
@_database
def purge(compact: bool, database: str | None) -> int:
    """清除到期的表内文字、过期的登录和旧回答；问题的位置、编号与指纹保留。宜每天运行一次。"""
    from service.store import retention, schema
    from service.store.engine import now

    keep = retention.retention_from()
    with _opened(database) as opened:
        schema.require_current(opened)
        done = retention.purge(opened, now(), keep, compact=compact)
        _noted(opened, "store.purge")
    click.echo(
        f"已清除：轮次 {done.versions}，检查报告 {done.runs}，意见 {done.opinions}，批次文件 {done.chunks}，"
        f"旧回答 {done.answers}，过期登录 {done.sessions}",
        err=True,
    )
    if not done.scrubbed:
        click.echo("有长时间的读取正在进行，日志文件中的旧内容尚未抹去，下次清除时再试", err=True)
    return 0


@store.group(cls=ChineseGroup)
def audit() -> None:
    """审计记录：导出、核对。"""


@audit.command(cls=ChineseCommand)
@click.option("--after", type=click.IntRange(0), default=0, metavar="序号", help="只导出此序号之后的记录")
@_database
def export(after: int, database: str | None) -> int:
    """把审计记录按先后写到标准输出，每行一个 JSON 对象，不含表内文字。"""
    from service.store import audit as trail
    from service.store import schema

    with _opened(database) as opened:
        schema.require_current(opened)
        for line in trail.export(opened, after=after):
            click.echo(line, nl=False)
    return 0


@audit.command(cls=ChineseCommand)
@click.option(
    "--last", metavar="序号:摘要", help="另处留存的一条记录的序号与摘要（digest），用于发现末尾被截去"
)
@_database
def verify(last: str | None, database: str | None) -> int:
    """核对审计记录是否完整、未被改动。退出状态：0 完整；1 有改动或缺失；2 不能核对。"""
    from service.store import audit as trail
    from service.store import schema

    noted = None if last is None else _last(last)
    with _opened(database) as opened:
        schema.require_current(opened)
        wrong = trail.verify(opened, last=noted)
    if wrong is None:
        click.echo("审计记录完整，未被改动")
        return 0
    click.echo(f"审计记录自第 {wrong} 条起被改动或缺失，请保留现场并与此前的导出、备份比对")
    return DAMAGED


@store.command(cls=ChineseCommand)
@click.option(
    "--format", "fmt", type=click.Choice(("text", "json")), default="text", help="输出格式，默认 text"
)
@_database
def status(fmt: str, database: str | None) -> int:
    """显示数据库的种类、结构、各类记录数、批次与最近的审计序号。"""
    with _opened(database) as opened:
        found = _status(opened)
    if fmt == "json":
        click.echo(json.dumps(found, ensure_ascii=False, indent=1))
        return 0
    click.echo(f"数据库：{found['backend']}　结构 {found['revision'] or '空'}（本程序 {found['head']}）")
    if found["bytes"] is not None:
        click.echo(f"大小：{_size(found['bytes'])}")
    if found["rows"]:
        click.echo("　".join(f"{title} {found['rows'][name]}" for name, title in _TABLES))
        click.echo(f"待处理文件 {found['queued']}　处理中 {found['leased']}　已搁置 {found['poison']}")
        click.echo(f"到期待清除的轮次 {found['due']}　最近的审计序号 {found['audit']}")
    if found["revision"] != found["head"]:
        click.echo("数据库结构不是本程序的，请运行 biaochi store upgrade")
    return 0


def _status(opened: Store) -> dict[str, Any]:
    from sqlalchemy import func, select

    from service.metrics import picture_of
    from service.store import schema
    from service.store.engine import now
    from service.store.tables import Audit, Base, Version

    revision, head = schema.current(opened), schema.head()
    found: dict[str, Any] = {
        "schema": "biaochi.store-status/v1",
        "backend": "SQLite" if opened.is_sqlite else "PostgreSQL",
        "revision": revision,
        "head": head,
        "bytes": _bytes(opened),
        "rows": {},
    }
    if revision != head:
        # Tables of another version may lack columns that the queries below ask for.
        return found
    with opened.read() as session:
        for name, _ in _TABLES:
            found["rows"][name] = session.scalar(select(func.count()).select_from(Base.metadata.tables[name]))
        found["audit"] = session.scalar(select(func.max(Audit.seq))) or 0
        found["due"] = session.scalar(
            select(func.count()).where(Version.purge_after <= now(), Version.document.is_not(None))
        )
    return found | picture_of(opened).chunks


def _bytes(opened: Store) -> int | None:
    place = opened.engine.url.database
    if not opened.is_sqlite or not place:
        return None
    return sum(os.path.getsize(path) for end in ("", "-wal") if os.path.isfile(path := f"{place}{end}"))


def _noted(opened: Store, action: str) -> None:
    """Write into the audit trail that the command line did this; a database of an older version has to wait."""
    from service.auth.roles import Actor
    from service.auth.trail import audit as note
    from service.store import schema

    if not schema.is_current(opened):
        return
    with opened.session() as session:
        note(session, Actor("cli", "命令行", "administrator", None, via="local"), action, "store", "store")


def _url(database: str | None) -> str:
    from service.settings import server_from

    return database or server_from().database_url


@contextmanager
def _opened(database: str | None, *, fresh: bool = False) -> Iterator[Store]:
    """Yield the store; unless it may be a `fresh` one, looking for it makes no empty file. Raises SettingsError."""
    from service.store.engine import Store

    url = _url(database)
    _, is_sqlite, path = url.partition("sqlite:///")
    if not fresh and is_sqlite and not Path(path.partition("?")[0]).is_file():
        raise SettingsError(
            "没有这个数据库文件，请核对 --database、BIAOCHI_DATABASE 或 BIAOCHI_DATA；新建请用 biaochi store upgrade"
        )
    opened = Store(url)
    try:
        yield opened
    finally:
        opened.close()


def _last(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdecimal() and len(digest) == 64):
        raise SettingsError("--last 应为 序号:摘要，取自导出记录的 seq 与 digest")
    return int(number), digest


def _size(number: int) -> str:
    return f"{number / 1024 / 1024:.1f} MB"
