"""Prefetching: a sweep runs the jobs that are due, on its own threads, in one of the serving processes."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from errors import StorageFailed
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.monotonic_scheduler import MonotonicScheduler
from integrations.prefetch.jobs import Due
from integrations.prefetch.planner import Planner
from integrations.prefetch.reconciler import Reconciler
from integrations.prefetch.runner import JobRunner
from plugin_store.engine.locks import LeaderLock

_log = logging.getLogger(__name__)

FLUSH_EVERY_SECONDS = 5.0
# The longest planning time of a round, so that many new plugins do not delay the jobs that are due.
PLANNING_SECONDS = 0.2
# The maximum number of jobs that wait for a thread. The rest stays in the table, where it costs no memory. The limit
# per plugin keeps a plugin with many blocks and a hanging provider from blocking the others.
MAX_BEGUN, MAX_BEGUN_OF_PLUGIN = 1000, 100


class Prefetcher:
    """Keeps blocks prefetched between `start` and `close`; `sweep` is one round."""

    def __init__(
        self,
        planner: Planner,
        reconciler: Reconciler,
        runner: JobRunner,
        pool: FairThreadPool,
        leader_lock: LeaderLock,
        clock: Callable[[], float],
    ) -> None:
        self._planner = planner
        self._reconciler = reconciler
        self._runner = runner
        self._pool = pool
        self._leader_lock = leader_lock
        self._clock = clock
        self._scheduler: MonotonicScheduler | None = None
        self._swept_at: float | None = None
        self._flushed_at = 0.0
        self._is_in_trouble = False
        self._term = 0
        """Changes when this process stops leading: what it has begun under an earlier one is not run any more."""
        self._running: set[int] = set()
        self._begun: Counter[str] = Counter()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Starts sweeping in this process. If another process sweeps, this one takes over as soon as that one ends."""
        self._scheduler = MonotonicScheduler(self._tick)
        self._scheduler.start()

    def close(self) -> None:
        """Returns when running fetches have ended. Other due jobs wait for the next start."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown()
        self._pool.close()
        try:
            self._planner.flush_uses()
        except StorageFailed as error:
            _log.warning("The use of some inputs cannot be stored: %s", error.detail)
        self._leader_lock.release()

    def sweep(self, now: float, planning_seconds: float = math.inf) -> list[Future[None]]:
        """Starts due jobs that are not running yet, up to the limit, and returns their futures.

        Changes are planned first. Planning beyond `planning_seconds` is left to the next round.
        """
        self.plan(now, planning_seconds)
        begun = []
        for due in self._planner.due(now):
            if len(self._running) >= MAX_BEGUN:
                break
            if self._begin(due, now):
                begun.append(self._pool.submit(due.plugin_id, partial(self._run_due, due, self._term)))
        return begun

    def plan(self, now: float, seconds: float = math.inf) -> None:
        """Reconciles the jobs with manifests, settings and the clock, for about `seconds`."""
        if self._swept_at is None or now < self._swept_at:
            self._planner.set_back(now)
            self._runner.release_all()
        self._swept_at = now
        self._reconciler.reconcile(now, seconds)

    def _tick(self) -> None:
        try:
            now = self._clock()
            if abs(now - self._flushed_at) >= FLUSH_EVERY_SECONDS:
                self._planner.flush_uses()
                self._flushed_at = now
            if self._leader_lock.take():
                self.sweep(now, PLANNING_SECONDS)
            else:
                self._stop_leading()
            self._is_in_trouble = False
        except StorageFailed as error:
            if not self._is_in_trouble:
                _log.warning("Nothing is prefetched for now: %s", error.detail)
            self._is_in_trouble = True

    def _stop_leading(self) -> None:
        """Leaves what waits for a thread to the process that leads now, and plans anew when it leads again."""
        self._term += 1
        self._swept_at = None

    def _begin(self, due: Due, now: float) -> bool:
        with self._lock:
            if due.id in self._running or self._runner.is_held(due.id, now):
                return False
            if self._begun[due.plugin_id] >= MAX_BEGUN_OF_PLUGIN:
                return False
            self._running.add(due.id)
            self._begun[due.plugin_id] += 1
            return True

    def _end(self, due: Due) -> None:
        with self._lock:
            self._running.discard(due.id)
            self._begun[due.plugin_id] -= 1
            if not self._begun[due.plugin_id]:
                del self._begun[due.plugin_id]

    def _run_due(self, due: Due, term: int) -> None:
        try:
            if term != self._term:
                return
            now = self._clock()
            job = self._planner.find_due(due.id, now)
            if job is not None and job.next_run_at is not None:
                self._runner.run(job, lateness_ms=(now - job.next_run_at) * 1000, is_forced=False)
        except StorageFailed as error:
            _log.warning("A block cannot be prefetched: %s", error.detail)
        except Exception:
            _log.exception("Prefetch job %d failed.", due.id)
            self._runner.hold(due.id, self._clock() + FLUSH_EVERY_SECONDS)
        finally:
            self._end(due)
