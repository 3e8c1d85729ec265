from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from service.auth.access import Auth
from service.auth.counters import Counters
from service.auth.errors import TooMany
from service.auth.quotas import Quotas
from service.auth.roles import Actor, Role
from service.auth.settings import AuthSettings, Quota
from service.store.engine import Store
from tests.service.auth.auth_tools import Clock, application, ask, bearer, make

SETTINGS = AuthSettings(
    rate_drafter=Quota(3, 5), rate_reviewer=Quota(2, 100), rate_portal=Quota(50, 100), sign_ins_per_minute=2
)


def actor(role: Role = "drafter", identifier: str = "k1", **given: Any) -> Actor:
    return Actor(identifier, "张三", role, frozenset({"教育局"}), **given)


def refused(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(TooMany) as caught:
        act()
    assert caught.value.status == 429
    return dict(caught.value.headers)


def test_requests_of_a_minute(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    left = [quotas.spend(actor())["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    clock.forward(10)
    assert refused(lambda: quotas.spend(actor())) == {
        "RateLimit-Limit": "3",
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": "50",
        "Retry-After": "50",
    }
    clock.forward(49.9)
    assert refused(lambda: quotas.spend(actor()))["Retry-After"] == "1"
    clock.forward(0.1)
    assert quotas.spend(actor())["RateLimit-Remaining"] == "1"


def test_requests_of_a_day(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    for minute in (3, 2):
        for _ in range(minute):
            headers = quotas.spend(actor())
        clock.forward(60)
    # The scarcer of the two is told.
    assert headers["RateLimit-Limit"] == "5"
    assert headers["RateLimit-Remaining"] == "0"
    headers = refused(lambda: quotas.spend(actor()))
    assert headers["Retry-After"] == str(86_400 - 120)
    clock.forward(86_400 - 120)
    assert quotas.spend(actor())


def test_what_a_minute_refuses_does_not_count_for_the_day(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    for _ in range(3):
        quotas.spend(actor())
    for _ in range(50):
        refused(lambda: quotas.spend(actor()))
    clock.forward(60)
    assert quotas.spend(actor())


def test_keys_and_roles_have_quotas_of_their_own(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    for _ in range(3):
        quotas.spend(actor())
    assert quotas.spend(actor(identifier="k2"))["RateLimit-Remaining"] == "2"
    assert quotas.spend(actor("reviewer", "k3"))["RateLimit-Limit"] == "2"


def test_a_quota_of_the_key_itself_goes_before_that_of_the_role(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    own = actor(per_minute=1, per_day=2)
    quotas.spend(own)
    refused(lambda: quotas.spend(own))
    clock.forward(60)
    quotas.spend(own)
    clock.forward(60)
    assert int(refused(lambda: quotas.spend(own))["Retry-After"]) > 60


def test_page_and_program_with_the_same_key_share_its_quota(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    quotas.spend(actor(via="key"))
    assert quotas.spend(actor(via="session"))["RateLimit-Remaining"] == "1"


def test_the_open_mode_has_no_quota(clock: Clock) -> None:
    quotas = Quotas(AuthSettings(rate_administrator=Quota(1, 1)), ticks=clock.ticks)
    local = Actor("local", "本机", "administrator", None, via="local")
    assert [quotas.spend(local) for _ in range(5)] == [{}] * 5


def test_attempts_to_sign_in(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    for _ in range(2):
        quotas.attempt("10.0.0.1")
    assert refused(lambda: quotas.attempt("10.0.0.1"))["Retry-After"] == "60"
    quotas.attempt("10.0.0.2")
    clock.forward(60)
    quotas.attempt("10.0.0.1")


def test_addresses_of_one_network_do_not_multiply_attempts(clock: Clock) -> None:
    quotas = Quotas(SETTINGS, ticks=clock.ticks)
    quotas.attempt("2001:db8::1")
    quotas.attempt("2001:db8::2")
    refused(lambda: quotas.attempt("2001:db8::3"))
    quotas.attempt("2001:db8:0:1::1")


def test_over_http(file_store: Store, clock: Clock) -> None:
    auth = Auth(file_store, SETTINGS, host="127.0.0.1", clock=clock, ticks=clock.ticks)
    app, made = application(auth), make(auth.keys)
    answers = [ask(app, headers=bearer(made)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert answers[-1].headers["Retry-After"] == answers[-1].headers["RateLimit-Reset"] == "60"
    assert answers[-1].headers.get_list("RateLimit-Limit") == ["3"]
    assert answers[-1].json()["type"] == "too-many-requests"


def test_refusals_count_and_tell_what_is_left(file_store: Store, clock: Clock) -> None:
    auth = Auth(file_store, SETTINGS, host="127.0.0.1", clock=clock, ticks=clock.ticks)
    app, made = application(auth), make(auth.keys)
    answer = ask(app, "/may/read_audit", headers=bearer(made))
    assert (answer.status_code, answer.headers["RateLimit-Remaining"]) == (403, "2")


def test_nobody_unknown_uses_up_a_quota(file_store: Store, clock: Clock) -> None:
    auth = Auth(file_store, SETTINGS, host="127.0.0.1", clock=clock, ticks=clock.ticks)
    app, made = application(auth), make(auth.keys)
    for _ in range(9):
        assert ask(app, headers=bearer(made.text[:12] + "A" * 43)).status_code == 401
    assert ask(app, headers=bearer(made)).headers["RateLimit-Remaining"] == "2"


def test_counts_that_are_over_do_not_pile_up() -> None:
    clock = Clock()
    counters = Counters(clock.ticks)
    for number in range(1_000):
        counters.incr(f"caller {number}", 60)
    counters.incr("day", 86_400)
    assert len(counters) == 1_001
    clock.forward(60)
    counters.incr("somebody", 60)
    assert len(counters) == 2
    counters.clear("day")
    assert (counters.get("day"), counters.get("somebody")) == (0, 1)
    assert (counters.reset(), len(counters), counters.check()) == (1, 0, True)


def test_no_count_is_lost_between_threads() -> None:
    counters = Counters()
    with ThreadPoolExecutor(8) as pool:
        counts = [*pool.map(lambda _: counters.incr("key", 3_600), range(4_000))]
    assert sorted(counts) == [*range(1, 4_001)]
