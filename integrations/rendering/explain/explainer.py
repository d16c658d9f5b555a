"""Explains one block or one endpoint: the requests it would send, the source of each value, and what is cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from errors import Invalid, PatchbayError, SettingsIncomplete
from integrations.budget import Account, BudgetStatus, account_of
from integrations.caching.artifacts import Artifacts
from integrations.caching.freshness import State
from integrations.calling.requests_builder import Limits
from integrations.calling.token_need import needed_token
from integrations.catalog.catalog import Catalog, Installed
from integrations.manifests.model import GRANT, Block, Endpoint, Step
from integrations.rendering.artifact_keys import ArtifactKey, block_key, endpoint_key, job_key
from integrations.rendering.explain.explanation import (
    ExplainedInput,
    ExplainedStep,
    Explanation,
    KeptAnswer,
    SecretDestinations,
)
from integrations.rendering.explain.placeholders import Placeholders
from integrations.rendering.explain.provenance import (
    Source,
    endpoint_sources,
    input_sources,
    setting_sources,
    step_sources,
)
from integrations.rendering.explain.shown_requests import (
    Draft,
    Judge,
    ShownRequest,
    show_endpoint_call,
    start_draft,
)
from integrations.rendering.explain.token_requests import show_token_requests
from integrations.rendering.inputs import bind_inputs, step_parameters
from plugin_store.settings.secret_destinations import is_locked
from plugin_store.vault.destinations import Destination
from plugin_store.workspaces import Scope

_KEPT_WORDS = {State.FRESH: ("fresh", "HIT"), State.REVALIDATE: ("stale", "STALE")}


@dataclass(frozen=True, slots=True)
class Forecast:
    """Functions that predict the result of a call without making it.

    `judge` says whether the egress guard allows a URL, `budget_status` returns an integration's remaining budget, and
    `next_refresh_at` returns when an artifact is prefetched next, in epoch seconds, or None.
    """

    judge: Judge
    budget_status: Callable[[Account], BudgetStatus]
    next_refresh_at: Callable[[str], float | None]


class Explainer:
    """Explains renders. It holds no vault and no HTTP client, so it can neither decrypt a secret nor send a request."""

    def __init__(
        self,
        catalog: Catalog,
        artifacts: Artifacts,
        forecast: Forecast,
        limits: Limits,
        clock: Callable[[], float],
    ) -> None:
        self._catalog = catalog
        self._artifacts = artifacts
        self._forecast = forecast
        self._limits = limits
        self._clock = clock

    def explain_block(
        self, scope: Scope, plugin_id: str, block_id: str, parameters: Mapping[str, Any]
    ) -> Explanation:
        """The explanation of a block. Errors that a render would raise are listed in `problems`. Raises NotFound."""
        installed = self._catalog.find(scope, plugin_id)
        block = installed.declared_block(block_id)
        draft = _start(installed, block.secret_names, [step.endpoint for step in block.steps])
        if block.problem is not None:
            draft.note(Invalid(block.problem, errors={"block_type": [block.problem]}))
        settings = setting_sources(installed)
        sources = input_sources(block, parameters, installed.config, settings)
        inputs, are_right = _bind(draft, block, parameters)
        values = {f"inputs.{name}": value for name, value in inputs.items()}
        values |= {name: installed.config[name] for name in block.time_names if name in installed.config}
        steps: list[ExplainedStep] = []
        for step in block.steps:
            steps.append(self._step(draft, block, step, inputs, values, sources, settings))
            for name, _ in step.outputs:
                output = f"steps.{step.id}.{name}"
                values[output] = draft.placeholders.unknown(output)
        artifact = None
        if are_right and block.steps and block.is_safe:
            artifact = self._kept(block_key(installed, block, inputs))
        status = self._forecast.budget_status(account_of(installed))
        return Explanation(
            integration_id=plugin_id,
            block_type=block_id,
            endpoint_id=None,
            inputs=[
                ExplainedInput(name, draft.placeholders.show_value(inputs.get(name)), source)
                for name, source in sources.items()
            ],
            token_requests=self._token_requests(draft, [step.endpoint for step in block.steps], settings),
            steps=steps,
            artifact=artifact,
            destinations=_destinations(installed, block.secret_names),
            problems=draft.problems,
            budget=status.windows,
            rests=status.paused_origins,
            next_refresh_at=self._next_refresh_at(installed, block, parameters, artifact),
        )

    def _next_refresh_at(
        self,
        installed: Installed,
        block: Block,
        parameters: Mapping[str, Any],
        artifact: KeptAnswer | None,
    ) -> float | None:
        if artifact is None:
            return None
        return self._forecast.next_refresh_at(job_key(installed, block, parameters, artifact.key))

    def explain_endpoint(
        self, scope: Scope, plugin_id: str, endpoint_id: str, parameters: Mapping[str, Any]
    ) -> Explanation:
        """The explanation of an endpoint that is called directly. Raises NotFound."""
        installed = self._catalog.find(scope, plugin_id)
        endpoint = installed.endpoint(endpoint_id)
        draft = _start(installed, endpoint.secret_names, [endpoint])
        settings = setting_sources(installed)
        sources = endpoint_sources(endpoint, parameters, settings)
        request = self._request(draft, endpoint, parameters, sources, settings)
        artifact = self._kept_endpoint(draft, endpoint, parameters)
        status = self._forecast.budget_status(account_of(installed))
        return Explanation(
            integration_id=plugin_id,
            block_type=None,
            endpoint_id=endpoint_id,
            inputs=[],
            token_requests=self._token_requests(draft, [endpoint], settings),
            steps=[ExplainedStep(endpoint.id, endpoint.id, request, None)],
            artifact=artifact,
            destinations=_destinations(installed, endpoint.secret_names),
            problems=draft.problems,
            budget=status.windows,
            rests=status.paused_origins,
            next_refresh_at=None,
        )

    # -- the calls -----------------------------------------------------------------------------------------------

    def _step(
        self,
        draft: Draft,
        block: Block,
        step: Step,
        inputs: Mapping[str, Any],
        values: Mapping[str, Any],
        sources: Mapping[str, Source],
        settings: Mapping[str, Source],
    ) -> ExplainedStep:
        items = {name: draft.placeholders.unknown(name) for name in step.item_names}
        given = _given(draft, block, step, inputs, {**values, **items})
        found = step_sources(step, given, sources, settings)
        request = self._request(draft, step.endpoint, given, found, settings)
        # The last step's answer is stored in the block's artifact. The other steps have their own artifacts.
        is_shared = step is not block.steps[-1] and step.endpoint.is_safe and step.for_each is None
        artifact = self._kept_endpoint(draft, step.endpoint, given) if is_shared else None
        return ExplainedStep(step.id, step.endpoint.id, request, artifact)

    def _request(
        self,
        draft: Draft,
        endpoint: Endpoint,
        given: Mapping[str, Any],
        sources: Mapping[str, list[Source]],
        settings: Mapping[str, Source],
    ) -> ShownRequest | None:
        now = self._clock()
        return show_endpoint_call(
            draft, endpoint, given, sources, settings, self._limits, now, self._forecast.judge
        )

    def _token_requests(
        self, draft: Draft, endpoints: list[Endpoint], settings: Mapping[str, Source]
    ) -> list[ShownRequest]:
        if not _need_token(draft, endpoints):
            return []
        return show_token_requests(draft, settings, self._limits, self._clock(), self._forecast.judge)

    # -- what is kept ----------------------------------------------------------------------------------------------

    def _kept_endpoint(self, draft: Draft, endpoint: Endpoint, given: Mapping[str, Any]) -> KeptAnswer | None:
        if not endpoint.is_safe or draft.placeholders.covers(dict(given)):
            return None
        try:
            return self._kept(endpoint_key(draft.installed, endpoint, given))
        except PatchbayError:
            # Already reported: building the request failed on it too.
            return None

    def _kept(self, artifact_key: ArtifactKey) -> KeptAnswer:
        artifact, now = self._artifacts.get(artifact_key.key), self._clock()
        if artifact is None:
            return KeptAnswer(artifact_key.key, "absent", "MISS")
        state, cache = _KEPT_WORDS.get(artifact.state_at(now), ("stale", "MISS"))
        return KeptAnswer(
            key=artifact_key.key,
            state=state,
            cache=cache,
            fetched_at=artifact.fetched_at,
            expires_at=artifact.freshness.expires_at,
            stale_until=artifact.freshness.stale_until,
            age_seconds=max(0.0, now - artifact.fetched_at),
            size_bytes=len(artifact.data),
            content_type=artifact.content_type,
        )


def _start(installed: Installed, secret_names: frozenset[str], endpoints: list[Endpoint]) -> Draft:
    draft = start_draft(installed, Placeholders())
    for problem in installed.obstacles():
        draft.note(problem)
    for name in sorted(secret_names):
        try:
            installed.require_readable(frozenset({name}))
        except PatchbayError as unreadable:
            draft.note(unreadable)
    if GRANT in secret_names and GRANT not in installed.secrets and _need_token(draft, endpoints):
        detail = "No account is connected at the provider. Connect first."
        draft.note(SettingsIncomplete(detail, errors={"oauth2": [f"Not connected. {detail}"]}))
    return draft


def _need_token(draft: Draft, endpoints: list[Endpoint]) -> bool:
    """Whether any of the calls carries a token, with these settings."""
    integration = draft.installed.integration
    return any(needed_token(integration, endpoint, draft.values) for endpoint in endpoints)


def _bind(draft: Draft, block: Block, parameters: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """The inputs, with placeholders for missing or invalid ones, and whether no placeholder was needed."""
    config = draft.installed.config
    try:
        return bind_inputs(block, parameters, config), True
    except Invalid as error:
        draft.note(error)
        wrong = {path.removeprefix("parameters.") for path in error.errors or ()}
    anything = tuple(replace(item, required=False, check=lambda _value: []) for item in block.inputs)
    right = {name: value for name, value in parameters.items() if name not in wrong}
    patterns = () if "url" in wrong else block.url_patterns
    bound = bind_inputs(replace(block, inputs=anything, url_patterns=patterns), right, config)
    gaps = [
        item.name for item in block.inputs if item.name in wrong or (item.required and item.name not in bound)
    ]
    return bound | {name: draft.placeholders.unknown(f"inputs.{name}") for name in gaps}, False


def _given(
    draft: Draft, block: Block, step: Step, inputs: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters of the step's endpoint, with placeholders for missing required inputs."""
    values = dict(values)
    while True:
        try:
            return step_parameters(block, step, inputs, values)
        except Invalid as error:
            draft.note(error)
            for path in error.errors or ():
                name = path.replace("parameters.", "inputs.", 1)
                values[name] = draft.placeholders.unknown(name)


def _destinations(installed: Installed, secret_names: frozenset[str]) -> list[SecretDestinations]:
    current = installed.integration.destinations(installed.config)
    return [_secret_standing(installed, name, list(current.get(name, ()))) for name in sorted(secret_names)]


def _secret_standing(installed: Installed, name: str, current: list[Destination]) -> SecretDestinations:
    state = installed.secrets.get(name)
    if state is None:
        return SecretDestinations(name, None, current, None)
    locked = state.status != "unreadable" and is_locked(current, state.bound_to)
    return SecretDestinations(name, "locked" if locked else state.status, current, list(state.bound_to))
