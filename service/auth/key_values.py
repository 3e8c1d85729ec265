"""What a key is: its text, what is known about it, and what it may not be."""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal

from service.auth.errors import BadKey
from service.auth.roles import BOUND, Actor, Role, is_role
from service.store.tables import ApiKey

PREFIX: Final = "bc_"
_TEXT: Final = re.compile(r"bc_([a-z0-9]{8})_[A-Za-z0-9_-]{43}", re.ASCII)
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"})
_MOST_DEPARTMENTS: Final = 200
_MOST_QUOTA: Final = 1_000_000_000
_LONGEST_NAME: Final = 200

_log = logging.getLogger("biaochi.auth")


@dataclass(frozen=True, slots=True)
class Key:
    """What is known about a key; neither the key itself nor its hash."""

    id: str
    name: str
    role: Role
    departments: tuple[str, ...] | None
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None
    per_minute: int | None = None
    per_day: int | None = None

    def state(self, at: datetime) -> Literal["active", "expired", "revoked"]:
        """Return whether the key works at a moment, and if not, why."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= at else "active"


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the only moment at which its text is known."""

    text: str = field(repr=False)
    key: Key


def new_id() -> str:
    """Return the identifier of a new key: eight letters and digits."""
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def new_text(key_id: str) -> str:
    """Return the text of a new key: 256 random bits behind its identifier."""
    return f"{PREFIX}{key_id}_{secrets.token_urlsafe(32)}"


def hash_of(text: str) -> str:
    """Return the sha256 of a secret. Keys are 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def id_of(text: str) -> str | None:
    """Return the identifier that a text names, where it has the form of a key."""
    shape = _TEXT.fullmatch(text)
    return shape[1] if shape is not None else None


def checked(
    name: str,
    role: str,
    departments: Iterable[str] | None,
    expires_at: datetime | None,
    per_minute: int | None,
    per_day: int | None,
    *,
    at: datetime,
) -> Key:
    """Return a key of these traits, not yet with an identifier. Raises BadKey."""
    if not _is_line(name.strip(), _LONGEST_NAME):
        raise BadKey("密钥名称应为一行 1 到 200 字的文字，如使用人或系统的名称")
    if not is_role(role):
        raise BadKey("角色只有 drafter（填报）、reviewer（审核）、administrator（管理）、portal（系统对接）")
    scope = None if departments is None else _scope(departments)
    if scope is None and role in BOUND:
        raise BadKey("填报与系统对接的密钥必须写明部门")
    until = _utc(expires_at)
    if until is not None and until <= at:
        raise BadKey("到期时间应晚于现在")
    if not all(number is None or 0 < number <= _MOST_QUOTA for number in (per_minute, per_day)):
        raise BadKey("每分钟与每天的次数应为正整数")
    return Key("", name.strip(), role, scope, at, until, None, None, per_minute, per_day)


def covers(by: Actor, key: Key) -> bool:
    """Whether an administrator of some departments may handle a key: nothing beyond his own departments."""
    return by.departments is None or (key.departments is not None and by.departments >= set(key.departments))


def _scope(departments: Iterable[str]) -> tuple[str, ...]:
    if isinstance(departments, str):
        raise BadKey("部门应为名称的列表")
    names = sorted({name.strip() for name in departments})
    if not 0 < len(names) <= _MOST_DEPARTMENTS:
        raise BadKey(f"部门应有 1 到 {_MOST_DEPARTMENTS} 个")
    if not all(_is_line(name, _LONGEST_NAME) for name in names):
        raise BadKey("部门名称应为一行 1 到 200 字的文字，不含不可见字符")
    return tuple(names)


def _is_line(text: str, longest: int) -> bool:
    """Whether a text is one visible line: two names that look alike must not be different departments."""
    return 0 < len(text) <= longest and not any(
        unicodedata.category(char) in _INVISIBLE and char != " " for char in text
    )


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None:
        return moment
    return moment.astimezone(UTC).replace(tzinfo=None)


def from_row(row: ApiKey) -> Key | None:
    """Return a row as a value, None for one that no version of this program has written."""
    role, scope = row.role, row.departments
    whole = is_role(role) and (
        (scope is None and role not in BOUND)
        or (isinstance(scope, list) and bool(scope) and all(isinstance(x, str) and x.strip() for x in scope))
    )
    if not whole or not is_role(role):
        _log.error("key %s has an impossible role or scope and is refused", row.id)
        return None
    return Key(
        row.id,
        row.name,
        role,
        None if scope is None else tuple(scope),
        row.created_at,
        row.expires_at,
        row.revoked_at,
        row.last_used_at,
        row.per_minute,
        row.per_day,
    )
