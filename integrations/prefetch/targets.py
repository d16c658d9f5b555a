"""The artifact key and schedule of a job with the current manifests and settings, and its first run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from integrations.caching.artifacts import Artifacts
from integrations.catalog.catalog import Catalog
from integrations.prefetch.schedule import RefreshSchedule, refresh_schedule_of
from integrations.rendering.artifact_keys import block_key, job_key
from integrations.rendering.inputs import bind_inputs
from integrations.rendering.offers import not_fetched_ahead
from plugin_store.workspaces import Scope

MAX_PARAMETERS_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Inputs:
    """Inputs of a block in a scope, as they were given."""

    scope: Scope
    plugin_id: str
    block_id: str
    parameters: Mapping[str, Any]

    @property
    def are_small(self) -> bool:
        return len(orjson.dumps(self.parameters)) <= MAX_PARAMETERS_BYTES


@dataclass(frozen=True, slots=True)
class PrefetchTarget:
    """The key of the inputs' job, that of the artifact which answers now, and the schedule of their block."""

    key: str
    artifact_key: str
    refresh_schedule: RefreshSchedule


class PrefetchTargets:
    """Resolves targets from the catalog. Makes no calls."""

    def __init__(
        self,
        catalog: Catalog,
        artifacts: Artifacts,
        default_ttl_seconds: float,
        chance: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._default_ttl_seconds = default_ttl_seconds
        self._chance = chance

    def resolve(self, inputs: Inputs) -> PrefetchTarget:
        """The target that a render with these inputs has. Raises what a render raises before a call."""
        installed = self._catalog.find(inputs.scope, inputs.plugin_id)
        block = installed.ready_block(inputs.block_id)
        if block.action is not None:
            raise not_fetched_ahead()
        bound = bind_inputs(block, inputs.parameters, installed.config)
        installed.require_readable(block.secret_names)
        refresh_schedule = refresh_schedule_of(block, self._default_ttl_seconds, installed.zone)
        artifact_key = block_key(installed, block, bound).key
        key = job_key(installed, block, inputs.parameters, artifact_key)
        return PrefetchTarget(key, artifact_key, refresh_schedule)

    def refresh_schedule(self, scope: Scope, plugin_id: str, block_id: str) -> RefreshSchedule:
        """The schedule of a block. Raises NotFound, and Invalid for one that cannot be rendered."""
        installed = self._catalog.find(scope, plugin_id)
        return refresh_schedule_of(installed.block(block_id), self._default_ttl_seconds, installed.zone)

    def plan(self, target: PrefetchTarget, now: float, *, is_paused: bool = False) -> dict[str, Any]:
        """The columns of a job with this target: run soon, unless a recent answer is stored."""
        kept = self._artifacts.get(target.artifact_key)
        fetched_at = min(kept.fetched_at, now) if kept is not None else None
        first = target.refresh_schedule.first_run(fetched_at, now, self._chance())
        return {
            "artifact_key": target.key,
            "waits_for": None,
            "failures": 0,
            "fetched_at": fetched_at,
            "next_run_at": None if is_paused else first,
        }

    def new_job(
        self, inputs: Inputs, target: PrefetchTarget, now: float, *, used_at: float | None = None
    ) -> dict[str, Any]:
        """The columns of a job that is not stored yet."""
        return {
            "workspace_id": inputs.scope.workspace_id,
            "notebook_id": inputs.scope.notebook_id,
            "plugin_id": inputs.plugin_id,
            "block_id": inputs.block_id,
            "parameters": dict(inputs.parameters),
            "is_default": False,
            "is_pinned": False,
            "is_paused": False,
            "used_at": used_at,
            "runs_since_used": 0,
            **self.plan(target, now),
        }
