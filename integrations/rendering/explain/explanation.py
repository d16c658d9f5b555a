"""The parts of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from errors import PatchbayError
from integrations.budget import PausedOrigin, Window
from integrations.rendering.explain.provenance import Source
from integrations.rendering.explain.shown_requests import ShownRequest
from plugin_store.vault.destinations import Destination


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The artifact that would answer. `state` is fresh, stale or absent; times are epoch seconds.

    `cache` is the value that `X-Cache` would have for a render now.
    """

    key: str
    state: str
    cache: str
    fetched_at: float | None = None
    expires_at: float | None = None
    stale_until: float | None = None
    age_seconds: float | None = None
    size_bytes: int | None = None
    content_type: str | None = None


@dataclass(frozen=True, slots=True)
class ExplainedInput:
    """One input of a block, as it would be bound."""

    name: str
    value: Any
    source: Source


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One call: its request, and its own artifact if it has one whose key is known before the call."""

    id: str
    endpoint_id: str
    request: ShownRequest | None
    artifact: KeptAnswer | None


@dataclass(frozen=True, slots=True)
class SecretDestinations:
    """A secret that the calls use: its state, where it would be sent, and which destinations it was entered for."""

    name: str
    status: str | None
    destinations: list[Destination]
    bound_to: list[Destination] | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that can be known about a render without making it."""

    integration_id: str
    block_type: str | None
    endpoint_id: str | None
    problems: list[PatchbayError]
    """What a render would refuse, what it would tell first before the rest."""
    inputs: list[ExplainedInput]
    token_requests: list[ShownRequest]
    """Sent before the first step where no token that is still good is kept."""
    steps: list[ExplainedStep]
    artifact: KeptAnswer | None
    """None where the answer is never kept, or where its key cannot be told yet."""
    destinations: list[SecretDestinations]
    budget: tuple[Window, ...]
    """What the rate limit still grants; empty without one."""
    rests: list[PausedOrigin]
    """The provider's origins that are left alone for now."""
    next_refresh_at: float | None
    """When these inputs are fetched ahead; None when they are not."""
