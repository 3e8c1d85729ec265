"""Signed messages: sending, trying again, receiving."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from jobs_cases import T0, after, answer, submit
from jobs_receiver import Receiver, dripping, receiver

from service.errors import SettingsError
from service.jobs import queue, webhooks
from service.jobs.addresses import Target
from service.jobs.errors import BadSignature, WebhookRefused
from service.jobs.outbound import NotSent, post
from service.jobs.settings import WebhookSettings
from service.jobs.signing import DELIVERY, SIGNATURE, TIMESTAMP, headers, receiver_secret, sign, verify
from service.store.engine import Store

SECRET = "site-secret-of-tests"
NOW = 1_740_000_000
SETTINGS = WebhookSettings(
    secrets=(SECRET,), allow_ranges=(ip_network("127.0.0.0/8"),), timeout=5.0, max_answer_bytes=1000
)


def local(host: str, port: int) -> list[str]:
    assert host == "portal.example"
    return ["127.0.0.1"]


@pytest.fixture
def portal() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


def finished(store: Store, url: str) -> str:
    job_id = submit(store, webhook=url)
    (task,) = queue.lease(store, "w", 30, at=T0)
    queue.complete(store, task, answer(b"x"), at=T0)
    return job_id


def deliver(store: Store, at: datetime = T0, settings: WebhookSettings = SETTINGS) -> str | None:
    return webhooks.deliver_due(store, settings, at=at, timestamp=NOW, resolver=local)


def test_a_message_arrives_and_can_be_verified(store: Store, portal: Receiver) -> None:
    job_id = finished(store, portal.url)
    assert deliver(store) == "sent"
    assert deliver(store, after(90_000)) is None
    ((path, head, body),) = portal.requests
    (info,) = webhooks.deliveries(store, job_id)
    assert (info.state, info.attempts, info.last_status, info.sent_at) == ("sent", 1, 204, T0)
    assert path == "/hook?a=1"
    assert head["Host"] == f"portal.example:{portal.port}"
    assert head[DELIVERY] == info.id
    message = verify(receiver_secret(SECRET, "k1"), head, body, NOW + 5)
    assert (message["job"], message["state"], message["counts"]) == (job_id, "done", {"done": 1})
    assert set(message) == {"delivery", "event", "job", "state", "total", "counts", "finished_at"}
    # Another caller's secret does not fit, nor does the site's own.
    for secret in (receiver_secret(SECRET, "k2"), SECRET):
        with pytest.raises(BadSignature):
            verify(secret, head, body, NOW)


def test_both_secrets_sign_while_one_is_replaced(store: Store, portal: Receiver) -> None:
    finished(store, portal.url)
    assert deliver(store, settings=replace(SETTINGS, secrets=("new-secret-of-tests", SECRET))) == "sent"
    ((_, head, body),) = portal.requests
    for secret in ("new-secret-of-tests", SECRET):
        assert verify(receiver_secret(secret, "k1"), head, body, NOW)


def test_failures_are_tried_again_with_growing_pauses(store: Store, portal: Receiver) -> None:
    portal.statuses = [500, 404, 302, 429]
    portal.extra = {"Location": portal.url}
    job_id = finished(store, portal.url)
    at, pauses = T0, []
    for status in (500, 404, 302, 429):
        assert deliver(store, at) == "waiting"
        (info,) = webhooks.deliveries(store, job_id)
        assert info.last_status == status
        pauses.append((info.not_before - at).total_seconds())
        assert deliver(store, info.not_before - timedelta(milliseconds=1)) is None
        at = info.not_before
    for number, pause in enumerate(pauses):
        assert 5 * 2**number <= pause <= 10 * 2**number
    assert deliver(store, at) == "sent"
    # The same message every time; no redirect was followed.
    assert len(portal.requests) == 5
    assert len({(head[DELIVERY], body) for _, head, body in portal.requests}) == 1


def test_after_a_day_it_is_given_up(store: Store) -> None:
    job_id = finished(store, "http://portal.example/")

    def never(target: Target, head: Mapping[str, str], body: bytes) -> int:
        raise NotSent("ConnectionRefusedError")

    at, tries, state = T0, 0, "waiting"
    while state == "waiting":
        state = str(webhooks.deliver_due(store, SETTINGS, at=at, timestamp=NOW, send=never, resolver=local))
        tries += 1
        (info,) = webhooks.deliveries(store, job_id)
        at = info.not_before
    assert state == "failed"
    assert tries == info.attempts > 20
    assert T0 + timedelta(hours=24) < at < T0 + timedelta(hours=26)
    assert webhooks.deliver_due(store, SETTINGS, at=at, send=never, resolver=local) is None


def test_gone_and_refused_addresses_end_at_once(store: Store, portal: Receiver) -> None:
    portal.statuses = [410]
    gone = finished(store, portal.url)
    assert deliver(store) == "failed"
    # The name stood for a good address when it was handed in, and stands for this machine now.
    inside = finished(store, portal.url)
    assert deliver(store, settings=replace(SETTINGS, allow_ranges=())) == "failed"
    assert len(portal.requests) == 1
    assert webhooks.deliveries(store, gone)[0].last_status == 410
    assert webhooks.deliveries(store, inside)[0].last_status is None


def test_an_unknown_name_may_be_known_later(store: Store) -> None:
    finished(store, "http://portal.example/")

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    assert webhooks.deliver_due(store, SETTINGS, at=T0, resolver=unknown) == "waiting"


def test_a_claimed_message_is_nobody_elses_until_the_claim_passes(store: Store) -> None:
    job_id = finished(store, "http://portal.example/")
    seen: list[str | None] = []

    def second(target: Target, head: Mapping[str, str], body: bytes) -> int:
        seen.append(webhooks.deliver_due(store, SETTINGS, at=after(1), send=second, resolver=local))
        return 200

    assert webhooks.deliver_due(store, SETTINGS, at=T0, send=second, resolver=local) == "sent"
    assert seen == [None]
    (info,) = webhooks.deliveries(store, job_id)
    assert info.attempts == 1


def test_a_sender_that_died_leaves_its_message_to_others(store: Store) -> None:
    job_id = finished(store, "http://portal.example/")

    def dies(target: Target, head: Mapping[str, str], body: bytes) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        webhooks.deliver_due(store, SETTINGS, at=T0, send=dies, resolver=local)
    (info,) = webhooks.deliveries(store, job_id)
    assert (info.state, info.attempts) == ("waiting", 1)
    assert webhooks.deliver_due(store, SETTINGS, at=after(64), send=dies, resolver=local) is None
    assert webhooks.deliver_due(store, SETTINGS, at=after(65), send=lambda *_: 200, resolver=local) == "sent"


def test_without_a_secret_nothing_leaves(store: Store, portal: Receiver) -> None:
    finished(store, portal.url)
    assert deliver(store, settings=replace(SETTINGS, secrets=())) == "waiting"
    assert portal.requests == []
    with pytest.raises(SettingsError, match="BIAOCHI_WEBHOOK_SECRET"):
        webhooks.check_webhook(portal.url, WebhookSettings(), local)
    with pytest.raises(WebhookRefused):
        webhooks.check_webhook(portal.url, replace(SETTINGS, allow_ranges=()), local)
    webhooks.check_webhook(portal.url, SETTINGS, local)


def test_the_sending_loop_stops_when_told(store: Store, portal: Receiver) -> None:
    job_id = finished(store, portal.url)
    stop = threading.Event()
    thread = threading.Thread(target=webhooks.run, args=(store, SETTINGS, stop), kwargs={"resolver": local})
    thread.start()
    while webhooks.deliveries(store, job_id)[0].state == "waiting":
        stop.wait(0.02)
    stop.set()
    thread.join()
    assert len(portal.requests) == 1


def test_logs_name_neither_address_nor_text(
    store: Store, portal: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    portal.statuses, portal.body = [500], "表中的文字".encode()
    finished(store, portal.url + "&token=t0k3n")
    with caplog.at_level(logging.DEBUG, "biaochi"):
        deliver(store)
    assert "status 500" in caplog.text
    assert not any(word in caplog.text for word in ("t0k3n", "portal.example", "文字", SECRET))


def _post(port: int, host: str = "portal.example", scheme: str = "http", timeout: float = 5.0) -> int:
    target = Target(scheme=scheme, host=host, port=port, path="/", addresses=("127.0.0.1",))
    return post(target, {}, b"{}", timeout=timeout, max_answer_bytes=1000)


def test_the_looked_at_address_is_the_one_connected_to(
    portal: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = socket.getaddrinfo, []

    def spy(host: str, *args: object, **kwargs: object) -> object:
        asked.append(host)
        return real(host, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", spy)
    assert _post(portal.port) == 204
    assert asked == ["127.0.0.1"]


def test_proxies_of_the_environment_are_not_used(portal: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert _post(portal.port) == 204


def test_a_long_answer_is_not_read_to_its_end(portal: Receiver) -> None:
    portal.body = b"x" * 5_000_000
    assert _post(portal.port) == 204


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n"]
)
def test_a_dripping_server_is_cut_off(first: bytes) -> None:
    with dripping(first) as port, pytest.raises(NotSent, match="timeout"):
        _post(port, timeout=0.4)


def test_a_dripping_handshake_is_cut_off() -> None:
    # The head of a record of 16 KB that never comes to its end.
    with dripping(b"\x16\x03\x03\x40\x00\x02") as port, pytest.raises(NotSent, match="timeout"):
        _post(port, scheme="https", timeout=0.4)


@pytest.mark.parametrize("first", [b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"])
def test_nonsense_is_not_an_answer(first: bytes) -> None:
    with dripping(first) as port, pytest.raises(NotSent):
        _post(port)


def test_nobody_there_is_not_an_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSent, match="ConnectionRefusedError"):
        _post(port)


def test_the_certificate_has_to_be_the_hosts(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path, "other.example")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                pass  # Refused, as it should be.

    thread = threading.Thread(target=serve)
    thread.start()
    with pytest.raises(NotSent, match="SSLCertVerificationError"):
        _post(server.getsockname()[1], scheme="https")
    thread.join()
    server.close()


def _certificate(folder: Path, host: str) -> Path:
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


BODY = json.dumps({"delivery": "d1", "job": "j"}).encode()
HEAD = headers(["s1"], NOW, BODY, "d1")


def test_a_signature_is_what_the_documents_say() -> None:
    # Computed by: printf '1740000000.{}' | openssl dgst -sha256 -hmac secret
    assert sign("secret", NOW, b"{}") == (
        "v1=" + "8c5d9cdb4842e727436780be37ba6ed331cb67e94554aa45398e9e1bde018e22"
    )


def test_names_of_headers_may_be_written_in_any_case() -> None:
    assert verify("s1", {name.upper(): value for name, value in HEAD.items()}, BODY, NOW)["job"] == "j"


@pytest.mark.parametrize("shift", [-300, 0, 300])
def test_within_the_window(shift: int) -> None:
    assert verify("s1", HEAD, BODY, NOW + shift)


@pytest.mark.parametrize("shift", [-301, 301, 86_400])
def test_a_replay_after_the_window_is_refused(shift: int) -> None:
    with pytest.raises(BadSignature, match="时间"):
        verify("s1", HEAD, BODY, NOW + shift)


@pytest.mark.parametrize(
    ("secret", "changed", "body"),
    [
        ("s2", {}, BODY),
        ("s1", {}, BODY + b" "),
        ("s1", {TIMESTAMP: str(NOW + 1)}, BODY),
        ("s1", {TIMESTAMP: ""}, BODY),
        ("s1", {TIMESTAMP: "１７４"}, BODY),
        ("s1", {TIMESTAMP: "-1"}, BODY),
        ("s1", {TIMESTAMP: "9" * 400}, BODY),
        ("s1", {SIGNATURE: ""}, BODY),
        ("s1", {SIGNATURE: "v1=签"}, BODY),
        ("s1", {SIGNATURE: HEAD[SIGNATURE].removeprefix("v1=")}, BODY),
        ("s1", {DELIVERY: "d2"}, BODY),
        ("s1", {DELIVERY: ""}, BODY),
    ],
    ids=["secret", "body", "time", "no-time", "digits", "negative", "huge", "none", "wide", "version", "delivery", "no-delivery"],
)  # fmt: skip
def test_changed_messages_are_refused(secret: str, changed: dict[str, str], body: bytes) -> None:
    with pytest.raises(BadSignature):
        verify(secret, HEAD | changed, body, NOW)


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"\xff"])
def test_what_is_signed_has_to_be_a_message(body: bytes) -> None:
    with pytest.raises(BadSignature):
        verify("s1", headers(["s1"], NOW, body, "d1"), body, NOW)


def test_headers_that_are_missing() -> None:
    for name in HEAD:
        with pytest.raises(BadSignature):
            verify("s1", {key: value for key, value in HEAD.items() if key != name}, BODY, NOW)
