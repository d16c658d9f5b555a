"""A manifest's rules for caching an answer. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """The manifest's rules for caching; None where it has none."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None


def read_policy(declared: Mapping[str, Any]) -> FreshnessPolicy:
    """The rules that a block or an endpoint declares."""
    return FreshnessPolicy(
        ttl_seconds=declared.get("cache_ttl"),
        stale_while_revalidate_seconds=declared.get("stale_while_revalidate"),
        stale_if_error_seconds=declared.get("stale_if_error"),
    )
