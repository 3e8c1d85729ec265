"""Logs as JSON lines on standard error: one object a line, whatever a text contains.

Our own modules write static texts, identifiers and numbers, so their lines are passed on. Lines of libraries may quote
what they were reading; of those only uvicorn's texts (without their arguments) stay, of the others the place in the
program. Of exceptions the type and the places stay, never the text.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, TextIO

import structlog
from structlog.stdlib import ProcessorFormatter

_OWN: Final = "biaochi"
_PLAIN: Final = ("uvicorn", "alembic")
"""Libraries whose texts are static; their arguments may not be."""
_PLACE: Final = re.compile(r"%[a-z]")
_FRAMES: Final = 8

_access = logging.getLogger("biaochi.access")
_crash = logging.getLogger("biaochi.crash")

Event = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A request that is over, without anything that a caller sent besides the identifier of the request."""

    request_id: str
    method: str
    """`-` where it is none of the known ones."""
    route: str
    """Path of the route with its placeholders; `-` where there is none."""
    status: int | None
    seconds: float
    received: int
    """Bytes of the body."""
    actor: str | None
    """Identifier of the key or person, never the key."""
    codes: tuple[str, ...] = ()
    """Codes of the findings in the answer."""


def access(observed: Observed) -> None:
    """Write the line of a request."""
    _access.info(
        "%s %s %s",
        observed.method,
        observed.route,
        observed.status,
        extra={
            "request_id": observed.request_id,
            "method": observed.method,
            "route": observed.route,
            "status": observed.status,
            "ms": round(observed.seconds * 1000, 1),
            "received": observed.received,
            "actor": observed.actor,
            "findings": len(observed.codes),
        },
    )


def configure(level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logs of this process to standard error as JSON lines. For entries of processes; may be called again."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(formatter())
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    # Libraries say at DEBUG what they are reading.
    root.setLevel(max(logging.INFO, logging.getLevelName(level.upper())))
    logging.getLogger(_OWN).setLevel(level.upper())
    # It names its database kind at every look at the schema.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.captureWarnings(True)
    # A record that cannot be written would be shown whole, with its arguments.
    logging.raiseExceptions = False
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable


def formatter() -> ProcessorFormatter:
    """Return the formatter that makes one JSON object of a record."""
    return ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.stdlib.ExtraAdder(allow=_FIELDS),
        ],
        processors=[
            _confidential,
            ProcessorFormatter.remove_processors_meta,
            # ASCII only: neither line separators nor terminal sequences get through.
            structlog.processors.JSONRenderer(ensure_ascii=True, sort_keys=True),
        ],
    )


_FIELDS: Final = ("request_id", "method", "route", "status", "ms", "received", "actor", "findings")


def _confidential(_: Any, __: str, event: Event) -> Event:
    """Leave in a record only what cannot hold a text of a table."""
    record: logging.LogRecord = event["_record"]
    name = record.name.partition(".")[0]
    if name in _PLAIN:
        event["event"] = _PLACE.sub("…", str(record.msg).strip().partition("\n")[0])
    elif name != _OWN:
        event["event"] = "message of a library"
        event["at"] = f"{record.module}:{record.lineno}"
    event.pop("stack_info", None)
    fault = event.pop("exc_info", None)
    if isinstance(fault, tuple) and fault[0] is not None:
        event.update(_described(fault[0], fault[2]))
    return event


def _described(kind: type[BaseException], trace: TracebackType | None) -> dict[str, Any]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return {
        "exception": kind.__name__,
        "frames": [f"{frame.filename}:{frame.lineno}" for frame in reversed(frames)],
    }


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _crash.error("uncaught exception", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        _crash.error(
            "uncaught exception in a thread", exc_info=(args.exc_type, args.exc_value, args.exc_traceback)
        )


def _unraisable(args: Any) -> None:
    if args.exc_value is not None:
        _crash.warning("ignored exception", exc_info=(args.exc_type, args.exc_value, args.exc_traceback))
