"""The progress of a batch as server-sent events; knows the store and nothing of HTTP servers.

Every event is a whole picture, so a reader that missed some has missed nothing. The id of an event says which picture
it is; a reader that comes back with it hears again only when something has changed.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

from service.jobs.errors import NoSuchJob
from service.jobs.view import OVER, STATES, JobProgress, progress
from service.store.engine import Store

MEDIA_TYPE: Final = "text/event-stream; charset=utf-8"
_RETRY_MS: Final = 3000

Sleep = Callable[[float], Awaitable[None]]
Clock = Callable[[], float]


def progress_to_json(found: JobProgress) -> dict[str, Any]:
    """Return the progress as JSON; the same for polling and for the stream."""
    job = found.job
    return {
        "job": job.id,
        "state": job.state,
        "total": job.total,
        "counts": found.counts,
        "finished": job.total - found.counts["queued"] - found.counts["leased"],
        "poison": [
            {"ordinal": item.ordinal, "label": item.label, "attempts": item.attempts, "reason": item.reason}
            for item in found.poison
        ],
        "per_second": None if found.per_second is None else round(found.per_second, 3),
        "seconds_left": None if found.seconds_left is None else round(found.seconds_left),
    }


async def events(
    store: Store,
    job_id: str,
    *,
    last_event_id: str | None = None,
    poll_seconds: float = 1.0,
    heartbeat_seconds: float = 15.0,
    sleep: Sleep = asyncio.sleep,
    clock: Clock = time.monotonic,
) -> AsyncIterator[str]:
    """Yield `progress` events whenever something has changed, comments while nothing does, `end` when the job is over.

    Raises NoSuchJob at the first step where there is no such job; one that is deleted meanwhile ends with state
    `deleted`. After `end` the reader should close; one that comes back gets `end` once more.
    """
    found = await asyncio.to_thread(progress, store, job_id)
    yield f"retry: {_RETRY_MS}\n\n"
    seen, spoke = last_event_id, clock()
    while True:
        picture = _id(found)
        if picture != seen:
            yield _event("progress", progress_to_json(found), picture)
            seen, spoke = picture, clock()
        if found.job.state in OVER:
            yield _event("end", {"job": job_id, "state": found.job.state}, picture)
            return
        await sleep(poll_seconds)
        if clock() - spoke >= heartbeat_seconds:
            # Keeps proxies from closing the line, and lets the server notice a reader that has left.
            yield ": \n\n"
            spoke = clock()
        try:
            found = await asyncio.to_thread(progress, store, job_id)
        except NoSuchJob:
            yield _event("end", {"job": job_id, "state": "deleted"}, "deleted")
            return


def _id(found: JobProgress) -> str:
    """Return what an event shows besides the speed, which changes all the time."""
    return "-".join([found.job.state, *(str(found.counts[state]) for state in STATES)])


def _event(name: str, data: dict[str, Any], event_id: str) -> str:
    # JSON without line breaks: a line break would end the field.
    return f"event: {name}\nid: {event_id}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
