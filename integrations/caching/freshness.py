"""How long an answer is good, and what it is good for at a moment (RFC 9111, RFC 5861). Pure.

Times are epoch seconds, durations seconds. Nothing is guessed: without a word from the manifest or the provider the
default counts, whatever Last-Modified may suggest.
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
# How long an answer that has a validator is kept beyond its use, for the provider to say that it is still right.
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
        """The moment from which the artifact answers nothing by itself."""
        return max(self.expires_at, self.revalidate_until, self.error_until)

    @property
    def kept_until(self) -> float:
        """The moment from which the artifact is of no use at all."""
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
    """What the provider's headers say about keeping: None where they say nothing (RFC 9111 section 5)."""

    ttl_seconds: float | None = None
    stale_while_revalidate_seconds: float | None = None
    stale_if_error_seconds: float | None = None
    no_store: bool = False
    """Not to be used for another request: `no-store`, or a Vary that no other request can meet."""
    must_revalidate: bool = False


def read_upstream(headers: Headers, now: float, changing: Collection[str] = ()) -> Upstream:
    """The provider's word on keeping, from Cache-Control, Expires, Date, Age and Vary.

    `changing` are headers that are other ones in each request, in lower case. All others that we send follow from what
    makes an artifact's key, so that a Vary on them (RFC 9111 section 4.1) is met by whoever asks for the same key.
    `private` keeps nothing away: a key holds the account, so nobody is given what was fetched for another one.
    """
    directives = parse_cache_control(headers.get("Cache-Control", "") or "")
    age = _seconds((headers.get("Age") or "").partition(",")[0]) or 0.0
    ttl = _explicit_ttl(directives)
    if ttl is None and (expires := headers.get("Expires")) is not None:
        expires_at = parse_http_date(expires, now)
        # RFC 9111 section 5.3: an invalid date, the value 0 above all, means already expired.
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
    """The lifetime of an answer fetched or confirmed now; None when it must not be kept.

    TTL: the block's, else the endpoint's, else the provider's, else the default. What the manifest says wins over
    `no-store`, for whoever wrote it knows the provider; without a TTL there, `no-store` is obeyed. How long an answer
    may be used beyond its TTL is likewise the manifest's word, else the provider's, which `must-revalidate` takes
    back. One that `is_renewable` is kept on, for its validators.
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
    """The directives by lower-case name, with their unquoted argument; the first of a repeated one counts."""
    directives: dict[str, str | None] = {}
    for match in _DIRECTIVE.finditer(value):
        name, separator, argument = match.groups()
        directives.setdefault(name.lower(), argument.strip().strip('"') if separator else None)
    return directives


def _must_revalidate(directives: dict[str, str | None]) -> bool:
    return "must-revalidate" in directives or "proxy-revalidate" in directives or _has_no_cache(directives)


def _has_no_cache(directives: dict[str, str | None]) -> bool:
    # `no-cache="Set-Cookie"` is about that header alone, and no header of a provider is ever passed on.
    return "no-cache" in directives and not directives["no-cache"]


def _never_matches(vary: str | None, changing: Collection[str]) -> bool:
    if vary is None:
        return False
    names = {name.strip().lower() for name in vary.split(",")}
    return "*" in names or not names.isdisjoint(changing)


def _explicit_ttl(directives: dict[str, str | None]) -> float | None:
    if _has_no_cache(directives):
        return 0.0
    # What is meant for one account alone is nothing for a shared cache, and no more is its s-maxage.
    for name in ("max-age",) if "private" in directives else ("s-maxage", "max-age"):
        if name in directives:
            # An unreadable number is stale at once: RFC 9111 section 4.2.1.
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
