"""Which addresses a webhook may call: the open internet, and what the site allows; never this network by default."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

from service.jobs.errors import WebhookRefused
from service.jobs.settings import WebhookSettings

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], list[str]]
MAX_URL: Final = 2000
MAX_RESOLVED: Final = 16

_REFUSED: Final = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # The agent of one cloud answers on a public address.
        "168.63.129.16/32",
        "::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "3fff::/20", "5f00::/16", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip
"""Written out: what the standard library calls private has changed between its releases."""

_NAT64 = ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes: the address that was looked at is the one that is connected to."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query as they stand in the request line."""
    addresses: tuple[str, ...] = ()


def parse(url: str) -> Target:
    """Return the parts of an address without resolving it. Raises WebhookRefused."""
    plain = url.isascii() and url.isprintable() and not set(url) & set(' "<>\\^`{|}')
    if not plain or len(url) > MAX_URL:
        raise WebhookRefused(
            f"回调地址只能含英文字母、数字和网址符号，不超过 {MAX_URL} 字符；中文域名请写成 xn-- 形式"
        )
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise WebhookRefused("回调地址有误，应如 https://portal.example/biaochi") from error
    if parts.scheme not in ("http", "https") or not host or port == 0:
        raise WebhookRefused(
            "回调地址应以 http:// 或 https:// 开头并写明主机，如 https://portal.example/biaochi"
        )
    if "@" in parts.netloc or "#" in url:
        raise WebhookRefused("回调地址不应含用户名、密码或 # 片段，请去掉后重试")
    default = 443 if parts.scheme == "https" else 80
    return Target(scheme=parts.scheme, host=host.rstrip(".").lower(), port=port or default, path=_path(parts))


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def system_resolver(host: str, port: int) -> list[str]:
    """Return the addresses of a host as the system gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def resolve(url: str, settings: WebhookSettings, resolver: Resolver = system_resolver) -> Target:
    """Return an address that may be called, with what its host stands for now.

    Raises WebhookRefused where any of its addresses may not be called, OSError where the host is not known.
    """
    target = parse(url)
    found = list(dict.fromkeys(resolver(target.host, target.port)))[:MAX_RESOLVED]
    if not found:
        raise OSError("no address")
    if target.host not in settings.allow_hosts:
        for text in found:
            _check(text, settings)
    return Target(
        scheme=target.scheme, host=target.host, port=target.port, path=target.path, addresses=tuple(found)
    )


def check(url: str, settings: WebhookSettings, resolver: Resolver = system_resolver) -> None:
    """Raise WebhookRefused where an address cannot be called; for the moment a caller names it."""
    try:
        resolve(url, settings, resolver)
    except (OSError, UnicodeError) as error:
        raise WebhookRefused("回调地址的主机名无法解析，请检查拼写，或请管理员检查域名解析") from error


def _check(text: str, settings: WebhookSettings) -> None:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise WebhookRefused("回调地址的主机解析结果无法识别，已拒绝") from error
    for form in _forms(address):
        if any(form in network for network in settings.allow_ranges):
            continue
        if _is_refused(form):
            raise WebhookRefused(
                "回调地址指向内网、本机或保留网段，已拒绝；确需回调内网系统的，请管理员在 BIAOCHI_WEBHOOK_ALLOW 中加入该主机或网段"
            )


def _is_refused(address: Address) -> bool:
    return (
        any(address in network for network in _REFUSED)
        or address.is_private
        or address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )


def _forms(address: Address) -> Iterator[Address]:
    """Yield what an address really reaches: the IPv4 address inside of it, else the address itself."""
    if isinstance(address, IPv4Address):
        yield address
        return
    inner = address.ipv4_mapped or address.sixtofour
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        yield inner
    elif address.scope_id is not None:
        yield IPv6Address(int(address))
    else:
        yield address
