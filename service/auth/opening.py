"""The first start: open to this machine while there is no key, and never open to others."""

from __future__ import annotations

from collections.abc import Callable

from service.auth.keys import Keys
from service.auth.network import is_loopback
from service.auth.roles import Actor
from service.auth.settings import AuthSettings
from service.errors import SettingsError


def local_actor() -> Actor:
    """Return the actor of the open mode: whoever sits at this machine."""
    return Actor("local", "本机", "administrator", None, via="local")


def may_open(settings: AuthSettings, host: str) -> bool:
    """Whether the service may be used without a key as long as there is none."""
    return settings.auth == "auto" and settings.oidc is None and is_loopback(host)


def prepare(keys: Keys, settings: AuthSettings, host: str, say: Callable[[str], None]) -> None:
    """Decide at start whether there is somebody who may call, and make the first key where the settings ask for it.

    `say` writes to standard error. Call it once, before any worker process starts. Raises SettingsError where the
    service would be reachable by others without a key.
    """
    if settings.auth == "keys":
        made = keys.create_first()
        if made is not None:
            say("首次启动，已建立管理员密钥（只显示这一次，请妥善保存，不要写入文件或日志）：")
            say(made.text)
        return
    if keys.any():
        return
    if settings.oidc is None and not is_loopback(host):
        raise SettingsError(
            f"尚无任何密钥，不能在 {host if host.isprintable() else '此地址'} 上开放服务："
            "请先运行 biaochi keys create 建立密钥，或设置 BIAOCHI_AUTH=keys 由首次启动建立，或只在 127.0.0.1 上使用"
        )
