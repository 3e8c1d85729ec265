from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from service.auth.trail import audit
from service.store.audit import verify
from service.store.engine import Store
from service.store.tables import Audit
from tests.service.auth.auth_tools import ROOT


def entries(store: Store) -> list[Audit]:
    with store.read() as session:
        return [*session.scalars(select(Audit).order_by(Audit.seq))]


def test_an_entry(store: Store) -> None:
    with store.session() as session:
        audit(session, ROOT, "document.file", "document", "d1", "a" * 64, "r-1", "ok")
    with store.session() as session:
        audit(session, None, "session.open", "key", "-", outcome="refused")
    first, second = entries(store)
    assert (first.actor, first.role, first.action, first.object_type, first.object_id) == (
        "root", "administrator", "document.file", "document", "d1",
    )  # fmt: skip
    assert (first.sha256, first.request_id, first.outcome) == ("a" * 64, "r-1", "ok")
    assert (second.actor, second.role, second.request_id, second.outcome) == (
        "anonymous", "anonymous", "-", "refused",
    )  # fmt: skip
    assert verify(store) is None


def test_an_entry_falls_with_its_act(store: Store) -> None:
    def fails() -> None:
        with store.session() as session:
            audit(session, ROOT, "document.file", "document", "d1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert entries(store) == []


@pytest.mark.parametrize(
    "text", ["教育局 2026 年项目", "a b", "x\nfake line", "x" * 65, "", "\0", "<script>"]
)
def test_no_text_gets_into_the_trail_as_an_identifier(file_store: Store, text: str) -> None:
    with file_store.session() as session:
        audit(session, ROOT, "document.file", "document", text, request_id=text)
    (entry,) = entries(file_store)
    assert (entry.object_id, entry.request_id) == ("-", "-")


@pytest.mark.parametrize(
    "given",
    [
        {"action": "申报"},
        {"action": ""},
        {"action": "a" * 61},
        {"action": "Key.create"},
        {"object_type": "t" * 31},
        {"outcome": "o" * 21},
        {"outcome": "已拒绝"},
        {"sha256": "abc"},
        {"sha256": "A" * 64},
    ],
)
def test_words_of_the_trail_are_ours(file_store: Store, given: dict[str, Any]) -> None:
    entry = {"action": "key.create", "object_type": "key", "object_id": "k"} | given
    with pytest.raises(ValueError, match="not a"), file_store.session() as session:
        audit(session, ROOT, **entry)
