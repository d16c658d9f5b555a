"""How many calls a rate limit still grants, in windows that slide. Pure: the time is handed in.

A window is counted in buckets of a sixtieth of its length, and a bucket counts as long as any call in it may lie
within the window, though it left up to a bucket's length after it was charged. So no span of a window's length,
wherever it begins, ever holds more calls than the limit, and a call that was spent comes back at most a thirtieth of
the window late. What is kept stays small whatever the limit.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from integrations.manifests.model import RateLimit

BUCKETS_PER_WINDOW = 60
# One more than the window has: the last one is for calls that left a little after they were charged.
BUCKETS_THAT_COUNT = BUCKETS_PER_WINDOW + 1
SCHEDULED_SHARE = 0.8
WINDOW_NAMES = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}

Counts = Mapping[int, int]
"""Calls by bucket number."""
Spent = Mapping[int, Counts]
"""The counts of each window, by its length in seconds."""


@dataclass(frozen=True, slots=True)
class Window:
    """How one window of a rate limit stands; `next_at` is when one more call may go, in epoch seconds."""

    seconds: int
    limit: int
    used: int
    next_at: float

    @property
    def name(self) -> str:
        return WINDOW_NAMES[self.seconds]

    @property
    def left(self) -> int:
        return max(0, self.limit - self.used)


def charge(
    spent: Spent, limit: RateLimit, now: float, *, is_scheduled: bool, instead_of: float | None = None
) -> tuple[Spent, Window | None]:
    """What is spent after one more call; or, if the call may not go, the window that holds it up longest.

    Then the counts are as they were, but for those that no longer matter. `instead_of` is when the same call was
    charged before: that charge is taken back.
    """
    current = {
        seconds: _in_window(_without(spent.get(seconds, {}), seconds, instead_of), seconds, now)
        for seconds, _ in limit.calls_by_window
    }
    full = [
        window
        for seconds, calls in limit.calls_by_window
        if (window := _window(current[seconds], seconds, calls, now, is_scheduled=is_scheduled)).next_at > now
    ]
    if full:
        return current, max(full, key=lambda window: window.next_at)
    return {
        seconds: _with_one_more(counts, _bucket(seconds, now)) for seconds, counts in current.items()
    }, None


def windows_of(spent: Spent, limit: RateLimit, now: float) -> tuple[Window, ...]:
    """Each window of the limit as it stands for those who wait."""
    return tuple(
        _window(_in_window(spent.get(seconds, {}), seconds, now), seconds, calls, now, is_scheduled=False)
        for seconds, calls in limit.calls_by_window
    )


def is_late(limit: RateLimit, charged_at: float, now: float) -> bool:
    """Whether a call that was charged then must be charged anew if it leaves now."""
    shortest = min(seconds for seconds, _ in limit.calls_by_window)
    # Half of what is spared for it: a thread may lose its turn once more before the call leaves.
    return not 0 <= now - charged_at <= shortest / BUCKETS_PER_WINDOW / 2


def grants_scheduled(limit: int) -> int:
    """How full a window may be for a scheduled call still to go; the rest is for those who wait."""
    return max(1, math.floor(limit * SCHEDULED_SHARE))


def _window(counts: Counts, seconds: int, limit: int, now: float, *, is_scheduled: bool) -> Window:
    used = sum(counts.values())
    granted = grants_scheduled(limit) if is_scheduled else limit
    return Window(seconds, limit, used, _next_at(counts, seconds, used - granted + 1, now))


def _next_at(counts: Counts, seconds: int, too_many: int, now: float) -> float:
    """When so many calls have left the window."""
    next_at = now
    for bucket in sorted(counts):
        if too_many <= 0:
            break
        too_many -= counts[bucket]
        next_at = (bucket + BUCKETS_THAT_COUNT + 1) * seconds / BUCKETS_PER_WINDOW
    return next_at


def _in_window(counts: Counts, seconds: int, now: float) -> dict[int, int]:
    current = _bucket(seconds, now)
    kept: dict[int, int] = {}
    for bucket, calls in counts.items():
        if bucket >= current - BUCKETS_THAT_COUNT:
            # A bucket ahead of the time means that the clock was set back: its calls count as made just now.
            placed = min(bucket, current)
            kept[placed] = kept.get(placed, 0) + calls
    return kept


def _with_one_more(counts: Counts, bucket: int) -> Counts:
    return {**counts, bucket: counts.get(bucket, 0) + 1}


def _without(counts: Counts, seconds: int, charged_at: float | None) -> Counts:
    bucket = None if charged_at is None else _bucket(seconds, charged_at)
    if bucket is None or bucket not in counts:
        return counts
    return {**counts, bucket: counts[bucket] - 1}


def _bucket(seconds: int, now: float) -> int:
    return math.floor(now * BUCKETS_PER_WINDOW / seconds)
