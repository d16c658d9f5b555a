"""Protects a failing token server: failures are remembered for a while, and renewals are limited."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from errors import PatchbayError, UpstreamFailed
from integrations.concurrency.lru import Lru

FIRST_REST_SECONDS = 1.0
MAX_REST_SECONDS = 60.0
MAX_ASKED_REST_SECONDS = 900.0
FIRST_BRAKE_SECONDS = 30.0
MAX_BRAKE_SECONDS = 600.0
MAX_ENTRIES = 1000


@dataclass(frozen=True, slots=True)
class _Failure:
    error: PatchbayError
    count: int
    until: float


class FailureMemory:
    """The last failure of each token request, kept longer after each further one, up to a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: Lru[str, _Failure] = Lru(MAX_ENTRIES)

    def raise_if_fresh(self, key: str) -> None:
        """Raises the remembered failure again while it is fresh."""
        failure = self._failures.get(key)
        # A clock that was set back must not make the wait longer than the maximum.
        if failure is not None and 0 < failure.until - self._clock() <= MAX_ASKED_REST_SECONDS:
            raise copy.copy(failure.error)

    def note(self, key: str, error: PatchbayError) -> None:
        """Remembers the failure, for as long as the provider asks, within limits."""
        known = self._failures.get(key)
        count = known.count + 1 if known else 1
        rest_seconds = min(MAX_REST_SECONDS, FIRST_REST_SECONDS * 2 ** min(count - 1, 10))
        asked_seconds = min(MAX_ASKED_REST_SECONDS, error.retry_after_seconds or 0.0)
        self._failures.put(key, _Failure(error, count, self._clock() + max(rest_seconds, asked_seconds)))

    def forget(self, key: str) -> None:
        self._failures.drop(key)


@dataclass(frozen=True, slots=True)
class _Renewal:
    gave: Mapping[str, str] = field(repr=False)
    count: int
    at: float


class RejectedTokenGuard:
    """Tells an expired token from one that the provider rejects right after issuing it.

    The first is renewed at once. Renewing the second with every call would cause a storm of logins.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._renewals: Lru[str, _Renewal] = Lru(MAX_ENTRIES)

    def raise_if_pulled(self, key: str, rejected: Mapping[str, str]) -> None:
        """Raises UpstreamFailed for a rejected token that was itself a recent renewal."""
        last = self._renewals.get(key)
        if last is None or last.gave != rejected:
            return
        rest_seconds = min(MAX_BRAKE_SECONDS, FIRST_BRAKE_SECONDS * 2 ** min(last.count - 1, 10))
        if 0 <= self._clock() - last.at < rest_seconds:
            raise UpstreamFailed(
                "The provider refuses the token that it has just issued. Check the permissions of the account.",
                upstream_status=401,
                reason="token_refused",
            )

    def note(self, key: str, rejected: Mapping[str, str], gave: Mapping[str, str]) -> None:
        """Remembers the result of a renewal."""
        last = self._renewals.get(key)
        count = last.count + 1 if last is not None and last.gave == rejected else 1
        self._renewals.put(key, _Renewal(dict(gave), count, self._clock()))
