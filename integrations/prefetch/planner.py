"""Jobs that people make, by a pin or by use, and when they run after a pause or a clock that was set back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from errors import Invalid, PatchbayError
from integrations.prefetch.jobs import Jobs, Row
from integrations.prefetch.targets import MAX_PARAMETERS_BYTES, Inputs, PrefetchTargets
from integrations.usage.recent_renders import Use
from plugin_store.models import PrefetchJob
from plugin_store.workspaces import Scope


class Planner:
    """Adds jobs and says when they run."""

    def __init__(self, targets: PrefetchTargets, jobs: Jobs, chance: Callable[[], float]) -> None:
        self._targets = targets
        self._jobs = jobs
        self._chance = chance

    def pin(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any], now: float
    ) -> PrefetchJob:
        """The job that keeps these inputs warm from now on. Raises what a render would before it calls anybody."""
        inputs = Inputs(scope, plugin_id, block_id, parameters)
        target = self._targets.resolve(inputs)
        if not inputs.are_small:
            reason = f"At most {MAX_PARAMETERS_BYTES} bytes of JSON are kept to fetch ahead with."
            raise Invalid(reason, errors={"parameters": [reason]})
        return self._jobs.pin(self._targets.new_job(inputs, target, now))

    def note_uses(self, uses: Sequence[Use], now: float) -> None:
        """Writes what was used; inputs that are new get a job of their own. Raises StorageFailed."""
        added: list[Row] = []
        for use in self._jobs.note_uses(uses):
            inputs = Inputs(use.scope, use.plugin_id, use.block_id, use.parameters)
            if not inputs.are_small:
                continue
            try:
                target = self._targets.resolve(inputs)
            except PatchbayError:
                # Switched off or changed since; the next render notes it again.
                continue
            added.append(self._targets.new_job(inputs, target, now, used_at=use.at))
        self._jobs.add_all(added)
        for block in {(row["workspace_id"], row["plugin_id"], row["block_id"]) for row in added}:
            self._jobs.trim_used(*block)

    def set_back(self, now: float) -> None:
        """Plans anew what seems to have run in the future, after the clock was set back."""
        self._jobs.change_all(
            [
                {
                    "id": job.id,
                    "fetched_at": None if job.fetched_at is None else min(job.fetched_at, now),
                    "last_run_at": None if job.last_run_at is None else min(job.last_run_at, now),
                    "next_run_at": None if job.is_paused else self.next_run(job, now),
                }
                for job in self._jobs.ahead_of(now)
            ]
        )

    def next_run(self, job: PrefetchJob, now: float) -> float | None:
        """When a job runs that starts over now; None while it waits for something."""
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
