from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.store import documents, waivers
from service.store.engine import Store
from service.store.errors import BadCursor, BadValue, Conflict, DepartmentRefused, NotFound
from service.store.tables import Base, DocumentRow
from tests.service.store.filing import AT, DAY, NOWHERE, ROADS, SCHOOLS, SECRET, filed, report, run, version

MINE = frozenset({ROADS})
FOREIGN = frozenset({SCHOOLS})


def test_rounds_are_numbered_and_keep_document_and_bytes(store: Store) -> None:
    checked = report()
    with store.session() as session:
        document = filed(session)
        first = version(session, document, checked)
        second = version(session, document, checked, round="退回", at=AT + DAY)
    with store.read() as session:
        rounds = documents.list_versions(session, document.id, departments=MINE)
        whole = documents.get_version(session, first.id, departments=MINE)
        found = documents.get_document(session, document.id, departments=MINE)
    assert [(item.number, item.round, item.purged) for item in rounds] == [
        (1, "一上", False),
        (2, "退回", False),
    ]
    assert rounds == (first, second)
    assert whole.original == SECRET.encode()
    assert whole.document is not None
    assert whole.document["projects"][0]["name"] == SECRET
    assert (found.created_at, found.updated_at) == (AT, AT + DAY)


def test_pages_are_stable_while_documents_come_and_go(store: Store) -> None:
    with store.session() as session:
        # Three of them at the same moment: the order within it must not wobble.
        rows = [filed(session, at=AT + DAY * (i // 3), label=str(i)) for i in range(9)]
    order = [row.id for row in sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)]
    with store.read() as session:
        first = documents.list_documents(session, departments=None, limit=4)
    assert [row.id for row in first.items] == order[:4]
    with store.session() as session:
        filed(session, at=AT + DAY * 9)
        documents.delete_document(session, order[1], departments=None)
    with store.read() as session:
        second = documents.list_documents(session, departments=None, limit=4, cursor=first.next)
        third = documents.list_documents(session, departments=None, limit=4, cursor=second.next)
    assert [row.id for row in second.items] == order[4:8]
    assert [row.id for row in third.items] == order[8:]
    assert third.next is None


def test_a_list_shows_own_departments_only_and_can_be_narrowed(store: Store) -> None:
    with store.session() as session:
        roads, schools = filed(session), filed(session, SCHOOLS)
        documents.set_state(session, roads.id, "submitted", departments=None)

    def ids(**options: Any) -> set[str]:
        with store.read() as session:
            return {row.id for row in documents.list_documents(session, **options).items}

    assert ids(departments=None) == {roads.id, schools.id}
    assert ids(departments=MINE) == {roads.id}
    assert ids(departments=frozenset()) == set()
    assert ids(departments=None, department=SCHOOLS) == {schools.id}
    assert ids(departments=MINE, department=SCHOOLS) == set()
    assert ids(departments=None, state="submitted") == {roads.id}
    assert ids(departments=None, fiscal_year=2026) == {roads.id, schools.id}
    assert ids(departments=None, fiscal_year=2025) == set()
    assert ids(departments=None, fiscal_year=10**12) == set()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "e30",
        "WzFd",
        "WyIyMDI2IiwiYSIsMV0",
        "WyIyMDI2LTAxLTAxVDAwOjAwOjAwWiIsImEiXQ",
        "中文",
        "W1tbW1tb" * 9000,
    ],
)
def test_a_cursor_that_was_never_given_out_is_refused(store: Store, cursor: str) -> None:
    with store.read() as session, pytest.raises(BadCursor):
        documents.list_documents(session, departments=None, cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 201])
def test_page_sizes_are_bounded(store: Store, limit: int) -> None:
    with store.read() as session, pytest.raises(BadValue):
        documents.list_documents(session, departments=None, limit=limit)


def _uses() -> dict[str, Callable[[Session, str, str, frozenset[str]], object]]:
    return {
        "get": lambda s, d, v, who: documents.get_document(s, d, departments=who),
        "lock": lambda s, d, v, who: documents.get_document(s, d, departments=who, lock=True),
        "state": lambda s, d, v, who: documents.set_state(s, d, "submitted", departments=who),
        "delete": lambda s, d, v, who: documents.delete_document(s, d, departments=who),
        "rounds": lambda s, d, v, who: documents.list_versions(s, d, departments=who),
        "round": lambda s, d, v, who: documents.get_version(s, v, departments=who),
        "round info": lambda s, d, v, who: documents.get_version_info(s, v, departments=who),
        "add round": lambda s, d, v, who: documents.add_version(
            s,
            d,
            departments=who,
            round="一上",
            document={},
            original=None,
            sha256="0" * 64,
            input_kind="json",
            created_by="k",
        ),
    }


@pytest.mark.parametrize("use", _uses())
def test_a_foreign_document_behaves_exactly_as_a_missing_one(store: Store, use: str) -> None:
    with store.session() as session:
        document = filed(session)
        round_ = version(session, document, report())
    errors = []
    for document_id, version_id, who in (
        (document.id, round_.id, FOREIGN),
        (document.id, round_.id, frozenset[str]()),
        (NOWHERE, NOWHERE, MINE),
        ("x\0; --", "x\0; --", MINE),
    ):
        with pytest.raises(NotFound) as caught, store.session() as session:
            _uses()[use](session, document_id, version_id, who)
        errors.append((type(caught.value), caught.value.message, caught.value.code))
    assert len(set(errors)) == 1
    with store.read() as session:
        assert documents.get_document(session, document.id, departments=MINE).state == "draft"
        assert len(documents.list_versions(session, document.id, departments=MINE)) == 1


def test_nobody_files_for_a_foreign_department(store: Store) -> None:
    with store.session() as session, pytest.raises(DepartmentRefused):
        documents.create_document(session, departments=MINE, department=SCHOOLS, label="一", created_by="k")


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"label": "长" * 201}, "名称最多 200 字"),
        ({"label": " "}, "名称不能为空"),
        ({"label": "a\0b"}, "无法保存"),
        ({"label": "a\ud800b"}, "无法保存"),
        ({"department": ""}, "部门不能为空"),
        ({"fiscal_year": 26}, "年度"),
    ],
)
def test_values_that_a_database_would_refuse_are_refused_on_both(
    store: Store, values: dict[str, Any], says: str
) -> None:
    given = {"department": ROADS, "label": "一", "created_by": "k"} | values
    with pytest.raises(BadValue, match=says), store.session() as session:
        documents.create_document(session, departments=None, **given)


def test_states_follow_their_order(store: Store) -> None:
    with store.session() as session:
        document = filed(session)
        for state in ("submitted", "submitted", "draft", "submitted", "returned", "submitted", "approved"):
            assert (
                documents.set_state(session, document.id, state, departments=MINE, at=AT + DAY).state == state
            )
    with store.session() as session, pytest.raises(Conflict, match="已通过"):
        documents.set_state(session, document.id, "draft", departments=MINE)
    with store.session() as session, pytest.raises(BadValue):
        documents.set_state(session, document.id, "lost", departments=MINE)
    with store.read() as session:
        assert documents.get_document(session, document.id, departments=MINE).updated_at == AT + DAY


def test_rounds_filed_at_once_get_numbers_of_their_own(store: Store) -> None:
    checked = report()
    with store.session() as session:
        document = filed(session)

    def file(_: int) -> int:
        with store.session() as session:
            return version(session, document, checked).number

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(file, range(12)))
    assert sorted(numbers) == list(range(1, 13))


def test_hostile_text_in_a_document_is_kept_as_it_is(store: Store) -> None:
    text = "a\0b\ud800c\U0001f600\x1f"
    with store.session() as session:
        document = filed(session)
        added = documents.add_version(
            session,
            document.id,
            departments=None,
            round="一上",
            document={"title": text},
            original=b"\0\xff",
            sha256="0" * 64,
            input_kind="json",
            created_by="k",
        )
    with store.read() as session:
        found = documents.get_version(session, added.id, departments=None)
    assert (found.document, found.original) == ({"title": text}, b"\0\xff")


def test_deleting_leaves_no_row_that_belongs_to_the_document(store: Store) -> None:
    with store.session() as session:
        kept, gone = filed(session), filed(session)
        for document in (kept, gone):
            run(session, document, report())
        waivers.add_waiver(
            session, departments=None, department=ROADS, fingerprint="f", reason="一", author="二"
        )

    def counts() -> dict[str, int]:
        with store.read() as session:
            return {
                table.name: session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
            }

    before = counts()
    with store.session() as session:
        documents.delete_document(session, gone.id, departments=MINE)
    after = counts()
    for name in ("documents", "versions", "runs", "findings"):
        assert after[name] * 2 == before[name]
    assert after["waivers"] == 1


def test_deleted_text_is_gone_from_the_files(tmp_path: Path, sqlite_template: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(sqlite_template.read_bytes())
    store = Store(f"sqlite:///{path}")
    marks = [SECRET.encode(), SECRET.encode("unicode_escape")]

    def traces() -> list[str]:
        return [
            item.name
            for item in sorted(tmp_path.iterdir())
            if any(mark in item.read_bytes() for mark in marks)
        ]

    with store.session() as session:
        document = filed(session)
        # Long enough for pages of its own.
        run(session, document, report(tuple(_row(i) for i in range(200))))
    assert traces() != []
    store.scrub()
    assert traces() == ["store.db"]
    with store.session() as session:
        documents.delete_document(session, document.id, departments=None)
    assert traces() == []
    with store.read() as session:
        assert session.scalars(select(DocumentRow)).all() == []
    store.close()


def _row(index: int) -> dict[str, str]:
    return {
        "level1": "产出指标",
        "level2": "数量指标",
        "name": f"{SECRET}{index}",
        "value": "≥1个",
    }
