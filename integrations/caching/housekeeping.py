"""Background thread that keeps the cache within its limit and consistent, and tables short."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable, Sequence

from errors import StorageFailed
from integrations.caching.eviction import Eviction

ROUND_SECONDS = 10.0
SWEEP_EVERY_SECONDS = 60.0
RECONCILE_EVERY_SECONDS = 3600.0

_log = logging.getLogger(__name__)


class Housekeeping:
    """Runs rounds in its own thread from `start` to `close`."""

    def __init__(
        self,
        eviction: Eviction,
        clock: Callable[[], float],
        sweeps: Sequence[Callable[[float], None]] = (),
    ) -> None:
        """`sweeps` are called with the time, in epoch seconds, about once a minute."""
        self._eviction = eviction
        self._clock = clock
        self._sweeps = sweeps
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._swept_at = -math.inf
        self._reconciled_at = -math.inf
        self._is_in_trouble = False

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stops the thread, and returns when the recorded uses are written."""
        self._closing.set()
        self._eviction.is_needed.set()
        if self._thread is not None:
            self._thread.join()
        self._try(self._eviction.write_uses)

    def do_round(self) -> None:
        """Writes the uses, evicts, and from time to time deletes what is too old and orphaned rows and bodies."""
        self._eviction.write_uses()
        self._eviction.make_room()
        now = self._clock()
        if not 0 <= now - self._swept_at < SWEEP_EVERY_SECONDS:
            self._eviction.sweep()
            for sweep in self._sweeps:
                sweep(now)
            self._swept_at = now
        if not 0 <= now - self._reconciled_at < RECONCILE_EVERY_SECONDS:
            self._eviction.reconcile(self._closing.wait)
            self._reconciled_at = now

    def _run(self) -> None:
        # A process that only runs a command ends before the first round.
        while not self._closing.is_set():
            self._eviction.is_needed.wait(ROUND_SECONDS)
            self._eviction.is_needed.clear()
            if not self._closing.is_set():
                self._try(self.do_round)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
            self._is_in_trouble = False
        except StorageFailed as error:
            if not self._is_in_trouble:
                _log.warning("The cache cannot be cleaned up for now: %s", error.detail)
            self._is_in_trouble = True
        except Exception:
            # One failed round must not end the thread.
            _log.exception("Cleaning up the cache failed.")
