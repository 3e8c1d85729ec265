"""The open mode: for this machine only, and only while there has never been a key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from service.auth.access import Auth
from service.auth.keys import Keys
from service.auth.network import is_loopback, network_of
from service.auth.settings import AuthSettings, OidcSettings
from service.errors import SettingsError
from service.store.engine import Store
from tests.service.auth.auth_tools import ROOT, Clock, application, ask, bearer, make

OIDC = OidcSettings(issuer="i", audience="a", jwks="https://id.example/k", roles=(("r", "reviewer"),))


def opened(store: Store, clock: Clock, host: str = "127.0.0.1", settings: AuthSettings | None = None) -> Auth:
    return Auth(store, settings or AuthSettings(), host=host, clock=clock, ticks=clock.ticks)


@pytest.mark.parametrize(
    ("host", "is_local"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("::1", True),
        ("[::1]", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("", False),
        ("192.168.1.4", False),
        ("::ffff:10.0.0.1", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("127.1", False),
        ("2130706433", False),
        ("testclient", False),
    ],
)
def test_loopback(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("x" * 900, "x" * 64),
    ],
)
def test_one_caller_is_an_address_or_a_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_without_keys_this_machine_is_the_administrator(file_store: Store, clock: Clock) -> None:
    app = application(opened(file_store, clock))
    answer = ask(app)
    assert answer.status_code == 200
    assert answer.json() == {
        "id": "local",
        "role": "administrator",
        "via": "local",
        "departments": None,
        "csrf": None,
    }
    assert ask(app, method="POST", base="http://localhost:8000").status_code == 200
    assert ask(app, base="http://[::1]:8000", client="::1").status_code == 200


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"client": "192.168.1.9"}, "forbidden"),
        ({"client": "testclient"}, "forbidden"),
        # A foreign name that resolves to this machine: DNS rebinding.
        ({"base": "http://evil.example:8000"}, "forbidden"),
        ({"base": "http://127.0.0.1.evil.example"}, "forbidden"),
        # A proxy on this machine speaks for others.
        ({"headers": {"X-Forwarded-For": "10.0.0.9"}}, "forbidden"),
        ({"headers": {"Forwarded": "for=10.0.0.9"}}, "forbidden"),
        ({"headers": {"X-Real-IP": "10.0.0.9"}}, "forbidden"),
        ({"headers": [(b"host", b"127.0.0.1"), (b"host", b"evil.example")]}, "forbidden"),
        ({"headers": [(b"host", b"[")]}, "forbidden"),
        # A foreign page in a browser of this machine.
        ({"method": "POST", "headers": {"Origin": "https://evil.example"}}, "csrf"),
        ({"method": "POST", "headers": {"Origin": "null"}}, "csrf"),
        ({"method": "POST", "headers": {"Origin": "http://127.0.0.1:9999"}}, "csrf"),
        ({"method": "POST", "headers": {"Sec-Fetch-Site": "cross-site"}}, "csrf"),
        ({"method": "POST", "headers": {"Sec-Fetch-Site": "same-site"}}, "csrf"),
    ],
)
def test_the_open_mode_is_for_nobody_else(
    file_store: Store, clock: Clock, given: dict[str, object], kind: str
) -> None:
    answer = ask(application(opened(file_store, clock)), **given)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["type"]) == (403, kind)


def test_our_own_page_may_act_in_the_open_mode(file_store: Store, clock: Clock) -> None:
    headers = {"Origin": "http://127.0.0.1:8000", "Sec-Fetch-Site": "same-origin"}
    assert ask(application(opened(file_store, clock)), method="POST", headers=headers).status_code == 200


def test_a_credential_that_does_not_hold_is_refused_in_the_open_mode_too(
    file_store: Store, clock: Clock
) -> None:
    assert (
        ask(application(opened(file_store, clock)), headers=bearer("bc_aaaaaaaa_" + "A" * 43)).status_code
        == 401
    )


def test_the_first_key_ends_the_open_mode(file_store: Store, clock: Clock) -> None:
    auth = opened(file_store, clock)
    app = application(auth)
    assert ask(app).status_code == 200
    made = make(auth.keys, "administrator")
    assert ask(app).status_code == 401
    assert ask(app, headers=bearer(made)).status_code == 200
    # Without a usable key it does not open again: that would be a way in for whoever can revoke.
    auth.keys.revoke(made.key.id, by=ROOT)
    clock.forward(3_600)
    assert ask(app).status_code == 401
    assert ask(application(opened(file_store, clock))).status_code == 401


def test_a_key_made_by_another_process_ends_the_open_mode_within_a_second(
    file_store: Store, clock: Clock
) -> None:
    app = application(opened(file_store, clock))
    assert ask(app).status_code == 200
    make(Keys(file_store, AuthSettings()), "administrator")
    clock.forward(1)
    assert ask(app).status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", ""])
def test_others_are_never_served_without_a_key(file_store: Store, clock: Clock, host: str) -> None:
    auth = opened(file_store, clock, host)
    with pytest.raises(SettingsError, match="biaochi keys create"):
        auth.prepare(pytest.fail)
    assert ask(application(auth)).status_code == 401
    make(auth.keys, "administrator")
    auth.prepare(pytest.fail)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_first_start_with_keys_shows_one(store: Store, clock: Clock, host: str) -> None:
    settings = AuthSettings(auth="keys")
    auth = opened(store, clock, host, settings)
    said: list[str] = []
    auth.prepare(said.append)
    assert "只显示这一次" in said[0]
    actor = auth.keys.verify(said[1])
    assert (actor.role, actor.departments) == ("administrator", None)
    for again in (auth, opened(store, clock, host, settings)):
        again.prepare(pytest.fail)
    assert len(auth.keys.list(ROOT).items) == 1


def test_of_several_processes_that_start_at_once_one_makes_the_key(store: Store) -> None:
    starters = [Keys(store, AuthSettings()) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        made = [key for key in pool.map(Keys.create_first, starters) if key is not None]
    assert len(made) == 1
    assert [key.id for key in starters[0].list(ROOT).items] == [made[0].key.id]


def test_with_keys_asked_for_this_machine_needs_one_too(file_store: Store, clock: Clock) -> None:
    assert ask(application(opened(file_store, clock, settings=AuthSettings(auth="keys")))).status_code == 401


def test_with_an_identity_provider_nothing_is_open(file_store: Store, clock: Clock) -> None:
    auth = opened(file_store, clock, "0.0.0.0", replace(AuthSettings(), oidc=OIDC))
    auth.prepare(pytest.fail)
    assert ask(application(auth)).status_code == 401
    assert ask(application(opened(file_store, clock, settings=AuthSettings(oidc=OIDC)))).status_code == 401


def test_a_stale_cookie_is_no_hindrance_in_the_open_mode(file_store: Store, clock: Clock) -> None:
    answer = ask(application(opened(file_store, clock)), headers={"Cookie": "biaochi=" + "A" * 43})
    assert answer.status_code == 200
