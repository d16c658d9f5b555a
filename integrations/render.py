"""One block, or one endpoint, answered: from what is kept where that is good, else fetched and kept.

The one way to an answer, for requests, batches and schedules alike, so that they cannot differ.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor as Pool
from dataclasses import dataclass, replace
from typing import Any

from errors import (
    BreakerOpen,
    BudgetSpent,
    DeadlineExceeded,
    PatchbayError,
    StorageFailed,
    UpstreamFailed,
)
from integrations.artifact_keys import block_question, endpoint_question
from integrations.artifacts import Artifact, Artifacts, Origin, make_artifact
from integrations.call_log import Cause
from integrations.catalog import Catalog, Installed
from integrations.exact_json import load_json
from integrations.executor import Executor, Outcome, to_json
from integrations.freshness import Lifetime, State, Wishes, decide_lifetime
from integrations.inputs import bind_inputs, step_parameters
from integrations.manifest import Block, Endpoint, Step
from integrations.sender import Circumstances
from integrations.single_flight import SingleFlight
from integrations.usage.counter import UsageCounter
from integrations.uses import Use
from plugin_store.workspaces import Scope

_log = logging.getLogger(__name__)

# A failure of these kinds says nothing against the last good answer.
PASSING = (UpstreamFailed, DeadlineExceeded, BudgetSpent, BreakerOpen)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer and how it came: `cache_status` is HIT, MISS, STALE, REVALIDATED or BYPASS.

    `error` is why a refresh failed, where one did and the last good answer is given instead.
    """

    artifact: Artifact
    cache_status: str
    is_kept: bool = True
    error: PatchbayError | None = None
    use: Use | None = None
    """How the render of a block that is fetched ahead was noted."""

    @property
    def is_stale(self) -> bool:
        return self.cache_status == "STALE"

    @property
    def is_cached(self) -> bool:
        return self.cache_status in ("HIT", "STALE")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to answer: its key, what it is an answer to, and how to fetch it."""

    key: str
    origin: Origin
    is_safe: bool
    wishes: Wishes
    fetch: Callable[[bool, Cause], tuple[Outcome, Wishes]]
    use: Use | None = None
    is_enough: Callable[[Artifact], bool] | None = None
    """Whether a fresh artifact will do, for who fetches ahead; None takes any."""

    def is_answered_by(self, kept: Artifact, now: float) -> bool:
        return kept.state_at(now) is State.FRESH and (self.is_enough is None or self.is_enough(kept))


class Renderer:
    """Answers blocks and endpoints."""

    def __init__(
        self,
        catalog: Catalog,
        artifacts: Artifacts,
        executor: Executor,
        pool: Pool,
        usage: UsageCounter,
        clock: Callable[[], float],
        default_ttl_seconds: float,
        note_use: Callable[[Use], None] | None = None,
    ) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._executor = executor
        self._pool = pool
        self._usage = usage
        self._clock = clock
        self._default_ttl_seconds = default_ttl_seconds
        self._note_use = note_use
        self._flights: SingleFlight[Rendered] = SingleFlight()

    def render_block(
        self,
        scope: Scope,
        plugin_id: str,
        block_id: str,
        parameters: Mapping[str, Any],
        *,
        use_cache: bool = True,
        cause: Cause = "live",
        is_enough: Callable[[Artifact], bool] | None = None,
    ) -> Rendered:
        """The block's answer. Raises what the contract's failures name, as PatchbayError.

        With `is_enough`, a fresh artifact that it finds too old is fetched again.
        """
        job = replace(
            self._find_block_job(scope, plugin_id, block_id, parameters, cause), is_enough=is_enough
        )
        rendered = self._answer(job, use_cache=use_cache, cause=cause)
        return self._counted(scope, plugin_id, cause, replace(rendered, use=job.use) if job.use else rendered)

    def render_kept(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]
    ) -> Rendered | None:
        """The block's answer where one is kept that may be given at once; None where it has to be fetched.

        Raises as `render_block` does before it calls anybody.
        """
        job = self._find_block_job(scope, plugin_id, block_id, parameters, "live")
        ready = self._at_once(job, self._artifacts.get(job.key)) if job.is_safe else None
        return None if ready is None else self._counted(scope, plugin_id, "batch", ready)

    def execute_endpoint(
        self,
        scope: Scope,
        plugin_id: str,
        endpoint_id: str,
        parameters: Mapping[str, Any],
        *,
        use_cache: bool = False,
        cause: Cause = "live",
    ) -> Rendered:
        """The endpoint's answer, fetched now unless `use_cache`; a safe one is kept either way."""
        installed = self._catalog.find(scope, plugin_id)
        installed.require_ready()
        endpoint = installed.endpoint(endpoint_id)
        job = self._endpoint_job(installed, endpoint, parameters, None, None)
        return self._counted(scope, plugin_id, cause, self._answer(job, use_cache=use_cache, cause=cause))

    def wait_for_refreshes(self, timeout_seconds: float = 10.0) -> None:
        """Returns when every fetch that is under way has ended."""
        self._flights.wait(timeout_seconds)

    # -- what is asked -------------------------------------------------------------------------------------------

    def _find_block_job(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any], cause: Cause
    ) -> Job:
        installed = self._catalog.find(scope, plugin_id)
        installed.require_ready()
        block = installed.block(block_id)
        job = self._block_job(installed, block, bind_inputs(block, parameters, installed.config))
        if not block.pre_fetch or cause == "prefetch" or self._note_use is None:
            return job
        use = Use(job.key, scope, plugin_id, block_id, parameters, self._clock())
        self._note_use(use)
        return replace(job, use=use)

    def _block_job(self, installed: Installed, block: Block, inputs: Mapping[str, Any]) -> Job:
        installed.require_readable(block.secret_names)
        return Job(
            key=block_question(installed, block, inputs).key,
            origin=_origin(installed, inputs, block_id=block.id),
            is_safe=block.is_safe,
            wishes=block.wishes,
            fetch=lambda use_cache, cause: self._run_block(installed, block, inputs, use_cache, cause),
        )

    def _endpoint_job(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        block: Block | None,
        seconds_left: Callable[[], float] | None,
    ) -> Job:
        installed.require_readable(endpoint.secret_names)
        question = endpoint_question(installed, endpoint, parameters)

        def fetch(_use_cache: bool, cause: Cause) -> tuple[Outcome, Wishes]:
            circumstances = Circumstances(cause, block.id if block else None, seconds_left)
            return self._executor.call(installed, endpoint, parameters, circumstances), endpoint.wishes

        return Job(
            key=question.key,
            origin=_origin(installed, question.parameters, endpoint_id=endpoint.id),
            is_safe=endpoint.is_safe,
            wishes=Wishes(),
            fetch=fetch,
        )

    def _counted(self, scope: Scope, plugin_id: str, cause: Cause, rendered: Rendered) -> Rendered:
        """The same, counted as an answer unless it is a schedule's, which nobody asked for."""
        if cause != "prefetch":
            self._usage.count(scope.workspace_id, plugin_id, rendered.cache_status)
        return rendered

    # -- how it is answered ----------------------------------------------------------------------------------------

    def _answer(self, job: Job, *, use_cache: bool, cause: Cause) -> Rendered:
        if not job.is_safe:
            return self._fetch(job, use_cache=False, cause=cause)
        kept = self._artifacts.get(job.key)
        if use_cache and (ready := self._at_once(job, kept)) is not None:
            return ready
        try:
            return self._flights.run(job.key, lambda: self._fetch(job, use_cache=use_cache, cause=cause))
        except PASSING as error:
            if kept is None or kept.lifetime.error_until <= self._clock():
                raise
            self._note_failure(job.key, error)
            return Rendered(kept, "STALE", error=error)

    def _at_once(self, job: Job, kept: Artifact | None) -> Rendered | None:
        """What is kept where it is fresh, or where it may be given while it is refreshed behind."""
        if kept is None:
            return None
        if job.is_answered_by(kept, self._clock()):
            return Rendered(kept, "HIT")
        if job.is_enough is None and kept.state_at(self._clock()) is State.REVALIDATE:
            self._refresh_behind(job)
            return Rendered(kept, "STALE")
        return None

    def _fetch(self, job: Job, *, use_cache: bool, cause: Cause) -> Rendered:
        if use_cache and (kept := self._artifacts.get(job.key)) and job.is_answered_by(kept, self._clock()):
            # Somebody fetched it between our look and our turn.
            return Rendered(kept, "HIT")
        outcome, endpoint_wishes = job.fetch(use_cache, cause)
        lifetime = decide_lifetime(
            outcome.fetched_at, job.wishes, endpoint_wishes, outcome.upstream, self._default_ttl_seconds
        )
        now_only = Lifetime(outcome.fetched_at, outcome.fetched_at, outcome.fetched_at)
        artifact = make_artifact(
            job.key,
            outcome.content_type,
            to_json(outcome.value, outcome.kind),
            outcome.fetched_at,
            lifetime or now_only,
        )
        may_keep = job.is_safe and lifetime is not None and outcome.partial is None
        is_kept = may_keep and self._keep(artifact, job.origin)
        return Rendered(artifact, "MISS" if use_cache else "BYPASS", is_kept=is_kept, error=outcome.partial)

    def _keep(self, artifact: Artifact, origin: Origin) -> bool:
        try:
            return self._artifacts.put(artifact, origin)
        except StorageFailed:
            # The answer is there; that it cannot be kept must not cost it.
            _log.warning(
                "An artifact of %s cannot be kept: the data folder cannot be written.", origin.plugin_id
            )
            return False

    def _note_failure(self, key: str, error: PatchbayError) -> None:
        try:
            self._artifacts.note_failure(key, error.code)
        except StorageFailed:
            _log.warning("A failed refresh cannot be noted: the data folder cannot be written.")

    def _refresh_behind(self, job: Job) -> None:
        def refresh() -> Rendered:
            try:
                return self._fetch(job, use_cache=True, cause="revalidate")
            except PASSING as error:
                self._note_failure(job.key, error)
                raise

        self._flights.start(job.key, refresh, self._pool)

    # -- how a block is fetched --------------------------------------------------------------------------------------

    def _run_block(
        self, installed: Installed, block: Block, inputs: Mapping[str, Any], use_cache: bool, cause: Cause
    ) -> tuple[Outcome, Wishes]:
        """The block's outcome and the wishes of its endpoints taken together."""
        ends_at = time.monotonic() + self._executor.timeout_seconds(installed)
        circumstances = Circumstances(cause, block.id, lambda: ends_at - time.monotonic())
        values: dict[str, Any] = {f"inputs.{name}": value for name, value in inputs.items()}
        results: dict[str, Any] = {}
        outcome: Outcome | None = None
        partial: PatchbayError | None = None
        for number, step in enumerate(block.steps):
            parameters = step_parameters(block, step, inputs, values)
            is_last = number == len(block.steps) - 1
            if is_last or not step.endpoint.is_safe:
                outcome = self._executor.call(installed, step.endpoint, parameters, circumstances)
                result, step_partial = outcome.value, outcome.partial
            else:
                result, step_partial = self._kept_step(
                    installed, block, step, parameters, use_cache, circumstances
                )
            partial = partial or step_partial
            results[step.id] = result
            values |= {f"steps.{step.id}.{name}": selector.apply(result) for name, selector in step.outputs}
        assert outcome is not None  # noqa: S101 - a block that can be rendered has a step
        wishes = block.steps[-1].endpoint.wishes
        outcome = replace(outcome, partial=partial)
        if block.collect:
            outcome = replace(outcome, value=results, kind="json", content_type="application/json")
        if block.selector is not None:
            outcome = replace(
                outcome,
                value=block.selector.apply(outcome.value),
                kind="json",
                content_type="application/json",
            )
        return outcome, wishes

    def _kept_step(
        self,
        installed: Installed,
        block: Block,
        step: Step,
        parameters: Mapping[str, Any],
        use_cache: bool,
        circumstances: Circumstances,
    ) -> tuple[Any, PatchbayError | None]:
        """A step's result from its own artifact, which blocks that ask the same share; and what it lacks."""
        job = self._endpoint_job(installed, step.endpoint, parameters, block, circumstances.seconds_left)
        answered = self._answer(job, use_cache=use_cache, cause=circumstances.cause)
        return load_json(answered.artifact.data), answered.error


def _origin(
    installed: Installed,
    parameters: Mapping[str, Any],
    *,
    block_id: str | None = None,
    endpoint_id: str | None = None,
) -> Origin:
    return Origin(
        workspace_id=installed.scope.workspace_id,
        plugin_id=installed.plugin_id,
        epoch=installed.standing.artifacts_epoch,
        block_id=block_id,
        endpoint_id=endpoint_id,
        parameters=parameters,
    )
