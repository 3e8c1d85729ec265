"""Bearer tokens of an identity provider: checked signature, issuer, audience and time; claims become role and scope."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from service.auth.errors import Forbidden, Unauthenticated
from service.auth.roles import BOUND, Actor, Role
from service.auth.settings import OidcSettings
from service.errors import SettingsError

ALGORITHMS: Final[Mapping[str, str]] = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP", "Ed25519": "OKP"}
"""Algorithm → type of its key. Ed25519 is the name that RFC 9864 gives to what was EdDSA."""
LEEWAY: Final = 60
_TYPES: Final = frozenset({None, "JWT", "jwt", "at+jwt", "application/at+jwt"})
_INVALID: Final = "令牌无效，请重新登录统一身份认证后再试"
_MOST_DEPARTMENTS: Final = 200


class Tokens:
    """Turns tokens into actors. One object serves all threads of a process."""

    def __init__(
        self,
        settings: OidcSettings,
        *,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        try:
            from service.auth import jose
        except ImportError as error:
            raise SettingsError("启用统一身份认证需要安装 joserfc：pip install 'biaochi[oidc]'") from error
        self._settings = settings
        self._clock = clock
        self._verifier: _Verifier = jose.Verifier(settings, ALGORITHMS, _TYPES, LEEWAY, ticks=ticks)

    def verify(self, text: str) -> Actor:
        """Return the actor of a token. Raises Unauthenticated, Forbidden, IdentityUnavailable."""
        claims = self._verifier.claims(text, int(self._clock()))
        if claims is None:
            raise Unauthenticated(_INVALID)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise Unauthenticated(_INVALID)
        role = self._role(claims)
        name = _inner(claims, self._settings.name_claim)
        return Actor(
            _identifier(self._settings.issuer, subject),
            name[:200]
            if isinstance(name, str) and name.isprintable() and name.strip()
            else "统一身份认证用户",
            role,
            self._departments(claims, role),
            "token",
        )

    def _role(self, claims: Mapping[str, Any]) -> Role:
        given = _texts(_inner(claims, self._settings.role_claim))
        for value, role in self._settings.roles:
            if value in given:
                return role
        raise Forbidden("统一身份认证中没有为当前用户分配本系统的角色，请联系管理员")

    def _departments(self, claims: Mapping[str, Any], role: Role) -> frozenset[str] | None:
        """Return the scope: nobody sees everything because a claim is missing."""
        given = _texts(_inner(claims, self._settings.department_claim))
        if self._settings.all_departments in given:
            if role not in BOUND:
                return None
            given -= {self._settings.all_departments}
        if not given and role == "administrator":
            return None
        if not 0 < len(given) <= _MOST_DEPARTMENTS:
            raise Forbidden("统一身份认证中没有为当前用户写明部门，请联系管理员")
        return given


class _Verifier(Protocol):
    def claims(self, text: str, at: int) -> Mapping[str, Any] | None: ...


def _identifier(issuer: str, subject: str) -> str:
    """Return a stable identifier that fits a column and tells nothing about the person."""
    digest = hashlib.sha256(f"{issuer}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"oidc{digest[:28]}"


def _inner(claims: Mapping[str, Any], path: str) -> Any:
    """Return the claim of a name; `realm_access.roles` leads into an object unless a claim has that very name."""
    if path in claims:
        return claims[path]
    value: Any = claims
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _texts(value: Any) -> frozenset[str]:
    items = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(
        item.strip() for item in items if isinstance(item, str) and item.strip() and len(item) <= 200
    )
