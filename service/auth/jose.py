"""Signatures by joserfc. The only module, with `jwks`, that needs the optional part `oidc`."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from joserfc import jws, jwt

from service.auth.errors import AuthError
from service.auth.jwks import source
from service.auth.settings import OidcSettings


class _Registry(jws.JWSRegistry):
    """Only the algorithms of the list. The library's own list warns about EdDSA, whose name is merely outdated."""

    max_header_length = 2_048
    max_payload_length = 16_384

    def get_alg(self, name: str) -> Any:
        if not isinstance(name, str) or name not in (self.allowed or ()):
            raise ValueError("algorithm not allowed")
        return self.algorithms[name]


class Verifier:
    """Checks signature, times, issuer and audience of tokens."""

    def __init__(
        self,
        settings: OidcSettings,
        algorithms: Mapping[str, str],
        types: Collection[str | None],
        leeway: int,
        *,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._algorithms = algorithms
        self._types = types
        self._leeway = leeway
        self._registry = _Registry(algorithms=[*algorithms], strict_check_header=False)
        self._source = source(settings.jwks, ticks=ticks)

    def claims(self, text: str, at: int) -> Mapping[str, Any] | None:
        """Return the claims of a valid token, None for any other. Raises IdentityUnavailable."""
        try:
            return self._claims(text, at)
        except AuthError:
            raise
        except (
            Exception
        ):  # a foreign token may break the library in ways of its own; it is invalid and no more
            return None

    def _claims(self, text: str, at: int) -> Mapping[str, Any] | None:
        header = jws.extract_compact(text.encode("ascii"), None, self._registry).headers()
        kid = header.get("kid")
        # `crit` and `b64` change what is signed, and no provider of sign-ins needs them. Keys and addresses that a
        # token brings along (`jwk`, `jku`, `x5u`) are never looked at.
        if "crit" in header or "b64" in header or not isinstance(kid, str | None):
            return None
        kind = self._algorithms.get(header.get("alg", ""))
        if kind is None or header.get("typ") not in self._types:
            return None
        key = self._source.find(kid, kind)
        if key is None:
            return None
        token = jwt.decode(text, key, registry=self._registry)
        jwt.JWTClaimsRegistry(
            now=at,
            leeway=self._leeway,
            iss={"essential": True, "value": self._settings.issuer},
            aud={"essential": True, "value": self._settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        ).validate(token.claims)
        return token.claims
