"""How long calls took, counted by rounded duration, so that the counts of several periods can be added up.

A duration is rounded to two significant digits, and to tenths of a millisecond below 10 ms. It is off by at most 5 %,
and a period has at most 90 different ones for each power of ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

Durations = dict[str, int]
"""The number of calls by their rounded duration in tenths of a millisecond, as text: a member of a JSON object."""


def round_duration(duration_ms: float) -> str:
    """The duration in tenths of a millisecond, rounded to two significant digits, half up."""
    tenths = int(duration_ms * 10 + 0.5)
    step = 10 ** max(0, len(str(tenths)) - 2)
    return str((tenths + step // 2) // step * step)


def percentile_ms(durations: Mapping[str, int], percent: int) -> float | None:
    """The nearest-rank percentile: the duration of the call at rank ⌈n · percent / 100⌉; None without a call."""
    rank = -(-sum(durations.values()) * percent // 100)
    for tenths, count in sorted((int(text), count) for text, count in durations.items()):
        rank -= count
        if rank <= 0:
            return tenths / 10
    return None


def sum_durations(stored: Iterable[str | None]) -> Durations:
    """The sum of stored counts; a period without a call has None. Several joined by commas are summed up too."""
    total: Durations = {}
    for durations in orjson.loads(f"[{','.join(text for text in stored if text)}]"):
        add_durations(total, durations)
    return total


def add_durations(total: Durations, more: Durations) -> None:
    """Adds counts to a total."""
    for duration, count in more.items():
        total[duration] = total.get(duration, 0) + count


def dump_durations(durations: Durations) -> str | None:
    """The counts as they are stored."""
    return orjson.dumps(durations).decode() if durations else None
