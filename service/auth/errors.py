"""Why a caller is turned away. The HTTP layer turns these into problem+json; none of them repeats what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from service.errors import BiaochiError

_NOTHING: Mapping[str, str] = MappingProxyType({})


class AuthError(BiaochiError):
    """Base of the refusals: `status` and `type` are stable, `headers` belong to the answer."""

    code = "refused"
    status = 403
    type = "refused"

    def __init__(self, message: str, *, headers: Mapping[str, str] = _NOTHING) -> None:
        super().__init__(message)
        self.headers = headers


class Unauthenticated(AuthError):
    """Nobody knows who is calling: no credential, or one that does not hold."""

    code = "unauthenticated"
    status = 401
    type = "unauthenticated"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers={"WWW-Authenticate": 'Bearer realm="biaochi"'})


class Forbidden(AuthError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403
    type = "forbidden"


class CsrfFailed(Forbidden):
    """A request with the session cookie does not prove that it comes from one of our own pages."""

    code = "csrf"
    type = "csrf"


class TooMany(AuthError):
    """A quota is used up; `headers` say when to come back."""

    code = "too-many-requests"
    status = 429
    type = "too-many-requests"


class IdentityUnavailable(AuthError):
    """The public keys of the identity provider cannot be had at the moment."""

    code = "identity-unavailable"
    status = 503
    type = "identity-unavailable"


class BadKey(AuthError):
    """A key cannot be made like this."""

    code = "bad-key"
    status = 422
    type = "bad-key"


class UnknownKey(AuthError):
    """There is no such key, or it is none of the caller's business: both look the same."""

    code = "unknown-key"
    status = 404
    type = "unknown-key"
