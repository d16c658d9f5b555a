"""The inputs that a block accepts, with everything that a form needs to show them. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.manifests.model import MISSING, Block, Parameter, Value
from integrations.manifests.templating import Template, Tree, as_text
from plugin_store.settings.value_types import options_of

# A form does not need to know where a parameter is sent. Which default applies is decided elsewhere.
_CALL_ATTRIBUTES = frozenset({"in", "in_", "default"})
# Attributes that an input does not declare are taken from the setting that can fill it.
_SETTING_ATTRIBUTES = (
    "type",
    "description",
    "label",
    "ui",
    "enum",
    "options",
    "min",
    "max",
    "pattern",
    "format",
)
_ADDRESS = {
    "name": "url",
    "type": "url",
    "required": False,
    "from_config": None,
    "description": "A URL from which the block's inputs are read.",
}

Words = Mapping[str, Any]
Settings = Mapping[str, Words]
"""The properties of a manifest as they are declared, by name."""


def settings_of(manifest: Mapping[str, Any]) -> Settings:
    """The declared properties by name."""
    return {item["name"]: item for item in manifest.get("properties") or ()}


def describe_inputs(block: Block, settings: Settings) -> list[dict[str, Any]]:
    """Each input with `name`, `type`, `required`, `from_config`, and its other declared attributes.

    `type` is null where any string, number or boolean is accepted. `required` means that a render without the input is
    refused, unless `from_config` names a setting that is set. `options` are the choices, as `{value, label}`.
    `from_url` marks the inputs that the patterns read from the input `url`. An undeclared `url` is listed first.
    """
    groups = {name for pattern in block.url_patterns for name in pattern.group_names} - {"url"}
    address = next((item for item in block.inputs if item.name == "url"), None)
    found = [_described(block, item, settings) for item in block.inputs]
    for item in found:
        if item["name"] in groups:
            # Where a URL is required, the URL provides this input.
            is_said = address is not None and address.required
            item |= {"from_url": True, "required": item["required"] and not is_said}
    return [dict(_ADDRESS), *found] if block.url_patterns and address is None else found


def _described(block: Block, item: Value, settings: Settings) -> dict[str, Any]:
    parameters = list(_parameters_filled_by(block, item.name))
    values = [item, *(parameter.value for parameter, words in parameters if words is not None)]
    setting = next((value.from_config for value in values if value.from_config is not None), None)
    default = next((value.default for value in values if value.default is not MISSING), MISSING)
    is_needed = item.required or any(parameter.value.required for parameter, _ in parameters)
    found = _words(block, item, settings.get(setting or "", {}), [words for _, words in parameters])
    found |= {"name": item.name, "type": found.get("type") or item.type, "from_config": setting}
    found["required"] = is_needed and default is MISSING
    if default is not MISSING:
        found["default"] = default
    options = options_of(found)
    found.pop("options", None)
    return found if options is None else {**found, "options": [_option(option) for option in options]}


def _words(block: Block, item: Value, setting: Words, parameters: Sequence[Words | None]) -> dict[str, Any]:
    """The declared attributes of the input: its own, else those of the parameters that it fills, else its setting's."""
    found = {word: setting[word] for word in _SETTING_ATTRIBUTES if word in setting}
    for words in reversed([words for words in parameters if words is not None]):
        found |= words
    found |= (block.declared.get("config_schema") or {}).get(item.name, {})
    return {word: value for word, value in found.items() if word not in _CALL_ATTRIBUTES}


def _option(option: Any) -> dict[str, Any]:
    given = option if isinstance(option, Mapping) else {"value": option}
    value = given.get("value")
    return {"value": value, "label": given.get("label") or _label(value)}


def _label(value: Any) -> str:
    return as_text(value) if isinstance(value, str | int | float) else json.dumps(value)


def _parameters_filled_by(block: Block, name: str) -> Iterator[tuple[Parameter, Words | None]]:
    """The parameters that an input is used in, with the declaration of those that it fills completely."""
    for step in block.steps:
        declared = {item["name"]: item for item in step.endpoint.declared["parameters"]}
        for parameter in step.endpoint.parameters:
            if step.parameters is None:
                if parameter.name == name:
                    yield parameter, declared[parameter.name]
                continue
            node = step.parameters.node.get(parameter.name)
            if isinstance(node, Template) and node.lone == f"inputs.{name}":
                yield parameter, declared[parameter.name]
            elif f"inputs.{name}" in Tree(node).text_names:
                yield parameter, None
