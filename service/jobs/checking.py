"""What a worker does with one document: the same use case as everywhere, with the report as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from service.errors import InputError
from service.jobs.queue import Task
from service.settings import Limits

Checker = Callable[[Task, Limits], dict[str, Any]]
"""Returns the result of a chunk. Must be a function of a module, so that worker processes find it."""


def check_task(task: Task, limits: Limits) -> dict[str, Any]:
    """Return `{"kind": "report", "report": …}` by the contract. Raises InputError, SettingsError."""
    # A worker that waits for work should not hold the rules in memory.
    from models.records.codec import dumps, report_to_json
    from nlp.quantity import of_row
    from service.jobs.options import options_from_json
    from service.pipeline import check_bytes
    from service.settings import wording_from

    wording = wording_from() if task.options["wording"] else None
    options = options_from_json(task.options, wording)
    report = check_bytes(task.payload or b"", name=task.label, options=options, limits=limits)
    # Through text, because only there lone surrogates of hostile input are replaced.
    return {"kind": "report", "report": json.loads(dumps(report_to_json(report, of_row)))}


def problem(error: InputError) -> dict[str, Any]:
    """Return the result of a document that cannot be used: that is an answer, not a failure."""
    return {"kind": "problem", "code": error.code, "message": error.message}
