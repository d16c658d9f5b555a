"""The registered integrations as a scope sees them: compiled, with settings and the state of their secrets.

What a render needs to know of a plugin is built once and cached until anything in the store changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Any

from errors import (
    Invalid,
    NotFound,
    PatchbayError,
    PluginDisabled,
    ReviewDue,
    SecretUnreadable,
    SettingsIncomplete,
)
from integrations.caching.cache_key import KeyPrefix
from integrations.catalog.compiled_manifests import CompiledManifests
from integrations.manifests.model import Block, Endpoint, Integration
from plugin_store.engine.database import Database
from plugin_store.settings.plugin_state import PluginState, iterate_plugin_states, load_plugin_state
from plugin_store.settings.properties import (
    effective_config,
    effective_enabled,
    missing_required,
    properties_of,
)
from plugin_store.vault.vault import SecretState, Vault
from plugin_store.workspaces import Scope, time_zone_of

_log = logging.getLogger(__name__)

# Of 1,000 integrations a list has some megabytes.
MAX_KEPT_LISTS = 4

ReviewOf = Callable[[PluginState], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Installed:
    """One integration in one scope."""

    plugin_state: PluginState
    integration: Integration
    scope: Scope
    enabled: bool
    config: Mapping[str, Any]
    missing: tuple[str, ...]
    review: Mapping[str, Any] | None
    key_frames: dict[tuple[str, str], KeyPrefix] = field(default_factory=dict, compare=False, repr=False)
    """Of the keys of its blocks and endpoints, as far as they were asked for."""
    moment: float = 0.0
    """When its times were read, in epoch seconds."""
    zone: tzinfo = UTC
    is_sampled: bool = False
    """Whether samples answer in place of its provider."""

    def at(self, moment: float) -> Installed:
        """The same with the times of a moment among its settings, where the clock fills them."""
        if not self.integration.times:
            return self
        times = {name: time.value_at(moment, self.zone) for name, time in self.integration.times.items()}
        return replace(self, config={**self.config, **times}, key_frames={}, moment=moment)

    def changes_at(self, block: Block) -> float | None:
        """When the block's times change, and with them the artifact that answers; None where it has none."""
        return min((time.changes_at(self.moment, self.zone) for time in block.times), default=None)

    @property
    def plugin_id(self) -> str:
        return self.plugin_state.plugin_id

    @property
    def secrets(self) -> Mapping[str, SecretState]:
        return self.plugin_state.secrets

    def require_ready(self) -> None:
        """Raises what prevents a call of this integration: PluginDisabled, ReviewDue, SettingsIncomplete."""
        for obstacle in self.obstacles():
            raise obstacle

    def require_set_up(self) -> None:
        """The same for a test of the settings before the integration is enabled: ReviewDue, SettingsIncomplete."""
        for obstacle in self.obstacles():
            if not isinstance(obstacle, PluginDisabled):
                raise obstacle

    def obstacles(self) -> Iterator[PatchbayError]:
        """Everything that prevents a call of this integration, the most important first."""
        if not self.enabled:
            yield PluginDisabled(f"`{self.plugin_id}` is disabled here. Enable it first.")
        if self.review is not None:
            yield ReviewDue(
                f"`{self.plugin_id}` changed, so that a secret would be sent elsewhere. "
                "Accept the change or enter the secret again.",
                review=dict(self.review),
            )
        if self.missing:
            names = ", ".join(f"`{name}`" for name in self.missing)
            yield SettingsIncomplete(
                f"`{self.plugin_id}` still needs {names}.",
                errors={f"config.{name}": ["Required, but not set."] for name in self.missing},
            )

    def unreadable_secrets(self) -> list[str]:
        """The names of its secrets that cannot be decrypted with the present key."""
        return sorted(name for name, state in self.secrets.items() if state.status == "unreadable")

    def require_readable(self, names: frozenset[str]) -> None:
        """Raises SecretUnreadable if a secret that a call binds cannot be read."""
        for name in sorted(names):
            state = self.secrets.get(name)
            if state is not None and state.status == "unreadable":
                raise SecretUnreadable(
                    f"The secret `{name}` of `{self.plugin_id}` cannot be decrypted with the present key. "
                    "Enter it again.",
                    errors={f"config.{name}": ["Cannot be decrypted. Enter it again."]},
                )

    def declared_block(self, block_id: str) -> Block:
        """The block, even if it cannot be rendered. Raises NotFound."""
        block = self.integration.blocks.get(block_id)
        if block is None:
            raise NotFound(f"The integration `{self.plugin_id}` has no block `{block_id}`.")
        return block

    def block(self, block_id: str) -> Block:
        """The block; raises NotFound, and Invalid for one that cannot be rendered."""
        block = self.declared_block(block_id)
        if block.problem is not None:
            raise Invalid(
                f"The block `{block_id}` cannot be rendered: {block.problem}",
                errors={"block_type": [block.problem]},
            )
        return block

    def ready_block(self, block_id: str) -> Block:
        """The block, ready to be called. Raises what `block` and `require_ready` raise.

        NotFound comes first: nobody should complete the settings for a misspelt name.
        """
        self.declared_block(block_id)
        self.require_ready()
        return self.block(block_id)

    def endpoint(self, endpoint_id: str) -> Endpoint:
        """The endpoint; raises NotFound."""
        endpoint = self.integration.endpoints.get(endpoint_id)
        if endpoint is None:
            raise NotFound(f"The integration `{self.plugin_id}` has no endpoint `{endpoint_id}`.")
        return endpoint

    def ready_endpoint(self, endpoint_id: str) -> Endpoint:
        """The endpoint, ready to be called. NotFound comes before what `require_ready` raises."""
        endpoint = self.endpoint(endpoint_id)
        self.require_ready()
        return endpoint


class Catalog:
    """Finds integrations."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        manifests: CompiledManifests,
        review_of: ReviewOf,
        clock: Callable[[], float],
        answers_from_samples: bool = False,
    ) -> None:
        self._database = database
        self._answers_from_samples = answers_from_samples
        self._clock = clock
        self._vault = vault
        self._manifests = manifests
        self._review_of = review_of

    def find(self, scope: Scope, plugin_id: str, revision: int | None = None) -> Installed:
        """The integration in the scope, with the times of now. Raises NotFound, also for a plugin that is none.

        `revision` is passed to `RevisionMemo.get`.
        """
        key = ("installed", scope.workspace_id, scope.notebook_id, plugin_id)
        installed = self._database.memo.get(key, lambda: self._load(scope, plugin_id), revision)
        return installed.at(self._clock()) if installed.integration.times else installed

    def list(self, scope: Scope) -> list[Installed]:
        """Every integration in the scope, by id. A few scopes' are kept until a declaration or a setting changes."""
        kept: dict[Scope, tuple[Installed, ...]] = self._database.memo.get(("lists",), dict)
        found = kept.get(scope)
        if found is None:
            found = kept[scope] = self._load_all(scope)
        if len(kept) > MAX_KEPT_LISTS:
            # Another thread may be evicting too.
            with suppress(StopIteration, RuntimeError):
                kept.pop(next(iter(kept)), None)
        return [*found]

    def _load_all(self, scope: Scope) -> tuple[Installed, ...]:
        plugin_states = (
            plugin_state for plugin_state in self.plugin_states(scope) if plugin_state.is_integration
        )
        found = (self._try_install(plugin_state, scope) for plugin_state in plugin_states)
        return tuple(installed for installed in found if installed is not None)

    def plugin_states(self, scope: Scope) -> Iterator[PluginState]:
        """Every plugin in the scope, integration or not, by id. Compiles nothing."""
        with self._database.reading() as session:
            yield from iterate_plugin_states(session, scope.workspace_id, scope.notebook_id, self._vault)

    def _load(self, scope: Scope, plugin_id: str) -> Installed:
        with self._database.reading() as session:
            plugin_state = load_plugin_state(
                session, plugin_id, scope.workspace_id, scope.notebook_id, self._vault
            )
        if plugin_state is None:
            raise NotFound(f"There is no integration `{plugin_id}`.")
        installed = self._install(plugin_state, scope) if plugin_state.is_integration else None
        if installed is None:
            raise NotFound(
                f"There is no integration `{plugin_id}`; the plugin with this id is a {plugin_state.type}."
            )
        return replace(installed, zone=time_zone_of(self._database, scope.workspace_id))

    def _try_install(self, plugin_state: PluginState, scope: Scope) -> Installed | None:
        try:
            return self._install(plugin_state, scope)
        except Invalid:
            # One manifest that only an older version accepted must not break the list. Requested alone, it reports why.
            _log.warning("The manifest of %s cannot be used by this version.", plugin_state.plugin_id)
            return None

    def _install(self, plugin_state: PluginState, scope: Scope) -> Installed | None:
        integration = self._manifests.integration_of(plugin_state)
        if integration is None:
            return None
        specs = properties_of(plugin_state.manifest)
        config = effective_config(specs, plugin_state.workspace_config, plugin_state.notebook_config)
        return Installed(
            plugin_state=plugin_state,
            integration=integration,
            scope=scope,
            enabled=effective_enabled(
                plugin_state.plugin_enabled, plugin_state.workspace_enabled, plugin_state.notebook_enabled
            ),
            config=config,
            missing=tuple(missing_required(specs, config, plugin_state.secrets.keys())),
            review=self._review_of(plugin_state),
            is_sampled=self._answers_from_samples,
        )
