"""Keeps the history within its bounds: old samples are deleted, and long series are thinned out."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from plugin_store.engine.database import Database

SWEEP_EVERY_SECONDS = 600.0
MAX_SAMPLES = 20_000
"""Of one series."""
# Measured with 500,000 samples that 100 series got in turn: 21.8 bytes each, and 304 for a series with two inputs.
BYTES_PER_SAMPLE = 22
BYTES_PER_SERIES = 400
# The fraction of the limit that remains in use after room was made.
TARGET_FRACTION = 0.9
# A series of fewer samples is not thinned out, but deleted when others have been written to since.
MIN_THINNED = 64
# Of one transaction. Other writers wait for some tens of milliseconds.
SERIES_AT_ONCE = 50
SAMPLES_AT_ONCE = 1000

_OLD = (
    "SELECT id, ? - keep_seconds FROM history_series AS series WHERE "
    "(SELECT min(at) FROM history_samples WHERE series_id = series.id) < ? - keep_seconds"
)
_DELETE_OLD = (
    "DELETE FROM history_samples WHERE series_id = :id AND at IN "
    "(SELECT at FROM history_samples WHERE series_id = :id AND at < :before ORDER BY at LIMIT :most)"
)
_EMPTY = (
    "SELECT id FROM history_series AS series WHERE NOT EXISTS "
    "(SELECT 1 FROM history_samples WHERE series_id = series.id)"
)
_DELETE_EMPTY = (
    "DELETE FROM history_series WHERE id = ? AND NOT EXISTS "
    "(SELECT 1 FROM history_samples WHERE series_id = history_series.id)"
)
_COUNT = "SELECT series_id, count(*), max(at) FROM history_samples GROUP BY series_id"
_THIN_OUT = (
    "DELETE FROM history_samples WHERE series_id = :id AND at IN (SELECT at FROM (SELECT at, row_number() OVER "
    "(ORDER BY at) AS place FROM history_samples WHERE series_id = :id ORDER BY at LIMIT :older) AS older "
    "WHERE place % 2 = 0)"
)
_DELETE_SERIES = "DELETE FROM history_series WHERE id = ?"


class HistoryRetention:
    """Deletes samples as their blocks declare, and within `size_limit_bytes` on disk. Housekeeping calls it."""

    def __init__(self, database: Database, size_limit_bytes: int) -> None:
        self._database = database
        self._size_limit_bytes = size_limit_bytes
        self._swept_at = -math.inf

    def sweep_now_and_then(self, now: float) -> None:
        """Sweeps if the last sweep of this process was ten minutes ago. Raises StorageFailed."""
        if not 0 <= now - self._swept_at < SWEEP_EVERY_SECONDS:
            self.sweep(now)
            self._swept_at = now

    def sweep(self, now: float) -> None:
        """Deletes what is too old and makes room. Raises StorageFailed."""
        while old := self._database.query(_OLD, (now, now)):
            self._run(
                _DELETE_OLD, [{"id": id_, "before": before, "most": SAMPLES_AT_ONCE} for id_, before in old]
            )
        self._run(_DELETE_EMPTY, self._database.query(_EMPTY, ()))
        rows = self._database.query(_COUNT, ())
        counts = {series_id: self._shorten(series_id, count) for series_id, count, _ in rows}
        self._make_room(counts, {series_id: at for series_id, _, at in rows})

    def _shorten(self, series_id: int, count: int) -> int:
        while count > MAX_SAMPLES:
            count -= self._thin_out(series_id, count)
        return count

    def _make_room(self, counts: dict[int, int], last_at: dict[int, int]) -> None:
        """Thins out the longest series, else deletes those without a sample for longest, until all fits."""
        excess = _volume_bytes(counts)
        if excess <= self._size_limit_bytes:
            return
        excess -= int(self._size_limit_bytes * TARGET_FRACTION)
        longest = [(-count, series_id) for series_id, count in counts.items() if count >= MIN_THINNED]
        heapq.heapify(longest)
        while excess > 0 and longest:
            count, series_id = -longest[0][0], longest[0][1]
            gone = self._thin_out(series_id, count)
            counts[series_id] = count - gone
            excess -= gone * BYTES_PER_SAMPLE
            if gone and counts[series_id] >= MIN_THINNED:
                heapq.heapreplace(longest, (-counts[series_id], series_id))
            else:
                heapq.heappop(longest)
        self._delete_unused(excess, counts, last_at)

    def _delete_unused(self, excess: int, counts: dict[int, int], last_at: dict[int, int]) -> None:
        chosen: list[tuple[int]] = []
        for series_id in sorted(counts, key=lambda series_id: last_at[series_id]):
            if excess <= 0:
                break
            excess -= BYTES_PER_SERIES + counts[series_id] * BYTES_PER_SAMPLE
            chosen.append((series_id,))
        self._run(_DELETE_SERIES, chosen)

    def _thin_out(self, series_id: int, count: int) -> int:
        """Deletes every second sample of the older half, so that what is old gets sparser, and returns their number."""
        with self._database.raw_write() as connection:
            return connection.execute(_THIN_OUT, {"id": series_id, "older": count // 2}).rowcount

    def _run(self, statement: str, values: Sequence[Any]) -> None:
        for some in _batched(values, SERIES_AT_ONCE):
            with self._database.raw_write() as connection:
                connection.executemany(statement, some)


def _volume_bytes(counts: dict[int, int]) -> int:
    return sum(counts.values()) * BYTES_PER_SAMPLE + len(counts) * BYTES_PER_SERIES


def _batched(values: Sequence[Any], size: int) -> Iterator[list[Any]]:
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch
