"""Where a request comes from: this machine or elsewhere, one of our own pages or a foreign one."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

from starlette.requests import Request

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(?::[0-9]{1,5})?", re.ASCII)
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def client_address(request: Request) -> str:
    """Return the caller's address as the server sees it, empty where there is none."""
    return request.client.host if request.client is not None else ""


def network_of(address: str) -> str:
    """Return what counts as one caller: the address, for IPv6 its /64, which one household or host owns."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), 64), strict=False).network_address)


def is_local(request: Request) -> bool:
    """Whether a request was made on this machine by somebody who means this service.

    The address of the caller alone does not say it: a proxy on this machine passes on the requests of others, and a
    foreign page in a local browser can have its own name resolve to 127.0.0.1.
    """
    return (
        is_loopback(client_address(request))
        and len(request.headers.getlist("host")) == 1
        and is_loopback(_hostname(request.headers["host"]))
        and not any(name in request.headers for name in _FORWARDED)
    )


def is_own_page(request: Request) -> bool:
    """Whether a changing request comes from one of our own pages or from no page at all.

    Browsers send `Origin` with every changing request; programs send none.
    """
    if request.method in SAFE_METHODS:
        return True
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        return False
    origins = request.headers.getlist("origin")
    hosts = request.headers.getlist("host")
    return not origins or (len(origins) == 1 and len(hosts) == 1 and _names(origins[0], hosts[0]))


def is_plain(text: str) -> bool:
    """Whether a text is printable ASCII, as every credential is."""
    return text.isascii() and text.isprintable()


def _names(origin: str, host: str) -> bool:
    """Whether an origin names this host with its port. The scheme is the proxy's business."""
    scheme, separator, authority = origin.partition("://")
    return bool(separator) and scheme in ("http", "https") and authority.lower() == host.lower()


def _hostname(host: str) -> str:
    """Return the name in a `Host` header, empty for one that is not just a name or address and a port."""
    shape = _HOST.fullmatch(host)
    return shape[1] if shape is not None else ""
