"""Binds and validates a block's inputs, and passes them to its steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import Invalid, UpstreamInvalid
from integrations.manifests.model import Block, Step, Value
from integrations.manifests.templating import NotText, UnresolvedName


def bind_inputs(block: Block, given: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Every input's value by name: the given one, else the one read from `url`, else the setting, else the default.

    Raises Invalid by field: `parameters.location`.
    """
    errors: dict[str, list[str]] = {}
    values = with_url_groups(block, given, config, errors)
    known = {item.name for item in block.inputs}
    for name in values.keys() - known:
        errors[f"parameters.{name}"] = ["Unknown; this block has no such input."]
    bound: dict[str, Any] = {}
    for item in block.inputs:
        value = _input_value(item, values, config)
        if value is None:
            if item.required and f"parameters.{item.name}" not in errors and "parameters.url" not in errors:
                errors[f"parameters.{item.name}"] = [_required(item)]
        elif problems := item.check(value):
            errors[f"parameters.{item.name}"] = problems
        else:
            bound[item.name] = value
    if block.url_patterns and not block.uses_url:
        # A URL that only provides the other inputs must not lead to a second cache key for the same question.
        bound.pop("url", None)
    if errors:
        raise Invalid("Some inputs are invalid.", errors=errors)
    return bound


def step_parameters(
    block: Block, step: Step, inputs: Mapping[str, Any], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that a step passes to its endpoint.

    `values` are the inputs and the earlier steps' outputs, by placeholder. Raises UpstreamInvalid for an output that is
    missing or does not fit, Invalid by field for an input.
    """
    if step.parameters is None:
        names = step.endpoint.parameter_names
        return {name: value for name, value in inputs.items() if name in names}
    optional = frozenset(f"inputs.{item.name}" for item in block.inputs)
    try:
        return step.parameters.value(values, optional)
    except UnresolvedName as missing:
        raise _unusable(missing.name, is_there=False) from None
    except NotText as unfit:
        raise _unusable(unfit.name, is_there=True) from None


def _unusable(placeholder: str, *, is_there: bool) -> Invalid | UpstreamInvalid:
    kind, _, name = placeholder.partition(".")
    if kind == "inputs":
        why = "Must be a string, a number or a boolean." if is_there else "Required with these inputs."
        return Invalid("Some inputs are invalid.", errors={f"parameters.{name}": [why]})
    found = "something other than text for" if is_there else "no"
    reason = "output_unfit" if is_there else "output_missing"
    if kind == "item":
        return UpstreamInvalid(
            f"An item of the list has {found} `{placeholder}`.", reason=reason, output=placeholder
        )
    step_id, _, output = name.partition(".")
    return UpstreamInvalid(
        f"The step `{step_id}` found {found} `{output}`.", reason=reason, step=step_id, output=output
    )


def _input_value(item: Value, values: Mapping[str, Any], config: Mapping[str, Any]) -> Any:
    value = values.get(item.name)
    if value is None and item.from_config is not None:
        value = config.get(item.from_config)
    return item.default_with(config) if value is None else value


def _required(item: Value) -> str:
    if item.from_config is not None:
        return f"Required. Send it, or set `{item.from_config}`."
    return "Required."


def with_url_groups(
    block: Block, given: Mapping[str, Any], config: Mapping[str, Any], errors: dict[str, list[str]]
) -> dict[str, Any]:
    """The given values, plus those that the patterns read from the input `url` (given, a setting or a default)."""
    if not block.url_patterns:
        return dict(given)
    inputs = {item.name: item for item in block.inputs}
    url = given.get("url")
    if url is None and "url" in inputs:
        url = _input_value(inputs["url"], given, config)
    if url is None:
        return dict(given)
    values = {name: value for name, value in given.items() if name != "url" or name in inputs}
    groups = _first_match(block, url)
    if groups is None:
        errors["parameters.url"] = ["The URL matches none of this block's patterns."]
        return values
    for name, text in groups.items():
        if name in inputs and values.get(name) is None:
            values[name] = _typed(text, inputs[name].type)
    return values


def _first_match(block: Block, url: Any) -> dict[str, str] | None:
    if not isinstance(url, str):
        return None
    matches = (pattern.match_groups(url) for pattern in block.url_patterns)
    return next((groups for groups in matches if groups is not None), None)


def _typed(text: str, wanted: str | None) -> Any:
    """Values from a URL are text. For a number input the text is converted."""
    if wanted == "integer" and text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    if wanted == "number":
        try:
            return float(text)
        except ValueError:
            return text
    if wanted == "boolean":
        return {"true": True, "false": False}.get(text, text)
    return text
