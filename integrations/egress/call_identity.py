"""What makes two requests the same, without their secrets and whatever the clock wrote into them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from integrations.json.canonical_json import digest
from integrations.json.exact_json import load_json

SECRET = "REDACTED"  # noqa: S105 - stands in place of each secret
"""In letters, so that it may stand in any place of a request."""


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """The method, URL and body of a request as it would be with `REDACTED` for each secret, at a fixed time."""

    endpoint_id: str
    method: str
    url: str
    body: bytes | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """SHA-256 over method, URL and body, 64 hex digits. JSON counts by its value, not by its spelling."""
        return digest([self.method, self.url, _comparable(self.body)])


def _comparable(body: bytes | None) -> Any:
    if not body:
        return None
    try:
        return {"json": load_json(body)}
    except ValueError:
        return {"bytes": body.hex()}
