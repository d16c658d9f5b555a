"""Counters and histograms since the start of this process, by labels. Monitoring handles their reset at a restart.

The usage tables delete old rows, and monitoring would read a falling count as a restart each time.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Labels = tuple[str, ...]


class LabelledCounter:
    """Counts by labels."""

    def __init__(self) -> None:
        self._counts: Counter[Labels] = Counter()
        self._lock = threading.Lock()

    def add(self, labels: Labels, amount: int = 1) -> None:
        with self._lock:
            self._counts[labels] += amount

    def read(self) -> dict[Labels, int]:
        with self._lock:
            return dict(self._counts)


@dataclass(frozen=True, slots=True)
class HistogramSample:
    """How often a value was at most each bound, the last being infinite, and the sum of all values."""

    at_most: tuple[int, ...]
    total: float


class LabelledHistogram:
    """The distribution of values over bounds, by labels."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = (*bounds, float("inf"))
        self._counts: dict[Labels, list[int]] = {}
        self._totals: dict[Labels, float] = {}
        self._lock = threading.Lock()

    def add(self, labels: Labels, value: float) -> None:
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * len(self.bounds))
            counts[bisect_left(self.bounds, value)] += 1
            self._totals[labels] = self._totals.get(labels, 0.0) + value

    def read(self) -> Mapping[Labels, HistogramSample]:
        with self._lock:
            return {
                labels: HistogramSample(
                    tuple(sum(counts[: i + 1]) for i in range(len(counts))), self._totals[labels]
                )
                for labels, counts in self._counts.items()
            }
