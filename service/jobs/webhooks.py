"""Signed messages about finished batches: each is sent until it arrives or a day has passed.

A message is claimed before it is sent, in a transaction of its own: no two senders have it, and one whose sender died
comes up again after the claim has passed. A receiver may thus see a message twice, always with the same `delivery`.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from service.errors import SettingsError
from service.jobs import signing
from service.jobs.addresses import Resolver, Target, check, resolve, system_resolver
from service.jobs.errors import WebhookRefused
from service.jobs.outbound import NotSent, post
from service.jobs.policy import pause
from service.jobs.settings import WebhookSettings
from service.jobs.signing import receiver_secret, sign, verify
from service.jobs.stopping import Stop
from service.store.engine import Store, now
from service.store.tables import Delivery, Job

__all__ = [
    "DeliveryInfo",
    "check_webhook",
    "deliver_due",
    "deliveries",
    "receiver_secret",
    "run",
    "sign",
    "verify",
]

_FIRST_PAUSE: Final = 10.0
_LONGEST_PAUSE: Final = 3600.0
_CLAIM: Final = 60.0
"""Seconds besides the time limit of a message that a sender has to report; resolving a name has no limit of its own."""
_IDLE: Final = 1.0
_GONE: Final = 410

_log = logging.getLogger("biaochi.jobs")

Sender = Callable[[Target, Mapping[str, str], bytes], int]
"""Sends a message and returns the status of the answer. Raises NotSent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryInfo:
    """What became of a message so far."""

    id: str
    state: str
    attempts: int
    last_status: int | None
    """Status of the last answer; None where none came."""
    not_before: datetime
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    id: str
    attempts: int
    body: dict[str, Any]
    url: str
    created_by: str
    created_at: datetime


def check_webhook(url: str, settings: WebhookSettings, resolver: Resolver = system_resolver) -> None:
    """Raise WebhookRefused or SettingsError where messages to an address could never be sent."""
    if not settings.secrets:
        raise SettingsError("本站未设置消息密钥，暂不能使用回调；请管理员设置 BIAOCHI_WEBHOOK_SECRET 后重试")
    check(url, settings, resolver)


def deliveries(store: Store, job_id: str) -> tuple[DeliveryInfo, ...]:
    """Return the messages about a job, oldest first."""
    with store.read() as session:
        rows = session.scalars(
            select(Delivery).where(Delivery.job_id == job_id).order_by(Delivery.created_at, Delivery.id)
        ).all()
    return tuple(
        DeliveryInfo(
            id=row.id,
            state=row.state,
            attempts=row.attempts,
            last_status=row.last_status,
            not_before=row.not_before,
            created_at=row.created_at,
            sent_at=row.sent_at,
        )
        for row in rows
    )


def deliver_due(
    store: Store,
    settings: WebhookSettings,
    *,
    at: datetime | None = None,
    timestamp: int | None = None,
    send: Sender | None = None,
    resolver: Resolver = system_resolver,
) -> str | None:
    """Send the message that has waited longest; return its new state, None where none is due.

    `waiting` after a failure that may pass, `failed` where the address may not be called, answers 410 (gone), or has
    not taken the message within `settings.retry_hours`.
    """
    at = at or now()
    claim = _claim(store, settings, at)
    if claim is None:
        return None
    status, is_final = _send(
        claim, settings, int(time.time()) if timestamp is None else timestamp, send, resolver
    )
    if status is not None and 200 <= status < 300:
        values: dict[str, Any] = {"state": "sent", "sent_at": at}
    else:
        again = at + pause(claim.id, claim.attempts, base=_FIRST_PAUSE, most=_LONGEST_PAUSE)
        is_late = again > claim.created_at + timedelta(hours=settings.retry_hours)
        values = {"state": "failed" if is_final or is_late else "waiting", "not_before": again}
    with store.session() as session:
        session.execute(
            update(Delivery)
            # Where our claim has passed and another sender has the message, its outcome counts.
            .where(Delivery.id == claim.id, Delivery.state == "waiting", Delivery.attempts == claim.attempts)
            .values(last_status=status, **values)
        )
    return str(values["state"])


def run(store: Store, settings: WebhookSettings, stop: Stop, *, resolver: Resolver = system_resolver) -> None:
    """Send what is due until told to stop."""
    while not stop.is_set():
        try:
            state = deliver_due(store, settings, resolver=resolver)
        except SQLAlchemyError as error:
            _log.warning("store not usable while sending messages (%s)", type(error).__name__)
            state = None
        if state is None:
            stop.wait(_IDLE)


def _claim(store: Store, settings: WebhookSettings, at: datetime) -> _Claim | None:
    due = (
        select(Delivery)
        .where(Delivery.state == "waiting", Delivery.not_before <= at)
        .order_by(Delivery.not_before, Delivery.id)
        .limit(1)
    )
    with store.read() as session:
        # Asked every second, and nearly always in vain: no reason to keep writers waiting.
        if session.execute(due).first() is None:
            return None
    with store.session() as session:
        row = session.scalars(due.with_for_update(skip_locked=True)).one_or_none()
        if row is None:
            return None
        job = session.execute(select(Job.webhook, Job.created_by).where(Job.id == row.job_id)).one()
        row.attempts += 1
        row.not_before = at + timedelta(seconds=settings.timeout + _CLAIM)
        return _Claim(
            id=row.id,
            attempts=row.attempts,
            body=row.body,
            url=job.webhook or "",
            created_by=job.created_by,
            created_at=row.created_at,
        )


def _send(
    claim: _Claim, settings: WebhookSettings, timestamp: int, send: Sender | None, resolver: Resolver
) -> tuple[int | None, bool]:
    """Return the status of the answer, None where none came, and whether trying again is useless."""
    if not settings.secrets:
        # Never unsigned; a secret that is set later lets the message go.
        return None, False
    body = json.dumps(claim.body, ensure_ascii=False, sort_keys=True).encode("utf-8")
    secrets = [receiver_secret(secret, claim.created_by) for secret in settings.secrets]
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "biaochi",
        **signing.headers(secrets, timestamp, body, claim.id),
    }
    why, status, is_final = "", None, False
    try:
        target = resolve(claim.url, settings, resolver)
        status = (send or _sender(settings))(target, headers, body)
    except WebhookRefused:
        why, is_final = "address refused", True
    except (OSError, UnicodeError):
        why = "name not resolved"
    except NotSent as error:
        why = str(error)
    if status is not None:
        why, is_final = f"status {status}", status == _GONE
    _log.info("message %s, attempt %d: %s", claim.id, claim.attempts, why)
    return status, is_final


def _sender(settings: WebhookSettings) -> Sender:
    def send(target: Target, headers: Mapping[str, str], body: bytes) -> int:
        return post(
            target, headers, body, timeout=settings.timeout, max_answer_bytes=settings.max_answer_bytes
        )

    return send
