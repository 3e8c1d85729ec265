from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.records.codec import dumps
from rules.engine.suppress import Waiver
from service.export.jsonfile import json_report
from service.store import decisions, documents, runs
from service.store.engine import Store
from service.store.errors import BadValue, Conflict, NotFound
from service.store.tables import FindingRow
from tests.service.store.filing import (
    AT,
    DAY,
    FIRST,
    NOWHERE,
    ROADS,
    SCHOOLS,
    SECOND,
    SECRET,
    filed,
    report,
    run,
    version,
)

MINE = frozenset({ROADS})


def test_a_run_keeps_manifest_scores_findings_and_report(store: Store) -> None:
    checked = report()
    with store.session() as session:
        document = filed(session)
        info = run(session, document, checked)
    with store.read() as session:
        whole = runs.get_run(session, info.id, departments=MINE)
        again = runs.get_run_info(session, info.id, departments=MINE)
        found = runs.list_findings(session, info.id, departments=MINE).items
    assert again == info
    assert (info.document_id, info.number, info.complete, info.purged) == (document.id, 1, True, False)
    assert info.manifest["rules"] == list(checked.manifest.rules)
    assert info.scores[0]["conclusion"] == checked.scores[0].conclusion
    assert [(row.code, row.path, row.severity, row.fingerprint) for row in found] == [
        (item.code, item.location.path, item.severity.value, item.fingerprint) for item in checked.findings
    ]
    # The stored report gives the very bytes that its digest is of.
    assert (dumps(whole.report).rstrip("\n") + "\n").encode() == json_report(checked)
    assert info.report_sha256 == hashlib.sha256(json_report(checked)).hexdigest()


def test_findings_hold_no_text_of_the_table(store: Store) -> None:
    with store.session() as session:
        info = run(session, filed(session), report())
    with store.read() as session:
        rows = session.scalars(select(FindingRow).where(FindingRow.run_id == info.id)).all()
        assert rows
        kept = repr([[getattr(row, column.key) for column in FindingRow.__table__.columns] for row in rows])
    assert SECRET not in kept + repr(info)


def test_findings_come_in_pages_in_the_order_of_the_report(store: Store) -> None:
    checked = report()
    with store.session() as session:
        info = run(session, filed(session), checked)
    seen: list[str] = []
    cursor = None
    with store.read() as session:
        while True:
            page = runs.list_findings(session, info.id, departments=None, cursor=cursor, limit=2)
            seen += [row.fingerprint for row in page.items]
            cursor = page.next
            if cursor is None:
                break
    assert seen == [item.fingerprint for item in checked.findings]
    assert len(seen) > 4


def test_runs_of_a_document_are_listed_newest_first(store: Store) -> None:
    with store.session() as session:
        document = filed(session)
        made = [run(session, document, report(), at=AT + DAY * i) for i in range(3)]
        run(session, filed(session), report())
    with store.read() as session:
        first = runs.list_runs(session, document.id, departments=MINE, limit=2)
        second = runs.list_runs(session, document.id, departments=MINE, limit=2, cursor=first.next)
    assert first.items + second.items == tuple(reversed(made))
    assert second.next is None


def test_the_difference_of_two_rounds(store: Store) -> None:
    old, new = report(FIRST), report(SECOND)
    before = {item.fingerprint for item in old.findings}
    after = {item.fingerprint for item in new.findings}
    with store.session() as session:
        document = filed(session)
        first, second = run(session, document, old), run(session, document, new, round="再报")
    with store.read() as session:
        found = runs.compare_runs(session, first.id, second.id, departments=MINE)
        back = runs.compare_runs(session, second.id, first.id, departments=MINE)
        same = runs.compare_runs(session, first.id, first.id, departments=MINE)
    assert {row.fingerprint for row in found.solved} == before - after != set()
    assert {row.fingerprint for row in found.remaining} == before & after != set()
    assert {row.fingerprint for row in found.added} == after - before
    assert {row.run_id for row in found.solved} == {first.id}
    assert {row.run_id for row in found.remaining} == {second.id}
    assert {row.code for row in found.solved} >= {"BC301"}
    assert {row.fingerprint for row in back.added} == before - after
    assert (same.solved, same.added, len(same.remaining)) == ((), (), len(before))


def test_a_waived_finding_is_not_solved_and_a_rule_that_did_not_run_says_nothing(store: Store) -> None:
    old = report()
    waived = next(item.fingerprint for item in old.findings if item.code == "BC301")
    new = report(waivers=(Waiver(reason="一", author="二", fingerprint=waived),))
    with store.session() as session:
        document = filed(session)
        first, second = run(session, document, old), run(session, document, new)
        third = run(session, document, report(SECOND))
        # As if the last run had been made without the rule.
        session.get_one(runs.Run, third.id).manifest = third.manifest | {"rules": ["BC999"]}
    with store.read() as session:
        found = runs.compare_runs(session, first.id, second.id, departments=MINE)
        silent = runs.compare_runs(session, first.id, third.id, departments=MINE)
        aside = runs.list_findings(session, second.id, departments=MINE, waived=True).items
    assert [row.fingerprint for row in found.waived] == [waived]
    assert [row.fingerprint for row in aside] == [waived]
    assert waived not in {row.fingerprint for row in found.solved + found.remaining + found.added}
    assert silent.solved == ()
    assert waived in {row.fingerprint for row in silent.unchecked}


def test_runs_of_different_documents_are_not_compared(store: Store) -> None:
    with store.session() as session:
        first, second = run(session, filed(session), report()), run(session, filed(session), report())
    with store.read() as session, pytest.raises(Conflict):
        runs.compare_runs(session, first.id, second.id, departments=MINE)


def test_the_latest_decision_counts_even_when_the_clock_stands_still(store: Store) -> None:
    checked = report()
    mark = checked.findings[0].fingerprint
    with store.session() as session:
        document = filed(session)
        info = run(session, document, checked)
        for action, reason in (("accepted", ""), ("rejected", "已核实"), ("edited", "")):
            decisions.decide(
                session,
                document.id,
                mark,
                action,
                departments=MINE,
                reason=reason,
                run_id=info.id,
                decided_by="k2",
                at=AT,
            )
    with store.read() as session:
        latest = decisions.latest_decisions(session, document.id, departments=MINE)
        first = decisions.list_decisions(session, document.id, departments=MINE, limit=2)
        rest = decisions.list_decisions(session, document.id, departments=MINE, cursor=first.next)
    assert {key: row.action for key, row in latest.items()} == {mark: "edited"}
    assert latest[mark].code == checked.findings[0].code
    assert [row.action for row in first.items + rest.items] == ["edited", "rejected", "accepted"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"action": "ignored"}, BadValue),
        ({"action": "rejected"}, BadValue),
        ({"action": "rejected", "reason": "长" * 401}, BadValue),
        ({"fingerprint": "0" * 20}, NotFound),
        ({"run_id": NOWHERE}, NotFound),
    ],
)
def test_a_decision_that_cannot_be_is_refused(
    store: Store, change: dict[str, str], error: type[Exception]
) -> None:
    checked = report()
    with store.session() as session:
        document = filed(session)
        run(session, document, checked)
    given = {"fingerprint": checked.findings[0].fingerprint, "action": "accepted", "reason": ""} | change
    with pytest.raises(error), store.session() as session:
        decisions.decide(session, document.id, departments=MINE, decided_by="k", **given)  # type: ignore[misc]


def test_an_opinion_is_a_draft_until_it_is_issued(store: Store) -> None:
    with store.session() as session:
        info = run(session, filed(session), report())
        for text in ("初稿", "二稿"):
            decisions.save_opinion(
                session,
                info.id,
                0,
                departments=MINE,
                text=text,
                conclusion="完善后通过",
                updated_by="k2",
                at=AT,
            )
        decisions.issue_opinion(session, info.id, 0, departments=MINE, updated_by="k3", at=AT + DAY)
        decisions.issue_opinion(session, info.id, 0, departments=MINE, updated_by="k4", at=AT + DAY * 2)
    with store.read() as session:
        (opinion,) = decisions.list_opinions(session, info.id, departments=MINE)
    assert (opinion.text, opinion.state, opinion.updated_by, opinion.updated_at) == (
        "二稿",
        "issued",
        "k3",
        AT + DAY,
    )
    with pytest.raises(Conflict, match="已出具"), store.session() as session:
        decisions.save_opinion(
            session, info.id, 0, departments=MINE, text="三稿", conclusion="通过", updated_by="k2"
        )


@pytest.mark.parametrize("project", [-1, 1])
def test_an_opinion_needs_a_project(store: Store, project: int) -> None:
    with store.session() as session:
        info = run(session, filed(session), report())
    with pytest.raises(NotFound), store.session() as session:
        decisions.save_opinion(
            session, info.id, project, departments=MINE, text="一", conclusion="通过", updated_by="k"
        )
    with pytest.raises(NotFound), store.session() as session:
        decisions.issue_opinion(session, info.id, 0, departments=MINE, updated_by="k")


Use = Callable[[Session, dict[str, str], frozenset[str]], object]


def _uses() -> dict[str, Use]:
    def record(session: Session, ids: dict[str, str], who: frozenset[str]) -> object:
        return runs.record_run(session, ids["version"], report(), departments=who)

    return {
        "record": record,
        "run": lambda s, ids, who: runs.get_run(s, ids["run"], departments=who),
        "info": lambda s, ids, who: runs.get_run_info(s, ids["run"], departments=who),
        "runs": lambda s, ids, who: runs.list_runs(s, ids["document"], departments=who),
        "findings": lambda s, ids, who: runs.list_findings(s, ids["run"], departments=who),
        "compare": lambda s, ids, who: runs.compare_runs(s, ids["run"], ids["run"], departments=who),
        "decide": lambda s, ids, who: decisions.decide(
            s, ids["document"], ids["mark"], "accepted", departments=who, decided_by="k"
        ),
        "latest": lambda s, ids, who: decisions.latest_decisions(s, ids["document"], departments=who),
        "decisions": lambda s, ids, who: decisions.list_decisions(s, ids["document"], departments=who),
        "opinions": lambda s, ids, who: decisions.list_opinions(s, ids["run"], departments=who),
        "save": lambda s, ids, who: decisions.save_opinion(
            s, ids["run"], 0, departments=who, text="一", conclusion="通过", updated_by="k"
        ),
        "issue": lambda s, ids, who: decisions.issue_opinion(
            s, ids["run"], 0, departments=who, updated_by="k"
        ),
    }


@pytest.mark.parametrize("use", _uses())
def test_what_belongs_to_a_foreign_document_behaves_exactly_as_missing(store: Store, use: str) -> None:
    checked = report()
    with store.session() as session:
        document = filed(session)
        round_ = version(session, document, checked)
        info = runs.record_run(session, round_.id, checked, departments=None)
        decisions.save_opinion(
            session, info.id, 0, departments=None, text="一", conclusion="通过", updated_by="k"
        )
    ids = {"document": document.id, "version": round_.id, "run": info.id}
    mark = {"mark": checked.findings[0].fingerprint}
    said = set()
    for given, who in ((ids, frozenset({SCHOOLS})), (dict.fromkeys(ids, NOWHERE), MINE)):
        with pytest.raises(NotFound) as caught, store.session() as session:
            _uses()[use](session, given | mark, who)
        said.add(caught.value.message)
    assert len(said) == 1
    with store.session() as session:
        _uses()[use](session, ids | mark, MINE)


def test_a_foreign_run_of_an_own_document_is_no_reason_to_decide(store: Store) -> None:
    checked = report()
    with store.session() as session:
        own, foreign = filed(session), filed(session, SCHOOLS)
        run(session, own, checked)
        other = run(session, foreign, checked)
    with pytest.raises(NotFound), store.session() as session:
        decisions.decide(
            session,
            own.id,
            checked.findings[0].fingerprint,
            "accepted",
            departments=MINE,
            run_id=other.id,
            decided_by="k",
        )
    with store.session() as session:
        documents.delete_document(session, own.id, departments=MINE)
