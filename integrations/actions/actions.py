"""Runs actions: each call of the block once, in order, without cache and retries."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from errors import Invalid, PatchbayError, StorageFailed
from integrations.actions.progress import Progress
from integrations.actions.runs import ActionResult, Run, Runs
from integrations.caching.artifacts import Artifacts
from integrations.calling.executor import EndpointResult, Executor, to_json
from integrations.calling.sender import CallContext
from integrations.catalog.catalog import Catalog, Installed
from integrations.json.canonical_json import digest
from integrations.manifests.model import Action, Block, Endpoint
from integrations.rendering.chain import Chain
from integrations.rendering.inputs import bind_inputs
from integrations.usage.counter import UsageCounter
from plugin_store.workspaces import Scope

_log = logging.getLogger(__name__)

Perform = Callable[[Progress], ActionResult]


class Actions:
    """Runs actions, once per key."""

    def __init__(
        self,
        catalog: Catalog,
        executor: Executor,
        artifacts: Artifacts,
        runs: Runs,
        usage: UsageCounter,
        clock: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._executor = executor
        self._artifacts = artifacts
        self._runs = runs
        self._usage = usage
        self._clock = clock

    def run_block(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any], key: str
    ) -> tuple[ActionResult, bool]:
        """The provider's answer, and whether it was stored by an earlier request with this key.

        Raises what a render raises before a call, what `Runs.take` raises, and the failure of a call. In that case
        `outcome` says whether something may have changed.
        """
        installed = self._catalog.find(scope, plugin_id)
        block = installed.block(block_id)
        action = _action_of(block)

        def perform(progress: Progress) -> ActionResult:
            installed.require_ready()
            inputs = bind_inputs(block, parameters, installed.config)
            installed.require_readable(block.secret_names)
            try:
                outcome = self._call_steps(installed, block, inputs, progress)
            except PatchbayError as error:
                # If something may have changed, the blocks must be refreshed, whoever caused the failure.
                if progress.result(error) in ("unknown", "partial"):
                    error.extensions["renewed"] = self._renew(installed, action)
                raise
            return _performed(outcome, self._renew(installed, action))

        return self._once(_run(scope, plugin_id, f"block:{block_id}", parameters, key), perform)

    def run_endpoint(
        self, scope: Scope, plugin_id: str, endpoint_id: str, parameters: Mapping[str, Any], key: str
    ) -> tuple[ActionResult, bool]:
        """The same for one endpoint that is called directly."""
        installed = self._catalog.find(scope, plugin_id)
        endpoint = installed.endpoint(endpoint_id)

        def perform(progress: Progress) -> ActionResult:
            installed.require_ready()
            context = CallContext("live", None, None, progress.note_sent)
            return _performed(self._executor.call(installed, endpoint, parameters, context), ())

        return self._once(_run(scope, plugin_id, f"endpoint:{endpoint_id}", parameters, key), perform)

    def writes(self, scope: Scope, plugin_id: str, endpoint_id: str) -> bool:
        """Whether a call of the endpoint changes something. Raises NotFound."""
        return not self._catalog.find(scope, plugin_id).endpoint(endpoint_id).is_safe

    def _once(self, run: Run, perform: Perform) -> tuple[ActionResult, bool]:
        ending = self._runs.take(run)
        if isinstance(ending, PatchbayError):
            ending.extensions["repeated"] = True
            raise ending
        if ending is not None:
            return ending, True
        progress = Progress()
        try:
            performed = perform(progress)
            self._runs.finish(run, performed)
        except PatchbayError as error:
            self._end_in_failure(run, progress, error)
            raise
        finally:
            self._runs.release(run)
        self._usage.count(run.workspace_id, run.plugin_id, "BYPASS")
        return performed, False

    def _end_in_failure(self, run: Run, progress: Progress, error: PatchbayError) -> None:
        result = progress.result(error)
        if result == "none":
            self._runs.drop(run)
        else:
            error.extensions["outcome"] = result
            self._runs.finish(run, error)

    def _call_steps(
        self, installed: Installed, block: Block, inputs: Mapping[str, Any], progress: Progress
    ) -> EndpointResult:
        ends_at = time.monotonic() + self._executor.timeout_seconds(installed)
        chain = Chain(block, inputs, installed.config, self._clock())
        outcome: EndpointResult | None = None
        for step in block.steps:
            context = CallContext(
                "action", block.id, lambda: ends_at - time.monotonic(), _noting(step.endpoint, progress)
            )
            outcome = self._executor.call(installed, step.endpoint, chain.parameters(step), context)
            if not step.endpoint.is_safe:
                progress.note_done()
            chain.note(step, outcome.value, outcome.partial)
        assert outcome is not None  # noqa: S101 - a block without steps has a problem, and is never run
        return chain.outcome(outcome)

    def _renew(self, installed: Installed, action: Action) -> tuple[str, ...]:
        """Purges the artifacts of the blocks that the action renews. Returns those that could be purged."""
        blocks = installed.integration.blocks
        renewed = []
        for name in action.renews:
            steps = blocks[name].endpoints_of_steps
            try:
                self._artifacts.purge(installed.plugin_id, installed.scope.workspace_id, name, steps)
            except StorageFailed as error:
                # The action itself succeeded, which is more important.
                _log.warning("`%s` of %s cannot be renewed: %s", name, installed.plugin_id, error.detail)
            else:
                renewed.append(name)
        return tuple(renewed)


def _noting(endpoint: Endpoint, progress: Progress) -> Callable[[], None] | None:
    return None if endpoint.is_safe else progress.note_sent


def _action_of(block: Block) -> Action:
    if block.action is None:
        reason = "This block is not an action. Render it instead."
        raise Invalid(reason, errors={"block_type": [reason]})
    return block.action


def _run(scope: Scope, plugin_id: str, target: str, parameters: Mapping[str, Any], key: str) -> Run:
    return Run(
        workspace_id=scope.workspace_id,
        plugin_id=plugin_id,
        target=target,
        key_digest=hashlib.sha256(key.encode()).hexdigest(),
        payload=digest([scope.notebook_id, dict(parameters)]),
    )


def _performed(outcome: EndpointResult, renewed: tuple[str, ...]) -> ActionResult:
    return ActionResult(
        data=to_json(outcome.value, outcome.kind),
        content_type=outcome.content_type,
        fetched_at=outcome.fetched_at,
        renewed=renewed,
        error=outcome.partial,
    )
