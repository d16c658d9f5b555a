"""What was done to the cluster, and when, so that an answer can be judged by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmarks.soak.journal import Journal

# The processes connect to a store that is back within this time: a lock asks again after a second, and the listener.
RECOVERY_SECONDS = 3.0
PROXY_STATUSES = {502, 504}


@dataclass
class Disruptions:
    """Spans of the monotonic clock in which a host was killed, or the store was away."""

    kills: list[tuple[float, float]] = field(default_factory=list)
    outages: list[tuple[float, float]] = field(default_factory=list)

    @contextmanager
    def kill(self) -> Iterator[None]:
        with _span(self.kills, 0.0):
            yield

    @contextmanager
    def outage(self) -> Iterator[None]:
        with _span(self.outages, RECOVERY_SECONDS):
            yield

    def killed_during(self, began: float, ended: float) -> bool:
        return _overlaps(self.kills, began, ended)

    def store_was_away_during(self, began: float, ended: float) -> bool:
        return _overlaps(self.outages, began, ended)

    def happened_during(self, began: float, ended: float) -> bool:
        return self.killed_during(began, ended) or self.store_was_away_during(began, ended)


@contextmanager
def _span(spans: list[tuple[float, float]], longer: float) -> Iterator[None]:
    began = time.monotonic()
    # Open until it is known how long it takes.
    spans.append((began, float("inf")))
    try:
        yield
    finally:
        spans[-1] = (began, time.monotonic() + longer)


def _overlaps(spans: list[tuple[float, float]], began: float, ended: float) -> bool:
    return any(start <= ended and began <= end for start, end in list(spans))


@dataclass
class ClusterJournal(Journal):
    """A journal that expects what the disruptions explain, and nothing else.

    That is the proxy's 502 or 504 if a host was killed during the request, and `storage_failed` while the store is
    away.
    """

    disruptions: Disruptions = field(default_factory=Disruptions)
    doubled: list[str] = field(default_factory=list)
    """Calls that were made more than once for one cold key, or by two leaders."""
    stale_seconds: list[float] = field(default_factory=list)
    """How long after an acknowledged purge an answer from before it was asked for and given."""
    flights: int = 0
    """Cold keys that were asked for by many at once without a disruption."""

    def note(
        self,
        kind: str,
        status: int,
        code: str | None,
        text: bytes,
        expected: set[int],
        began: float = 0.0,
    ) -> None:
        allowed = {status} if self._is_explained(status, code, began) else set[int]()
        super().note(kind, status, code, text, expected | allowed, began)

    def is_own_failure(self, status: int, code: str | None, began: float) -> bool:
        return super().is_own_failure(status, code, began) and not self._is_explained(status, code, began)

    def _is_explained(self, status: int, code: str | None, began: float) -> bool:
        now = time.monotonic()
        if code == "storage_failed":
            return self.disruptions.store_was_away_during(began, now)
        return status in PROXY_STATUSES and code is None and self.disruptions.killed_during(began, now)
