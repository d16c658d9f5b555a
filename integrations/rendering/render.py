"""Answers one block or one endpoint: from the cache if possible, else by fetching and storing.

Requests, batches and schedules all use this path, so their answers cannot differ.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from errors import Invalid, PatchbayError
from integrations.caching.artifacts import Artifact, Artifacts, ArtifactSource, make_artifact
from integrations.caching.conditional_requests import can_be_renewed
from integrations.caching.freshness import Freshness
from integrations.calling.executor import Executor, NotModified
from integrations.calling.sender import CallContext
from integrations.catalog.catalog import Catalog, Installed
from integrations.concurrency.spans import span
from integrations.manifests.freshness_policy import FreshnessPolicy
from integrations.manifests.model import Action, Block, Endpoint, Step
from integrations.rendering.artifact_keys import block_key, endpoint_key, job_key
from integrations.rendering.block_inputs import settings_of
from integrations.rendering.chain import Chain
from integrations.rendering.inputs import bind_inputs
from integrations.rendering.offers import describe_action, not_fetched_ahead
from integrations.rendering.read_through import FetchResult, ReadThroughCache, Rendered, RenderRequest
from integrations.rendering.sampling import sampler_of
from integrations.usage.call_log import Cause
from integrations.usage.recent_renders import Use
from integrations.usage.render_log import RenderLog
from plugin_store.workspaces import Scope


class Renderer:
    """Answers blocks and endpoints."""

    def __init__(
        self,
        catalog: Catalog,
        artifacts: Artifacts,
        executor: Executor,
        read_through: ReadThroughCache,
        render_log: RenderLog,
        clock: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._executor = executor
        self._render_log = render_log
        self._clock = clock
        self._read_through = read_through

    def render_block(
        self,
        scope: Scope,
        plugin_id: str,
        block_id: str,
        parameters: Mapping[str, Any],
        *,
        use_cache: bool = True,
        cause: Cause = "live",
        is_fresh_enough: Callable[[Artifact], bool] | None = None,
        revision: int | None = None,
    ) -> Rendered:
        """The block's answer. Raises the documented failures as PatchbayError.

        With `is_fresh_enough`, a fresh artifact that it rejects as too old is fetched again. `revision` is the store's
        revision, if the caller read it after the request arrived.
        """
        installed, block = self._find_block(scope, plugin_id, block_id, revision)
        if block.action is not None:
            return self._describe_action(installed, block, block.action, cause)
        request = self._block_request(installed, block, parameters, cause)
        if is_fresh_enough is not None:
            request = replace(request, is_fresh_enough=is_fresh_enough)
        attributes = {
            "patchbay.integration_id": plugin_id,
            "patchbay.block_id": block_id,
            "patchbay.cause": cause,
        }
        with span("render", attributes) as step:
            rendered = self._read_through.answer(request, use_cache=use_cache, cause=cause)
            step.note("patchbay.cache", rendered.cache_status)
        return self._counted(scope, plugin_id, cause, _noted(rendered, request, installed, block))

    def render_kept(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]
    ) -> Rendered | None:
        """The block's answer if the cache may serve it now; None if it has to be fetched.

        Raises as `render_block` does before any call is made.
        """
        installed, block = self._find_block(scope, plugin_id, block_id)
        if block.action is not None:
            return self._describe_action(installed, block, block.action, "batch")
        request = self._block_request(installed, block, parameters, "live")
        ready = self._read_through.answer_at_once(request, self._artifacts.get(request.key))
        if ready is None:
            return None
        return self._counted(scope, plugin_id, "batch", _noted(ready, request, installed, block))

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
        """The endpoint's answer, fetched now unless `use_cache`. A safe endpoint's answer is always stored."""
        installed = self._catalog.find(scope, plugin_id)
        endpoint = installed.ready_endpoint(endpoint_id)
        request = self._endpoint_request(installed, endpoint, parameters)
        rendered = self._read_through.answer(request, use_cache=use_cache, cause=cause)
        if installed.is_sampled:
            rendered = replace(rendered, is_sample=True)
        return self._counted(scope, plugin_id, cause, rendered)

    def wait_for_refreshes(self, timeout_seconds: float = 10.0) -> None:
        """Returns when every running fetch has ended."""
        self._read_through.flights.wait(timeout_seconds)

    # -- what is asked -------------------------------------------------------------------------------------------

    def _find_block(
        self, scope: Scope, plugin_id: str, block_id: str, revision: int | None = None
    ) -> tuple[Installed, Block]:
        installed = self._catalog.find(scope, plugin_id, revision)
        return installed, installed.ready_block(block_id)

    def _describe_action(self, installed: Installed, block: Block, action: Action, cause: Cause) -> Rendered:
        """The offer of an action for a user to run. No call is made. Raises Invalid for a prefetch."""
        if cause == "prefetch":
            raise not_fetched_ahead()
        now = self._clock()
        nothing = make_artifact(block.digest, "application/json", b"null", now, Freshness(now, now, now))
        offered = describe_action(block, action, settings_of(installed.plugin_state.manifest))
        return Rendered(nothing, "BYPASS", is_kept=False, action=offered, is_sample=installed.is_sampled)

    def _block_request(
        self, installed: Installed, block: Block, parameters: Mapping[str, Any], cause: Cause
    ) -> RenderRequest:
        inputs = bind_inputs(block, parameters, installed.config)
        request = self._request_of_block(installed, block, parameters, inputs)
        if not block.pre_fetch or cause == "prefetch" or not self._render_log.notes_uses:
            return request
        scope = installed.scope
        key = job_key(installed, block, parameters, request.key)
        use = Use(key, scope, installed.plugin_id, block.id, parameters, self._clock())
        self._render_log.record_use(use)
        return replace(request, use=use)

    def _request_of_block(
        self, installed: Installed, block: Block, parameters: Mapping[str, Any], inputs: Mapping[str, Any]
    ) -> RenderRequest:
        installed.require_readable(block.secret_names)
        return RenderRequest(
            key=block_key(installed, block, inputs).key,
            source=_source(installed, inputs, block_id=block.id),
            # An endpoint that writes is an action, never a prefetch job.
            is_safe=True,
            freshness_policy=block.freshness_policy,
            timeout_seconds=self._executor.timeout_seconds(installed),
            fetch=lambda use_cache, cause, kept: self._run_block(
                installed, block, inputs, use_cache, cause, kept
            ),
            take_samples=sampler_of(installed, block, parameters, inputs),
        )

    def _endpoint_request(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        around: CallContext | None = None,
    ) -> RenderRequest:
        """The request for an endpoint's answer; `around` is the context of the block of which it is a step."""
        installed.require_readable(endpoint.secret_names)
        artifact_key = endpoint_key(installed, endpoint, parameters)
        timeout_seconds = endpoint.timeout_seconds or self._executor.timeout_seconds(installed)
        if around is not None and around.seconds_left is not None:
            timeout_seconds = min(timeout_seconds, max(0.0, around.seconds_left()))

        def fetch(_use_cache: bool, cause: Cause, kept: Artifact | None) -> FetchResult:
            context = replace(around, cause=cause) if around is not None else CallContext(cause, None, None)
            return self._call(installed, endpoint, parameters, context, kept)

        return RenderRequest(
            key=artifact_key.key,
            source=_source(installed, artifact_key.parameters, endpoint_id=endpoint.id),
            is_safe=endpoint.is_safe,
            freshness_policy=FreshnessPolicy(),
            timeout_seconds=timeout_seconds,
            fetch=fetch,
        )

    def _counted(self, scope: Scope, plugin_id: str, cause: Cause, rendered: Rendered) -> Rendered:
        """Counts the answer, unless a schedule asked for it, because no user did."""
        if cause != "prefetch":
            self._render_log.count(scope, plugin_id, rendered.cache_status)
        return rendered

    # -- how a block is fetched --------------------------------------------------------------------------------------

    def _run_block(
        self,
        installed: Installed,
        block: Block,
        inputs: Mapping[str, Any],
        use_cache: bool,
        cause: Cause,
        kept: Artifact | None,
    ) -> FetchResult:
        """The block's outcome, or NotModified if its last call, the only source of the artifact, returned a 304."""
        ends_at = time.monotonic() + self._executor.timeout_seconds(installed)
        context = CallContext(cause, block.id, lambda: ends_at - time.monotonic())
        chain = Chain(block, inputs, installed.config, self._clock())
        *earlier, last = block.steps
        for step in earlier:
            self._run_step(installed, step, chain, use_cache, context)
        if last.for_each is not None or last.may_fail or chain.left_out:
            # Its answers have artifacts of their own, so that what works is not fetched again with what does not.
            fetched_at = self._run_step(installed, last, chain, use_cache, context)
            return FetchResult(chain.outcome_of_steps(last, fetched_at), last.endpoint.freshness_policy)
        # An error of an earlier step must be reported, even if the last answer is still valid.
        is_renewable = not block.collect and not block.depends_on_time
        known = kept if chain.partial is None and is_renewable else None
        fetched = self._call(installed, last.endpoint, chain.parameters(last), context, known)
        if isinstance(fetched.outcome, NotModified):
            return fetched
        chain.note(last, fetched.outcome.value, fetched.outcome.partial)
        outcome = chain.outcome(fetched.outcome)
        # An artifact made of several answers, or of the time, cannot be revalidated by the last answer alone.
        return FetchResult(outcome, fetched.freshness_policy, fetched.call_key if is_renewable else None)

    def _call(
        self,
        installed: Installed,
        endpoint: Endpoint,
        parameters: Mapping[str, Any],
        context: CallContext,
        kept: Artifact | None,
    ) -> FetchResult:
        """The endpoint's answer. The request is conditional if the artifact was made from this very call."""
        if not can_be_renewed(endpoint):
            outcome = self._executor.call(installed, endpoint, parameters, context)
            return FetchResult(outcome, endpoint.freshness_policy)
        if kept is not None and kept.validators is not None:
            call_key = endpoint_key(installed, endpoint, parameters).key
            if kept.call_key == call_key:
                renewed = self._executor.renew(installed, endpoint, parameters, context, kept.validators)
                has_terms = isinstance(renewed, NotModified) or renewed.validators is not None
                return FetchResult(renewed, endpoint.freshness_policy, call_key if has_terms else None)
        outcome = self._executor.call(installed, endpoint, parameters, context)
        if outcome.validators is None:
            return FetchResult(outcome, endpoint.freshness_policy)
        return FetchResult(
            outcome, endpoint.freshness_policy, endpoint_key(installed, endpoint, parameters).key
        )

    def _run_step(
        self, installed: Installed, step: Step, chain: Chain, use_cache: bool, context: CallContext
    ) -> float:
        """Gives the step's result to the chain, and returns when the oldest part of it was fetched.

        It comes from artifacts of its own, which blocks with the same call share. A failure of a step that may fail is
        a null, told as `partial`.
        """
        try:
            requests = [
                self._endpoint_request(installed, step.endpoint, parameters, context)
                for parameters in chain.calls(step)
            ]
        except Invalid:
            raise
        except PatchbayError as error:
            if not step.may_fail:
                raise
            chain.leave_out(step, error)
            return self._clock()
        answers = self._read_through.answer_all(
            requests, may_fail=step.may_fail, use_cache=use_cache, cause=context.cause
        )
        chain.note_answers(step, answers)
        kept = [answer.artifact.fetched_at for answer in answers if isinstance(answer, Rendered)]
        return min(kept, default=self._clock())


def _noted(rendered: Rendered, request: RenderRequest, installed: Installed, block: Block) -> Rendered:
    """The answer with what only its block tells: how it was noted, when its times change, whether it is a sample."""
    if request.use is None and not block.times and not installed.is_sampled:
        return rendered
    return replace(
        rendered,
        use=request.use,
        changes_at=installed.changes_at(block),
        is_sample=installed.is_sampled,
    )


def _source(
    installed: Installed,
    parameters: Mapping[str, Any],
    *,
    block_id: str | None = None,
    endpoint_id: str | None = None,
) -> ArtifactSource:
    return ArtifactSource(
        workspace_id=installed.scope.workspace_id,
        plugin_id=installed.plugin_id,
        epoch=installed.plugin_state.artifacts_epoch,
        manifest_digest=installed.plugin_state.digest,
        block_id=block_id,
        endpoint_id=endpoint_id,
        parameters=parameters,
    )
