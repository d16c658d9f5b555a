"""How long an answer is good, and what it is good for at a moment (RFC 9111, RFC 5861). Pure.

Times are epoch seconds, durations seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

from integrations.calls import Headers

MAX_LIFETIME_SECONDS = 365 * 24 * 3600


class State(Enum):
    """What an artifact may be used for now."""

    FRESH = "fresh"
    REVALIDATE = "stale-while-revalidate"
    """Answer with it at once and refresh it behind."""
    IF_ERROR = "stale-if-error"
    """Only if a refresh fails."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """The moments at which an artifact changes state."""

    expires_at: float
    revalidate_until: float
    error_until: float

    @property
    def stale_until(self) -> float:
        """The moment from which the artifact is of no use at all."""
        return max(self.expires_at, self.revalidate_until, self.error_until)

    def state_at(self, now: float) -> State:
        if now < self.expires_at:
            return State.FRESH
        if now < self.revalidate_until:
            return State.REVALIDATE
        if now < self.error_until:
            return State.IF_ERROR
        return State.GONE


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the manifest says about keeping: None where it says nothing."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the provider's headers say about keeping: None where they say nothing (RFC 9111 section 5)."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None
    no_store: bool = False
    must_revalidate: bool = False


def read_upstream(headers: Headers, now: float) -> Upstream:
    """The provider's word on keeping, from Cache-Control, Expires, Date and Age."""
    directives = parse_cache_control(headers.get("Cache-Control", "") or "")
    age = _seconds(headers.get("Age")) or 0.0
    ttl = _explicit_ttl(directives)
    if ttl is None and (expires := headers.get("Expires")) is not None:
        expires_at = _http_date(expires)
        # RFC 9111 section 5.3: an invalid date, the value 0 above all, means already expired.
        ttl = max(0.0, expires_at - (_http_date(headers.get("Date")) or now)) if expires_at else 0.0
    return Upstream(
        ttl_seconds=None if ttl is None else min(max(0.0, ttl - age), MAX_LIFETIME_SECONDS),
        stale_while_revalidate_seconds=_seconds(directives.get("stale-while-revalidate")),
        stale_if_error_seconds=_seconds(directives.get("stale-if-error")),
        no_store="no-store" in directives,
        must_revalidate="must-revalidate" in directives or "no-cache" in directives,
    )


def decide_lifetime(
    now: float, block: Wishes, endpoint: Wishes, upstream: Upstream, default_ttl_seconds: float
) -> Lifetime | None:
    """The lifetime of an answer fetched now; None when it must not be kept.

    TTL: the block's, else the endpoint's, else the provider's, else the default. What the manifest says wins over
    `no-store`, for whoever wrote it knows the provider; without a TTL there, `no-store` is obeyed.
    """
    declared = block.ttl_seconds if block.ttl_seconds is not None else endpoint.ttl_seconds
    if declared is None and upstream.no_store:
        return None
    ttl = next(value for value in (declared, upstream.ttl_seconds, default_ttl_seconds) if value is not None)
    may_be_stale = not (declared is None and upstream.must_revalidate)
    revalidate = _first(
        block.stale_while_revalidate_seconds,
        endpoint.stale_while_revalidate_seconds,
        upstream.stale_while_revalidate_seconds if may_be_stale else None,
    )
    if_error = _first(
        block.stale_if_error_seconds,
        endpoint.stale_if_error_seconds,
        upstream.stale_if_error_seconds if may_be_stale else None,
    )
    expires_at = now + min(ttl, MAX_LIFETIME_SECONDS)
    return Lifetime(expires_at, expires_at + revalidate, expires_at + if_error)


def parse_cache_control(value: str) -> dict[str, str | None]:
    """The directives by lower-case name, with their unquoted argument; the first of a repeated one counts."""
    directives: dict[str, str | None] = {}
    for item in value.split(","):
        name, separator, argument = item.strip().partition("=")
        if name:
            directives.setdefault(name.strip().lower(), argument.strip().strip('"') if separator else None)
    return directives


def _explicit_ttl(directives: dict[str, str | None]) -> float | None:
    if "no-cache" in directives:
        return 0.0
    for name in ("s-maxage", "max-age"):
        if name in directives:
            # An unreadable number is stale at once: RFC 9111 section 4.2.1.
            return _seconds(directives[name]) or 0.0
    return None


def _first(*values: float | None) -> float:
    chosen = next((value for value in values if value is not None), 0.0)
    return min(max(0.0, chosen), MAX_LIFETIME_SECONDS)


def _seconds(value: str | None) -> float | None:
    if value is None or not value.strip().isascii() or not value.strip().isdigit():
        return None
    return float(min(int(value.strip()[:12]), MAX_LIFETIME_SECONDS))


def _http_date(value: str | None) -> float | None:
    try:
        return parsedate_to_datetime(value).timestamp() if value else None
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
