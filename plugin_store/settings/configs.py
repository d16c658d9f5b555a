"""What a workspace or a notebook sets for a plugin (enabled, values, secrets), and the effective values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from errors import Invalid, NotFound
from plugin_store.engine.canonical import same_value
from plugin_store.engine.database import Database
from plugin_store.engine.paging import Page
from plugin_store.models import NotebookPluginConfig, PluginConfig
from plugin_store.ownership import path_of, require_unmanaged_settings, settings_owners
from plugin_store.settings.audited import describe_secret, describe_values
from plugin_store.settings.entity_tags import ANY_STATE, IfMatch, entity_tag
from plugin_store.settings.plugin_state import PluginState, iterate_plugin_states, load_plugin_state
from plugin_store.settings.properties import PropertySpec, properties_of
from plugin_store.settings.review_events import ReviewEvents
from plugin_store.settings.scope_values import Submitted, own_values_after, split_config
from plugin_store.settings.secret_destinations import Destinations
from plugin_store.settings.secret_settings import SecretSettings, SecretView, check_secret
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope

ConfigRow = PluginConfig | NotebookPluginConfig


class ConfigView(NamedTuple):
    """The effective values of an integration in a scope, and which files set what there."""

    plugin_id: str
    config: dict[str, Any]
    secrets: dict[str, SecretView]
    managed_by: dict[str, str]


class Effective(NamedTuple):
    enabled: bool
    config: dict[str, Any]


class StateView(NamedTuple):
    """What a scope itself sets for a plugin, and the effective values there."""

    plugin_id: str
    enabled: bool | None
    config: dict[str, Any]
    effective: Effective
    secrets: dict[str, SecretView]
    managed_by: dict[str, str]
    """The file that sets `enabled`, `config.units` or `secrets.api_key`, by that path."""

    @property
    def etag(self) -> str:
        """A strong entity tag. Warnings are no part of the state: only the answer to their entry has them."""
        secrets = {key: view._replace(warnings=()) for key, view in self.secrets.items()}
        return entity_tag(self._replace(secrets=secrets))


class Configs:
    """Reads and writes settings. A write is one transaction: values first, then the secrets bound by them."""

    def __init__(
        self, database: Database, vault: Vault, destinations: Destinations, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._vault = vault
        self._book = SecretSettings(vault, destinations)
        self._review_events = ReviewEvents(vault, destinations)
        self._clock = clock

    def get_config(self, plugin_id: str, scope: Scope) -> ConfigView:
        """An integration's effective values. Raises NotFound."""
        with self._database.reading() as session:
            return self._config_view(session, self._load_integration(session, plugin_id, scope))

    def replace_config(self, plugin_id: str, scope: Scope, config: Mapping[str, Any]) -> ConfigView:
        """Makes `config` an integration's effective values in the scope. Unchanged values keep their source.

        Raises NotFound, and Invalid by field.
        """
        with self._database.writing() as session:
            before = self._load_integration(session, plugin_id, scope)
            submitted = split_config(properties_of(before.manifest), config, scope)
            own = own_values_after(before, submitted.plain)
            after = self._change(
                session, before, enabled=before.own_enabled, config=own, secrets=submitted.secrets
            )
            return self._config_view(session, after, submitted.secrets)

    def set_enabled(self, plugin_id: str, scope: Scope, enabled: bool) -> bool:
        """Enables or disables an integration in the scope, and returns the effective state. Raises NotFound."""
        with self._database.writing() as session:
            before = self._load_integration(session, plugin_id, scope)
            after = self._change(session, before, enabled=enabled, config=before.own_config, secrets={})
            return after.effective_enabled()

    def get_state(self, plugin_id: str, scope: Scope) -> StateView:
        """What the scope itself sets for a plugin of any type. Raises NotFound."""
        with self._database.reading() as session:
            return self._state_view(session, self._load(session, plugin_id, scope))

    def list_states(
        self, scope: Scope, page: Page, is_shown: Callable[[str], bool] = lambda _plugin_id: True
    ) -> tuple[list[StateView], int]:
        """A page of the states of all plugins that are shown, by id, and their total number."""
        states, total = [], 0
        with self._database.reading() as session:
            owners = settings_owners(session, *scope)
            for plugin_state in iterate_plugin_states(session, *scope, self._vault):
                if not is_shown(plugin_state.plugin_id):
                    continue
                if page.offset <= total < page.end:
                    owned = owners.get(plugin_state.plugin_id, {})
                    states.append(self._view(plugin_state, owned))
                total += 1
        return states, total

    def change_state(
        self, plugin_id: str, scope: Scope, changes: Mapping[str, Any], if_match: IfMatch = ANY_STATE
    ) -> StateView:
        """Sets those of `enabled` and `config` that `changes` contains. `enabled: None` inherits again.

        Raises NotFound, PreconditionFailed, and Invalid by field.
        """
        with self._database.writing() as session:
            before = self._load_matching(session, plugin_id, scope, if_match)
            submitted = Submitted(before.own_config, {})
            if "config" in changes:
                submitted = split_config(properties_of(before.manifest), changes["config"], scope)
            after = self._change(
                session,
                before,
                enabled=changes.get("enabled", before.own_enabled),
                config=submitted.plain,
                secrets=submitted.secrets,
            )
            return self._state_view(session, after, submitted.secrets)

    def reset_state(self, plugin_id: str, scope: Scope, if_match: IfMatch = ANY_STATE) -> None:
        """Resets the scope to inherited values. A workspace's secrets stay.

        Raises NotFound and PreconditionFailed.
        """
        with self._database.writing() as session:
            before = self._load_matching(session, plugin_id, scope, if_match)
            row = _find_row(session, before)
            if row is not None:
                _require_unmanaged(session, before, None, {}, {})
                self._describe(before, None, {}, {})
                with self._review_events.recorded(session, [plugin_id]):
                    session.delete(row)
                    self._follow(session, before)

    def get_secret(self, plugin_id: str, scope: Scope, key: str) -> SecretView:
        """What may be shown of a secret. Raises NotFound, and Invalid for a property that is not a secret."""
        with self._database.reading() as session:
            plugin_state = self._load_integration(session, plugin_id, scope)
            _secure_property(plugin_state, key)
            return self._book.views(plugin_state)[key]

    def enter_secret(self, plugin_id: str, scope: Scope, key: str, value: str | None) -> SecretView:
        """Stores a secret for its current destinations, or deletes it (None).

        Raises NotFound, and Invalid for a property that is no secret and for a value that does not fit.
        """
        with self._database.writing() as session:
            before = self._load_integration(session, plugin_id, scope)
            spec = _secure_property(before, key)
            messages = check_secret(spec, value, scope)
            if messages:
                raise Invalid(messages[0], errors={"value": messages})
            _require_unmanaged(session, before, before.own_enabled, before.own_config, {key: value})
            self._describe(before, before.own_enabled, before.own_config, {key: value})
            with self._review_events.recorded(session, [plugin_id]):
                self._book.enter(session, before, {key: value})
            return self._book.views(self._reload(session, before), {key: value})[key]

    def _change(
        self,
        session: Session,
        before: PluginState,
        *,
        enabled: bool | None,
        config: dict[str, Any],
        secrets: dict[str, str | None],
    ) -> PluginState:
        """Like `write`, but raises Provisioned for what a file sets."""
        _require_unmanaged(session, before, enabled, config, secrets)
        return self.write(session, before, enabled=enabled, config=config, secrets=secrets)

    def write(
        self,
        session: Session,
        before: PluginState,
        *,
        enabled: bool | None,
        config: dict[str, Any],
        secrets: dict[str, str | None],
        stays_locked: bool = False,
    ) -> PluginState:
        """Writes only what differs, whoever owns it, and returns the resulting state.

        With `stays_locked` a new value of a locked secret does not unlock it.
        """
        self._describe(before, enabled, config, secrets)
        with self._review_events.recorded(session, [before.plugin_id]):
            if enabled is not before.own_enabled or not same_value(config, before.own_config):
                row = _find_row(session, before) or _new_row(session, before)
                row.enabled, row.config, row.updated_at = enabled, config, self._clock()
                self._follow(session, before)
            if secrets:
                self._book.enter(session, self._reload(session, before), secrets, stays_locked=stays_locked)
        return self._reload(session, before)

    def _describe(
        self,
        before: PluginState,
        enabled: bool | None,
        config: Mapping[str, Any],
        secrets: Mapping[str, str | None],
    ) -> None:
        """The entries of the audit log for a change. A secret that is not set cannot be deleted."""
        if enabled is not before.own_enabled or not same_value(config, before.own_config):
            describe_values(before, enabled, config)
        views = self._book.views(before) if None in secrets.values() else {}
        for name, value in secrets.items():
            if value is not None or views[name].set:
                describe_secret(before, name, is_set=value is not None)

    def _follow(self, session: Session, before: PluginState) -> None:
        session.flush()
        # Secrets belong to the workspace, so a notebook's values never change their destinations.
        if before.notebook_id is None:
            self._book.follow(session, before, self._reload(session, before))

    def _reload(self, session: Session, before: PluginState) -> PluginState:
        session.flush()
        return self._load(session, before.plugin_id, Scope(before.workspace_id, before.notebook_id))

    def _load(self, session: Session, plugin_id: str, scope: Scope) -> PluginState:
        plugin_state = load_plugin_state(
            session, plugin_id, scope.workspace_id, scope.notebook_id, self._vault
        )
        if plugin_state is None:
            raise NotFound(f"There is no plugin {plugin_id}.")
        return plugin_state

    def _load_matching(
        self, session: Session, plugin_id: str, scope: Scope, if_match: IfMatch
    ) -> PluginState:
        """In the transaction of the write, so that of two writers with one tag only the first succeeds."""
        plugin_state = self._load(session, plugin_id, scope)
        if if_match != ANY_STATE:
            if_match.check(self._state_view(session, plugin_state).etag)
        return plugin_state

    def _load_integration(self, session: Session, plugin_id: str, scope: Scope) -> PluginState:
        plugin_state = self._load(session, plugin_id, scope)
        if not plugin_state.is_integration:
            raise NotFound(f"The plugin {plugin_id} is no integration.")
        return plugin_state

    def _config_view(
        self, session: Session, plugin_state: PluginState, entered: Mapping[str, str | None] | None = None
    ) -> ConfigView:
        return ConfigView(
            plugin_id=plugin_state.plugin_id,
            config=plugin_state.effective_config(),
            secrets=self._book.views(plugin_state, entered),
            managed_by=_owners(session, plugin_state),
        )

    def _state_view(
        self, session: Session, plugin_state: PluginState, entered: Mapping[str, str | None] | None = None
    ) -> StateView:
        return self._view(plugin_state, _owners(session, plugin_state), entered)

    def _view(
        self,
        plugin_state: PluginState,
        owners: dict[str, str],
        entered: Mapping[str, str | None] | None = None,
    ) -> StateView:
        shown = {spec.name for spec in properties_of(plugin_state.manifest) if not spec.secure}
        return StateView(
            plugin_id=plugin_state.plugin_id,
            enabled=plugin_state.own_enabled,
            config={key: value for key, value in plugin_state.own_config.items() if key in shown},
            effective=Effective(plugin_state.effective_enabled(), plugin_state.effective_config()),
            secrets=self._book.views(plugin_state, entered),
            managed_by=owners,
        )


def _owners(session: Session, plugin_state: PluginState) -> dict[str, str]:
    found = settings_owners(
        session, plugin_state.workspace_id, plugin_state.notebook_id, plugin_state.plugin_id
    )
    return found.get(plugin_state.plugin_id, {})


def _require_unmanaged(
    session: Session,
    before: PluginState,
    enabled: bool | None,
    config: Mapping[str, Any],
    secrets: Mapping[str, str | None],
) -> None:
    """Raises Provisioned if a file sets something that differs from the state, or one of the secrets."""
    owners = _owners(session, before)
    if not owners:
        return
    own = before.own_config
    keys = {key for key in {*own, *config} if not _is_same(own, config, key)}
    switched = ["enabled"] if enabled is not before.own_enabled else []
    changed = [*switched, *(path_of("config", key) for key in sorted(keys))]
    require_unmanaged_settings(owners, [*changed, *(path_of("secret", key) for key in secrets)])


def _is_same(one: Mapping[str, Any], other: Mapping[str, Any], key: str) -> bool:
    return key in one and key in other and same_value(one[key], other[key])


def _secure_property(plugin_state: PluginState, key: str) -> PropertySpec:
    spec = next((spec for spec in properties_of(plugin_state.manifest) if spec.name == key), None)
    if spec is None:
        raise NotFound(f"The plugin {plugin_state.plugin_id} has no setting {key}.")
    if not spec.secure:
        raise Invalid(
            f"{key} is not a secret. Set it in the config.", errors={"key": ["This setting is not a secret."]}
        )
    return spec


def _find_row(session: Session, plugin_state: PluginState) -> ConfigRow | None:
    if plugin_state.notebook_id is None:
        return session.get(PluginConfig, (plugin_state.workspace_id, plugin_state.plugin_id))
    return session.get(NotebookPluginConfig, (plugin_state.notebook_id, plugin_state.plugin_id))


def _new_row(session: Session, plugin_state: PluginState) -> ConfigRow:
    row: ConfigRow
    if plugin_state.notebook_id is None:
        row = PluginConfig(workspace_id=plugin_state.workspace_id, plugin_id=plugin_state.plugin_id)
    else:
        row = NotebookPluginConfig(notebook_id=plugin_state.notebook_id, plugin_id=plugin_state.plugin_id)
    session.add(row)
    return row
