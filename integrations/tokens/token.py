"""A token as it is held: what credentials use of it, and until when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_MARGIN_SECONDS = 60.0
MARGIN_PART = 0.1


@dataclass(frozen=True, slots=True)
class Token:
    """`values` by the names that credentials use: `access_token`, `session_token`, `login.name`.

    Times are epoch seconds. A token without `expires_at` is good until the provider refuses it.
    """

    values: Mapping[str, str] = field(repr=False)
    bought_at: float
    expires_at: float | None = None

    def is_alive(self, now: float) -> bool:
        """Whether the provider should still take it."""
        return self.expires_at is None or now < self.expires_at

    def is_due(self, now: float) -> bool:
        """Whether it expires so soon that somebody should fetch the next one."""
        if self.expires_at is None:
            return False
        life_seconds = max(0.0, self.expires_at - self.bought_at)
        return now >= self.expires_at - min(MAX_MARGIN_SECONDS, MARGIN_PART * life_seconds)
