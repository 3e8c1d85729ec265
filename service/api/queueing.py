"""What checks for departments share: whose the tables are, what is waived for them, and how a batch is taken in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from service.api import store_tasks
from service.api.errors import Fault, Problem, scrubbed
from service.api.stateful import Made, note, once, shown
from service.api.wiring import kept
from service.auth.dependencies import must_see
from service.auth.roles import Actor
from service.errors import SettingsError
from service.jobs import queue, webhooks
from service.pipeline import CheckOptions
from service.store.engine import Store
from service.store.waivers import waivers_in_force


def department_of(actor: Actor, named: str | None) -> str | None:
    """Return the department that is named, else the only one of the caller, else None. Raises Forbidden."""
    if named is not None:
        must_see(actor, named)
        return named
    only = actor.bound_to if actor.bound_to is not None and len(actor.bound_to) == 1 else (None,)
    return only[0]


def department_of_batch(actor: Actor, named: str | None) -> str | None:
    """Return whose a batch is: somebody has to be able to see it later. Raises Forbidden, Problem."""
    found = department_of(actor, named)
    if found is None and actor.departments is not None:
        fault = Fault("department", "缺少此项")
        raise Problem("invalid-request", "当前密钥对应多个部门，请在 department 中写明", faults=[fault])
    return found


def checking(store: Store, department: str | None, profile: str | None, *, suggest: bool) -> CheckOptions:
    """Return the options of a check with the waivers of a department; of None those that hold for all."""
    with store.read() as session:
        waivers = waivers_in_force(session, department)
    return store_tasks.options(profile, waivers, suggest=suggest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch ready for the queue."""

    files: Sequence[tuple[str, bytes]]
    department: str | None
    profile: str | None
    suggest: bool
    webhook: str | None
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """The request that hands a batch in, and the words of the trail for it."""

    request: Request
    actor: Actor
    key: str | None
    """The idempotency key; that the same request was answered before is for the caller to look up (`replayed`)."""
    digest: str
    action: str
    object_type: str


def take_in(act: Act, batch: Batch, made: Callable[[str], Made]) -> Response:
    """Queue a batch, with its entry in the trail; keep and return the answer that `made` gives for the id of its job.

    Raises Problem, IdempotencyConflict, UnusableBatch.
    """
    here = kept(act.request)
    if batch.webhook is not None:
        try:
            webhooks.check_webhook(batch.webhook, here.messages)
        except SettingsError as error:
            raise Problem("webhook-refused", scrubbed(error.message)) from error

    def also(session: Session, job: str) -> None:
        note(session, act.request, act.actor, act.action, act.object_type, job, act.digest)

    job = queue.submit(
        here.store,
        batch.files,
        checking(here.store, batch.department, batch.profile, suggest=batch.suggest),
        created_by=act.actor.id,
        department=batch.department,
        priority=batch.priority,
        idempotency_key=act.key,
        webhook=batch.webhook,
        settings=here.jobs,
        also=also,
    )
    answer = made(job)
    if act.key is None:
        return shown(answer)
    # The queue has seen to it that there is one batch; of the same request twice at once, both get the same answer.
    return once(act.request, here.store, act.actor, act.key, act.digest, lambda _: answer)
