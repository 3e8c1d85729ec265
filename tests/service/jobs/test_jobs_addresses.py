"""Which addresses may be called."""

from __future__ import annotations

import socket

import pytest

from service.errors import SettingsError
from service.jobs.addresses import check, parse, resolve
from service.jobs.errors import WebhookRefused
from service.jobs.settings import JobSettings, WebhookSettings, jobs_from, webhooks_from

NONE = WebhookSettings()


def answers(*addresses: str):  # type: ignore[no-untyped-def]
    return lambda host, port: list(addresses)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "127.0.0.1",
        "127.255.255.254", "168.63.129.16", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1",
        "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
        "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
        "::", "::1", "::127.0.0.1", "::10.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1", "3fff::1", "100::1", "fc00::1", "fd12:3456::1",
        "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1",
    ],
)  # fmt: skip
def test_no_address_of_this_network_is_called(address: str) -> None:
    with pytest.raises(WebhookRefused, match="内网"):
        resolve("https://portal.example/x", NONE, answers(address))
    # One bad address among good ones is enough.
    with pytest.raises(WebhookRefused, match="内网"):
        resolve("https://portal.example/x", NONE, answers("93.184.216.34", address))


@pytest.mark.parametrize(
    "address",
    ["93.184.216.34", "8.8.8.8", "172.15.255.255", "172.32.0.1", "100.63.255.255", "100.128.0.1", "2606:2800:220:1::1",
     "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"],
)  # fmt: skip
def test_the_open_internet_is_called(address: str) -> None:
    target = resolve("https://portal.example/x?y=1", NONE, answers(address))
    assert (target.scheme, target.host, target.port, target.path) == (
        "https",
        "portal.example",
        443,
        "/x?y=1",
    )
    assert target.addresses == (address,)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/",
        "http://0/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://localhost/", "http://localhost./",
        "http://[::]:80/", "http://169.254.169.254/latest/meta-data", "http://[64:ff9b::7f00:1]/",
    ],
)  # fmt: skip
def test_spellings_of_this_machine_are_seen_through(url: str) -> None:
    with pytest.raises(WebhookRefused):
        check(url, NONE)


@pytest.mark.parametrize(
    "url",
    [
        "", "portal.example/x", "ftp://portal.example/", "file:///etc/passwd", "gopher://portal.example/", "http://",
        "http:///x", "https://user@portal.example/", "https://user:pw@portal.example/", "https://portal.example/#x",
        "https://portal.example:0/", "https://portal.example:99999/", "https://portal.example:x/",
        "https://portal.example/ x", "https://portal.example/\r\nHost: x", "https://portal.example/\t",
        "https://portal.example\\@127.0.0.1/", "https://预算.example/", "https://[::1/", "https://portal.example/" + "a" * 2000,
    ],
)  # fmt: skip
def test_other_addresses_are_refused_as_they_stand(url: str) -> None:
    with pytest.raises(WebhookRefused):
        parse(url)


def test_the_default_port_and_path() -> None:
    assert (parse("http://Portal.Example").port, parse("http://Portal.Example").path) == (80, "/")
    assert parse("http://Portal.Example.").host == "portal.example"
    assert parse("https://portal.example:8443/a").port == 8443


def test_the_site_may_allow_ranges_and_hosts() -> None:
    settings = webhooks_from({"BIAOCHI_WEBHOOK_ALLOW": "10.1.0.0/16, Portal.Local, fd00::/8,192.168.7.7"})
    for address in ("10.1.2.3", "::ffff:10.1.2.3", "fd00::5", "192.168.7.7"):
        assert resolve("http://a.example/", settings, answers(address)).addresses == (address,)
    for address in ("10.2.0.1", "192.168.7.8", "127.0.0.1"):
        with pytest.raises(WebhookRefused):
            resolve("http://a.example/", settings, answers(address))
    assert resolve("http://portal.local/", settings, answers("172.16.0.9")).addresses == ("172.16.0.9",)
    with pytest.raises(WebhookRefused):
        resolve("http://a.portal.local/", settings, answers("172.16.0.9"))


def test_unknown_hosts_are_told_to_the_caller() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(WebhookRefused, match="无法解析"):
        check("https://portal.example/", NONE, unknown)
    with pytest.raises(WebhookRefused, match="无法解析"):
        check("https://portal.example/", NONE, answers())
    with pytest.raises(WebhookRefused, match="无法识别"):
        check("https://portal.example/", NONE, answers("nonsense"))
    # The system's own resolver raises UnicodeError here.
    with pytest.raises(WebhookRefused, match="无法解析"):
        check("https://a..example/", NONE)


def test_settings_from_the_environment() -> None:
    assert jobs_from({}) == JobSettings()
    found = jobs_from(
        {"BIAOCHI_JOB_LEASE_SECONDS": "1.5", "BIAOCHI_JOB_MEMORY_MB": "0", "BIAOCHI_JOB_PROCESSES": "3"}
    )
    assert (found.lease_seconds, found.memory_mb, found.processes) == (1.5, 0, 3)
    secrets = webhooks_from(
        {"BIAOCHI_WEBHOOK_SECRET": "a" * 16 + "," + "b" * 20, "BIAOCHI_WEBHOOK_THREADS": "4"}
    )
    assert (secrets.secrets, secrets.threads) == (("a" * 16, "b" * 20), 4)
    assert "aaaa" not in repr(secrets)


@pytest.mark.parametrize(
    "env",
    [
        {"BIAOCHI_JOB_PROCESSES": "0"},
        {"BIAOCHI_JOB_PROCESSES": "1.5"},
        {"BIAOCHI_JOB_LEASE_SECONDS": "-1"},
        {"BIAOCHI_JOB_LEASE_SECONDS": "inf"},
        {"BIAOCHI_JOB_LEASE_SECONDS": "nan"},
        {"BIAOCHI_JOB_MEMORY_MB": "-1"},
        {"BIAOCHI_WEBHOOK_SECRET": "short"},
        {"BIAOCHI_WEBHOOK_ALLOW": "10.1.0.1/16"},
        {"BIAOCHI_WEBHOOK_ALLOW": "http://portal/"},
        {"BIAOCHI_WEBHOOK_TIMEOUT": "x"},
    ],
    ids=lambda env: next(iter(env)),
)
def test_bad_settings_are_named(env: dict[str, str]) -> None:
    (name,) = env
    with pytest.raises(SettingsError, match=name) as caught:
        (jobs_from if "_JOB_" in name else webhooks_from)(env)
    assert "short" not in caught.value.message
