"""Runs jobs: renders the block and records the outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from errors import BreakerOpen, BudgetSpent, PatchbayError, StorageFailed
from integrations.caching.artifacts import Artifact
from integrations.prefetch.jobs import Jobs
from integrations.prefetch.targets import Inputs, PrefetchTargets
from integrations.rendering.read_through import Rendered
from integrations.rendering.render import Renderer
from integrations.usage.instruments import LabelledCounter, LabelledHistogram
from plugin_store.models import PrefetchJob
from plugin_store.workspaces import Scope

LATENESS_BOUNDS_SECONDS = (0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0)

# A scheduled call was refused in favour of users, or because the provider's breaker is open.
REFUSED_FOR_BUDGET = (BudgetSpent, BreakerOpen)


class JobRunner:
    """Runs one job per call. `outcomes` and `lateness` are metrics of all runs of this process."""

    def __init__(
        self,
        renderer: Renderer,
        targets: PrefetchTargets,
        jobs: Jobs,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._renderer = renderer
        self._targets = targets
        self._jobs = jobs
        self._clock = clock
        self._chance = chance
        self.outcomes = LabelledCounter()
        self.lateness = LabelledHistogram(LATENESS_BOUNDS_SECONDS)
        # Jobs whose outcome could not be written, and when they may run again anyway.
        self._held_until: dict[int, float] = {}
        self._lock = threading.Lock()

    def run_now(self, job_id: int) -> PrefetchJob:
        """Runs the job at once, whatever its schedule, and returns it.

        Raises NotFound, and what a render raises before a call, as for a disabled plugin.
        """
        job = self._jobs.get(job_id)
        self._targets.resolve(
            Inputs(Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id, job.parameters)
        )
        self.run(job, lateness_ms=None, is_forced=True)
        return self._jobs.get(job_id)

    def run(self, job: PrefetchJob, lateness_ms: float | None, *, is_forced: bool) -> None:
        """Renders the job's block and records the outcome. Raises StorageFailed if that cannot be written."""
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
                is_fresh_enough=is_young,
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
                "artifact_key": rendered.artifact.key if rendered.changes_at is None else job.artifact_key,
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
            # The block itself is gone. The next reconciliation decides about the job.
            next_run_at = None
        return {
            "last_outcome": "yielded" if isinstance(error, REFUSED_FOR_BUDGET) else "failed",
            "last_error": error.code,
            "failures": failures,
            "next_run_at": next_run_at,
        }

    def _note(self, job: PrefetchJob, values: dict[str, Any]) -> None:
        try:
            self._jobs.note_run(job, values)
        except StorageFailed:
            # Otherwise the same would be fetched again and again while the disk is full.
            self.hold(job.id, values["next_run_at"] or 0.0)
            raise

    # -- what is held back ---------------------------------------------------------------------------------------

    def hold(self, job_id: int, until: float) -> None:
        """Prevents a job from running before `until`."""
        with self._lock:
            self._held_until[job_id] = until

    def is_held(self, job_id: int, now: float) -> bool:
        """Whether the job may not run yet. Expired holds are deleted."""
        with self._lock:
            if self._held_until.get(job_id, now) > now:
                return True
            self._held_until.pop(job_id, None)
            return False

    def release_all(self) -> None:
        """Allows every job to run again, after the clock was set back."""
        with self._lock:
            self._held_until.clear()


def _outcome(rendered: Rendered) -> str:
    """`fetched`; `fresh` if a recent answer was stored; `not_kept` if the answer may not be stored."""
    if rendered.is_cached and rendered.cache_status != "REVALIDATED":
        return "fresh"
    return "fetched" if rendered.is_kept else "not_kept"
