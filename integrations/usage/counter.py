"""Counts answers in memory and writes them in batches, so that a hit writes nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress

from errors import StorageFailed
from integrations.usage.instruments import Labels
from integrations.usage.periods import HOUR_SECONDS, Figures, sweep_usage, write_usage
from plugin_store.engine.database import Database

FLUSH_EVERY_SECONDS = 10.0
SWEEP_EVERY_SECONDS = 3600.0

# What one answer adds to renders, hits and stale.
_STEPS: Mapping[str, tuple[int, int, int]] = {"HIT": (1, 1, 0), "STALE": (1, 0, 1)}
_FETCHED = (1, 0, 0)

Key = tuple[int, str, int]
Counts = tuple[int, int, int]

_log = logging.getLogger(__name__)


class UsageCounter:
    """Counts answers by workspace, integration and hour; `flush` writes all waiting counts now.

    Days that ended more than `retention_seconds` ago are deleted within an hour while answers are given.
    """

    def __init__(self, database: Database, clock: Callable[[], float], retention_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._retention_seconds = retention_seconds
        self._waiting: dict[Key, Counts] = {}
        self._flushed: dict[tuple[int, str], Counts] = {}
        self._lock = threading.Lock()
        self._flush_lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._swept_at = float("-inf")

    def count(self, workspace_id: int, plugin_id: str, cache_status: str) -> None:
        """Counts one answer by its X-Cache value. Costs a microsecond and never waits for the disk."""
        key = (workspace_id, plugin_id, int(self._clock() // HOUR_SECONDS))
        renders, hits, stale = _STEPS.get(cache_status, _FETCHED)
        with self._lock:
            known = self._waiting.get(key, (0, 0, 0))
            self._waiting[key] = (known[0] + renders, known[1] + hits, known[2] + stale)
            if self._timer is None:
                self._start_timer()

    def flush(self) -> None:
        """Writes the waiting counts. Those that cannot be written now keep waiting."""
        with self._flush_lock:
            with self._lock:
                counted, self._waiting = self._waiting, {}
                _add_by_place(self._flushed, counted)
                self._stop_timer()
            if not counted:
                return
            try:
                self._write(counted)
            except StorageFailed as error:
                _log.warning(
                    "The usage of %d integrations cannot be written now: %s", len(counted), error.detail
                )
                self._put_back(counted)
            else:
                self._sweep_now_and_then()

    def since_start(self) -> dict[Labels, int]:
        """The answers of this process by workspace, integration and outcome: hit, stale or fetched."""
        with self._lock:
            by_place = dict(self._flushed)
            _add_by_place(by_place, self._waiting)
        found: dict[Labels, int] = {}
        for (workspace_id, plugin_id), (renders, hits, stale) in by_place.items():
            counts = {"hit": hits, "stale": stale, "fetched": renders - hits - stale}
            found |= {(str(workspace_id), plugin_id, name): count for name, count in counts.items()}
        return found

    def sweep(self) -> None:
        """Deletes the counts that are too old. Raises StorageFailed."""
        sweep_usage(self._database, self._clock() - self._retention_seconds)

    def close(self) -> None:
        self.flush()
        with self._lock:
            self._stop_timer()

    def _start_timer(self) -> None:
        self._timer = threading.Timer(FLUSH_EVERY_SECONDS, self.flush)
        self._timer.daemon = True
        self._timer.start()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _write(self, counted: Mapping[Key, Counts]) -> None:
        used = {
            (workspace_id, plugin_id, hour * HOUR_SECONDS): Figures(*counts)
            for (workspace_id, plugin_id, hour), counts in counted.items()
        }
        with self._database.raw_write() as connection:
            write_usage(connection, used)

    def _put_back(self, counted: Mapping[Key, Counts]) -> None:
        with self._lock:
            for key, counts in counted.items():
                place = key[:2]
                self._flushed[place] = _sum(self._flushed[place], (-counts[0], -counts[1], -counts[2]))
                since = self._waiting.get(key, (0, 0, 0))
                self._waiting[key] = (counts[0] + since[0], counts[1] + since[1], counts[2] + since[2])

    def _sweep_now_and_then(self) -> None:
        now = self._clock()
        if not 0 <= now - self._swept_at < SWEEP_EVERY_SECONDS:
            self._swept_at = now
            with suppress(StorageFailed):
                self.sweep()


def _add_by_place(by_place: dict[tuple[int, str], Counts], counted: Mapping[Key, Counts]) -> None:
    for (workspace_id, plugin_id, _), counts in counted.items():
        place = (workspace_id, plugin_id)
        by_place[place] = _sum(by_place.get(place, (0, 0, 0)), counts)


def _sum(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]
