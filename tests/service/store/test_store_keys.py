from __future__ import annotations

from datetime import date, timedelta

import pytest

from service.store import keys, waivers
from service.store.engine import Store
from service.store.errors import BadValue, DepartmentRefused, NotFound
from tests.service.store.filing import AT, DAY, FIRST, NOWHERE, ROADS, SCHOOLS, report

MINE = frozenset({ROADS})
HASH = "a" * 64


def test_a_key_is_found_by_its_hash_only(store: Store) -> None:
    with store.session() as session:
        assert not keys.has_keys(session)
        made = keys.insert_key(
            session,
            name="门户",
            role="portal",
            secret_hash=HASH,
            departments=MINE,
            expires_at=AT + DAY,
            per_minute=5,
            at=AT,
        )
        keys.insert_key(
            session, name="管理员", role="administrator", secret_hash="b" * 64, departments=None, at=AT
        )
    with store.read() as session:
        assert keys.has_keys(session)
        found = keys.find_key(session, HASH)
        assert found is not None
        assert (found.id, found.departments, found.per_minute, found.per_day) == (made.id, [ROADS], 5, None)
        everything = keys.find_key(session, "b" * 64)
        assert everything is not None
        assert everything.departments is None
        assert keys.find_key(session, "c" * 64) is None
        assert keys.find_key(session, "\0") is None


def test_keys_are_listed_and_revoked(store: Store) -> None:
    with store.session() as session:
        made = [
            keys.insert_key(
                session, name="键", role="drafter", secret_hash=f"{i}" * 64, departments=MINE, at=AT + DAY * i
            )
            for i in range(3)
        ]
        keys.revoke_key(session, made[0].id, at=AT + DAY)
        keys.revoke_key(session, made[0].id, at=AT + DAY * 2)
    with store.read() as session:
        first = keys.list_keys(session, limit=2)
        rest = keys.list_keys(session, limit=2, cursor=first.next)
        assert [row.id for row in first.items + rest.items] == [row.id for row in reversed(made)]
        assert rest.items[-1].revoked_at == AT + DAY
    with store.session() as session, pytest.raises(NotFound):
        keys.revoke_key(session, NOWHERE)


def test_last_use_is_noted_at_most_once_a_minute(store: Store) -> None:
    with store.session() as session:
        made = keys.insert_key(session, name="键", role="drafter", secret_hash=HASH, departments=None)
    noted = []
    for seconds in (0, 30, 59, 60, 61, 120, 30):
        with store.session() as session:
            at = AT + timedelta(seconds=seconds)
            due = keys.due_for_touch(keys.get_key(session, made.id), at)
            noted.append(keys.touch_key(session, made.id, at))
            assert due is noted[-1]
    assert noted == [True, False, False, True, False, True, False]
    with store.session() as session:
        assert not keys.touch_key(session, NOWHERE, AT)
        assert keys.get_key(session, made.id).last_used_at == AT + timedelta(seconds=120)


def add(store: Store, **values: object) -> str:
    given = {
        "departments": None,
        "department": ROADS,
        "reason": "已核实",
        "author": "张三",
        "at": AT,
    } | values
    with store.session() as session:
        return waivers.add_waiver(session, **given).id  # type: ignore[arg-type]


def test_waivers_of_a_department_reach_the_engine(store: Store) -> None:
    mark = next(item.fingerprint for item in report().findings if item.code == "BC301")
    add(store, fingerprint=mark, expires=date(2026, 12, 31))
    add(store, department=None, rule="missing-category", at=AT + DAY)
    add(store, department=SCHOOLS, rule="BC601")
    gone = add(store, rule="BC601")
    with store.session() as session:
        waivers.revoke_waiver(session, gone, departments=MINE)
    with store.read() as session:
        entries = waivers.waivers_for(session, ROADS)
    assert [(item.fingerprint, item.rule, item.expires) for item in entries] == [
        (mark, None, date(2026, 12, 31)),
        (None, "BC501", None),
    ]
    checked = report(FIRST, waivers=entries, today=date(2026, 12, 31))
    assert {item.finding.code for item in checked.waived} == {"BC301", "BC501"}
    assert "BC601" in {item.code for item in checked.findings}


def test_waivers_are_scoped_to_departments(store: Store) -> None:
    own, foreign, general = (
        add(store, rule="BC301"),
        add(store, department=SCHOOLS, rule="BC301"),
        add(store, department=None, rule="BC301"),
    )
    with store.read() as session:
        listed = waivers.list_waivers(session, departments=MINE).items
        assert {row.id for row in listed} == {own, general}
        assert len(waivers.list_waivers(session, departments=None).items) == 3
        narrowed = waivers.list_waivers(session, departments=None, department=SCHOOLS).items
        assert {row.id for row in narrowed} == {foreign, general}
    said = set()
    for waiver_id in (foreign, NOWHERE):
        with store.session() as session, pytest.raises(NotFound) as caught:
            waivers.revoke_waiver(session, waiver_id, departments=MINE)
        said.add(caught.value.message)
    assert len(said) == 1
    with store.session() as session, pytest.raises(DepartmentRefused):
        waivers.revoke_waiver(session, general, departments=MINE)
    for department in (SCHOOLS, None):
        with pytest.raises(DepartmentRefused):
            add(store, departments=MINE, department=department, rule="BC301")
    with store.session() as session:
        waivers.revoke_waiver(session, own, departments=MINE, at=AT + DAY)
        waivers.revoke_waiver(session, own, departments=MINE, at=AT + DAY * 2)
        assert waivers.get_waiver(session, own, departments=MINE).revoked_at == AT + DAY
        assert {row.id for row in waivers.list_waivers(session, departments=MINE).items} == {general}
        assert len(waivers.list_waivers(session, departments=MINE, revoked=True).items) == 2


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, "须写明"),
        ({"rule": "no-such-rule"}, "没有编号或名称"),
        ({"rule": "BC301", "reason": " "}, "缺少 reason"),
        ({"rule": "BC301", "author": ""}, "缺少 author"),
        ({"rule": "BC301", "reason": "长" * 401}, "理由最多 400 字"),
        ({"fingerprint": "a\0"}, "指纹"),
    ],
)
def test_a_waiver_that_says_too_little_is_refused(store: Store, values: dict[str, str], says: str) -> None:
    with pytest.raises(BadValue, match=says):
        add(store, **values)
