"""The freshness lifetime of an answer, and its state at a moment (RFC 9111, RFC 5861). Pure.

Times are epoch seconds, durations seconds. There is no heuristic freshness: if neither the manifest nor the provider
says anything, the default applies, whatever Last-Modified suggests.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from integrations.egress.http_dates import parse_http_date
from integrations.egress.messages import Headers
from integrations.manifests.freshness_policy import FreshnessPolicy

MAX_LIFETIME_SECONDS = 365 * 24 * 3600
# How long an answer with a validator is stored beyond its use, so that it can be revalidated.
RENEWABLE_SECONDS = 7 * 24 * 3600.0

_DIRECTIVE = re.compile(r'\s*([^\s=,"]+)\s*(?:(=)\s*("(?:\\.|[^"\\])*"|[^,]*))?[^,]*(?:,|$)')


class State(Enum):
    """What an artifact may be used for now."""

    FRESH = "fresh"
    REVALIDATE = "stale-while-revalidate"
    """Answer with it at once and refresh it behind."""
    IF_ERROR = "stale-if-error"
    """Only if a refresh fails."""
    UNCONFIRMED = "unconfirmed"
    """Only if the provider says that it is still right."""
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Freshness:
    """The moments at which an artifact changes state."""

    expires_at: float
    revalidate_until: float
    error_until: float
    renewable_until: float = 0.0

    @property
    def stale_until(self) -> float:
        """The moment after which the artifact may not be served any more."""
        return max(self.expires_at, self.revalidate_until, self.error_until)

    @property
    def kept_until(self) -> float:
        """The moment after which the artifact can be deleted."""
        return max(self.stale_until, self.renewable_until)

    def state_at(self, now: float) -> State:
        if now < self.expires_at:
            return State.FRESH
        if now < self.revalidate_until:
            return State.REVALIDATE
        if now < self.error_until:
            return State.IF_ERROR
        return State.UNCONFIRMED if now < self.renewable_until else State.GONE


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the provider's headers say about caching; None where they say nothing (RFC 9111 section 5)."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None
    no_store: bool = False
    """Not to be used for another request: `no-store`, or a Vary that no other request can meet."""
    must_revalidate: bool = False


def read_upstream(headers: Headers, now: float, changing: Collection[str] = ()) -> Upstream:
    """The provider's caching rules from Cache-Control, Expires, Date, Age and Vary.

    `changing` are the request headers that differ in each request, in lower case. All other headers follow from the
    artifact's key, so a Vary on them (RFC 9111 section 4.1) is satisfied by every request with that key.
    `private` does not prevent storing: the key contains the account, so nobody receives another account's answer.
    """
    directives = parse_cache_control(headers.get("Cache-Control", "") or "")
    age = _seconds((headers.get("Age") or "").partition(",")[0]) or 0.0
    ttl = _explicit_ttl(directives)
    if ttl is None and (expires := headers.get("Expires")) is not None:
        expires_at = parse_http_date(expires, now)
        # RFC 9111 section 5.3: an invalid date, above all the value 0, means already expired.
        ttl = max(0.0, expires_at - (parse_http_date(headers.get("Date"), now) or now)) if expires_at else 0.0
    return Upstream(
        ttl_seconds=None if ttl is None else min(max(0.0, ttl - age), MAX_LIFETIME_SECONDS),
        stale_while_revalidate_seconds=_seconds(directives.get("stale-while-revalidate")),
        stale_if_error_seconds=_seconds(directives.get("stale-if-error")),
        no_store="no-store" in directives or _never_matches(headers.get("Vary"), changing),
        must_revalidate=_must_revalidate(directives),
    )


def decide_freshness(
    now: float,
    block: FreshnessPolicy,
    endpoint: FreshnessPolicy,
    upstream: Upstream,
    default_ttl_seconds: float,
    *,
    is_renewable: bool = False,
) -> Freshness | None:
    """The lifetime of an answer fetched or revalidated now; None if it must not be stored.

    TTL: the block's, else the endpoint's, else the provider's, else the default. A TTL in the manifest overrides
    `no-store`, because its author knows the provider; without one, `no-store` is obeyed. How long an answer may be
    served stale follows the manifest, else the provider, whose `must-revalidate` forbids it. An answer that
    `is_renewable` is stored longer, for its validators.
    """
    declared = block.ttl_seconds if block.ttl_seconds is not None else endpoint.ttl_seconds
    if declared is None and upstream.no_store:
        return None
    ttl = _first(declared, upstream.ttl_seconds, default_ttl_seconds)
    revalidate = _first(
        block.stale_while_revalidate_seconds,
        endpoint.stale_while_revalidate_seconds,
        None if upstream.must_revalidate else upstream.stale_while_revalidate_seconds,
    )
    if_error = _first(
        block.stale_if_error_seconds,
        endpoint.stale_if_error_seconds,
        None if upstream.must_revalidate else upstream.stale_if_error_seconds,
    )
    expires_at = now + ttl
    stale_until = expires_at + max(revalidate, if_error)
    renewable_until = stale_until + RENEWABLE_SECONDS if is_renewable else 0.0
    return Freshness(expires_at, expires_at + revalidate, expires_at + if_error, renewable_until)


def parse_cache_control(value: str) -> dict[str, str | None]:
    """The directives by lower-case name, with their unquoted argument. The first of repeated ones counts."""
    directives: dict[str, str | None] = {}
    for match in _DIRECTIVE.finditer(value):
        name, separator, argument = match.groups()
        directives.setdefault(name.lower(), argument.strip().strip('"') if separator else None)
    return directives


def _must_revalidate(directives: dict[str, str | None]) -> bool:
    return "must-revalidate" in directives or "proxy-revalidate" in directives or _has_no_cache(directives)


def _has_no_cache(directives: dict[str, str | None]) -> bool:
    # `no-cache="Set-Cookie"` concerns only that header, and no header of a provider is ever passed on.
    return "no-cache" in directives and not directives["no-cache"]


def _never_matches(vary: str | None, changing: Collection[str]) -> bool:
    if vary is None:
        return False
    names = {name.strip().lower() for name in vary.split(",")}
    return "*" in names or not names.isdisjoint(changing)


def _explicit_ttl(directives: dict[str, str | None]) -> float | None:
    if _has_no_cache(directives):
        return 0.0
    # An answer for one account is not for shared caches, so its s-maxage does not apply.
    for name in ("max-age",) if "private" in directives else ("s-maxage", "max-age"):
        if name in directives:
            # An unreadable number means stale at once: RFC 9111 section 4.2.1.
            return _seconds(directives[name]) or 0.0
    return None


def _first(*values: float | None) -> float:
    for value in values:
        if value is not None:
            return min(max(0.0, value), MAX_LIFETIME_SECONDS)
    return 0.0


def _seconds(value: str | None) -> float | None:
    if value is None or not value.strip().isascii() or not value.strip().isdigit():
        return None
    return float(min(int(value.strip()[:12]), MAX_LIFETIME_SECONDS))
