"""Errors of batches. Chinese, one line, what is wrong and what to do; never any text of a table."""

from __future__ import annotations

from service.errors import BiaochiError, InputError


class UnusableBatch(InputError):
    """The batch has no files, too many, or a value that does not fit."""

    code = "unusable-batch"


class IdempotencyConflict(BiaochiError):
    """The same idempotency key came with different content."""

    code = "idempotency-conflict"


class NoSuchJob(BiaochiError):
    """No job has this id."""

    code = "no-such-job"


class WebhookRefused(InputError):
    """The address may not be called."""

    code = "webhook-refused"


class BadSignature(BiaochiError):
    """A message does not come from where it says, or is too old."""

    code = "bad-signature"
