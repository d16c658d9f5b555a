"""Fetching ahead: a sweep over what is due, on a few threads of its own, in one process of all that serve."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from errors import BreakerOpen, BudgetSpent, Conflict, PatchbayError, StorageFailed
from integrations.caching.artifacts import Artifact
from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.concurrency.leader_lock import LeaderLock, MonotonicScheduler
from integrations.prefetch.jobs import Due, Jobs
from integrations.prefetch.planner import Planner
from integrations.prefetch.reconciler import Reconciler
from integrations.prefetch.targets import Inputs, PrefetchTargets
from integrations.rendering.read_through import Rendered
from integrations.rendering.render import Renderer
from integrations.usage.instruments import LabelledCounter, LabelledHistogram
from integrations.usage.recent_renders import RecentRenders
from plugin_store.models import PrefetchJob
from plugin_store.workspaces import Scope

_log = logging.getLogger(__name__)

FLUSH_EVERY_SECONDS = 5.0
# What a round takes for planning at most, so that many new plugins do not hold up what is due.
PLANNING_SECONDS = 0.2
# What waits for a thread at most. The rest stays in the table until there is room: it costs no memory there, and a
# plugin of many blocks whose provider hangs keeps none of the others out.
MAX_BEGUN, MAX_BEGUN_OF_PLUGIN = 1000, 100
LATENESS_BOUNDS_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)

# A scheduled call that makes way for people, or for a provider that needs a rest.
YIELDED = (BudgetSpent, BreakerOpen)


class Prefetcher:
    """Keeps blocks fetched. `start` begins to, `close` ends it; `sweep` is one round."""

    def __init__(
        self,
        renderer: Renderer,
        planner: Planner,
        reconciler: Reconciler,
        targets: PrefetchTargets,
        jobs: Jobs,
        uses: RecentRenders,
        leader_lock: LeaderLock,
        pool: FairThreadPool,
        revision: Callable[[], int],
        clock: Callable[[], float],
        chance: Callable[[], float],
        idle_intervals: int,
    ) -> None:
        self._renderer = renderer
        self._planner = planner
        self._reconciler = reconciler
        self._targets = targets
        self._jobs = jobs
        self._uses = uses
        self._leader_lock = leader_lock
        self._pool = pool
        self._revision = revision
        self._clock = clock
        self._chance = chance
        self._idle_intervals = idle_intervals
        self.outcomes = LabelledCounter()
        self.lateness = LabelledHistogram(LATENESS_BOUNDS_SECONDS)
        self._scheduler: MonotonicScheduler | None = None
        self._planned_revision: int | None = None
        self._swept_at: float | None = None
        self._flushed_at = 0.0
        self._is_in_trouble = False
        self._running: set[int] = set()
        self._begun: Counter[str] = Counter()
        # Jobs whose outcome could not be written, and when they may run again all the same.
        self._unwritten: dict[int, float] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Sweeps from now on, in this process or, while another one does, as soon as that one ends."""
        self._scheduler = MonotonicScheduler(self._tick)
        self._scheduler.start()

    def close(self) -> None:
        """Returns when what is being fetched has come; what else is due waits for the next start."""
        scheduler, self._scheduler = self._scheduler, None
        if scheduler is not None:
            scheduler.shutdown()
        self._pool.close()
        try:
            self.flush_uses()
        except StorageFailed as error:
            _log.warning("The use of some input sets cannot be written: %s", error.detail)
        self._leader_lock.release()

    def sweep(self, now: float, planning_seconds: float = math.inf) -> list[Future[None]]:
        """The runs that this round began, one for each job that is due and not running, as many as may wait at once.

        What changed is planned first; what takes longer than `planning_seconds` is left to the next round.
        """
        self._plan(now, planning_seconds)
        begun = []
        for due in self._jobs.due(now):
            if len(self._running) >= MAX_BEGUN:
                break
            if self._begin(due, now):
                begun.append(self._pool.submit(due.plugin_id, lambda due=due: self._run_due(due)))
        return begun

    def flush_uses(self) -> None:
        """Writes which input sets were rendered since the last time. Raises StorageFailed."""
        uses = self._uses.take()
        if not uses:
            return
        try:
            self._planner.note_uses(uses, self._clock())
        except StorageFailed:
            self._uses.give_back(uses)
            raise

    # -- what a person asks --------------------------------------------------------------------------------------

    def pin(self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]) -> PrefetchJob:
        """The job that keeps these inputs warm from now on. Raises what a render would before it calls anybody."""
        return self._planner.pin(scope, plugin_id, block_id, parameters, self._clock())

    def unpin(self, job_id: int) -> None:
        """Forgets a job. Raises NotFound, and Conflict for one that the manifest asks for."""
        job = self._jobs.get(job_id)
        if not job.is_default:
            self._jobs.delete_all([job_id])
        elif job.is_pinned:
            self._jobs.change(job_id, is_pinned=False)
        else:
            raise Conflict("The manifest has this block fetched ahead; pause the job instead.")

    def set_paused(self, job_id: int, paused: bool) -> PrefetchJob:
        """The job, paused or going again. Raises NotFound."""
        job = self._jobs.get(job_id)
        if job.is_paused == paused:
            return job
        next_run_at = None if paused else self._planner.next_run(job, self._clock())
        return self._jobs.change(job_id, is_paused=paused, next_run_at=next_run_at)

    def run_now(self, job_id: int) -> PrefetchJob:
        """The job after a run of its own, whatever was planned.

        Raises NotFound, and what a render would before it calls anybody, as for a plugin that is off.
        """
        job = self._jobs.get(job_id)
        self._targets.resolve(
            Inputs(Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id, job.parameters)
        )
        self._run(job, lateness_ms=None, is_forced=True)
        return self._jobs.get(job_id)

    # -- a round -------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        try:
            now = self._clock()
            if abs(now - self._flushed_at) >= FLUSH_EVERY_SECONDS:
                self.flush_uses()
                self._flushed_at = now
            if self._leader_lock.take():
                self.sweep(now, PLANNING_SECONDS)
            self._is_in_trouble = False
        except StorageFailed as error:
            if not self._is_in_trouble:
                _log.warning("Nothing is fetched ahead for now: %s", error.detail)
            self._is_in_trouble = True

    def _plan(self, now: float, seconds: float) -> None:
        if self._swept_at is None or now < self._swept_at:
            self._planner.set_back(now)
            with self._lock:
                self._unwritten.clear()
        self._swept_at = now
        # The revision from before the look: what changes meanwhile is looked at again.
        revision = self._revision()
        if revision != self._planned_revision:
            self._reconciler.note_changes()
            self._planned_revision = revision
        self._reconciler.reconcile(now, seconds)

    def _begin(self, due: Due, now: float) -> bool:
        with self._lock:
            if due.id in self._running or self._unwritten.get(due.id, now) > now:
                return False
            if self._begun[due.plugin_id] >= MAX_BEGUN_OF_PLUGIN:
                return False
            self._unwritten.pop(due.id, None)
            self._running.add(due.id)
            self._begun[due.plugin_id] += 1
            return True

    def _end(self, due: Due) -> None:
        with self._lock:
            self._running.discard(due.id)
            self._begun[due.plugin_id] -= 1
            if not self._begun[due.plugin_id]:
                del self._begun[due.plugin_id]

    def _run_due(self, due: Due) -> None:
        try:
            now = self._clock()
            job = self._jobs.find(due.id)
            # It may have been paused, run or forgotten while it waited for its turn.
            if job is None or job.is_paused or job.next_run_at is None or job.next_run_at > now:
                return
            if not self._is_wanted(job, now):
                self._jobs.delete_all([job.id])
                return
            self._run(job, lateness_ms=(now - job.next_run_at) * 1000, is_forced=False)
        except StorageFailed as error:
            _log.warning("A block cannot be fetched ahead: %s", error.detail)
        except Exception:
            _log.exception("Fetching job %d ahead broke off.", due.id)
            self._hold(due.id, self._clock() + FLUSH_EVERY_SECONDS)
        finally:
            self._end(due)

    def _is_wanted(self, job: PrefetchJob, now: float) -> bool:
        """Whether somebody asked for it: the manifest, a person, or renders not too many intervals ago."""
        if job.is_default or job.is_pinned or job.runs_since_used < self._idle_intervals:
            return True
        try:
            refresh_schedule = self._targets.refresh_schedule(
                Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id
            )
        except PatchbayError:
            return True
        # Tries again after failures are runs too, but no intervals.
        return refresh_schedule.after_intervals(job.used_at or 0.0, self._idle_intervals) > now

    # -- one job -------------------------------------------------------------------------------------------------

    def _run(self, job: PrefetchJob, lateness_ms: float | None, *, is_forced: bool) -> None:
        started_at = self._clock()
        scope = Scope(job.workspace_id, job.notebook_id)
        values: dict[str, Any] = {
            "last_run_at": started_at,
            "last_lateness_ms": lateness_ms,
            "runs_since_used": job.runs_since_used + (0 if is_forced else 1),
        }
        try:
            refresh_schedule = self._targets.refresh_schedule(scope, job.plugin_id, job.block_id)

            def is_young(kept: Artifact) -> bool:
                return not refresh_schedule.is_due(kept.fetched_at, started_at)

            rendered = self._renderer.render_block(
                scope,
                job.plugin_id,
                job.block_id,
                job.parameters,
                use_cache=not is_forced,
                cause="prefetch",
                is_enough=is_young,
            )
            if rendered.is_stale and rendered.error is not None:
                raise rendered.error
        except PatchbayError as error:
            values |= self._failed(job, error)
        else:
            fetched_at = min(rendered.artifact.fetched_at, self._clock())
            values |= {
                "last_outcome": _outcome(rendered),
                "last_error": rendered.error.code if rendered.error is not None else None,
                "artifact_key": rendered.artifact.key,
                "fetched_at": fetched_at,
                "failures": 0,
                "next_run_at": refresh_schedule.next_run(fetched_at, self._chance()),
            }
        labels = (str(job.workspace_id), job.plugin_id)
        self.outcomes.add((*labels, values["last_outcome"]))
        if lateness_ms is not None:
            self.lateness.add(labels, lateness_ms / 1000)
        self._note(job, values)

    def _failed(self, job: PrefetchJob, error: PatchbayError) -> dict[str, Any]:
        now, failures = self._clock(), job.failures + 1
        try:
            refresh_schedule = self._targets.refresh_schedule(
                Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id
            )
            next_run_at = refresh_schedule.retry(now, failures, error.retry_after_seconds, self._chance())
        except PatchbayError:
            # The block itself is gone; the next look at the manifest says what becomes of the job.
            next_run_at = None
        return {
            "last_outcome": "yielded" if isinstance(error, YIELDED) else "failed",
            "last_error": error.code,
            "failures": failures,
            "next_run_at": next_run_at,
        }

    def _note(self, job: PrefetchJob, values: dict[str, Any]) -> None:
        try:
            self._jobs.note_run(job, values)
        except StorageFailed:
            # Or the same would be fetched again and again while the disk is full.
            self._hold(job.id, values["next_run_at"] or 0.0)
            raise

    def _hold(self, job_id: int, until: float) -> None:
        with self._lock:
            self._unwritten[job_id] = until


def _outcome(rendered: Rendered) -> str:
    """`fetched`; `fresh` when a young answer was there; `not_kept` when what came may not be kept."""
    if rendered.is_cached and rendered.cache_status != "REVALIDATED":
        return "fresh"
    return "fetched" if rendered.is_kept else "not_kept"
