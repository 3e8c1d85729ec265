"""Signatures of webhook messages: HMAC-SHA256 over `timestamp.body`. Standard library only; receivers may copy it."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from service.jobs.errors import BadSignature

TIMESTAMP: Final = "X-Biaochi-Timestamp"
SIGNATURE: Final = "X-Biaochi-Signature"
DELIVERY: Final = "X-Biaochi-Delivery"
TOLERANCE: Final = 300
"""Seconds by which the clocks of sender and receiver may differ."""


def receiver_secret(site_secret: str, created_by: str) -> str:
    """Return the secret of the messages about one caller's jobs.

    Derived, so that nothing need be stored and no receiver can sign a message to another.
    """
    return hmac.new(
        site_secret.encode(), f"biaochi-webhook:{created_by}".encode(), hashlib.sha256
    ).hexdigest()


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Return one signature, `v1=` and 64 hexadecimal digits."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1={digest.hexdigest()}"


def headers(secrets: Iterable[str], timestamp: int, body: bytes, delivery: str) -> dict[str, str]:
    """Return the headers of a message; one signature for each secret, comma-separated."""
    return {
        TIMESTAMP: str(timestamp),
        SIGNATURE: ",".join(sign(secret, timestamp, body) for secret in secrets),
        DELIVERY: delivery,
    }


def verify(
    secret: str, headers: Mapping[str, str], body: bytes, now: float, *, tolerance: int = TOLERANCE
) -> dict[str, Any]:
    """Return the message of a genuine and recent request. Raises BadSignature.

    A message that is delivered again keeps its `delivery`; within the tolerance a receiver drops what it has seen.
    The header of that name is only believed where the signed body says the same.
    """
    found = {name.lower(): value for name, value in headers.items()}
    timestamp = found.get(TIMESTAMP.lower(), "")
    # Digits of other scripts would pass int().
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise BadSignature(f"消息没有可用的 {TIMESTAMP}，已拒绝")
    if abs(now - int(timestamp)) > tolerance:
        raise BadSignature("消息的时间与本机相差过大，已拒绝；请核对两端的时钟")
    expected = sign(secret, int(timestamp), body).encode()
    given = [part.strip().encode("utf-8", "replace") for part in found.get(SIGNATURE.lower(), "").split(",")]
    # Every part is compared, so that the time taken tells nothing.
    if sum(hmac.compare_digest(part, expected) for part in given) == 0:
        raise BadSignature("消息的签名不符，已拒绝；请核对两端的密钥")
    try:
        message = json.loads(body.decode("utf-8"))
    except ValueError as error:
        raise BadSignature("消息不是 JSON，已拒绝") from error
    if not isinstance(message, dict) or message.get("delivery") != found.get(DELIVERY.lower()):
        raise BadSignature(f"消息与 {DELIVERY} 不一致，已拒绝")
    return message
