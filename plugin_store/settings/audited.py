"""What the audit log says of a change of settings. Of a secret it has only the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugin_store.engine.canonical import same_value
from plugin_store.engine.change_record import describe_part, difference
from plugin_store.settings.plugin_state import PluginState
from plugin_store.settings.properties import properties_of

SWITCHED = {True: "plugin.enabled", False: "plugin.disabled", None: "plugin.inherited"}


def describe_values(before: PluginState, enabled: bool | None, config: Mapping[str, Any]) -> None:
    """Entries for what a scope sets from now on."""
    place = {
        "plugin_id": before.plugin_id,
        "workspace_id": before.workspace_id,
        "notebook_id": before.notebook_id,
    }
    if enabled is not before.own_enabled:
        details = {"before": before.own_enabled, "after": enabled}
        describe_part(SWITCHED[enabled], **place, details=details)
    if not same_value(config, before.own_config):
        # What is not declared may be a secret of another version.
        shown = {spec.name for spec in properties_of(before.manifest) if not spec.secure}
        hidden = {*config, *before.own_config} - shown
        describe_part("settings.changed", **place, details=difference(before.own_config, config, hidden))


def describe_secret(before: PluginState, name: str, *, is_set: bool) -> None:
    """An entry for a secret of the workspace that is entered or deleted."""
    what = "secret.set" if is_set else "secret.deleted"
    place = {"plugin_id": before.plugin_id, "workspace_id": before.workspace_id}
    describe_part(what, **place, details={"fields": [name]})
