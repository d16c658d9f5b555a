"""A plugin's secrets for users: their state, storing one, deleting one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from plugin_store.settings.plugin_state import PluginState
from plugin_store.settings.properties import PropertySpec, properties_of
from plugin_store.settings.secret_destinations import (
    Destinations,
    current_destinations,
    follows_config,
    is_locked,
)
from plugin_store.vault.vault import Vault
from plugin_store.workspaces import Scope
from schemas.api.state import MAX_SECRET_LENGTH, MIN_HIDDEN_SECRET_LENGTH

_TOO_SHORT = (
    f"A secret under {MIN_HIDDEN_SECRET_LENGTH} characters is easy to guess. If a provider repeats it, it is not "
    "masked, and error messages of the provider are not quoted. Enter a longer one if the provider accepts it."
)


class SecretView(NamedTuple):
    """What may be shown of a secret. `status` is ok, unreadable or locked; None if it is not set.

    `warnings` are only given for a secret that was just entered: its value is not checked later.
    """

    key: str
    set: bool
    status: str | None = None
    updated_at: float | None = None
    warnings: tuple[str, ...] = ()


class SecretSettings:
    """Secrets with the destinations that they were entered for."""

    def __init__(self, vault: Vault, destinations: Destinations) -> None:
        self._vault = vault
        self._destinations = destinations

    def views(
        self, plugin_state: PluginState, entered: Mapping[str, str | None] | None = None
    ) -> dict[str, SecretView]:
        """Every secret that the manifest declares, by key, with its state from the vault.

        `entered` are those that were entered just now, with their values.
        """
        keys = [spec.name for spec in properties_of(plugin_state.manifest) if spec.secure]
        stored = {key: plugin_state.secrets[key] for key in keys if key in plugin_state.secrets}
        current = current_destinations(plugin_state, self._destinations) if stored else {}
        views = {key: SecretView(key, set=False) for key in keys}
        for key, state in stored.items():
            locked = state.status == "ok" and is_locked(current.get(key, ()), state.bound_to)
            status = "locked" if locked else state.status
            warnings = warnings_of((entered or {}).get(key))
            views[key] = SecretView(key, True, status, state.updated_at, warnings)
        return views

    def enter(
        self,
        session: Session,
        plugin_state: PluginState,
        entered: dict[str, str | None],
        *,
        stays_locked: bool = False,
    ) -> None:
        """Stores each string bound to the state's destinations, and deletes each None.

        With `stays_locked`, what is stored in place of a locked secret is bound to the destinations of that one.
        """
        bound_to = (
            dict(current_destinations(plugin_state, self._destinations)) if any(entered.values()) else {}
        )
        if stays_locked:
            bound_to |= {
                key: state.bound_to
                for key, state in plugin_state.secrets.items()
                if is_locked(bound_to.get(key, ()), state.bound_to)
            }
        place = plugin_state.workspace_id, plugin_state.plugin_id
        for key, value in entered.items():
            if value is None:
                self._vault.delete_secret(session, *place, key)
            else:
                self._vault.seal_secret(session, *place, key, value, bound_to=bound_to.get(key, ()))

    def follow(self, session: Session, before: PluginState, after: PluginState) -> None:
        """Binds secrets that were entered before their origin was known to the origin that is set now."""
        if not before.secrets:
            return
        old = current_destinations(before, self._destinations)
        new = current_destinations(after, self._destinations)
        for key, state in before.secrets.items():
            destinations = new.get(key, ())
            if follows_config(state.bound_to, old.get(key, ())) and set(destinations) != set(state.bound_to):
                self._vault.rebind(session, after.workspace_id, after.plugin_id, key, destinations)


def warnings_of(value: str | None) -> tuple[str, ...]:
    """Warnings for a user who enters this value as a secret. They never quote it."""
    return (_TOO_SHORT,) if value and len(value) < MIN_HIDDEN_SECRET_LENGTH else ()


def check_secret(spec: PropertySpec, value: Any, scope: Scope) -> list[str]:
    """The errors of a value (None deletes) for a secret in the scope. They never quote it."""
    if scope.notebook_id is not None:
        return ["Secrets belong to the workspace: enter it there."]
    if value is None:
        return []
    if not isinstance(value, str):
        return ["A secret must be a string; null deletes it."]
    if not value or len(value) > MAX_SECRET_LENGTH:
        return [f"A secret has 1 to {MAX_SECRET_LENGTH} characters; null deletes it."]
    return spec.check(value)
