"""Binds and validates an endpoint's parameters. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from errors import Invalid, SettingsIncomplete
from integrations.manifests.model import Endpoint, Parameter
from plugin_store.vault.destinations import Destination


@dataclass(frozen=True, slots=True)
class Values:
    """The settings of a call: plain ones, decrypted secrets, and which properties are required."""

    config: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    required: frozenset[str] = frozenset()
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What an OAuth 2.0 server or a login gave, by the names that credentials use."""
    sealed: Mapping[str, Collection[Destination]] = field(default_factory=dict)
    """The places for which each secret is sealed, by its name."""

    def merged(self) -> dict[str, Any]:
        return {**self.config, **self.secrets, **self.tokens}


def bind_parameters(endpoint: Endpoint, given: Mapping[str, Any], values: Values) -> dict[str, Any]:
    """Every parameter's value by name: given, else the setting, else the default. Those without a value are left out.

    Raises Invalid by field (`parameters.units`) and SettingsIncomplete.
    """
    errors: dict[str, list[str]] = {}
    settings = values.merged()
    for name in given.keys() - endpoint.parameter_names:
        errors[f"parameters.{name}"] = ["Unknown; this endpoint has no such parameter."]
    bound: dict[str, Any] = {}
    for parameter in endpoint.parameters:
        value = _parameter_value(parameter, given, settings)
        if value is None:
            if parameter.value.required:
                errors[f"parameters.{parameter.name}"] = ["Required."]
            continue
        # Secrets are validated when they are entered. Computing a key does not decrypt them.
        is_secret = parameter.value.from_config in endpoint.secret_names and parameter.name not in given
        if not is_secret and (problems := parameter.value.check(value)):
            errors[f"parameters.{parameter.name}"] = problems
            continue
        bound[parameter.name] = value
    if errors:
        _raise_for_unset_settings(endpoint, errors)
        raise Invalid("Some parameters are invalid.", errors=errors)
    return bound


def _parameter_value(parameter: Parameter, given: Mapping[str, Any], settings: Mapping[str, Any]) -> Any:
    value = given.get(parameter.name)
    if value is None and parameter.value.from_config is not None:
        value = settings.get(parameter.value.from_config)
    if value is None:
        value = parameter.value.default_with(settings)
    # 5.0 is an integer in JSON Schema and in JavaScript, where it is written as `5`.
    if parameter.value.type == "integer" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _raise_for_unset_settings(endpoint: Endpoint, errors: Mapping[str, list[str]]) -> None:
    """A required parameter that only a setting can fill is a settings error, not the caller's."""
    for parameter in endpoint.parameters:
        if parameter.value.from_config and errors.get(f"parameters.{parameter.name}") == ["Required."]:
            name = parameter.value.from_config
            raise SettingsIncomplete(
                f"The setting `{name}` is not set.", errors={f"config.{name}": ["Not set."]}
            )
