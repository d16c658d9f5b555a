"""Compares two ways to do the same, timed alternately."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5
ROUND_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Comparison:
    """The medians of both ways, in microseconds per call."""

    name: str
    ours_us: float
    theirs_us: float

    @property
    def ratio(self) -> float:
        return self.ours_us / self.theirs_us


def compare(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> Comparison:
    """Runs both ways alternately, so that changes of the machine's speed affect both."""
    repeats = _repeats_for(theirs)
    rounds = [(_seconds_a_call(ours, repeats), _seconds_a_call(theirs, repeats)) for _ in range(ROUNDS)]
    ours_seconds, theirs_seconds = (statistics.median(times) for times in zip(*rounds, strict=True))
    return Comparison(name, ours_seconds * 1e6, theirs_seconds * 1e6)


def _repeats_for(work: Callable[[], object]) -> int:
    work()
    return max(1, round(ROUND_SECONDS / _seconds_a_call(work, 50)))


def _seconds_a_call(work: Callable[[], object], repeats: int) -> float:
    """CPU seconds, so that other programs on the machine do not count."""
    gc.collect()
    started = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - started) / repeats
