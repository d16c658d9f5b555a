"""Negative caching: failed fetches are remembered for a while, so that a provider is not asked again at once.

The failures are stored in the cache beside the artifacts. Every process sees them, they survive a restart, and they
expire by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import orjson

from errors import DeadlineExceeded, PatchbayError, UpstreamFailed, UpstreamInvalid, UpstreamUnreachable
from integrations.caching.body_store import BodyStore

FIRST_WAIT_SECONDS = 5.0
MAX_WAIT_SECONDS = 300.0
MIN_ASKED_WAIT_SECONDS = 1.0
MAX_ASKED_WAIT_SECONDS = 3600.0
# How long after its wait a failure still counts as the predecessor of the next one.
FORGET_AFTER_SECONDS = 900.0
PREFIX = "failure:"

_KINDS: Mapping[str, type[PatchbayError]] = {
    kind.code: kind for kind in (UpstreamFailed, UpstreamUnreachable, UpstreamInvalid, DeadlineExceeded)
}
_PASSING_STATUSES = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class CachedFailure:
    """A failure: when it happened, how many happened in a row (`count`), and until when no fetch is made."""

    error: PatchbayError
    count: int
    at: float
    until: float

    def is_fresh(self, now: float) -> bool:
        # A clock that was set back must not make the wait longer than the maximum.
        return 0 < self.until - now <= MAX_ASKED_WAIT_SECONDS


def wait_after(error: PatchbayError, count: int) -> float:
    """The seconds without a new fetch after so many failures in a row. Pure.

    The wait is what the provider asked for, else 5 s, doubled each time up to 5 min. The first client error (4xx)
    causes no wait, because a user may be correcting the cause; only repeated ones are slowed down.
    """
    if error.retry_after_seconds:
        return min(max(error.retry_after_seconds, MIN_ASKED_WAIT_SECONDS), MAX_ASKED_WAIT_SECONDS)
    doublings = count - 2 if _is_refusal(error) else count - 1
    return min(MAX_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2 ** min(doublings, 10)) if doublings >= 0 else 0.0


class NegativeCache:
    """Remembers the last failure of each key."""

    def __init__(self, bodies: BodyStore, clock: Callable[[], float]) -> None:
        self._bodies = bodies
        self._clock = clock

    def recall(self, key: str, generation: str) -> CachedFailure | None:
        """The key's last failure, fresh or not; None if it is of another generation."""
        stored = self._bodies.get(name_of(key))
        return self.read(stored, generation) if stored is not None else None

    def read(self, stored: bytes, generation: str) -> CachedFailure | None:
        """The failure as it was stored; None if it is from another generation."""
        return _unpack(stored, generation, self._clock())

    def note(self, key: str, generation: str, error: PatchbayError, before: CachedFailure | None) -> None:
        """Stores the failure, with the time until which no fetch is made."""
        if not is_remembered(error):
            return
        count, now = (before.count if before else 0) + 1, self._clock()
        wait = wait_after(error, count)
        if wait:
            error.retry_after_seconds = wait
        self._bodies.set(
            name_of(key), _pack(error, generation, count, now, now + wait), wait + FORGET_AFTER_SECONDS
        )

    def forget(self, key: str) -> None:
        self._bodies.delete(name_of(key))


def is_remembered(error: PatchbayError) -> bool:
    """Whether the provider caused the failure. Failures by our own limits or another process are not remembered."""
    return type(error) in _KINDS.values() and error.extensions.get("reason") != "busy"


def _is_refusal(error: PatchbayError) -> bool:
    status = getattr(error, "upstream_status", None)
    return status is not None and 400 <= status < 500 and status not in _PASSING_STATUSES


def name_of(key: str) -> str:
    """The key under which the failure of a key is stored."""
    return f"{PREFIX}{key}"


def is_name(name: str) -> bool:
    """Whether a failure is stored under the name."""
    return name.startswith(PREFIX)


def _pack(error: PatchbayError, generation: str, count: int, at: float, until: float) -> bytes:
    said = [error.code, error.detail, error.errors, error.extensions]
    return orjson.dumps([generation, count, at, until, *said], option=orjson.OPT_NON_STR_KEYS)


def _unpack(stored: bytes, generation: str, now: float) -> CachedFailure | None:
    try:
        known_generation, count, at, until, code, detail, errors, extensions = orjson.loads(stored)
        if known_generation != generation:
            return None
        error = _KINDS[code](detail, errors=errors, **extensions)
    except (ValueError, TypeError, KeyError):
        return None
    error.retry_after_seconds = max(0.0, until - now)
    return CachedFailure(error, count, at, until)
