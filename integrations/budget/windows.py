"""How many calls a rate limit still allows, in sliding windows. Pure: the time is an argument.

A window is counted in buckets of a sixtieth of its length. A bucket counts as long as any of its calls may lie within
the window, where a call may leave up to a bucket's length after it was charged. So no span of a window's length ever
holds more calls than the limit, and a spent call becomes available again at most a thirtieth of the window late. The
stored size is small whatever the limit.
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
    """The state of one window of a rate limit; `next_at` is when one more call is allowed, in epoch seconds."""

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
    """The counts after one more call, or, if it is not allowed, the window that blocks it longest.

    If the call is refused, the counts are unchanged, except that expired ones are dropped. `instead_of` is when the
    same call was charged before; that charge is taken back.
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


def newly_spent(before: Spent, after: Spent, limit: RateLimit, now: float) -> tuple[Window, ...]:
    """The windows of which the last call was charged, but for those of a second, which are over at once."""
    had_calls_left = {window.seconds for window in windows_of(before, limit, now) if window.left}
    return tuple(
        window
        for window in windows_of(after, limit, now)
        if window.seconds > 1 and not window.left and window.seconds in had_calls_left
    )


def windows_of(spent: Spent, limit: RateLimit, now: float) -> tuple[Window, ...]:
    """Each window of the limit, for calls that a user waits for."""
    return tuple(
        _window(_in_window(spent.get(seconds, {}), seconds, now), seconds, calls, now, is_scheduled=False)
        for seconds, calls in limit.calls_by_window
    )


def is_late(limit: RateLimit, charged_at: float, now: float) -> bool:
    """Whether a call that was charged then must be charged again if it leaves now."""
    shortest = min(seconds for seconds, _ in limit.calls_by_window)
    # Half of the tolerance: the thread may be suspended once more before the call leaves.
    return not 0 <= now - charged_at <= shortest / BUCKETS_PER_WINDOW / 2


def grants_scheduled(limit: int) -> int:
    """The fill level up to which scheduled calls are allowed. The rest is reserved for calls that a user waits for."""
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
            # A bucket in the future means that the clock was set back. Its calls count as made just now.
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
