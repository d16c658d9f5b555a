"""A manifest's rules for caching an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FreshnessPolicy:
    """The manifest's rules for caching; None where it has none."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None
