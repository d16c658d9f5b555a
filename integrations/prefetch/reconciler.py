"""Reconciles the stored jobs with the manifests and settings, one plugin at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from errors import Invalid, PatchbayError
from integrations.catalog.catalog import Catalog
from integrations.json.canonical_json import digest
from integrations.prefetch.jobs import Jobs, Row
from integrations.prefetch.targets import Inputs, PrefetchTargets
from plugin_store.models import PrefetchJob
from plugin_store.settings.plugin_state import PluginState
from plugin_store.workspaces import Scope

Place = tuple[int, str]
"""A workspace's id and a plugin's."""


@dataclass(slots=True)
class _Changes:
    """The changes that result from reviewing some jobs."""

    added: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


class Reconciler:
    """Adds, changes and deletes jobs when manifests, settings or enabled states change."""

    def __init__(
        self, catalog: Catalog, targets: PrefetchTargets, jobs: Jobs, revision: Callable[[], int]
    ) -> None:
        self._catalog = catalog
        self._targets = targets
        self._jobs = jobs
        self._revision = revision
        self._seen_revision: int | None = None
        self._fingerprints: dict[Place, str] | None = None
        self._notebooks: dict[Place, list[int]] = {}
        self._moved: dict[Place, None] = {}

    def reconcile(self, now: float, seconds: float) -> None:
        """Handles changes in the store, for about `seconds`. The rest waits for the next call."""
        # The revision is read first, so that changes made meanwhile are handled in the next call.
        revision = self._revision()
        if revision != self._seen_revision:
            self._note_changes()
            self._seen_revision = revision
        ends_at = time.monotonic() + seconds
        changes = _Changes()
        seen: dict[Place, str] = {}
        for place in self._moved:
            if seen and time.monotonic() > ends_at:
                break
            self._review_plugin(place, changes, now)
            seen[place] = (self._fingerprints or {}).get(place, "")
        self._jobs.delete_all(changes.gone)
        self._jobs.change_all(changes.changed)
        self._jobs.add_all(changes.added)
        self._jobs.settle(seen)
        for place in seen:
            del self._moved[place]

    def _note_changes(self) -> None:
        """Records which plugins had a change that may affect jobs."""
        settled = self._jobs.reconciled_fingerprints()
        own = defaultdict(list)
        for workspace_id, plugin_id, notebook_id, setting in self._jobs.notebook_settings():
            own[workspace_id, plugin_id].append((notebook_id, setting))
        fingerprints: dict[Place, str] = {}
        for workspace_id in self._jobs.workspace_ids():
            for plugin_state in self._catalog.plugin_states(Scope(workspace_id)):
                place = (workspace_id, plugin_state.plugin_id)
                if place in settled or _fetches_ahead(plugin_state):
                    fingerprints[place] = _fingerprint(plugin_state, own[place])
        # What was reconciled before a restart need not be reconciled again.
        known = settled if self._fingerprints is None else self._fingerprints
        self._moved.update(
            dict.fromkeys(
                place for place, fingerprint in fingerprints.items() if known.get(place) != fingerprint
            )
        )
        self._notebooks = {
            place: [notebook_id for notebook_id, _ in settings] for place, settings in own.items()
        }
        self._fingerprints = fingerprints

    def _review_plugin(self, place: Place, changes: _Changes, now: float) -> None:
        """Compares all jobs of a plugin in a workspace and its notebooks with the jobs that should exist."""
        keys: dict[str, PrefetchJob | None] = {}
        for job in sorted(self._jobs.of_plugin(*place), key=_precedence):
            self._review_job(job, keys, changes, now)
        workspace_id, plugin_id = place
        # The workspace first: a notebook with the same settings needs no job of its own.
        for notebook_id in (None, *sorted(self._notebooks.get(place, ()))):
            self._add_defaults(Scope(workspace_id, notebook_id), plugin_id, keys, changes, now)

    def _review_job(
        self, job: PrefetchJob, keys: dict[str, PrefetchJob | None], changes: _Changes, now: float
    ) -> None:
        """Checks whether one stored job is still wanted, and updates its artifact key."""
        scope = Scope(job.workspace_id, job.notebook_id)
        if not job.is_pinned and job.block_id not in self._blocks(scope, job.plugin_id):
            changes.gone.append(job.id)
            return
        try:
            target = self._targets.resolve(Inputs(scope, job.plugin_id, job.block_id, job.parameters))
        except PatchbayError as problem:
            # Jobs with invalid inputs are deleted. A notebook's own jobs are created again when needed.
            if not job.is_pinned and (isinstance(problem, Invalid) or job.notebook_id is not None):
                changes.gone.append(job.id)
            else:
                changes.changed.append({"id": job.id, "waits_for": problem.code, "next_run_at": None})
            return
        if target.key in keys:
            # Another job has the same artifact key by now. The one with precedence stays.
            changes.gone.append(job.id)
            return
        keys[target.key] = job
        if target.key != job.artifact_key or job.waits_for is not None:
            plan = self._targets.plan(target, now, is_paused=job.is_paused)
            changes.changed.append({"id": job.id, **plan})

    def _add_defaults(
        self,
        scope: Scope,
        plugin_id: str,
        keys: dict[str, PrefetchJob | None],
        changes: _Changes,
        now: float,
    ) -> None:
        """Adds a job for each block that needs no user input, unless a job with the same artifact key exists."""
        for block_id in self._blocks(scope, plugin_id):
            inputs = Inputs(scope, plugin_id, block_id, {})
            try:
                target = self._targets.resolve(inputs)
            except PatchbayError:
                # It needs an input or a setting, or is disabled, so it cannot be fetched yet.
                continue
            if target.key not in keys:
                keys[target.key] = None
                changes.added.append(self._targets.new_job(inputs, target, now) | {"is_default": True})
            elif (job := keys[target.key]) is not None and not job.is_default:
                changes.changed.append({"id": job.id, "is_default": True})

    def _blocks(self, scope: Scope, plugin_id: str) -> list[str]:
        """The blocks that the manifest declares for prefetching."""
        try:
            blocks = self._catalog.find(scope, plugin_id).integration.blocks.values()
        except PatchbayError:
            # The plugin was just deleted, or this version cannot read its manifest.
            return []
        return [block.id for block in blocks if block.pre_fetch and block.is_safe]


def _precedence(job: PrefetchJob) -> tuple[bool, bool, int]:
    """Sort key for jobs with the same artifact key: pinned first, then the workspace's, then the oldest."""
    return (not job.is_pinned, job.notebook_id is not None, job.id)


def _fetches_ahead(plugin_state: PluginState) -> bool:
    """Whether the manifest declares a block for prefetching. Does not compile the manifest."""
    blocks = plugin_state.manifest.get("blocks") if plugin_state.is_integration else None
    declared = blocks if isinstance(blocks, list) else []
    return any(isinstance(block, dict) and block.get("pre_fetch") is True for block in declared)


def _fingerprint(plugin_state: PluginState, notebooks: list[tuple[int, Any]]) -> str:
    """Changes whenever the plugin's jobs in the workspace may have to change."""
    secrets = {
        name: [state.revision, state.status, [item.as_row() for item in state.bound_to]]
        for name, state in plugin_state.secrets.items()
    }
    switches = [plugin_state.plugin_enabled, plugin_state.workspace_enabled]
    return digest([plugin_state.digest, switches, plugin_state.workspace_config, secrets, sorted(notebooks)])
