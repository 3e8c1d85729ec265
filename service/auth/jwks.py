"""The public keys of an identity provider: from a file or an address, bounded, kept for a while."""

from __future__ import annotations

import base64
import binascii
import http.client
import json
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.auth.errors import IdentityUnavailable
from service.auth.settings import is_address
from service.errors import SettingsError

PublicKey = RSAKey | ECKey | OKPKey

MAX_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 100
TIMEOUT: Final = 5.0
"""Seconds for the whole fetch."""
FRESH: Final = 600.0
"""Seconds after which keys are asked for again."""
STALE: Final = 3_600.0
"""Seconds for which keys go on working while the provider does not answer."""
PAUSE: Final = 60.0
"""Seconds between two attempts, whatever callers present."""
_log = logging.getLogger("biaochi.auth")
_RSA_BITS: Final = 2_048
_KINDS: Final[dict[str, type[PublicKey]]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


class KeySource:
    """The keys by `kid`. One object serves all threads of a process."""

    def __init__(self, load: Callable[[], bytes], *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._load = load
        self._ticks = ticks
        self._keys: tuple[PublicKey, ...] = ()
        self._loaded_at: float | None = None
        self._tried_at: float | None = None
        self._lock = threading.Lock()

    def find(self, kid: str | None, kind: str) -> PublicKey | None:
        """Return the key of a name and type, None where the provider has none. Raises IdentityUnavailable.

        A name that is not known asks the provider again, at most once a minute.
        """
        if not self._is_within(FRESH):
            self._refresh(wait=not self._is_within(STALE))
        found = self._pick(kid, kind)
        if found is None:
            self._refresh(wait=True)
            found = self._pick(kid, kind)
        if found is None and not self._is_within(STALE):
            raise IdentityUnavailable("暂时无法取得统一身份认证的公钥，请稍后重试，或改用密钥")
        return found

    def _pick(self, kid: str | None, kind: str) -> PublicKey | None:
        if not self._is_within(STALE):
            return None
        if kid is None:
            # Without a name only a provider with one key is unambiguous.
            return self._keys[0] if len(self._keys) == 1 and self._keys[0].key_type == kind else None
        return next((key for key in self._keys if key.kid == kid and key.key_type == kind), None)

    def _is_within(self, seconds: float) -> bool:
        return self._loaded_at is not None and self._ticks() - self._loaded_at < seconds

    def _refresh(self, *, wait: bool) -> None:
        # While one caller asks the provider, those who have a key go on and those who need one wait for the answer.
        if not self._lock.acquire(blocking=wait):
            return
        try:
            at = self._ticks()
            if self._tried_at is not None and at - self._tried_at < PAUSE:
                return
            self._tried_at = at
            self._keys, self._loaded_at = read_keys(self._load()), at
        except (OSError, ValueError, http.client.HTTPException) as error:
            # The text of the exception may hold a piece of the answer, so only its type is kept.
            _log.warning("public keys of the identity provider not loaded (%s)", type(error).__name__)
        finally:
            self._lock.release()


def source(jwks: str, *, ticks: Callable[[], float] = time.monotonic) -> KeySource:
    """Return the keys that a setting names. Raises SettingsError for a file that is none."""
    if is_address(jwks):
        return KeySource(lambda: fetch(jwks), ticks=ticks)
    path = Path(jwks)
    try:
        read_keys(_read(path))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"BIAOCHI_OIDC_JWKS 的文件 {path.name} 无法读取或不含可用的公钥，请核对"
        ) from error
    return KeySource(lambda: _read(path), ticks=ticks)


def read_keys(data: bytes) -> tuple[PublicKey, ...]:
    """Return the public keys for signatures. Raises ValueError where there is none."""
    try:
        items = json.loads(data.decode("utf-8"))["keys"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError("no key set") from error
    if not isinstance(items, list):
        raise ValueError("no key set")
    keys = [key for item in items[:MAX_KEYS] if (key := _key(item)) is not None]
    if not keys:
        raise ValueError("no usable key")
    return tuple(keys)


def fetch(url: str) -> bytes:
    """Return the document of an address: no redirect, no proxy, one deadline. Raises OSError, HTTPException, ValueError.

    `http.client` knows only http and https and follows nothing, so the request stays with the configured host.
    """
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT)
    # A limit of the socket counts from byte to byte; this one ends a server that sends one byte at a time.
    watchdog = threading.Timer(TIMEOUT, _cut, (connection,))
    watchdog.daemon = True
    watchdog.start()
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("GET", path, headers={"Accept": "application/json", "Connection": "close"})
        with connection.getresponse() as response:
            if response.status != http.client.OK:
                raise ValueError(f"status {response.status}")
            body = response.read(MAX_BYTES + 1)
    finally:
        watchdog.cancel()
        connection.close()
    if len(body) > MAX_BYTES:
        raise ValueError("too large")
    return body


def _cut(connection: http.client.HTTPConnection) -> None:
    if connection.sock is not None:
        try:
            connection.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # It has just been closed.


def _read(path: Path) -> bytes:
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise ValueError("too large")
    return data


def _key(item: Any) -> PublicKey | None:
    """Return one key, None for any that is not a public key for signatures of sufficient length."""
    if not isinstance(item, dict) or item.get("use", "sig") != "sig":
        return None
    kind = _KINDS.get(item.get("kty") or "")
    if kind is None or (kind is RSAKey and _bits(item.get("n")) < _RSA_BITS):
        return None
    # Private parts that a careless provider shows are not taken over.
    public = {
        name: item[name] for name in ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y") if name in item
    }
    try:
        key = kind.import_key(public)
        # The number of the curve's point is only looked at when the key is first used.
        key.raw_value  # noqa: B018
        key.ensure_kid()
    except Exception:  # whatever a library makes of foreign data, one bad key must not shut out the others
        return None
    return key


def _bits(number: Any) -> int:
    if not isinstance(number, str):
        return 0
    try:
        raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except (ValueError, binascii.Error):
        return 0
    return int.from_bytes(raw, "big").bit_length()
