"""The audit helper: who did what to which object, by identifiers and hashes only."""

from __future__ import annotations

import re
from typing import Final

from sqlalchemy.orm import Session

from service.auth.roles import Actor
from service.store.audit import Entry, append

_WORD: Final = re.compile(r"[a-z][a-z_.-]{0,59}")
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
NOBODY: Final = "anonymous"


def audit(
    session: Session,
    actor: Actor | None,
    action: str,
    object_type: str,
    object_id: str,
    sha256: str | None = None,
    request_id: str = "",
    outcome: str = "ok",
) -> None:
    """Append an entry to the audit trail in the caller's transaction, as its last act. `actor` None is somebody unknown.

    Raises ValueError where an action, type, outcome or hash is none: they are ours, so a wrong one is a mistake of
    the program. Identifiers may come from a caller; what is none is left out, so that no text gets into the trail.
    """
    for word, longest in ((action, 60), (object_type, 30), (outcome, 20)):
        if not _WORD.fullmatch(word) or len(word) > longest:
            raise ValueError("not a word of the audit trail")
    if sha256 is not None and not _DIGEST.fullmatch(sha256):
        raise ValueError("not a sha256")
    append(
        session,
        Entry(
            actor=actor.id if actor is not None else NOBODY,
            role=actor.role if actor is not None else NOBODY,
            action=action,
            object_type=object_type,
            object_id=identifier(object_id),
            sha256=sha256,
            request_id=identifier(request_id),
            outcome=outcome,
        ),
    )


def identifier(text: str) -> str:
    """Return a text that is an identifier, `-` for any other."""
    return text if _IDENTIFIER.fullmatch(text) else "-"
