"""The public keys: from a file or an address, bounded in size and time, kept for a while."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from service.auth import jwks as module
from service.auth.errors import IdentityUnavailable
from service.auth.jwks import FRESH, MAX_BYTES, PAUSE, STALE, KeySource, fetch, read_keys, source
from service.auth.oidc import Tokens
from service.errors import SettingsError
from tests.service.auth.auth_tools import Clock
from tests.service.auth.oidc_tools import NOW, Handler, document, key, serving, settings, token

ONE, TWO = key("RSA"), key("EC", "k2")


class Loader:
    """Gives a document, or fails."""

    def __init__(self, data: bytes | Exception) -> None:
        self.data = data
        self.calls = 0

    def __call__(self) -> bytes:
        self.calls += 1
        if isinstance(self.data, Exception):
            raise self.data
        return self.data


def shows(data: bytes) -> Callable[[Handler], None]:
    return lambda handler: handler.send(data)


def test_keys_are_kept_and_asked_for_again_after_a_while(clock: Clock) -> None:
    load = Loader(document(ONE))
    keys = KeySource(load, ticks=clock.ticks)
    assert load.calls == 0
    for _ in range(5):
        assert keys.find("k1", "RSA") is not None
    assert load.calls == 1
    clock.forward(FRESH)
    load.data = document(TWO)
    assert keys.find("k1", "RSA") is None
    assert keys.find("k2", "EC") is not None
    assert load.calls == 2


def test_an_unknown_name_asks_at_most_once_a_minute(clock: Clock) -> None:
    load = Loader(document(ONE))
    keys = KeySource(load, ticks=clock.ticks)
    assert keys.find("k1", "RSA") is not None
    load.data = document(ONE, TWO)
    for _ in range(50):
        assert keys.find("k2", "EC") is None
    assert load.calls == 1
    clock.forward(PAUSE)
    assert keys.find("k2", "EC") is not None
    for _ in range(50):
        assert keys.find("nonsense", "EC") is None
    assert load.calls == 2


@pytest.mark.parametrize(
    "failure", [OSError("x"), b"", b"{}", b'{"keys": []}', b"[" * 9_000, b"\xff", b'{"keys": 7}', b"7"]
)
def test_keys_go_on_for_an_hour_while_the_provider_is_down(
    clock: Clock, failure: bytes | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    load = Loader(document(ONE))
    keys = KeySource(load, ticks=clock.ticks)
    assert keys.find("k1", "RSA") is not None
    load.data = failure
    clock.forward(STALE - 1)
    assert keys.find("k1", "RSA") is not None
    assert keys.find("k2", "EC") is None
    assert load.calls == 2
    assert "not loaded" in caplog.text
    clock.forward(1)
    with pytest.raises(IdentityUnavailable):
        keys.find("k1", "RSA")
    clock.forward(PAUSE)
    load.data = document(ONE)
    assert keys.find("k1", "RSA") is not None


def test_without_any_answer_nobody_is_let_in_and_the_provider_is_spared(clock: Clock) -> None:
    load = Loader(OSError())
    keys = KeySource(load, ticks=clock.ticks)
    for _ in range(5):
        with pytest.raises(IdentityUnavailable) as caught:
            keys.find("k1", "RSA")
    assert (load.calls, caught.value.status) == (1, 503)


def test_while_one_caller_asks_the_others_go_on(clock: Clock) -> None:
    load = Loader(document(ONE))
    keys = KeySource(load, ticks=clock.ticks)
    assert keys.find("k1", "RSA") is not None
    clock.forward(FRESH)
    with keys._lock:
        assert keys.find("k1", "RSA") is not None
    assert load.calls == 1


def test_from_an_address(clock: Clock) -> None:
    with serving(shows(document(ONE))) as server:
        tokens = Tokens(settings(server.url), clock=lambda: NOW, ticks=clock.ticks)
        assert server.asked == []
        for _ in range(3):
            assert tokens.verify(token()).role == "drafter"
        assert server.asked == ["/keys?realm=1"]


def test_from_a_file_that_is_replaced(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(document(ONE))
    keys = source(str(path), ticks=clock.ticks)
    assert keys.find("k1", "RSA") is not None
    path.write_bytes(document(TWO))
    clock.forward(FRESH)
    assert keys.find("k2", "EC") is not None


@pytest.mark.parametrize("content", [None, b"", b"{}", b" " * (MAX_BYTES + 1)])
def test_a_file_that_is_none_is_told_at_start(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "keys.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"keys\.json"):
        source(str(path))


def _redirects(handler: Handler) -> None:
    if handler.path == "/elsewhere":
        handler.send(document(ONE))
    else:
        handler.send(b"", 302, Location=f"http://127.0.0.1:{handler.server.server_port}/elsewhere")


def _drips_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b"X-More: yes\r\n")


def _drips_body(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n")
    while not handler.server.closing.wait(0.02):
        handler.wfile.write(b" ")


def _floods(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.server.closing.is_set():
        handler.wfile.write(b" " * 65_536)


BAD: dict[str, Callable[[Handler], None]] = {
    "redirect": _redirects,
    "server error": lambda handler: handler.send(document(ONE), 500),
    "header by header": _drips_headers,
    "byte by byte": _drips_body,
    "without end": _floods,
    "too large": shows(b" " * (MAX_BYTES + 1)),
    "silent": lambda handler: handler.server.closing.wait(5) and None,
    "no HTTP": lambda handler: handler.wfile.write(b"\0\xff\r\n\r\n") and None,
    "hung up": lambda handler: None,
    "half": lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{") and None,
    "a page": shows("<html>维护中</html>".encode()),
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_providers_that_misbehave(answer: Callable[[Handler], None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TIMEOUT", 0.3)
    with serving(answer) as server:
        keys = source(server.url)
        with pytest.raises(IdentityUnavailable):
            keys.find("k1", "RSA")
        assert len(server.asked) == 1


def test_nobody_there() -> None:
    with serving(shows(b"")) as server:
        url = server.url
    with pytest.raises(OSError, match="refused"):
        fetch(url)


def test_at_most_a_hundred_keys_are_read() -> None:
    item = document(TWO)[len(b'{"keys": [') : -2]
    many = b'{"keys": [' + b", ".join([item] * 150) + b"]}"
    assert len(read_keys(many)) == 100


def test_private_parts_that_a_provider_shows_are_not_kept() -> None:
    import json

    (loaded,) = read_keys(json.dumps({"keys": [ONE.as_dict(private=True)]}).encode())
    assert not loaded.is_private
    assert "d" not in loaded.as_dict()
