"""Validates a submitted config, and decides which of its values the scope stores. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from errors import Invalid
from plugin_store.engine.canonical import same_value
from plugin_store.settings.plugin_state import PluginState
from plugin_store.settings.properties import PropertySpec, check_values, properties_of
from plugin_store.settings.secret_settings import check_secret
from plugin_store.workspaces import Scope


class Submitted(NamedTuple):
    """A submitted config: plain values, and secrets to store (a string) or to delete (None)."""

    plain: dict[str, Any]
    secrets: dict[str, str | None]


def split_config(properties: Sequence[PropertySpec], config: Mapping[str, Any], scope: Scope) -> Submitted:
    """Splits and validates a submitted config. Raises Invalid with errors by field, which never quote a value."""
    secure = {spec.name: spec for spec in properties if spec.secure}
    specs = {spec.name: spec for spec in properties}
    plain = {key: value for key, value in config.items() if key not in secure}
    secrets = {key: value for key, value in config.items() if key in secure}
    errors = check_values(properties, plain)
    for key, value in secrets.items():
        if messages := check_secret(secure[key], value, scope):
            errors[key] = messages
    if errors:
        raise Invalid(
            f"Invalid in config: {', '.join(sorted(errors)[:10])}.",
            errors={f"config.{key}": messages for key, messages in errors.items()},
        )
    return Submitted({key: specs[key].normalized(value) for key, value in plain.items()}, secrets)


def own_values_after(before: PluginState, submitted: Mapping[str, Any]) -> dict[str, Any]:
    """A scope's own values after `submitted` replaces its effective ones.

    A submitted value that equals the effective one keeps its source, so sending back what was read writes nothing. A
    hidden value, whose property is gone or refuses it, stays too, except if its property is a secret now.
    """
    shown = before.effective_config()
    secure = {spec.name for spec in properties_of(before.manifest) if spec.secure}
    unchanged = {key for key in submitted if key in shown and same_value(submitted[key], shown[key])}
    kept = {
        key: value if key in unchanged or key not in submitted else submitted[key]
        for key, value in before.own_config.items()
        if key not in secure and (key in submitted or key not in shown)
    }
    return kept | {key: value for key, value in submitted.items() if key not in kept and key not in unchanged}
