"""The matrix of rights, and the actor: who is calling, in which role, for which departments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeGuard, get_args

Role = Literal["drafter", "reviewer", "administrator", "portal"]
Permission = Literal[
    "check",
    "suggest",
    "read_document",
    "write_document",
    "review",
    "decide",
    "waive",
    "run_batch",
    "portal",
    "manage_profiles",
    "manage_keys",
    "read_audit",
]
Via = Literal["key", "session", "token", "local"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
ROLE_NAMES: Final[Mapping[Role, str]] = MappingProxyType(
    {"drafter": "填报", "reviewer": "审核", "administrator": "管理", "portal": "系统对接"}
)
BOUND: Final[frozenset[Role]] = frozenset({"drafter", "portal"})
"""Roles that always work for named departments, never for all."""

_EVERYBODY: Final[frozenset[Role]] = frozenset(ROLES)


def _only(*roles: Role) -> frozenset[Role]:
    return frozenset(roles)


RIGHTS: Final[Mapping[Permission, frozenset[Role]]] = MappingProxyType(
    {
        "check": _EVERYBODY,
        "suggest": _EVERYBODY,
        "read_document": _EVERYBODY,
        "write_document": _only("drafter", "portal", "administrator"),
        "decide": _only("drafter", "reviewer", "administrator"),
        "review": _only("reviewer", "administrator"),
        "waive": _only("reviewer", "administrator"),
        "run_batch": _only("reviewer", "portal", "administrator"),
        "portal": _only("portal", "administrator"),
        "manage_profiles": _only("administrator"),
        "manage_keys": _only("administrator"),
        "read_audit": _only("administrator"),
    }
)
"""Permission → the roles that have it. The only place where rights are given."""


def is_role(text: object) -> TypeGuard[Role]:
    """Whether a value is the name of a role."""
    return isinstance(text, str) and text in ROLES


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is calling. Raises ValueError for a role or a scope that must not exist."""

    id: str
    """At most 32 characters; what `created_by`, `decided_by` and the audit trail hold."""
    name: str
    role: Role
    departments: frozenset[str] | None
    """The departments that the caller works for, None for all."""
    via: Via = "key"
    per_minute: int | None = None
    """Quota of the caller's own; None where the role's applies."""
    per_day: int | None = None

    def __post_init__(self) -> None:
        # Values come from database rows and foreign tokens: what does not hold must not become an actor.
        if not is_role(self.role):
            raise ValueError("unknown role")
        if not 0 < len(self.id) <= 32:
            raise ValueError("identifier of a wrong length")
        if self.departments is None:
            if self.role in BOUND:
                raise ValueError("this role needs departments")
        elif not isinstance(self.departments, frozenset) or not self.departments:
            raise ValueError("a scope is a filled frozenset")
        elif not all(isinstance(item, str) and item.strip() for item in self.departments):
            raise ValueError("departments are filled strings")

    def may(self, permission: Permission) -> bool:
        """Whether the role has this right. Raises KeyError for a right that does not exist."""
        return self.role in RIGHTS[permission]

    def sees(self, department: str | None) -> bool:
        """Whether objects of this department are the caller's business; None is an object of no single department."""
        return self.departments is None or (department is not None and department in self.departments)

    @property
    def bound_to(self) -> tuple[str, ...] | None:
        """The departments in a fixed order for queries, None for all."""
        return None if self.departments is None else tuple(sorted(self.departments))
