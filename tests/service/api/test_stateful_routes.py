"""What is kept: documents, rounds, runs, decisions, opinions, waivers, batches, keys, sessions, the trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from service.api.schemas_report import Report
from service.jobs.settings import JobSettings
from service.jobs.worker import Worker
from service.settings import Limits
from service.store import audit
from service.store.engine import Store, now
from service.store.retention import purge
from tests.service.api.samples import DOCX, XLSX, problem, upload
from tests.service.api.stateful_tools import FIRST, FOREIGN, OWN, SECOND, SECRET, World, world


@pytest.fixture
def kept(store: Store, store_url: str) -> Iterator[World]:
    with world(store, store_url) as found:
        yield found


def get(kept: World, path: str, **given: Any) -> Any:
    answer = kept.ask("GET", path, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()


# --- documents --------------------------------------------------------------------------------------------------------


def test_a_document_over_its_states(kept: World) -> None:
    document = kept.document()
    path = f"/documents/{document['id']}"
    assert get(kept, path) == document
    drafter, reviewer = {"role": "drafter", "department": OWN}, {"role": "reviewer"}
    assert (
        kept.ask("PUT", f"{path}/filing", json={"state": "submitted"}, **drafter).json()["state"]
        == "submitted"
    )
    problem(kept.ask("DELETE", path, **drafter), 409, "conflict")
    assert kept.ask("PUT", f"{path}/verdict", json={"state": "approved"}, **reviewer).status_code == 200
    refused = kept.ask("POST", f"{path}/rounds?round=再报", json=FIRST, **drafter)
    problem(refused, 409, "conflict")
    assert kept.ask("PUT", f"{path}/verdict", json={"state": "returned"}, **reviewer).status_code == 200
    kept.file(document["id"])
    assert kept.ask("DELETE", path, **drafter).status_code == 204
    problem(kept.ask("GET", path), 404, "not-found")


def test_lists_come_in_pages_and_can_be_narrowed(kept: World) -> None:
    made = [kept.document(label=str(i), fiscal_year=2026 + i % 2)["id"] for i in range(5)]
    kept.document(FOREIGN)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": 2, "department": OWN} | ({"cursor": cursor} if cursor else {})
        page = get(kept, "/documents", params=query)
        seen += [item["id"] for item in page["documents"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == made[::-1]
    assert len(get(kept, "/documents", params={"fiscal_year": 2027})["documents"]) == 2
    assert get(kept, "/documents", params={"state": "approved"})["documents"] == []
    problem(kept.ask("GET", "/documents", params={"cursor": "x"}), 422, "bad-cursor")


def test_tags_keep_two_from_overwriting_each_other(kept: World) -> None:
    document = kept.document()
    path = f"/documents/{document['id']}"
    tag = kept.ask("GET", path).headers["etag"]
    assert kept.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
    change = {"json": {"state": "submitted"}, "headers": {"If-Match": tag}}
    done = kept.ask("PUT", f"{path}/filing", **change)
    assert (done.status_code, done.headers["etag"]) == (200, kept.ask("GET", path).headers["etag"])
    problem(kept.ask("PUT", f"{path}/filing", **change), 412, "precondition-failed")
    problem(kept.ask("DELETE", path, headers={"If-Match": tag}), 412, "precondition-failed")


def test_the_same_request_twice_is_done_once(kept: World, store: Store) -> None:
    headers = {"Idempotency-Key": "a-1"}
    body = {"department": OWN, "label": "一"}
    first, again = (kept.ask("POST", "/documents", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    other = kept.ask("POST", "/documents", json=body | {"label": "二"}, headers=headers)
    problem(other, 409, "idempotency-conflict")
    # Another caller's key is another key.
    assert (
        kept.ask("POST", "/documents", "drafter", OWN, json=body, headers=headers).json()["id"]
        != first.json()["id"]
    )
    path = f"/documents/{first.json()['id']}/rounds?round=一上"
    rounds = [kept.ask("POST", path, files=upload(DOCX), headers={"Idempotency-Key": "r"}) for _ in range(2)]
    assert rounds[0].json() == rounds[1].json()
    assert len(get(kept, f"/documents/{first.json()['id']}/rounds")["rounds"]) == 1
    assert audit.verify(store) is None


# --- rounds and runs --------------------------------------------------------------------------------------------------


def test_a_round_is_checked_and_can_be_read_again(kept: World) -> None:
    document = kept.document()["id"]
    filed = kept.ask("POST", f"/documents/{document}/rounds?round=一上", files=upload(DOCX)).json()
    plain = kept.client.post("/v1/check", files=upload(DOCX), headers=bearer(kept))
    report = kept.ask("GET", f"/runs/{filed['run']['id']}/report")
    assert report.content == plain.content
    assert filed["run"]["report_sha256"] == hashlib.sha256(report.content).hexdigest()
    assert filed["round"]["sha256"] == hashlib.sha256(DOCX.read_bytes()).hexdigest()
    assert filed["run"]["complete"] is True
    Report.model_validate(report.json())
    counted = sum(filed["run"]["counts"][name] for name in ("error", "warning", "info"))
    assert counted == len(report.json()["findings"])
    round_id = filed["round"]["id"]
    assert kept.ask("GET", f"/rounds/{round_id}/original").content == DOCX.read_bytes()
    assert get(kept, f"/rounds/{round_id}/text")["document"] == report.json()["document"]


def bearer(kept: World) -> dict[str, str]:
    return {"Authorization": f"Bearer {kept.keys['administrator', '']}"}


def test_reports_are_written_again_in_every_format(kept: World) -> None:
    document = kept.document()["id"]
    run = kept.ask("POST", f"/documents/{document}/rounds?round=一上", files=upload(XLSX)).json()["run"]["id"]
    starts = {"json": b"{", "html": b"<!DOCTYPE", "docx": b"PK", "xlsx": b"PK"}
    for fmt, start in starts.items():
        answer = kept.ask("GET", f"/runs/{run}/report", params={"format": fmt})
        assert answer.status_code == 200
        assert answer.content.startswith(start)
        known = {"If-None-Match": answer.headers["etag"]}
        assert (
            kept.ask("GET", f"/runs/{run}/report", params={"format": fmt}, headers=known).status_code == 304
        )
    copy = kept.ask("GET", f"/runs/{run}/report", params={"format": "xlsx", "annotated": "true"})
    assert copy.content.startswith(b"PK")
    direct = kept.client.post(
        "/v1/check?format=xlsx&annotated=true", files=upload(XLSX, "年度目标.xlsx"), headers=bearer(kept)
    )
    assert copy.content == direct.content
    wrong = kept.ask("GET", f"/runs/{run}/report", params={"format": "docx", "annotated": "true"})
    problem(wrong, 422, "unusable-input")


@pytest.mark.parametrize("path", [DOCX, XLSX, None], ids=["docx", "xlsx", "json"])
def test_a_replay_gives_the_same_bytes(kept: World, path: Any) -> None:
    document = kept.document()["id"]
    waiver = {"department": OWN, "rule": "BC301", "reason": "沿用上级口径"}
    assert kept.ask("POST", "/waivers", json=waiver).status_code == 201
    given: dict[str, Any] = {"json": FIRST} if path is None else {"files": upload(path)}
    run = kept.ask("POST", f"/documents/{document}/rounds?round=一上&profile=hebei", **given).json()["run"]
    assert run["counts"]["waived"] > 0
    # What is waived later does not change what was checked then.
    kept.ask("POST", "/waivers", json=waiver | {"rule": "BC502"})
    done = kept.ask("POST", f"/runs/{run['id']}/replay").json()
    assert done["same"] is True, done
    assert (done["changed"], done["findings"]) == ([], {"gone": 0, "added": 0})


def test_two_rounds_are_compared(kept: World) -> None:
    document = kept.document()["id"]
    problem(kept.ask("GET", f"/documents/{document}/comparison"), 409, "conflict")
    first = kept.file(document, "一上", FIRST)
    second = kept.file(document, "二上", SECOND)
    found = get(kept, f"/documents/{document}/comparison")
    assert (found["old"]["id"], found["new"]["id"]) == (first["run"]["id"], second["run"]["id"])
    assert "BC301" in {item["code"] for item in found["solved"]}
    assert found["remaining"]
    assert found["complete"] is True
    assert SECRET not in json.dumps(found, ensure_ascii=False)
    query = {"old": second["run"]["id"], "new": first["run"]["id"]}
    assert "BC301" in {
        item["code"] for item in get(kept, f"/documents/{document}/comparison", params=query)["added"]
    }
    problem(kept.ask("GET", f"/documents/{document}/comparison", params={"old": "x"}), 422, "invalid-request")


def test_what_is_purged_says_so(kept: World, store: Store) -> None:
    document = kept.document()["id"]
    filed = kept.file(document)
    run, round_id = filed["run"]["id"], filed["round"]["id"]
    with store.session() as session:
        session.execute(text("UPDATE versions SET purge_after = :at"), {"at": str(now())})
    purge(store, now())
    for method, path in (
        ("GET", f"/runs/{run}/report"), ("GET", f"/rounds/{round_id}/text"), ("GET", f"/rounds/{round_id}/original"),
        ("POST", f"/runs/{run}/replay"), ("POST", f"/rounds/{round_id}/runs"),
    ):  # fmt: skip
        problem(kept.ask(method, path), 410, "purged")
    assert get(kept, f"/runs/{run}")["purged"] is True
    assert get(kept, f"/runs/{run}/findings")["findings"]


# --- decisions, opinions, waivers -------------------------------------------------------------------------------------


def test_the_last_decision_counts(kept: World) -> None:
    document = kept.document()["id"]
    run = kept.file(document)["run"]["id"]
    fingerprint = get(kept, f"/runs/{run}/findings")["findings"][0]["fingerprint"]
    path = f"/documents/{document}/decisions"
    body = {"fingerprint": fingerprint, "action": "rejected"}
    problem(kept.ask("POST", path, json=body), 422, "bad-value")
    assert kept.ask("POST", path, json=body | {"reason": "另有规定"}).status_code == 201
    assert kept.ask("POST", path, json=body | {"action": "edited"}).status_code == 201
    assert [item["action"] for item in get(kept, path)["decisions"]] == ["edited", "rejected"]
    assert get(kept, f"/runs/{run}/findings")["findings"][0]["decision"]["action"] == "edited"


def test_opinions_stand_once_they_are_issued(kept: World) -> None:
    run = kept.file(kept.document()["id"])["run"]["id"]
    path = f"/runs/{run}/opinions/0"
    body = {"text": "请补充计量单位。", "conclusion": "完善后通过"}
    problem(kept.ask("POST", f"{path}/issue"), 404, "not-found")
    tag = kept.ask("PUT", path, json=body).headers["etag"]
    stale = {"headers": {"If-Match": '"x"'}}
    problem(kept.ask("PUT", path, json=body, **stale), 412, "precondition-failed")
    assert get(kept, f"/runs/{run}/opinions", role="drafter", department=OWN)["opinions"] == []
    assert kept.ask("POST", f"{path}/issue", headers={"If-Match": tag}).json()["state"] == "issued"
    problem(kept.ask("PUT", path, json=body), 409, "conflict")
    seen = get(kept, f"/runs/{run}/opinions", role="drafter", department=OWN)["opinions"]
    assert seen[0]["text"] == body["text"]


def test_waivers_are_used_and_those_of_others_are_no_finding(kept: World) -> None:
    for department, rule in ((OWN, "unit-missing"), (None, "BC603"), (FOREIGN, "BC301")):
        body = {"department": department, "rule": rule, "reason": "沿用", "name": None}
        assert kept.ask("POST", "/waivers", json=body).status_code == 201
    gone = {"department": OWN, "rule": "BC502", "reason": "到期", "expires": "2020-01-01"}
    assert kept.ask("POST", "/waivers", json=gone).status_code == 201
    run = kept.file(kept.document()["id"])["run"]
    codes = {item["code"] for item in get(kept, f"/runs/{run['id']}/findings?limit=200")["findings"]}
    assert "BC301" not in codes
    assert "BC903" not in codes
    waived = get(kept, f"/runs/{run['id']}/findings?waived=true")["findings"]
    assert {item["code"] for item in waived} == {"BC301"}
    listed = get(kept, "/waivers", role="drafter", department=OWN)["waivers"]
    assert {item["department"] for item in listed} == {OWN, None}
    mine = next(item["id"] for item in listed if item["rule"] == "BC301")
    assert kept.ask("POST", f"/waivers/{mine}/revoke").json()["revoked_at"]
    again = kept.ask("POST", f"/rounds/{run['round']}/runs").json()
    assert again["counts"]["waived"] == 0


# --- batches ----------------------------------------------------------------------------------------------------------


def work_off(kept: World, store: Store, url: str) -> None:
    worker = Worker(url, Limits(), settings=JobSettings())
    while worker.step(store):
        pass


def test_a_batch_of_files(kept: World, store: Store, store_url: str) -> None:
    files = [("file", (p.name, p.read_bytes())) for p in (DOCX, XLSX)] + [
        ("file", ("坏.docx", b"PK\x03\x04"))
    ]
    headers = {"Idempotency-Key": "b1"}
    given: dict[str, Any] = {"role": "portal", "department": OWN, "headers": headers}
    made = kept.ask("POST", "/batches", files=files, data={"priority": "5", "suggest": "false"}, **given)
    assert made.status_code == 202, made.text
    batch = made.json()
    assert (batch["department"], batch["total"], batch["priority"]) == (OWN, 3, 5)
    again = kept.ask("POST", "/batches", files=files, data={"priority": "5", "suggest": "false"}, **given)
    assert again.json() == batch
    problem(kept.ask("POST", "/batches", files=files[:1], **given), 409, "idempotency-conflict")
    path = f"/batches/{batch['id']}"
    assert get(kept, path)["complete"] is False
    work_off(kept, store, store_url)
    assert get(kept, path)["complete"] is True
    page = get(kept, f"{path}/results", params={"limit": 2})
    rest = get(kept, f"{path}/results", params={"cursor": page["next"]})
    results = page["results"] + rest["results"]
    assert [item["label"] for item in results] == ["sample.docx", "sample.xlsx", "坏.docx"]
    assert [item["result"]["kind"] for item in results] == ["report", "report", "problem"]
    Report.model_validate(results[0]["result"]["report"])
    events = kept.ask("GET", f"{path}/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert "event: progress" in events.text
    assert "event: end" in events.text
    assert [item["id"] for item in get(kept, "/batches")["batches"]] == [batch["id"]]


def test_a_batch_of_projects_is_cancelled(kept: World, store: Store) -> None:
    body: dict[str, Any] = {
        "department": OWN,
        "items": [{"label": str(i), "document": FIRST} for i in range(3)],
    }
    path = f"/batches/{kept.ask('POST', '/batches', json=body).json()['id']}"
    assert kept.ask("POST", f"{path}/cancel").json()["state"] == "cancelled"
    found = get(kept, path)
    assert (found["counts"]["cancelled"], found["complete"]) == (3, False)
    for wrong in ({"items": []}, {"priority": 10}, {"profile": "nope"}, {"extra": 1}):
        problem(kept.ask("POST", "/batches", json=body | wrong), 422, "invalid-request")
    hooked = kept.ask("POST", "/batches", json=body | {"webhook": "http://127.0.0.1/x"})
    problem(hooked, 422, "webhook-refused")
    assert audit.verify(store) is None


# --- keys, sessions, the trail ----------------------------------------------------------------------------------------


def test_a_key_over_its_life(kept: World) -> None:
    body = {
        "name": "李四",
        "role": "drafter",
        "departments": [OWN],
        "expires_at": "2099-12-31T23:59:59+08:00",
    }
    made = kept.ask("POST", "/keys", json=body).json()

    def status(key: str) -> int:
        return kept.client.get("/v1/session", headers={"X-API-Key": key}).status_code

    assert status(made["text"]) == 200
    other = kept.ask("POST", f"/keys/{made['key']['id']}/rotate").json()
    assert (status(made["text"]), status(other["text"])) == (401, 200)
    assert kept.ask("POST", f"/keys/{made['key']['id']}/revoke").json()["state"] == "revoked"
    assert status(other["text"]) == 401
    problem(kept.ask("POST", f"/keys/{made['key']['id']}/rotate"), 422, "bad-key")
    listed = kept.ask("GET", "/keys").text
    assert made["key"]["id"] in listed
    assert made["text"] not in listed
    problem(
        kept.ask("POST", "/keys", json=body | {"expires_at": "0001-01-01T00:00:00+14:00"}),
        422,
        "invalid-request",
    )


def test_pages_sign_in_and_out(kept: World) -> None:
    entered = kept.client.post("/v1/session", json={"key": kept.keys["drafter", OWN]})
    assert entered.status_code == 201
    cookie = {"Cookie": entered.headers["set-cookie"].partition(";")[0]}
    assert "HttpOnly" in entered.headers["set-cookie"]
    body = {"department": OWN, "label": "网页"}
    problem(kept.client.post("/v1/documents", json=body, headers=cookie), 403, "csrf")
    shown = {**cookie, "X-CSRF-Token": entered.json()["csrf"]}
    assert kept.client.post("/v1/documents", json=body, headers=shown).status_code == 201
    assert kept.client.get("/v1/session", headers=cookie).json()["via"] == "session"
    assert kept.client.request("DELETE", "/v1/session", headers=shown).status_code == 204
    assert kept.client.get("/v1/session", headers=cookie).status_code == 401


def test_every_act_stands_in_the_trail_without_text(kept: World, store: Store) -> None:
    document = kept.document()["id"]
    run = kept.file(document)["run"]
    kept.ask("GET", f"/runs/{run['id']}/report", headers={"X-Request-ID": "probe-1"})
    kept.ask("PUT", f"/documents/{document}/filing", json={"state": "submitted"})
    kept.ask("DELETE", f"/documents/{document}")
    exported = kept.ask("GET", "/audit/export")
    lines = [json.loads(line) for line in exported.text.splitlines()]
    actions = [line["action"] for line in lines if not line["action"].startswith("key.")]
    assert actions == [
        "document.create", "round.create", "run.read", "document.submitted", "document.delete", "audit.export",
    ]  # fmt: skip
    assert any(line["sha256"] and line["action"] == "round.create" for line in lines)
    assert any(line["request_id"] == "probe-1" for line in lines)
    assert SECRET not in exported.text
    assert "年度目标" not in exported.text
    assert audit.verify(store) is None
    assert get(kept, "/audit", params={"object_id": document})["entries"][0]["action"] == "document.delete"


def test_answers_tell_what_is_left_of_the_quota(kept: World) -> None:
    answer: httpx.Response = kept.ask("GET", "/documents")
    assert int(answer.headers["ratelimit-remaining"]) > 0
