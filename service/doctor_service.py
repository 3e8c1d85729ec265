"""The part of `biaochi doctor` about the service: settings, store, disk, workers, messages, clock."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from service.errors import BiaochiError

if TYPE_CHECKING:
    from service.store.engine import Store

_LEAST_FREE: Final = 2 * 1024**3
"""Bytes free that a site should have: a day's drafts, a backup, the log of the database."""
_MEMORY_EACH: Final = 250 * 1024**2
_SKEW: Final = timedelta(seconds=30)
_OLDEST: Final = datetime(2026, 1, 1)
"""No clock is right that is before the program was made."""


def lines(environ: dict[str, str] | None = None) -> Iterator[str]:
    """Yield what holds for the service, one line each. Nothing is changed, and no database is made by looking."""
    from service.config.report import problems
    from service.config.source import collect
    from service.settings import server_from

    yield "服务："
    try:
        given = collect(environ)
        wrong = problems(given)
        server = server_from(given.values)
    except BiaochiError as error:
        yield f"  [错] 设置：{error.message}"
        return
    yield f"  [错] 设置：{len(wrong)} 处有误，见 biaochi config --check" if wrong else "  [有] 设置没有问题"
    yield from _disk(server.data)
    yield from _workers(server.processes + server.batch_workers)
    yield from _store(server.database_url, has_secret="BIAOCHI_WEBHOOK_SECRET" in given.values)


def _disk(data: Path) -> Iterator[str]:
    place = data.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        free = shutil.disk_usage(place).free
    except OSError as error:
        yield f"  [错] 磁盘空间：无法查看数据文件夹所在的磁盘（{error.strerror}）"
        return
    shown = f"数据文件夹所在的磁盘可用 {free / 1024**3:.1f} GB"
    yield f"  [有] {shown}" if free >= _LEAST_FREE else f"  [缺] {shown}，不足 2 GB，请清理或扩容"
    if not os.access(place, os.W_OK):
        yield "  [错] 数据文件夹不可写，请检查 BIAOCHI_DATA 与权限"


def _nothing() -> None:
    """Be a process that only starts and ends."""


def _workers(wanted: int) -> Iterator[str]:
    process = multiprocessing.get_context("spawn").Process(target=_nothing)
    try:
        process.start()
        process.join(30)
        started = process.exitcode == 0
    except (OSError, RuntimeError):
        started = False
    finally:
        if process.is_alive():
            process.kill()
            process.join()
    if not started:
        yield "  [错] 工作进程：不能启动新的进程，请检查进程数与内存的限制"
        return
    need = wanted * _MEMORY_EACH
    free = _available()
    if free is not None and free < need:
        yield (
            f"  [缺] 工作进程：可以启动，但 {wanted} 个约需 {need / 1024**3:.1f} GB 内存，"
            f"现有 {free / 1024**3:.1f} GB，请减少 BIAOCHI_PROCESSES 或 BIAOCHI_BATCH_WORKERS"
        )
    else:
        yield f"  [有] 工作进程可以启动，设置为 {wanted} 个"


def _available() -> int | None:
    """Return the bytes of memory that may be used, None where the system does not say."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return None


def _store(url: str, *, has_secret: bool) -> Iterator[str]:
    from sqlalchemy.exc import SQLAlchemyError

    from service.store import schema
    from service.store.engine import Store

    _, is_sqlite, path = url.partition("sqlite:///")
    if is_sqlite and not Path(path.partition("?")[0]).is_file():
        yield "  [未查] 数据库尚未建立，首次启动服务或运行 biaochi store upgrade 时建立"
        yield from _clock(None)
        return
    try:
        store = Store(url)
    except BiaochiError as error:
        yield f"  [错] 数据库：{error.message}"
        return
    try:
        store.ping()
        schema.require_current(store)
        yield f"  [有] 数据库可用（{'SQLite' if store.is_sqlite else 'PostgreSQL'}），结构 {schema.head()} 为最新"
        yield from _messages(store, has_secret=has_secret)
        yield from _clock(store)
    except BiaochiError as error:
        yield f"  [错] 数据库：{error.message}"
    except SQLAlchemyError as error:
        yield f"  [错] 数据库：读取时出错（{type(error).__name__}）"
    finally:
        store.close()


def _messages(store: Store, *, has_secret: bool) -> Iterator[str]:
    from sqlalchemy import func, select

    from service.store.tables import Delivery, Job

    with store.read() as session:
        open_states = ("queued", "running")
        wanted = session.scalar(
            select(func.count()).select_from(Job).where(Job.state.in_(open_states), Job.webhook.is_not(None))
        )
        waiting = session.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.state == "waiting")
        )
    used = (wanted or 0) + (waiting or 0)
    if has_secret:
        yield "  [有] 已设置回调消息的签名密钥"
    elif used:
        yield f"  [缺] 有 {used} 个批次等待回调消息，但没有设置 BIAOCHI_WEBHOOK_SECRET，消息不会发送"
    else:
        yield "  [未用] 没有设置 BIAOCHI_WEBHOOK_SECRET，不能使用回调消息"


def _clock(store: Store | None) -> Iterator[str]:
    """Compare the clock with what is in the store, and with the clock of the database's own machine."""
    from sqlalchemy import func, select, text

    from service.store.engine import now
    from service.store.tables import Audit

    at = now()
    if at < _OLDEST:
        yield f"  [错] 时钟：本机时间为 {at:%Y-%m-%d}（UTC），过早，请校时"
        return
    if store is not None:
        with store.read() as session:
            newest = session.scalar(select(func.max(Audit.at)))
            theirs = (
                None
                if store.is_sqlite
                else session.scalar(text("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))
            )
        if newest is not None and newest > at + _SKEW:
            yield f"  [错] 时钟：本机时间早于数据库中最近的记录（{newest:%Y-%m-%d %H:%M} UTC），请校时"
            return
        if isinstance(theirs, datetime) and abs(theirs - now()) > _SKEW:
            yield f"  [错] 时钟：与数据库服务器相差 {abs(theirs - now()).total_seconds():.0f} 秒，请校时"
            return
    yield f"  [有] 时钟 {at:%Y-%m-%d %H:%M}（UTC）"
