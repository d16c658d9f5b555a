"""Jobs that users create by a pin or by use, and when they run: due, paused, or after a clock that was set back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from errors import Conflict, Invalid, PatchbayError, StorageFailed
from integrations.prefetch.jobs import Due, Jobs, Row
from integrations.prefetch.targets import MAX_PARAMETERS_BYTES, Inputs, PrefetchTargets
from integrations.usage.recent_renders import RecentRenders, Use
from plugin_store.models import PrefetchJob
from plugin_store.ownership import require_unpinned
from plugin_store.workspaces import Scope


class Planner:
    """Adds jobs and decides when they run. An input set that nobody used for `idle_intervals` is deleted."""

    def __init__(
        self,
        targets: PrefetchTargets,
        jobs: Jobs,
        uses: RecentRenders,
        clock: Callable[[], float],
        chance: Callable[[], float],
        idle_intervals: int,
    ) -> None:
        self._targets = targets
        self._jobs = jobs
        self._uses = uses
        self._clock = clock
        self._chance = chance
        self._idle_intervals = idle_intervals

    # -- what a person asks --------------------------------------------------------------------------------------

    def pin(self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]) -> PrefetchJob:
        """The pinned job that prefetches these inputs from now on. Raises what a render raises before a call."""
        inputs = Inputs(scope, plugin_id, block_id, parameters)
        target = self._targets.resolve(inputs)
        if not inputs.are_small:
            reason = f"At most {MAX_PARAMETERS_BYTES} bytes of JSON can be stored for a prefetch."
            raise Invalid(reason, errors={"parameters": [reason]})
        return self._jobs.pin(self._targets.new_job(inputs, target, self._clock()))

    def unpin(self, job_id: int) -> None:
        """Deletes a job. Raises NotFound, Provisioned, and Conflict for one that the manifest declares."""
        job = self._jobs.get(job_id)
        require_unpinned(job)
        if not job.is_default:
            self._jobs.delete_all([job_id])
        elif job.is_pinned:
            self._jobs.change(job_id, is_pinned=False)
        else:
            raise Conflict("The manifest prefetches this block. Pause the job instead.")

    def plan_pins(self) -> None:
        """Plans the pins that were written together with settings. Those that cannot be rendered wait."""
        now = self._clock()
        for job in self._jobs.unplanned_pins():
            scope = Scope(job.workspace_id, job.notebook_id)
            try:
                target = self._targets.resolve(Inputs(scope, job.plugin_id, job.block_id, job.parameters))
            except PatchbayError as problem:
                self._jobs.change(job.id, waits_for=problem.code)
            else:
                self._jobs.take_over(job, self._targets.plan(target, now))

    def set_paused(self, job_id: int, paused: bool) -> PrefetchJob:
        """Pauses or resumes a job and returns it. Raises NotFound."""
        job = self._jobs.get(job_id)
        if job.is_paused == paused:
            return job
        next_run_at = None if paused else self._next_run(job, self._clock())
        return self._jobs.change(job_id, is_paused=paused, next_run_at=next_run_at)

    # -- what was used -------------------------------------------------------------------------------------------

    def flush_uses(self) -> None:
        """Writes which input sets were rendered since the last call. Raises StorageFailed."""
        uses = self._uses.take()
        if not uses:
            return
        try:
            self._note_uses(uses, self._clock())
        except StorageFailed:
            self._uses.give_back(uses)
            raise

    def _note_uses(self, uses: Sequence[Use], now: float) -> None:
        """Writes the uses. New inputs get their own job."""
        added: list[Row] = []
        for use in self._jobs.note_uses(uses):
            inputs = Inputs(use.scope, use.plugin_id, use.block_id, use.parameters)
            if not inputs.are_small:
                continue
            try:
                target = self._targets.resolve(inputs)
            except PatchbayError:
                # Disabled or changed since. The next render records the use again.
                continue
            added.append(self._targets.new_job(inputs, target, now, used_at=use.at))
        self._jobs.add_all(added)
        for block in {(row["workspace_id"], row["plugin_id"], row["block_id"]) for row in added}:
            self._jobs.trim_used(*block)

    # -- what is due ---------------------------------------------------------------------------------------------

    def due(self, now: float) -> Sequence[Due]:
        """The jobs that are due, the longest waiting first."""
        return self._jobs.due(now)

    def find_due(self, job_id: int, now: float) -> PrefetchJob | None:
        """The job, if it is still due. It may have been paused, run or deleted while it waited for a thread.

        A job that is not wanted any more is deleted here.
        """
        job = self._jobs.find(job_id)
        if job is None or job.is_paused or job.next_run_at is None or job.next_run_at > now:
            return None
        if not self._is_wanted(job, now):
            self._jobs.delete_all([job.id])
            return None
        return job

    def _is_wanted(self, job: PrefetchJob, now: float) -> bool:
        """Whether the job is declared by the manifest, pinned, or was rendered within the idle intervals."""
        if job.is_default or job.is_pinned or job.runs_since_used < self._idle_intervals:
            return True
        try:
            refresh_schedule = self._targets.refresh_schedule(
                Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id
            )
        except PatchbayError:
            return True
        # Retries after failures are runs too, but do not count as intervals.
        return refresh_schedule.after_intervals(job.used_at or 0.0, self._idle_intervals) > now

    def set_back(self, now: float) -> None:
        """Reschedules jobs that seem to have run in the future, after the clock was set back."""
        self._jobs.change_all(
            [
                {
                    "id": job.id,
                    "fetched_at": None if job.fetched_at is None else min(job.fetched_at, now),
                    "last_run_at": None if job.last_run_at is None else min(job.last_run_at, now),
                    "next_run_at": None if job.is_paused else self._next_run(job, now),
                }
                for job in self._jobs.after_clock_reset(now)
            ]
        )

    def _next_run(self, job: PrefetchJob, now: float) -> float | None:
        """When a job runs that starts again now; None while it waits for something."""
        if job.waits_for is not None:
            return None
        try:
            refresh_schedule = self._targets.refresh_schedule(
                Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id
            )
        except PatchbayError:
            return None
        fetched_at = None if job.fetched_at is None else min(job.fetched_at, now)
        return refresh_schedule.first_run(fetched_at, now, self._chance())
