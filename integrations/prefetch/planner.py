"""Which jobs there should be, as manifests, settings and switches stand now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from errors import Invalid, NotFound, PatchbayError
from integrations.artifact_keys import block_question
from integrations.artifacts import Artifacts
from integrations.catalog import Catalog, Installed
from integrations.inputs import bind_inputs
from integrations.manifest import Block
from integrations.prefetch.cadence import Cadence, cadence_of
from integrations.prefetch.jobs import Jobs, Row
from integrations.uses import Use
from plugin_store.models import PrefetchJob
from plugin_store.workspaces import Scope

MAX_PARAMETERS_BYTES = 16 * 1024

Place = tuple[Scope, str]
"""A scope and the id of a plugin in it."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a job asks, as things stand: the key of its artifact and the rhythm of its block."""

    key: str
    cadence: Cadence


@dataclass(slots=True)
class _Changes:
    """What a look at all jobs comes to."""

    added: list[Row] = field(default_factory=list)
    changed: list[Row] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)


class Planner:
    """Brings the stored jobs in line with what is declared and set."""

    def __init__(
        self,
        catalog: Catalog,
        artifacts: Artifacts,
        jobs: Jobs,
        default_ttl_seconds: float,
        chance: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._jobs = jobs
        self._default_ttl_seconds = default_ttl_seconds
        self._chance = chance
        self._seen: dict[Place, bytes] = {}

    def cadence(self, scope: Scope, plugin_id: str, block_id: str) -> Cadence:
        """The rhythm of a block. Raises NotFound, and Invalid for one that cannot be rendered."""
        return self._cadence(self._catalog.find(scope, plugin_id).block(block_id))

    def pin(self, scope: Scope, plugin_id: str, block_id: str, parameters: Row, now: float) -> PrefetchJob:
        """The job that keeps these inputs warm from now on. Raises what a render would before it calls anybody."""
        installed = self._catalog.find(scope, plugin_id)
        question = self._ask(installed, block_id, parameters)
        if not installed.block(block_id).is_safe:
            reason = "Only what is read is fetched ahead; this block changes something."
            raise Invalid(reason, errors={"block_type": [reason]})
        if not _is_small(parameters):
            reason = f"At most {MAX_PARAMETERS_BYTES} bytes of JSON are kept to fetch ahead with."
            raise Invalid(reason, errors={"parameters": [reason]})
        row = self._row(scope, plugin_id, block_id, parameters, question, now, is_pinned=True)
        return self._jobs.pin(row)

    def note_uses(self, uses: Sequence[Use], now: float) -> None:
        """Writes what was used; input sets that are new get a job of their own."""
        added: list[Row] = []
        for use in self._jobs.note_uses(uses):
            try:
                question = self._ask(
                    self._catalog.find(use.scope, use.plugin_id), use.block_id, use.parameters
                )
            except PatchbayError:
                # Switched off or changed since; the next render notes it again.
                continue
            if _is_small(use.parameters):
                place = (use.scope, use.plugin_id, use.block_id, use.parameters)
                added.append(self._row(*place, question, now, used_at=use.at))
        self._jobs.add_all(added)
        for block in {(row["workspace_id"], row["plugin_id"], row["block_id"]) for row in added}:
            self._jobs.trim_used(*block)

    def reconcile(self, now: float) -> None:
        """Adds, changes and drops jobs, where anything that concerns them has changed since the last time."""
        places = self._places()
        marks = {place: _mark(installed) for place, installed in places.items()}
        # A workspace and its notebooks share jobs, so that what moves in one is looked at in all.
        moved = {
            (scope.workspace_id, plugin_id)
            for (scope, plugin_id), mark in marks.items()
            if self._seen.get((scope, plugin_id)) != mark
        } | {(scope.workspace_id, plugin_id) for scope, plugin_id in self._seen.keys() - marks.keys()}
        if moved:
            self._bring_in_line(places, moved, now)
        self._seen = marks

    def _bring_in_line(
        self, places: Mapping[Place, Installed], moved: set[tuple[int, str]], now: float
    ) -> None:
        keys: dict[str, PrefetchJob] = {}
        changes = _Changes()
        for job in sorted(self._jobs.all(), key=_precedence):
            if (job.workspace_id, job.plugin_id) in moved:
                place = (Scope(job.workspace_id, job.notebook_id), job.plugin_id)
                self._review(job, place, places.get(place), keys, changes, now)
            else:
                keys.setdefault(job.artifact_key, job)
        looked_at = [place for place in places if (place[0].workspace_id, place[1]) in moved]
        self._add_defaults(self._defaults(places, looked_at), keys, changes, now)
        self._jobs.delete_all(changes.gone)
        self._jobs.change_all(changes.changed)
        self._jobs.add_all(changes.added)

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
            cadence = self.cadence(Scope(job.workspace_id, job.notebook_id), job.plugin_id, job.block_id)
        except PatchbayError:
            return None
        fetched_at = None if job.fetched_at is None else min(job.fetched_at, now)
        return cadence.first_run(fetched_at, now, self._chance())

    # -- what is there -------------------------------------------------------------------------------------------

    def _places(self) -> dict[Place, Installed]:
        """Every integration that is fetched ahead or could be, in each workspace and where a notebook differs."""
        places = {
            (scope, installed.plugin_id): installed
            for scope in self._jobs.workspace_scopes()
            for installed in self._catalog.list(scope)
        }
        for scope, plugin_id in self._jobs.notebook_scopes():
            if (Scope(scope.workspace_id), plugin_id) in places:
                places[scope, plugin_id] = self._catalog.find(scope, plugin_id)
        return places

    def _ask(self, installed: Installed, block_id: str, parameters: Mapping[str, Any]) -> Question:
        """What a render with these inputs would ask. Raises what it would raise before it calls anybody."""
        installed.require_ready()
        block = installed.block(block_id)
        inputs = bind_inputs(block, parameters, installed.config)
        installed.require_readable(block.secret_names)
        return Question(block_question(installed, block, inputs).key, self._cadence(block))

    def _cadence(self, block: Block) -> Cadence:
        return cadence_of(block, self._default_ttl_seconds)

    # -- what should be ------------------------------------------------------------------------------------------

    def _review(
        self,
        job: PrefetchJob,
        place: Place,
        installed: Installed | None,
        keys: dict[str, PrefetchJob],
        changes: _Changes,
        now: float,
    ) -> None:
        """Looks at one stored job again: whether it is still wanted, and what it asks now."""
        if not job.is_pinned and not _is_declared(installed or self._try_find(place), job.block_id):
            changes.gone.append(job.id)
            return
        try:
            question = self._ask(installed or self._catalog.find(*place), job.block_id, job.parameters)
        except PatchbayError as problem:
            # Inputs that no longer fit go; a notebook's own jobs come again by themselves.
            if not job.is_pinned and (isinstance(problem, Invalid) or job.notebook_id is not None):
                changes.gone.append(job.id)
            else:
                changes.changed.append({"id": job.id, "waits_for": problem.code, "next_run_at": None})
            return
        if question.key in keys:
            # Another job asks the same by now; the one that comes first stays.
            changes.gone.append(job.id)
            return
        keys[question.key] = job
        if question.key != job.artifact_key or job.waits_for is not None:
            changes.changed.append({"id": job.id, **self._plan(question, job.is_paused, now)})

    def _defaults(
        self, places: Mapping[Place, Installed], moved: Iterable[Place]
    ) -> Iterator[tuple[Place, str, Question]]:
        """The blocks to fetch ahead without anybody's inputs, workspaces before their notebooks."""
        for place in sorted(moved, key=lambda place: (place[0].notebook_id is not None, place)):
            installed = places[place]
            for block in installed.integration.blocks.values():
                if block.pre_fetch and block.is_safe:
                    try:
                        yield place, block.id, self._ask(installed, block.id, {})
                    except PatchbayError:
                        # It needs an input or a setting, or is off: nothing to fetch without somebody's word.
                        continue

    def _add_defaults(
        self,
        wanted: Iterable[tuple[Place, str, Question]],
        keys: dict[str, PrefetchJob],
        changes: _Changes,
        now: float,
    ) -> None:
        added: set[str] = set()
        for (scope, plugin_id), block_id, question in wanted:
            job = keys.get(question.key)
            if job is not None and not job.is_default:
                changes.changed.append({"id": job.id, "is_default": True})
            elif job is None and question.key not in added:
                added.add(question.key)
                changes.added.append(
                    self._row(scope, plugin_id, block_id, {}, question, now, is_default=True)
                )

    def _row(
        self,
        scope: Scope,
        plugin_id: str,
        block_id: str,
        parameters: Mapping[str, Any],
        question: Question,
        now: float,
        *,
        is_default: bool = False,
        is_pinned: bool = False,
        used_at: float | None = None,
    ) -> dict[str, Any]:
        return {
            "workspace_id": scope.workspace_id,
            "notebook_id": scope.notebook_id,
            "plugin_id": plugin_id,
            "block_id": block_id,
            "parameters": dict(parameters),
            "is_default": is_default,
            "is_pinned": is_pinned,
            "is_paused": False,
            "used_at": used_at,
            "runs_since_used": 0,
            **self._plan(question, False, now),
        }

    def _plan(self, question: Question, is_paused: bool, now: float) -> dict[str, Any]:
        """When a question that is new, or came back, is asked first: soon, unless its answer is there and young."""
        kept = self._artifacts.get(question.key)
        fetched_at = min(kept.fetched_at, now) if kept is not None else None
        first = question.cadence.first_run(fetched_at, now, self._chance())
        return {
            "artifact_key": question.key,
            "waits_for": None,
            "failures": 0,
            "fetched_at": fetched_at,
            "next_run_at": None if is_paused else first,
        }

    def _try_find(self, place: Place) -> Installed | None:
        try:
            return self._catalog.find(*place)
        except (NotFound, Invalid):
            return None


def _is_declared(installed: Installed | None, block_id: str) -> bool:
    """Whether the manifest has the block fetched ahead."""
    block = installed.integration.blocks.get(block_id) if installed is not None else None
    return block is not None and block.pre_fetch and block.is_safe


def _precedence(job: PrefetchJob) -> tuple[bool, bool, int]:
    """Of jobs that come to ask the same, a pinned one stays, then the workspace's, then the oldest."""
    return (not job.is_pinned, job.notebook_id is not None, job.id)


def _mark(installed: Installed) -> bytes:
    """What changes when the integration's jobs may have to."""
    secrets = sorted((name, state.revision, state.status) for name, state in installed.secrets.items())
    return orjson.dumps(
        [
            installed.standing.digest,
            installed.enabled,
            installed.review is not None,
            dict(installed.config),
            installed.missing,
            secrets,
        ]
    )


def _is_small(parameters: Mapping[str, Any]) -> bool:
    return len(orjson.dumps(parameters)) <= MAX_PARAMETERS_BYTES
