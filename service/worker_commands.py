"""The command of the worker processes: worker."""

from __future__ import annotations

import signal

import click

from service import logs
from service.cli_text import ChineseCommand
from service.serve_commands import tell_of_strangers
from service.settings import server_from


@click.command(cls=ChineseCommand)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    metavar="个数",
    help="工作进程个数，默认取 BIAOCHI_JOB_PROCESSES，未设置时为 2",
)
def worker(processes: int | None) -> int:
    """处理批次：从数据库领取文件，逐份检查，写回报告，并发送回调消息。

    收到 SIGTERM 或 Ctrl-C 后，做完或退回手中的文件再结束。随时可以强行终止，不丢失也不重复结果。
    """
    from dataclasses import replace

    from service.jobs.pool import Pool
    from service.jobs.settings import jobs_from, webhooks_from
    from service.jobs.stopping import SignalStop
    from service.store.engine import Store
    from service.store.schema import upgrade

    server = server_from()
    tell_of_strangers()
    logs.configure(server.log_level)
    settings, messages = jobs_from(), webhooks_from()
    if processes is not None:
        settings = replace(settings, processes=processes)
    store = Store(server.database_url)
    try:
        upgrade(store)
    finally:
        store.close()
    stop = SignalStop()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"已启动 {settings.processes} 个工作进程，按 Ctrl-C 停止", err=True)
    if not messages.secrets:
        click.echo("未设置 BIAOCHI_WEBHOOK_SECRET，不发送回调消息", err=True)
    Pool(server.database_url, server.limits, settings=settings, messages=messages).run(stop)
    click.echo("已停止", err=True)
    return 0
