"""What a stranger tries: two at once, somebody else's numbers, the same again, what is left behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import String, cast, func, select, text

from service.jobs import queue
from service.store.decisions import save_opinion
from service.store.engine import Store
from service.store.tables import Audit, Idempotent
from tests.service.api.samples import problem
from tests.service.api.stateful_tools import FIRST, FOREIGN, OWN, World, world

OPINION = {"text": "请补充计量单位。", "conclusion": "完善后通过"}


@pytest.fixture
def kept(store: Store, store_url: str) -> Iterator[World]:
    with world(store, store_url, batch_workers=0) as found:
        yield found


def ids(kept: World, department: str = OWN) -> dict[str, str]:
    """File a round; return what it is called."""
    document = kept.document(department)["id"]
    run = kept.file(document)["run"]
    finding = kept.ask("GET", f"/runs/{run['id']}/findings").json()["findings"][0]
    return {"document": document, "run": run["id"], "fingerprint": finding["fingerprint"]}


def submitted(kept: World, department: str, *, role: str = "administrator", of: str = "") -> Any:
    body = {"department": department, "items": [{"label": "一", "document": FIRST}]}
    return kept.ask("POST", "/batches", role, of, json=body)


def actions(store: Store, object_id: str) -> list[str]:
    with store.read() as session:
        return list(session.scalars(select(Audit.action).where(Audit.object_id == object_id)))


# --- two at once ------------------------------------------------------------------------------------------------------


def someone_waits(store: Store) -> bool:
    """Whether another connection waits for a lock; SQLite does not say, so there some time has to do."""
    if store.is_sqlite:
        time.sleep(0.3)
        return True
    with store.read() as session:
        found = session.scalar(
            text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")
        )  # fmt: skip
    return bool(found)


@pytest.mark.parametrize("act", ["save", "issue"])
def test_what_a_colleague_is_just_saving_is_not_overwritten(kept: World, store: Store, act: str) -> None:
    run = ids(kept)["run"]
    path = f"/runs/{run}/opinions/0"
    tag = kept.ask("PUT", path, json=OPINION).headers["etag"]
    answers: list[Any] = []

    def second() -> None:
        method, target = ("PUT", path) if act == "save" else ("POST", f"{path}/issue")
        given = {"json": OPINION | {"text": "第二人"}} if act == "save" else {}
        answers.append(kept.ask(method, target, "reviewer", "", headers={"If-Match": tag}, **given))

    thread = threading.Thread(target=second)
    with store.session() as session:
        save_opinion(session, run, 0, departments=None, text="第一人", conclusion="通过", updated_by="k1")
        thread.start()
        for _ in range(200):
            if someone_waits(store):
                break
            time.sleep(0.02)
    thread.join()
    problem(answers[0], 412, "precondition-failed")
    seen = kept.ask("GET", path).json()
    assert (seen["text"], seen["state"]) == ("第一人", "draft")


def test_requests_at_once_with_one_key_are_one(kept: World) -> None:
    body, headers = {"department": OWN, "label": "一"}, {"Idempotency-Key": "k"}
    with ThreadPoolExecutor(6) as pool:
        answers = list(
            pool.map(lambda _: kept.ask("POST", "/documents", json=body, headers=headers), range(6))
        )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(kept.ask("GET", "/documents").json()["documents"]) == 1
    item = {"department": OWN, "items": [{"label": "一", "document": FIRST}]}
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: kept.ask("POST", "/batches", json=item, headers=headers), range(6)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len(kept.ask("GET", "/batches").json()["batches"]) == 1


# --- opinions ---------------------------------------------------------------------------------------------------------


def test_an_opinion_is_read_with_the_tag_that_changing_it_takes(kept: World) -> None:
    run = ids(kept)["run"]
    path = f"/runs/{run}/opinions/0"
    problem(kept.ask("GET", path), 404, "not-found")
    made = kept.ask("PUT", path, json=OPINION)
    read = kept.ask("GET", path)
    assert (read.json(), read.headers["etag"]) == (made.json(), made.headers["etag"])
    known = {"If-None-Match": read.headers["etag"]}
    assert kept.ask("GET", path, headers=known).status_code == 304
    # Drafts are the reviewers' own; for others there is none yet.
    problem(kept.ask("GET", path, "drafter", OWN), 404, "not-found")
    stale = {"If-Match": read.headers["etag"]}
    assert kept.ask("PUT", path, json=OPINION | {"text": "改"}, headers=stale).status_code == 200
    problem(kept.ask("PUT", path, json=OPINION, headers=stale), 412, "precondition-failed")
    assert kept.ask("POST", f"{path}/issue").status_code == 200
    assert kept.ask("GET", path, "drafter", OWN).json()["text"] == "改"


def test_a_first_draft_can_be_kept_from_replacing_another(kept: World) -> None:
    path = f"/runs/{ids(kept)['run']}/opinions/0"
    # Where there is nothing, nothing can be changed, whatever its tag.
    problem(kept.ask("PUT", path, json=OPINION, headers={"If-Match": "*"}), 412, "precondition-failed")
    new = {"If-None-Match": "*"}
    assert kept.ask("PUT", path, json=OPINION, headers=new).status_code == 200
    problem(kept.ask("PUT", path, json=OPINION | {"text": "二"}, headers=new), 412, "precondition-failed")
    assert kept.ask("PUT", path, json=OPINION, headers={"If-Match": "*"}).status_code == 200


def test_opinions_come_in_pages(kept: World) -> None:
    project = FIRST["projects"][0]
    content = {"projects": [project | {"code": f"9901012705010010000{n}"} for n in range(3)]}
    run = kept.file(kept.document()["id"], content=content)["run"]["id"]
    for number in (2, 0, 1):
        assert kept.ask("PUT", f"/runs/{run}/opinions/{number}", json=OPINION).status_code == 200
    for number in (0, 2):
        assert kept.ask("POST", f"/runs/{run}/opinions/{number}/issue").status_code == 200

    def projects(*caller: str) -> list[int]:
        seen: list[int] = []
        query: dict[str, Any] = {"limit": 1}
        while True:
            page = kept.ask("GET", f"/runs/{run}/opinions", *caller, params=query).json()
            assert len(page["opinions"]) <= 1
            seen += [item["project"] for item in page["opinions"]]
            if page["next"] is None:
                return seen
            query["cursor"] = page["next"]

    assert projects() == [0, 1, 2]
    assert projects("drafter", OWN) == [0, 2]
    problem(kept.ask("GET", f"/runs/{run}/opinions?cursor=x"), 422, "bad-cursor")


# --- somebody else's numbers ------------------------------------------------------------------------------------------


def test_a_foreign_batch_as_a_mark_is_like_none(kept: World) -> None:
    theirs = submitted(kept, FOREIGN).json()["id"]
    mine = [submitted(kept, OWN).json()["id"] for _ in range(3)]
    caller = ("reviewer", OWN)
    asked = [kept.ask("GET", f"/batches?cursor={mark}", *caller) for mark in (theirs, "0" * 32, "中")]
    for answer in asked:
        problem(answer, 422, "bad-cursor")
    assert len({answer.json()["detail"] for answer in asked}) == 1
    page = kept.ask("GET", "/batches?limit=2", *caller).json()
    rest = kept.ask("GET", f"/batches?limit=2&cursor={page['next']}", *caller).json()
    assert [item["id"] for item in page["batches"] + rest["batches"]] == mine[::-1]
    assert rest["next"] is None


def test_foreign_and_missing_are_the_same_answer(kept: World) -> None:
    theirs = ids(kept, FOREIGN) | {"batch": submitted(kept, FOREIGN).json()["id"]}
    mine = ids(kept)
    waiver = {"department": FOREIGN, "rule": "BC301", "reason": "沿用"}
    theirs["waiver"] = kept.ask("POST", "/waivers", json=waiver).json()["id"]
    calls: list[tuple[str, str, Any, str]] = [
        ("GET", "/documents/{document}", None, "document"),
        ("DELETE", "/documents/{document}", None, "document"),
        ("PUT", "/documents/{document}/verdict", {"state": "approved"}, "document"),
        ("GET", "/documents/{document}/comparison", None, "document"),
        ("GET", f"/documents/{mine['document']}/comparison?old={mine['run']}&new={{run}}", None, "run"),
        ("POST", f"/documents/{mine['document']}/decisions", {"fingerprint": mine["fingerprint"], "action": "accepted", "run": "{run}"}, "run"),
        ("GET", "/runs/{run}/report", None, "run"),
        ("GET", "/runs/{run}/opinions/0", None, "run"),
        ("PUT", "/runs/{run}/opinions/0", OPINION, "run"),
        ("POST", "/waivers/{waiver}/revoke", None, "waiver"),
        ("POST", "/batches/{batch}/cancel", None, "batch"),
        ("GET", "/batches/{batch}/events", None, "batch"),
    ]  # fmt: skip
    for method, path, body, name in calls:
        seen = []
        for number in (theirs[name], "f" * 32):
            given = {} if body is None else {"json": {k: v.replace("{run}", number) for k, v in body.items()}}
            caller = ("administrator", OWN)
            answer = kept.ask(method, path.replace(f"{{{name}}}", number), *caller, **given)
            content = answer.json()
            content.pop("request_id")
            seen.append((answer.status_code, content))
        assert seen[0] == seen[1], (method, path)
        assert seen[0][0] == 404, (method, path)


# --- what is left behind ----------------------------------------------------------------------------------------------


def test_deleting_a_document_deletes_the_kept_answers_about_it(kept: World, store: Store) -> None:
    label, reason = "独一无二的名称", "独一无二的理由"

    def key(name: str) -> dict[str, Any]:
        return {"headers": {"Idempotency-Key": name}}

    body = {"department": OWN, "label": label}
    document = kept.ask("POST", "/documents", json=body, **key("d")).json()["id"]
    path = f"/documents/{document}"
    run = kept.ask("POST", f"{path}/rounds?round=一上", json=FIRST, **key("r")).json()["run"]
    kept.ask("POST", f"/rounds/{run['round']}/runs", **key("n"))
    finding = kept.ask("GET", f"/runs/{run['id']}/findings").json()["findings"][0]
    decision = {"fingerprint": finding["fingerprint"], "action": "rejected", "reason": reason}
    assert kept.ask("POST", f"{path}/decisions", json=decision, **key("x")).status_code == 201
    other = kept.ask("POST", "/documents", json=body | {"label": "别的"}, **key("o"))

    def answers() -> list[str]:
        with store.read() as session:
            return list(session.scalars(select(cast(Idempotent.answer, String))))

    assert len(answers()) == 5
    assert kept.ask("DELETE", path).status_code == 204
    assert len(answers()) == 1
    assert label not in "".join(answers())
    # Asked again, nobody is told that what is gone was made; what is about something else is still answered.
    problem(kept.ask("POST", f"{path}/rounds?round=一上", json=FIRST, **key("r")), 404, "not-found")
    again = kept.ask("POST", "/documents", json=body | {"label": "别的"}, **key("o"))
    assert again.content == other.content


def test_what_changes_nothing_is_not_in_the_trail(kept: World, store: Store) -> None:
    run = ids(kept)["run"]
    path = f"/runs/{run}/opinions/0"
    kept.ask("PUT", path, json=OPINION)
    first, second = (kept.ask("POST", f"{path}/issue", *caller) for caller in ADMINS)
    assert (first.json(), first.headers["etag"]) == (second.json(), second.headers["etag"])
    with store.read() as session:
        issued = session.scalar(select(func.count()).where(Audit.action == "opinion.issue"))
    assert issued == 1
    waiver = kept.ask("POST", "/waivers", json={"department": OWN, "rule": "BC301", "reason": "沿用"}).json()
    revoked = [kept.ask("POST", f"/waivers/{waiver['id']}/revoke", *caller).json() for caller in ADMINS]
    assert revoked[0] == revoked[1]
    assert actions(store, waiver["id"]) == ["waiver.create", "waiver.revoke"]
    batch = submitted(kept, OWN).json()["id"]
    for caller in ADMINS:
        assert kept.ask("POST", f"/batches/{batch}/cancel", *caller).json()["state"] == "cancelled"
    assert actions(store, batch) == ["batch.create", "batch.cancel"]


def test_taking_the_results_of_a_batch_is_in_the_trail(kept: World, store: Store) -> None:
    batch = submitted(kept, OWN).json()["id"]
    for path in (f"/batches/{batch}/results", f"/portal/batches/{batch}/results"):
        assert kept.ask("GET", path).status_code == 200
    # Nothing was there to be read.
    assert actions(store, batch) == ["batch.create"]
    (task,) = queue.lease(store, "w", 60)
    queue.complete(store, task, {"kind": "problem", "code": "no-table", "message": "没有找到"})
    assert kept.ask("GET", f"/batches/{batch}/results?reports=false").status_code == 200
    assert actions(store, batch) == ["batch.create"]
    assert kept.ask("GET", f"/batches/{batch}/results", "reviewer", OWN).status_code == 200
    assert kept.ask("GET", f"/portal/batches/{batch}/results", "portal", OWN).status_code == 200
    assert actions(store, batch) == ["batch.create", "batch.read", "portal.read"]


ADMINS = (("administrator", ""), ("administrator", OWN))


# --- what a refusal says ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "act", "state", "said"),
    [
        ((), "verdict", "approved", "请先由填报人提交"),
        ((), "verdict", "returned", "请先由填报人提交"),
        (("submitted", "returned"), "verdict", "approved", "再次提交"),
        (("submitted", "approved"), "filing", "draft", "请先由审核退回"),
        (("submitted", "approved"), "filing", "submitted", "请先由审核退回"),
    ],
)
def test_a_state_that_cannot_follow_says_what_comes_first(
    kept: World, before: tuple[str, ...], act: str, state: str, said: str
) -> None:
    path = f"/documents/{kept.document()['id']}"
    for step in before:
        name = "filing" if step == "submitted" else "verdict"
        assert kept.ask("PUT", f"{path}/{name}", json={"state": step}).status_code == 200
    refused = problem(kept.ask("PUT", f"{path}/{act}", json={"state": state}), 409, "conflict")
    assert said in refused["detail"]


@pytest.mark.parametrize(("state", "said"), [("submitted", "请先撤回"), ("approved", "请先由审核退回")])
def test_a_document_that_cannot_be_deleted_says_what_comes_first(kept: World, state: str, said: str) -> None:
    path = f"/documents/{kept.document()['id']}"
    kept.ask("PUT", f"{path}/filing", json={"state": "submitted"})
    if state == "approved":
        kept.ask("PUT", f"{path}/verdict", json={"state": state})
    refused = problem(kept.ask("DELETE", path, "drafter", OWN), 409, "conflict")
    assert said in refused["detail"]


def test_what_is_wrong_with_a_header_or_a_text_is_said_of_it(kept: World) -> None:
    body = {"department": OWN, "label": "一"}
    long = kept.ask("POST", "/documents", json=body, headers={"Idempotency-Key": "k" * 201})
    assert problem(long, 422, "invalid-request")["errors"] == [
        {"path": "header.Idempotency-Key", "detail": "不能多于 200 字"}
    ]
    narrow = problem(kept.ask("GET", f"/documents?department={'甲' * 201}"), 422, "invalid-request")
    assert narrow["errors"] == [{"path": "query.department", "detail": "不能多于 200 字"}]


def test_a_batch_of_a_key_with_several_departments_says_which_is_missing(kept: World) -> None:
    key = kept.ask(
        "POST", "/keys", json={"name": "两个", "role": "portal", "departments": [OWN, FOREIGN]}
    ).json()
    body: dict[str, Any] = {"items": [{"label": "一", "document": FIRST}]}
    headers = {"X-API-Key": key["text"]}
    refused = problem(kept.client.post("/v1/batches", json=body, headers=headers), 422, "invalid-request")
    assert refused["errors"] == [{"path": "department", "detail": "缺少此项"}]
    assert (
        kept.client.post("/v1/batches", json=body | {"department": OWN}, headers=headers).status_code == 202
    )
