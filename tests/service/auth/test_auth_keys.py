from __future__ import annotations

import hmac
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import select, update

import service.auth.keys as module
from service.auth.errors import BadKey, Forbidden, Unauthenticated, UnknownKey
from service.auth.key_values import hash_of, id_of
from service.auth.keys import Keys
from service.auth.roles import Actor
from service.auth.settings import AuthSettings
from service.store.engine import Store
from service.store.tables import ApiKey, Audit
from tests.service.auth.auth_tools import ROOT, Clock, make

OTHER = "bc_aaaaaaaa_" + "A" * 43


def row(store: Store, key_id: str) -> ApiKey:
    with store.read() as session:
        found = session.get(ApiKey, key_id)
    assert found is not None
    return found


def tamper(store: Store, key_id: str, **values: Any) -> None:
    with store.session() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key_id).values(**values))


def trail(store: Store) -> list[tuple[str, str, str, str]]:
    with store.read() as session:
        rows = session.scalars(select(Audit).order_by(Audit.seq)).all()
    return [(item.actor, item.action, item.object_id, item.outcome) for item in rows]


def test_a_key_is_shown_once_and_only_its_hash_is_stored(store: Store, keys: Keys) -> None:
    made = make(keys)
    assert re.fullmatch(r"bc_[a-z0-9]{8}_[A-Za-z0-9_-]{43}", made.text)
    assert made.key.id == id_of(made.text)
    stored = row(store, made.key.id)
    assert stored.secret_hash == hash_of(made.text)
    assert made.text not in repr(vars(stored))
    assert made.text not in repr(made)
    (listed,) = keys.list(ROOT).items
    assert made.text[12:] not in repr(listed)
    assert stored.secret_hash not in repr(listed)


def test_two_keys_share_nothing(keys: Keys) -> None:
    first, second = make(keys), make(keys)
    assert first.key.id != second.key.id
    assert first.text[12:] != second.text[12:]


def test_a_key_makes_its_actor(keys: Keys) -> None:
    made = make(keys, "drafter", "教育局", "卫健委", per_minute=7, per_day=70)
    assert keys.verify(made.text) == Actor(
        made.key.id, "张三", "drafter", frozenset({"教育局", "卫健委"}), "key", 7, 70
    )
    assert keys.verify(make(keys, "reviewer").text).departments is None


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: text[:12] + "A" * 43,
        lambda text: text.upper(),
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text + "A",
        lambda text: text[:-1],
        lambda text: text[3:],
        lambda text: "",
        lambda text: OTHER,
        lambda text: "bc_" + "\0" * 8 + text[11:],
        lambda text: text[:-1] + "Ａ",
        lambda text: text[:-1] + "\ud800",
        lambda text: hash_of(text),
        lambda text: "bc_" + text[3:11] + "_" + hash_of(text)[:43],
    ],
)
def test_anything_but_the_key_itself_is_refused(keys: Keys, change: Any) -> None:
    made = make(keys)
    for _ in range(2):
        with pytest.raises(Unauthenticated, match="密钥无效"):
            keys.verify(change(made.text))
        assert keys.verify(made.text).id == made.key.id


def test_the_secret_of_one_key_does_not_open_another(keys: Keys) -> None:
    mine, foreign = make(keys, "administrator"), make(keys)
    mixed = f"bc_{mine.key.id}_{foreign.text[12:]}"
    with pytest.raises(Unauthenticated):
        keys.verify(mixed)
    assert keys.verify_known(mixed) is None


def test_a_key_of_another_store_is_unknown(keys: Keys, file_store: Store) -> None:
    foreign = make(Keys(file_store, AuthSettings()), "administrator")
    with pytest.raises(Unauthenticated, match="密钥无效"):
        keys.verify(foreign.text)


def test_secrets_are_compared_by_hmac_also_where_there_is_no_such_key(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(keys)
    compared: list[tuple[str, str]] = []

    def watched(first: str, second: str) -> bool:
        compared.append((first, second))
        return hmac.compare_digest(first, second)

    monkeypatch.setattr(module, "hmac", type("Watched", (), {"compare_digest": staticmethod(watched)}))
    for text in (made.text, OTHER, made.text[:12] + "A" * 43, "nonsense"):
        try:
            keys.verify(text)
        except Unauthenticated:
            pass
    stored = hash_of(made.text)
    assert compared == [
        (stored, stored),
        ("0" * 64, hash_of(OTHER)),
        (stored, hash_of(made.text[:12] + "A" * 43)),
        ("0" * 64, hash_of("nonsense")),
    ]


def test_a_key_expires(keys: Keys, clock: Clock) -> None:
    made = make(keys, expires_at=clock.at + timedelta(hours=1))
    clock.forward(3_599)
    assert keys.verify(made.text)
    clock.forward(0.5)
    assert keys.verify_known(made.text) is not None
    clock.forward(0.5)
    with pytest.raises(Unauthenticated, match="已过期"):
        keys.verify(made.text)
    # Somebody who only guesses is not told that the key exists.
    with pytest.raises(Unauthenticated, match="密钥无效"):
        keys.verify(made.text[:12] + "A" * 43)


def test_an_end_with_a_zone_is_kept_in_utc(store: Store, keys: Keys) -> None:
    made = make(keys, expires_at=datetime(2027, 1, 1, 8, tzinfo=timezone(timedelta(hours=8))))
    assert row(store, made.key.id).expires_at == datetime(2027, 1, 1)
    assert make(keys, expires_at=datetime(2027, 1, 1, tzinfo=UTC)).key.expires_at == datetime(2027, 1, 1)


def test_a_revoked_key_is_useless_at_once_and_for_good(store: Store, keys: Keys, clock: Clock) -> None:
    made = make(keys)
    assert keys.verify(made.text)
    revoked = keys.revoke(made.key.id, by=ROOT)
    assert revoked.revoked_at == clock.at
    assert revoked.state(clock.at) == "revoked"
    with pytest.raises(Unauthenticated, match="已停用"):
        keys.verify(made.text)
    clock.forward(60)
    assert keys.revoke(made.key.id, by=ROOT).revoked_at == revoked.revoked_at
    assert [entry for entry in trail(store) if entry[1] == "key.revoke"] == [
        ("root", "key.revoke", made.key.id, "ok")
    ]


def test_what_another_process_revokes_ends_within_a_second(store: Store, keys: Keys, clock: Clock) -> None:
    made = make(keys)
    assert keys.verify(made.text)
    Keys(store, AuthSettings(), clock=clock).revoke(made.key.id, by=ROOT)
    assert keys.verify_known(made.text) is not None
    clock.forward(1)
    assert keys.verify_known(made.text) is None
    with pytest.raises(Unauthenticated, match="已停用"):
        keys.verify(made.text)


def test_without_a_cache_every_request_asks_the_store(store: Store, clock: Clock) -> None:
    keys = Keys(store, AuthSettings(key_cache_seconds=0), clock=clock, ticks=clock.ticks)
    made = make(keys)
    assert keys.verify(made.text)
    assert keys.verify_known(made.text) is None
    Keys(store, AuthSettings(), clock=clock).revoke(made.key.id, by=ROOT)
    with pytest.raises(Unauthenticated):
        keys.verify(made.text)


def test_rotation_keeps_the_identifier_and_ends_the_old_text(store: Store, keys: Keys) -> None:
    made = make(keys, "drafter", "教育局", per_day=9)
    keys.verify(made.text)
    rotated = keys.rotate(made.key.id, by=ROOT)
    assert rotated.key.id == made.key.id
    assert rotated.text != made.text
    with pytest.raises(Unauthenticated):
        keys.verify(made.text)
    assert keys.verify(rotated.text) == Actor(
        made.key.id, "张三", "drafter", frozenset({"教育局"}), "key", None, 9
    )
    assert ("root", "key.rotate", made.key.id, "ok") in trail(store)


def test_a_dead_key_is_not_brought_back_by_rotation(keys: Keys, clock: Clock) -> None:
    revoked, expired = make(keys), make(keys, expires_at=clock.at + timedelta(seconds=5))
    keys.revoke(revoked.key.id, by=ROOT)
    clock.forward(5)
    for made in (revoked, expired):
        with pytest.raises(BadKey, match="另建新密钥"):
            keys.rotate(made.key.id, by=ROOT)


def test_the_last_use_is_noted_at_most_once_a_minute(store: Store, keys: Keys, clock: Clock) -> None:
    made = make(keys)
    first = clock.at
    seen = []
    for seconds in (0, 1, 58.5, 1, 59.5, 1):
        clock.forward(seconds)
        keys.verify(made.text)
        used = row(store, made.key.id).last_used_at
        assert used is not None
        seen.append((used - first).total_seconds())
    assert seen == [0, 0, 0, 60.5, 60.5, 121]


def test_another_process_does_not_note_the_same_minute_again(store: Store, keys: Keys, clock: Clock) -> None:
    made = make(keys)
    keys.verify(made.text)
    noted = row(store, made.key.id).last_used_at
    clock.forward(30)
    Keys(store, AuthSettings(), clock=clock).verify(made.text)
    assert row(store, made.key.id).last_used_at == noted


def test_a_store_that_cannot_note_the_use_turns_nobody_away(
    keys: Keys, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from sqlalchemy.exc import OperationalError

    made = make(keys)

    def locked(*_: Any) -> bool:
        raise OperationalError("UPDATE", {}, Exception("locked"))

    monkeypatch.setattr(module.rows, "touch_key", locked)
    assert keys.verify(made.text).id == made.key.id
    assert made.key.id in caplog.text
    assert made.text not in caplog.text


@pytest.mark.parametrize(
    "values",
    [
        {"role": "root"},
        {"departments": None},
        {"departments": []},
        {"departments": "教育局"},
        {"departments": {"教育局": 1}},
        {"departments": [None]},
        {"departments": [""]},
        {"departments": [["教育局"]]},
    ],
)
def test_a_row_with_a_tampered_scope_opens_nothing(store: Store, keys: Keys, values: dict[str, Any]) -> None:
    made = make(keys)
    tamper(store, made.key.id, **values)
    with pytest.raises(Unauthenticated):
        keys.verify(made.text)
    assert keys.list(ROOT).items == ()


def test_a_changed_scope_counts_within_a_second(store: Store, keys: Keys, clock: Clock) -> None:
    made = make(keys)
    assert keys.verify(made.text).sees("教育局")
    tamper(store, made.key.id, departments=["卫健委"])
    clock.forward(1)
    assert not keys.verify(made.text).sees("教育局")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"name": ""}, "名称"),
        ({"name": "张" * 201}, "名称"),
        ({"name": "张\n三"}, "名称"),
        ({"name": "张\u202e三"}, "名称"),
        ({"role": "root"}, "角色"),
        ({"departments": None}, "必须写明部门"),
        ({"role": "portal", "departments": None}, "必须写明部门"),
        ({"departments": []}, "部门"),
        ({"departments": [" "]}, "部门"),
        ({"departments": "教育局"}, "列表"),
        ({"departments": ["教育局\u200b"]}, "不可见"),
        ({"departments": ["教育\t局"]}, "不可见"),
        ({"departments": [f"第{i}局" for i in range(201)]}, "部门"),
        ({"expires_at": datetime(2026, 3, 1, 8)}, "到期"),
        ({"per_minute": 0}, "正整数"),
        ({"per_day": -1}, "正整数"),
        ({"per_day": 2**31}, "正整数"),
    ],
)
def test_keys_that_cannot_be_made(store: Store, keys: Keys, given: dict[str, Any], told: str) -> None:
    with pytest.raises(BadKey, match=told):
        make(keys, **given)
    assert trail(store) == []


def test_names_of_departments_are_trimmed_and_listed_once(keys: Keys) -> None:
    made = make(keys, "drafter", " 教育局", "教育局 ", "卫健委")
    assert made.key.departments == ("卫健委", "教育局")


@pytest.mark.parametrize("role", ["drafter", "reviewer", "portal"])
def test_only_administrators_manage_keys(keys: Keys, role: Any) -> None:
    made = make(keys)
    by = Actor("x", "李四", role, frozenset({"教育局"}))
    with pytest.raises(Forbidden):
        make(keys, by=by)
    with pytest.raises(Forbidden):
        keys.list(by)
    for act in (keys.revoke, keys.rotate):
        with pytest.raises(Forbidden):
            act(made.key.id, by=by)


def test_an_administrator_of_some_departments_reaches_no_further(keys: Keys) -> None:
    by = Actor("x", "李四", "administrator", frozenset({"教育局", "卫健委"}))
    own, foreign, wide = make(keys), make(keys, "drafter", "教育局", "财政局"), make(keys, "reviewer")
    assert keys.list(by).items == (own.key,)
    for made in (foreign, wide):
        for act in (keys.revoke, keys.rotate):
            with pytest.raises(UnknownKey):
                act(made.key.id, by=by)
    for departments in (None, ["财政局"], ["教育局", "财政局"]):
        with pytest.raises(Forbidden, match="部门范围"):
            make(keys, role="administrator", departments=departments, by=by)
    assert make(keys, "administrator", "卫健委", by=by).key.departments == ("卫健委",)


@pytest.mark.parametrize("key_id", ["zzzzzzzz", "", "' OR 1=1 --", "教育局", "\0", "a" * 500])
def test_unknown_identifiers(keys: Keys, key_id: str) -> None:
    make(keys)
    for act in (keys.revoke, keys.rotate):
        with pytest.raises(UnknownKey):
            act(key_id, by=ROOT)


def test_lists_come_in_pages(keys: Keys, clock: Clock) -> None:
    made = []
    for _ in range(5):
        clock.forward(1)
        made.append(make(keys).key)
    first = keys.list(ROOT, limit=3)
    assert first.items == (made[4], made[3], made[2])
    second = keys.list(ROOT, limit=3, cursor=first.next)
    assert second.items == (made[1], made[0])
    assert second.next is None


def test_the_trail_names_who_made_which_key(store: Store, keys: Keys) -> None:
    made = make(keys, request_id="r-1")
    assert trail(store) == [("root", "key.create", made.key.id, "ok")]
    with store.read() as session:
        entry = session.scalars(select(Audit)).one()
    assert (entry.role, entry.object_type, entry.request_id) == ("administrator", "key", "r-1")
    assert "教育局" not in repr(vars(entry))
