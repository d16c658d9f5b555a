"""The state of a plugin in a scope: its declaration joined with everything that was set for it. Two SELECTs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import Session

from plugin_store.models import NotebookPluginConfig, Plugin, PluginConfig, PluginSecret
from plugin_store.settings.properties import effective_config, effective_enabled, properties_of
from plugin_store.vault.vault import SecretState, Vault, state_of

ROWS_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class PluginState:
    """One plugin in one scope. `…_enabled` is None and a config empty if the scope set nothing.

    `secrets` are the workspace's. Their status is None unless a vault was given to check them.
    """

    plugin_id: str
    name: str
    version: str
    type: str
    manifest: dict[str, Any]
    digest: str
    artifacts_epoch: str
    workspace_id: int
    notebook_id: int | None
    plugin_enabled: bool | None
    workspace_enabled: bool | None = None
    notebook_enabled: bool | None = None
    workspace_config: dict[str, Any] = field(default_factory=dict)
    notebook_config: dict[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, SecretState] = field(default_factory=dict)

    @property
    def is_integration(self) -> bool:
        """Whether the plugin can be called: by its type, or by an `integration` section in any other type."""
        return self.type == "integration" or isinstance(self.manifest.get("integration"), Mapping)

    @property
    def own_enabled(self) -> bool | None:
        """What the scope itself sets: the notebook if there is one, else the workspace."""
        return self.workspace_enabled if self.notebook_id is None else self.notebook_enabled

    @property
    def own_config(self) -> dict[str, Any]:
        """What the scope itself sets, including values of properties that the plugin no longer has."""
        return self.workspace_config if self.notebook_id is None else self.notebook_config

    def effective_enabled(self) -> bool:
        """Whether the plugin is enabled in the scope."""
        return effective_enabled(self.plugin_enabled, self.workspace_enabled, self.notebook_enabled)

    def effective_config(self) -> dict[str, Any]:
        """The effective values in the scope, without secrets."""
        return effective_config(properties_of(self.manifest), self.workspace_config, self.notebook_config)


def load_plugin_state(
    session: Session, plugin_id: str, workspace_id: int, notebook_id: int | None, vault: Vault | None = None
) -> PluginState | None:
    """The plugin's state in the scope, or None if no such plugin is registered."""
    return next(_load(session, workspace_id, notebook_id, vault, plugin_id), None)


def iterate_plugin_states(
    session: Session, workspace_id: int, notebook_id: int | None, vault: Vault | None = None
) -> Iterator[PluginState]:
    """Every plugin's state in the scope, by plugin id. Only a few are in memory at once."""
    return _load(session, workspace_id, notebook_id, vault, None)


def _load(
    session: Session, workspace_id: int, notebook_id: int | None, vault: Vault | None, plugin_id: str | None
) -> Iterator[PluginState]:
    query = (
        select(
            Plugin.id,
            Plugin.name,
            Plugin.version,
            Plugin.type,
            Plugin.manifest,
            Plugin.digest,
            Plugin.artifacts_epoch,
            Plugin.enabled,
            PluginConfig.enabled.label("workspace_enabled"),
            PluginConfig.config.label("workspace_config"),
            NotebookPluginConfig.enabled.label("notebook_enabled"),
            NotebookPluginConfig.config.label("notebook_config"),
        )
        .outerjoin(
            PluginConfig, and_(PluginConfig.plugin_id == Plugin.id, PluginConfig.workspace_id == workspace_id)
        )
        .outerjoin(
            NotebookPluginConfig,
            and_(
                NotebookPluginConfig.plugin_id == Plugin.id, NotebookPluginConfig.notebook_id == notebook_id
            ),
        )
        .order_by(Plugin.id)
    )
    if plugin_id is not None:
        query = query.where(Plugin.id == plugin_id)
    secrets = _load_secrets(session, workspace_id, plugin_id, vault)
    for row in session.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
        yield _standing(row, workspace_id, notebook_id, secrets.get(row.id, {}))


def _standing(
    row: Row[Any], workspace_id: int, notebook_id: int | None, secrets: Mapping[str, SecretState]
) -> PluginState:
    return PluginState(
        plugin_id=row.id,
        name=row.name,
        version=row.version,
        type=row.type,
        manifest=row.manifest,
        digest=row.digest,
        artifacts_epoch=row.artifacts_epoch,
        workspace_id=workspace_id,
        notebook_id=notebook_id,
        plugin_enabled=row.enabled,
        workspace_enabled=row.workspace_enabled,
        notebook_enabled=row.notebook_enabled,
        workspace_config=row.workspace_config or {},
        notebook_config=row.notebook_config or {},
        secrets=secrets,
    )


def _load_secrets(
    session: Session, workspace_id: int, plugin_id: str | None, vault: Vault | None
) -> dict[str, dict[str, SecretState]]:
    """By plugin, then by key."""
    query = select(PluginSecret).where(PluginSecret.workspace_id == workspace_id)
    if plugin_id is not None:
        query = query.where(PluginSecret.plugin_id == plugin_id)
    by_plugin: dict[str, dict[str, SecretState]] = defaultdict(dict)
    rows: Sequence[PluginSecret] = session.scalars(query).all()
    for row in rows:
        by_plugin[row.plugin_id][row.key] = state_of(row) if vault is None else vault.state_of(row)
    return by_plugin
