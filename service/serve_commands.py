"""The command `serve`."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from service.cli_text import ChineseCommand
from service.errors import SettingsError

if TYPE_CHECKING:
    from service.settings import ServerSettings

_BACKLOG = 512
_KEEP_ALIVE_SECONDS = 20
_MOST_CONNECTIONS = 1024
_M_ARENA_MAX = -8


@click.command(cls=ChineseCommand)
@click.option("--host", metavar="地址", help="监听的地址，默认 127.0.0.1（或 BIAOCHI_HOST）")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="监听的端口，默认 8000（或 BIAOCHI_PORT）；0 由系统选择"
)
@click.option(
    "--batch-workers",
    type=click.IntRange(0, 256),
    metavar="个数",
    help="处理批次的工作进程个数，默认 1（或 BIAOCHI_BATCH_WORKERS）；0 表示另用 biaochi worker 处理",
)
def serve(host: str | None, port: int | None, batch_workers: int | None) -> int:
    """启动 HTTP 服务；按 Ctrl+C 或收到 SIGTERM 时，处理完手中的请求再退出。"""
    from service.settings import server_from

    settings = server_from()
    tell_of_strangers()
    if host is not None:
        settings = replace(settings, host=host.strip())
    if port is not None:
        settings = replace(settings, port=port)
    if batch_workers is not None:
        settings = replace(settings, batch_workers=batch_workers)
    # Before anything listens: what is wrong with the store or the settings is one line and an exit status.
    prepared(settings)
    with _listening(settings) as listener:
        return _run(settings, listener)


def tell_of_strangers() -> None:
    """Warn of names in the environment that look like settings and are none; a misspelt one is ignored otherwise."""
    from service.config.source import collect, strangers

    for line in strangers(collect()):
        click.echo(line, err=True)


def prepared(settings: ServerSettings) -> None:
    """Bring the store up to date and see that somebody may call. Raises SettingsError, StoreError."""
    from service.api import wiring
    from service.auth.access import Auth
    from service.auth.settings import auth_from
    from service.store.engine import Store
    from service.store.schema import upgrade

    wiring.read_settings()
    store = Store(settings.database_url)
    try:
        upgrade(store)
        Auth(store, auth_from(), host=settings.host).prepare(lambda line: click.echo(line, err=True))
    finally:
        store.close()


def _listening(settings: ServerSettings) -> socket.socket:
    """Return the bound socket. Raises SettingsError where the address cannot be had."""
    try:
        found = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise SettingsError("监听的地址无法解析，请检查 --host 或 BIAOCHI_HOST") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"不能监听端口 {settings.port}（{error.strerror}），请用 --port 换一个端口，或检查 --host"
        ) from error
    return listener


def _run(settings: ServerSettings, listener: socket.socket) -> int:
    import uvicorn

    from service.api import wiring
    from service.app import create_app
    from service.logs import configure

    few_arenas()
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        limit_concurrency=_MOST_CONNECTIONS,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=settings.shutdown_seconds,
    )
    configure(settings.log_level)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                click.echo(f"标尺服务已启动：{_address(listener)}", err=True)

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            # Streams of progress end and batch workers finish their document while requests in hand are answered.
            wiring.kept_of(app).stop.set()
            await super().shutdown(sockets)

    server = Server(config)
    # uvicorn raises the signal again after it has stopped in good order; by then that is no failure. One that comes
    # before uvicorn listens to it counts as well.
    signal.signal(signal.SIGTERM, server.handle_exit)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    return 0 if server.started else 2


def few_arenas() -> None:
    """Let glibc keep two heaps for all threads: it gives most of them one, and each keeps what it needed once."""
    try:
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)
    except (AttributeError, OSError, TypeError):
        pass  # Another C library, without this habit.


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"
