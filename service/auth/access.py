"""Everything about callers in one object, built once by the application from store and settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from service.auth import opening
from service.auth.keys import Keys
from service.auth.oidc import Tokens
from service.auth.quotas import Quotas
from service.auth.sessions import Sessions
from service.auth.settings import AuthSettings
from service.store.engine import Store, now


class Auth:
    """Keys, sessions, tokens and quotas. `host` is the address that the server is bound to."""

    def __init__(
        self,
        store: Store,
        settings: AuthSettings,
        *,
        host: str,
        clock: Callable[[], datetime] = now,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self.store = store
        self.settings = settings
        self.keys = Keys(store, settings, clock=clock, ticks=ticks)
        self.sessions = Sessions(store, self.keys, settings, clock=clock)
        self.tokens = Tokens(settings.oidc) if settings.oidc is not None else None
        self.quotas = Quotas(settings, ticks=ticks)
        self._host = host
        self._may_open = opening.may_open(settings, host)

    def prepare(self, say: Callable[[str], None]) -> None:
        """Call once at start, before any worker process; `say` writes to standard error. Raises SettingsError."""
        opening.prepare(self.keys, self.settings, self._host, say)

    def is_open(self) -> bool:
        """Whether this machine may ask without a key: as long as there has never been one."""
        return self._may_open and not self.keys.any()

    def is_open_known(self) -> bool | None:
        """Return `is_open` without asking the store, None where it has to be asked."""
        if not self._may_open:
            return False
        known = self.keys.any_known()
        return None if known is None else not known
