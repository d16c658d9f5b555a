"""A block's inputs: declared, taken from its endpoint, or read from a URL by its patterns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.values import check_setting_type, compile_value
from integrations.manifests.model import Endpoint, Property, Step, Value
from integrations.manifests.patterns import Pattern
from integrations.manifests.templating import Template, Tree


def compile_inputs(
    item: Mapping[str, Any],
    steps: Sequence[Step],
    patterns: Mapping[str, Pattern],
    properties: Mapping[str, Property],
    problems: Problems,
) -> tuple[Value, ...]:
    """The inputs of a block, in order. `patterns` are its compiled ones, by their field."""
    inputs = _inputs(item, steps, properties, problems)
    if "config_schema" in item:
        inputs += _inputs_of_patterns(patterns.values(), steps, inputs, properties, problems)
    _check_groups(patterns, inputs, problems)
    return inputs


def names_in_step(parameters: Tree | None) -> frozenset[str]:
    """The placeholders in the parameters of a step."""
    return parameters.names if parameters is not None else frozenset()


def _inputs(
    item: Mapping[str, Any], steps: Sequence[Step], properties: Mapping[str, Property], problems: Problems
) -> tuple[Value, ...]:
    if "config_schema" in item:
        return _declared_inputs(item["config_schema"], properties, problems)
    if len(steps) == 1 and steps[0].parameters is None:
        # Without a schema the endpoint's own parameters are the inputs.
        return _free_values(steps[0].endpoint, properties)
    names = {
        name.removeprefix("inputs.")
        for step in steps
        if step.parameters is not None
        for name in step.parameters.names
        if name.startswith("inputs.")
    }
    return tuple(
        compile_value(name, {}, problems, required=_is_needed(name, steps)) for name in sorted(names)
    )


def _declared_inputs(
    declared: Mapping[str, Mapping[str, Any]], properties: Mapping[str, Property], problems: Problems
) -> tuple[Value, ...]:
    inputs = []
    for name, item in declared.items():
        with problems.under(f"config_schema.{name}"):
            setting = item.get("from_config")
            if setting is not None and setting not in properties:
                problems.add("from_config", f"There is no property `{setting}`.")
            elif setting is not None and properties[setting].secure:
                problems.add(
                    "from_config", "A secret cannot be an input. Bind it to a parameter of the endpoint."
                )
            check_setting_type({"from_config": setting, **item}, properties, problems)
            inputs.append(compile_value(name, item, problems, required=item.get("required", False)))
    return tuple(inputs)


def _inputs_of_patterns(
    patterns: Iterable[Pattern],
    steps: Sequence[Step],
    declared: Sequence[Value],
    properties: Mapping[str, Property],
    problems: Problems,
) -> tuple[Value, ...]:
    """The inputs that only groups of the patterns fill: the endpoint's parameters, a chain's names."""
    taken = {value.name for value in declared}
    groups = [name for pattern in patterns for name in pattern.group_names if name not in taken]
    if len(steps) == 1 and steps[0].parameters is None:
        free = {value.name: value for value in _free_values(steps[0].endpoint, properties)}
        return tuple(free[name] for name in dict.fromkeys(groups) if name in free)
    used = frozenset[str]().union(*(names_in_step(step.parameters) for step in steps))
    return tuple(
        compile_value(name, {}, problems, required=_is_needed(name, steps))
        for name in dict.fromkeys(groups)
        if f"inputs.{name}" in used
    )


def _is_needed(name: str, steps: Sequence[Step]) -> bool:
    """Whether a chain requires the input: a text contains it, or a parameter has no other value."""
    for step in steps:
        nodes = step.parameters.node if step.parameters is not None else {}
        needed = set(step.endpoint.needed_inputs)
        for parameter, node in nodes.items():
            is_whole = isinstance(node, Template) and node.lone == f"inputs.{name}"
            if (is_whole and parameter in needed) or f"inputs.{name}" in Tree(node).text_names:
                return True
    return False


def _free_values(endpoint: Endpoint, properties: Mapping[str, Property]) -> tuple[Value, ...]:
    """The endpoint's parameters that a caller may set; those filled by a secret are left out."""
    values = (parameter.value for parameter in endpoint.parameters)
    return tuple(
        value for value in values if not (value.from_config and _is_secure(value.from_config, properties))
    )


def _check_groups(patterns: Mapping[str, Pattern], inputs: Sequence[Value], problems: Problems) -> None:
    """Adds a problem for a pattern group whose text its input would always refuse."""
    types = {value.name: value.type for value in inputs}
    for field, pattern in patterns.items():
        for name in pattern.group_names:
            if types.get(name) in ("array", "object"):
                problems.add_new(
                    field,
                    f"The group `{name}` is text, but the input with this name has the type `{types[name]}`.",
                )


def _is_secure(name: str, properties: Mapping[str, Property]) -> bool:
    return name in properties and properties[name].secure
