"""A portal files projects, is called back by signed messages, fetches results and withdraws: over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from service.client import BadSignature, Client, NotAllowed, Receiver, Replayed, TooSlow
from service.jobs import webhooks
from service.jobs.signing import DELIVERY, SIGNATURE, TIMESTAMP, headers, sign
from service.store.engine import Store, now
from tests.service.portal.portal_tools import (
    MESSAGES,
    Service,
    listening,
    message,
    message_row,
    mock_portal,
    record,
    service,
)


@pytest.fixture
def running(store: Store) -> Iterator[Service]:
    with listening(service(store)) as found:
        yield found


def test_a_portal_files_is_called_back_and_fetches(running: Service) -> None:
    client = Client(running.url, running.key())
    bundle = {
        "project": {"PRO_CODE": "c2", "PRO_NAME": "行道树补植"},
        "rows": [record(MAINGUID="m2", NAME="补植株数")],
    }
    with mock_portal(client.webhook_secrets()) as portal:
        job = client.submit([message(), [record()], bundle], webhook=portal.url, idempotency_key="a1")
        assert client.submit([message(), [record()], bundle], webhook=portal.url, idempotency_key="a1") == job
        before = client.batch(job)
        assert (before.state, before.total, before.finished) == ("queued", 3, 0)
        assert [item["result"] for item in client.results(job)] == [None, None, None]
        assert running.deliver() is None
        running.work()
        assert client.wait(job).is_over
        assert running.deliver() == "sent"
        (told,) = portal.messages
        assert (told.job, told.event, told.state, told.total, told.counts) == (
            job, "job.finished", "done", 3, {"done": 3},
        )  # fmt: skip
        items = list(client.results(told.job, page=2))
        assert [item["key"] for item in items] == ["99010224P004000000043", "m1", "m2"]
        assert [item["state"] for item in items] == ["done"] * 3
        # The very answer that the call for one project gives.
        for item, project in zip(items, (message(), [record()], bundle), strict=True):
            alone = client.portal_check(project)
            assert item["result"] == alone
        assert items[0]["result"]["amounts"] == {"本年度预算资金总额": "812000.50"}
        assert running.deliver() is None


def test_messages_that_are_forged_old_or_sent_again_are_not_taken(running: Service) -> None:
    client = Client(running.url, running.key())
    with mock_portal(client.webhook_secrets()) as portal:
        client.submit([message()], webhook=portal.url)
        running.work()
        assert running.deliver() == "sent"
        ((head, body),) = portal.requests
        assert portal.take(head, body) == 200
        assert len(portal.messages) == 1
        assert portal.take(head, body.replace(b'"done"', b'"failed"')) == 401
        assert portal.take({**head, SIGNATURE: "v1=" + "0" * 64}, body) == 401
        assert portal.take({**head, TIMESTAMP: str(int(head[TIMESTAMP]) - 600)}, body) == 401
        assert portal.take({**head, DELIVERY: "another"}, body) == 401
        assert portal.take({}, body) == 401
        # The same message much later, with its old signature: too old before it is anything else.
        with pytest.raises(BadSignature):
            Receiver(portal.receiver.secrets, clock=lambda: time.time() + 3600).receive(head, body)
        # Another key's secret does not do.
        other = Client(running.url, running.key()).webhook_secrets()
        with pytest.raises(BadSignature):
            Receiver(other).receive(head, body)
        assert len(portal.messages) == 1


def test_a_message_met_by_a_failure_comes_again_and_is_taken_once(running: Service) -> None:
    client = Client(running.url, running.key())
    with mock_portal(client.webhook_secrets()) as portal:
        portal.broken = 1
        client.submit([message()], webhook=portal.url)
        running.work()
        assert running.deliver() == "waiting"
        later = now() + timedelta(hours=1)
        assert webhooks.deliver_due(running.store, MESSAGES, at=later) == "sent"
        assert portal.answers == [500, 204]
        assert len(portal.messages) == 1
        assert len({head[DELIVERY] for head, _ in portal.requests}) == 1


def test_secrets_can_be_replaced_without_a_gap(running: Service) -> None:
    client = Client(running.url, running.key())
    with mock_portal(client.webhook_secrets()) as portal:
        client.submit([message()], webhook=portal.url)
        running.work()
        both = replace(MESSAGES, secrets=("the-next-secret-of-the-site", *MESSAGES.secrets))
        assert running.deliver(both) == "sent"
        assert portal.answers == [204]
        running.app.state.kept = replace(running.app.state.kept, messages=both)
        assert client.webhook_secrets()[1:] == tuple(portal.receiver.secrets)


def test_withdrawn_is_told_and_stays(running: Service) -> None:
    client = Client(running.url, running.key(), sleep=lambda _: None)
    with mock_portal(client.webhook_secrets()) as portal:
        job = client.submit([message(), message(项目代码="c2")], webhook=portal.url)
        assert client.withdraw(job) == "cancelled"
        assert client.withdraw(job) == "cancelled"
        running.work()
        assert [item["state"] for item in client.results(job)] == ["cancelled"] * 2
        assert running.deliver() == "sent"
        assert portal.messages[0].state == "cancelled"
        assert client.wait(job, timeout=0).state == "cancelled"
        done = client.submit([message()])
        with pytest.raises(TooSlow):
            client.wait(done, timeout=0)
        running.work()
        assert client.withdraw(done) == "done"
        assert next(client.results(done))["result"] is not None


def test_the_receiver_remembers_for_longer_than_the_service_goes_on() -> None:
    at = [1_700_000_000.0]
    receiver = Receiver(("s1", "s2"), clock=lambda: at[0])
    body = b'{"delivery": "d1", "job": "j"}'

    def sent() -> dict[str, str]:
        return headers(["s2"], int(at[0]), body, "d1")

    assert receiver.receive(sent(), body).job == "j"
    at[0] += 24 * 3600
    with pytest.raises(Replayed):
        receiver.receive(sent(), body)
    assert sign("s2", 1, body).startswith("v1=")
    with pytest.raises(BadSignature):
        Receiver(()).receive(sent(), body)


def test_a_revoked_key_is_a_typed_error(running: Service) -> None:
    running.key()
    with pytest.raises(NotAllowed) as refused:
        Client(running.url, "bc_nobody_nothing", retries=0).portal_check(
            message(项目名称=message_row()["三级绩效指标"])
        )
    assert refused.value.status == 401
    assert refused.value.slug == "unauthenticated"
