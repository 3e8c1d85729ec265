from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from service.auth.errors import CsrfFailed, Unauthenticated
from service.auth.key_values import hash_of
from service.auth.keys import Keys
from service.auth.sessions import PageSession, Sessions, must_match
from service.auth.settings import AuthSettings
from service.store.engine import Store
from service.store.tables import Audit, WebSession
from tests.service.auth.auth_tools import ROOT, Clock, make


@pytest.fixture
def sessions(store: Store, keys: Keys, clock: Clock) -> Sessions:
    return Sessions(store, keys, AuthSettings(session_hours=12, session_idle_minutes=60), clock=clock)


def rows(store: Store) -> list[WebSession]:
    with store.read() as session:
        return [*session.scalars(select(WebSession).order_by(WebSession.created_at))]


def trail(store: Store) -> list[tuple[str, str, str, str]]:
    with store.read() as session:
        found = session.scalars(select(Audit).where(Audit.object_type == "key").order_by(Audit.seq)).all()
    return [(e.actor, e.action, e.object_id, e.outcome) for e in found if e.action.startswith("session")]


def over(sessions: Sessions, token: str) -> None:
    with pytest.raises(Unauthenticated):
        sessions.find(token)


def test_a_key_buys_a_session_of_which_only_the_hash_is_stored(
    store: Store, keys: Keys, sessions: Sessions
) -> None:
    made = make(keys, "drafter", per_minute=4)
    opened = sessions.open(made.text)
    (row,) = rows(store)
    assert (row.id_hash, row.key_id) == (hash_of(opened.token), made.key.id)
    assert opened.token not in repr(vars(row)) + repr(opened)
    assert row.csrf not in repr(opened)
    found = sessions.find(opened.token)
    assert found == opened.session
    assert (found.actor.id, found.actor.via, found.actor.per_minute) == (made.key.id, "session", 4)
    assert found.actor.departments == frozenset({"教育局"})
    assert trail(store) == [(made.key.id, "session.open", made.key.id, "ok")]


def test_only_a_valid_key_signs_in(store: Store, keys: Keys, sessions: Sessions, clock: Clock) -> None:
    made, expired = make(keys), make(keys, expires_at=clock.at + timedelta(seconds=1))
    keys.revoke(made.key.id, by=ROOT)
    clock.forward(1)
    for text in (made.text, expired.text, "bc_aaaaaaaa_" + "A" * 43, "我的密码", "", "x" * 100_000):
        with pytest.raises(Unauthenticated):
            sessions.open(text)
    assert rows(store) == []
    assert [(entry[0], entry[2], entry[3]) for entry in trail(store)] == [
        ("anonymous", made.key.id, "refused"),
        ("anonymous", expired.key.id, "refused"),
        ("anonymous", "aaaaaaaa", "refused"),
        *[("anonymous", "-", "refused")] * 3,
    ]


@pytest.mark.parametrize("token", ["", "A" * 43, "A" * 42, "A" * 5_000, "令" * 43, "\0" * 43])
def test_cookies_that_nobody_was_given(keys: Keys, sessions: Sessions, token: str) -> None:
    sessions.open(make(keys).text)
    over(sessions, token)


def test_the_stored_hash_is_no_cookie(store: Store, keys: Keys, sessions: Sessions) -> None:
    sessions.open(make(keys).text)
    over(sessions, rows(store)[0].id_hash[:43])


def test_a_session_ends_when_it_is_idle(keys: Keys, sessions: Sessions, clock: Clock) -> None:
    opened = sessions.open(make(keys).text)
    for _ in range(3):
        clock.forward(3_599)
        assert sessions.find(opened.token).expires_at == clock.at + timedelta(hours=1)
    clock.forward(3_600)
    over(sessions, opened.token)


def test_a_session_ends_after_its_hours_however_busy_it_is(
    keys: Keys, sessions: Sessions, clock: Clock
) -> None:
    opened = sessions.open(make(keys).text)
    end = clock.at + timedelta(hours=12)
    for _ in range(23):
        clock.forward(1_800)
        assert sessions.find(opened.token).expires_at <= end
    clock.forward(1_799)
    assert sessions.find(opened.token).expires_at == end
    clock.forward(1)
    over(sessions, opened.token)


def test_the_end_is_moved_at_most_once_a_minute(
    store: Store, keys: Keys, sessions: Sessions, clock: Clock
) -> None:
    opened = sessions.open(make(keys).text)
    first = rows(store)[0].expires_at
    clock.forward(59)
    sessions.find(opened.token)
    assert rows(store)[0].expires_at == first
    clock.forward(1)
    sessions.find(opened.token)
    assert rows(store)[0].expires_at == first + timedelta(minutes=1)


def test_signing_in_again_replaces_the_session_of_the_browser(
    store: Store, keys: Keys, sessions: Sessions
) -> None:
    made = make(keys)
    first = sessions.open(made.text)
    second = sessions.open(made.text, old=first.token)
    assert second.token != first.token
    assert second.session.csrf != first.session.csrf
    over(sessions, first.token)
    assert sessions.find(second.token)
    # Another browser is none of its business.
    third = sessions.open(made.text)
    assert sessions.find(second.token)
    assert sessions.find(third.token)


def test_a_cookie_that_an_attacker_has_planted_is_never_taken_over(keys: Keys, sessions: Sessions) -> None:
    opened = sessions.open(make(keys).text, old="A" * 43)
    assert opened.token != "A" * 43
    over(sessions, "A" * 43)


def test_signing_out(store: Store, keys: Keys, sessions: Sessions) -> None:
    made = make(keys)
    opened = sessions.open(made.text)
    assert sessions.close(opened.token)
    over(sessions, opened.token)
    assert not sessions.close(opened.token)
    assert trail(store)[-1] == (made.key.id, "session.close", made.key.id, "ok")


def test_signing_out_long_after_the_key_was_last_used_does_not_wait_for_itself(
    keys: Keys, sessions: Sessions, clock: Clock
) -> None:
    opened = sessions.open(make(keys).text)
    clock.forward(3_000)
    assert sessions.close(opened.token)


def test_a_session_falls_with_its_key(keys: Keys, sessions: Sessions, clock: Clock) -> None:
    revoked, rotated = make(keys), make(keys)
    expiring = make(keys, expires_at=clock.at + timedelta(minutes=5))
    first, second, third = (sessions.open(made.text) for made in (revoked, rotated, expiring))
    keys.revoke(revoked.key.id, by=ROOT)
    keys.rotate(rotated.key.id, by=ROOT)
    over(sessions, first.token)
    over(sessions, second.token)
    assert sessions.find(third.token)
    clock.forward(300)
    over(sessions, third.token)


def test_sessions_that_are_over_are_deleted(
    store: Store, keys: Keys, sessions: Sessions, clock: Clock
) -> None:
    made = make(keys)
    for _ in range(3):
        sessions.open(made.text)
    clock.forward(3_600)
    sessions.open(made.text)
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(WebSession)) == 1
    clock.forward(3_600)
    assert sessions.purge() == 1
    assert rows(store) == []


@pytest.mark.parametrize("shown", [None, "", "A" * 43, "令牌", "\ud800"])
def test_a_page_has_to_show_the_token_of_its_session(
    keys: Keys, sessions: Sessions, shown: str | None
) -> None:
    made = make(keys)
    mine, foreign = sessions.open(made.text).session, sessions.open(made.text).session
    must_match(mine, mine.csrf)
    for wrong in (shown, foreign.csrf, mine.csrf[:-1], mine.csrf + "A"):
        with pytest.raises(CsrfFailed):
            must_match(mine, wrong)


def test_nobody_can_change_a_session_value(keys: Keys, sessions: Sessions) -> None:
    assert isinstance(sessions.open(make(keys).text).session, PageSession)
