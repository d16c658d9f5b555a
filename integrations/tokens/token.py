"""A token in memory: the values for credentials, and its expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from integrations.calling.oauth2_requests import ClientEncoding

MAX_MARGIN_SECONDS = 60.0
MARGIN_PART = 0.1


@dataclass(frozen=True, slots=True)
class Token:
    """`values` by the names that credentials use: `access_token`, `session_token`, `login.name`.

    Times are epoch seconds. A token without `expires_at` is valid until the provider rejects it.
    """

    values: Mapping[str, str] = field(repr=False)
    acquired_at: float
    expires_at: float | None = None
    client_encoding: ClientEncoding | None = None
    """How the client authenticated, where it did so with Basic."""

    def is_alive(self, now: float) -> bool:
        """Whether the provider should still accept it."""
        return self.expires_at is None or now < self.expires_at

    def is_due(self, now: float) -> bool:
        """Whether it expires so soon that the next one should be fetched."""
        if self.expires_at is None:
            return False
        life_seconds = max(0.0, self.expires_at - self.acquired_at)
        return now >= self.expires_at - min(MAX_MARGIN_SECONDS, MARGIN_PART * life_seconds)
