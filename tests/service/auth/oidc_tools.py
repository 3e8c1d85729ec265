"""A local identity provider: keys made here, tokens signed with them, and a server that shows the public ones."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from service.auth.settings import OidcSettings

ISSUER = "https://id.example/realm"
AUDIENCE = "biaochi"
NOW = 1_800_000_000
ROLES = (("管理岗", "administrator"), ("审核岗", "reviewer"), ("填报岗", "drafter"), ("portal", "portal"))


def key(kind: str, kid: str = "k1") -> Any:
    """Return a private key; making one is slow, so there is one of each."""
    return _key(kind, kid)


@cache
def _key(kind: str, kid: str) -> Any:
    if kind == "RSA":
        return RSAKey.generate_key(2048, {"kid": kid})
    if kind == "EC":
        return ECKey.generate_key("P-256", {"kid": kid})
    if kind == "OKP":
        return OKPKey.generate_key("Ed25519", {"kid": kid})
    if kind == "P-384":
        return ECKey.generate_key("P-384", {"kid": kid})
    raise KeyError(kind)


@cache
def weak_key(kid: str) -> Any:
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):
        return RSAKey.generate_key(1024, {"kid": kid})


def public(*keys: Any) -> dict[str, Any]:
    return {"keys": [item.as_dict(private=False) for item in keys]}


def document(*keys: Any) -> bytes:
    return json.dumps(public(*keys)).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """Return good claims with changes; a change to None takes the claim away."""
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "u-17",
        "exp": NOW + 300,
        "nbf": NOW - 10,
        "iat": NOW - 10,
        "name": "张三",
        "roles": ["填报岗"],
        "departments": ["教育局"],
    }
    return {name: value for name, value in (good | changes).items() if value is not None}


def token(
    payload: dict[str, Any] | None = None, *, signer: Any = None, alg: str = "RS256", **header: Any
) -> str:
    signer = signer if signer is not None else key("RSA")
    head = {"alg": alg, "kid": signer.kid} | header
    with warnings.catch_warnings(action="ignore", category=SecurityWarning):
        return jwt.encode(
            {name: value for name, value in head.items() if value is not None},
            claims() if payload is None else payload,
            signer,
            algorithms=[alg],
        )


def forged(header: dict[str, Any], payload: dict[str, Any], signature: bytes = b"") -> str:
    """Return a token that no library would make."""
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode()
        for part in (json.dumps(header).encode(), json.dumps(payload).encode(), signature)
    )


def with_public_key_as_secret() -> str:
    """Return the classic: HS256 with the provider's public RSA key as the shared secret."""
    signed, _, _ = forged({"alg": "HS256", "kid": "k1"}, claims()).rpartition(".")
    mac = hmac.digest(key("RSA").as_pem(private=False), signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def settings(jwks: str, **changes: Any) -> OidcSettings:
    return OidcSettings(**({"issuer": ISSUER, "audience": AUDIENCE, "jwks": jwks, "roles": ROLES} | changes))


class Provider(ThreadingHTTPServer):
    """Shows a document; counts how often it is asked."""

    daemon_threads = True

    def __init__(self, answer: Callable[[Handler], None]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked: list[str] = []
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/keys?realm=1"

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.answer(self)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on standard error."""

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(answer: Callable[[Handler], None]) -> Iterator[Provider]:
    """Run a provider for the block."""
    server = Provider(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
