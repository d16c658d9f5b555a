"""`blocks` made chains of steps with checked inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from integrations.cache_key import digest
from integrations.compiling.actions import check_renewals, compile_action
from integrations.compiling.endpoints import plain_json
from integrations.compiling.problems import Problems
from integrations.compiling.values import check_setting_type, compile_value, may_fit
from integrations.freshness import Wishes
from integrations.manifest import Block, Endpoint, Parameter, Property, Step, Value
from integrations.patterns import Pattern, compile_pattern
from integrations.schedules import Schedule, check_timezone, compile_schedule
from integrations.selection import compile_select
from integrations.templating import Template, Tree


def compile_blocks(
    declared: Sequence[Mapping[str, Any]],
    endpoints: Mapping[str, Endpoint],
    properties: Mapping[str, Property],
    problems: Problems,
    *,
    calls: bool,
    is_stored: bool,
) -> dict[str, Block]:
    """The blocks by id, in their order. `calls` is false for an integration that has nothing to call.

    `is_stored` says that the manifest was taken before; then a block that writes without being an action has a
    `problem`, and the rest of the manifest works on.
    """
    found: dict[str, Block] = {}
    for index, item in enumerate(declared):
        with problems.under(f"blocks[{index}]"):
            if item["id"] in found:
                problems.add("id", f"`{item['id']}` is declared twice.")
                continue
            found[item["id"]] = _block(
                item, endpoints, properties, problems, calls=calls, is_stored=is_stored
            )
    check_renewals(declared, found, problems)
    return found


def _block(
    item: Mapping[str, Any],
    endpoints: Mapping[str, Endpoint],
    properties: Mapping[str, Property],
    problems: Problems,
    *,
    calls: bool,
    is_stored: bool,
) -> Block:
    steps, trouble = _steps(item, endpoints, problems, calls=calls)
    action, refusal = compile_action(item.get("action"), steps)
    if refusal and not is_stored:
        problems.add("action", refusal)
    patterns = _patterns(item, problems)
    inputs = _inputs(item, steps, properties, problems)
    if "config_schema" in item:
        inputs += _inputs_of_patterns(patterns.values(), steps, inputs, properties, problems)
    _check_groups(patterns, inputs, problems)
    _check_references(item, steps, inputs, problems)
    _check_types(item, steps, inputs, problems)
    if item["pre_fetch"] and not all(step.endpoint.is_safe for step in steps):
        problems.add("pre_fetch", "Only what is read by GET or HEAD is fetched ahead.")
    return Block(
        id=item["id"],
        inputs=inputs,
        steps=steps,
        problem=trouble or refusal,
        action=action,
        selector=problems.attempt("select", lambda: compile_select(item["select"]))
        if "select" in item
        else None,
        collect=item["collect"],
        url_patterns=tuple(patterns.values()),
        wishes=Wishes(item.get("cache_ttl"), item.get("stale_while_revalidate"), item.get("stale_if_error")),
        pre_fetch=item["pre_fetch"],
        refresh_interval_seconds=item.get("refresh_interval"),
        schedule=_schedule(item, problems),
        digest=digest([plain_json(item), [step.endpoint.digest for step in steps]]),
        declared=item,
    )


def _patterns(item: Mapping[str, Any], problems: Problems) -> dict[str, Pattern]:
    """The patterns by their field."""
    found: dict[str, Pattern] = {}
    for number, text in enumerate(item["url_patterns"]):
        field = f"url_patterns[{number}]"
        pattern = problems.attempt(field, lambda text=text: compile_pattern(text))
        if pattern is not None:
            found[field] = pattern
    return found


def _schedule(item: Mapping[str, Any], problems: Problems) -> Schedule | None:
    timezone = problems.attempt("timezone", lambda: check_timezone(item.get("timezone")))
    if "schedule" not in item:
        return None
    return problems.attempt("schedule", lambda: compile_schedule(item["schedule"], timezone))


def _steps(
    item: Mapping[str, Any], endpoints: Mapping[str, Endpoint], problems: Problems, *, calls: bool
) -> tuple[tuple[Step, ...], str | None]:
    if "steps" in item:
        return _chain(item["steps"], endpoints, problems), None
    name = item.get("endpoint")
    if name is not None and name not in endpoints:
        problems.add("endpoint", f"There is no endpoint `{name}`.")
        return (), None
    if name is None:
        if not calls:
            return (), "The integration has nothing to call; its frontend draws this block by itself."
        if not endpoints:
            return (), "The integration has no endpoint."
        if len(endpoints) > 1:
            return (), "The block names neither `endpoint` nor `steps`, and there are several endpoints."
        name = next(iter(endpoints))
    return (Step(name, endpoints[name], None, ()),), None


def _chain(
    declared: Sequence[Mapping[str, Any]], endpoints: Mapping[str, Endpoint], problems: Problems
) -> tuple[Step, ...]:
    steps: list[Step] = []
    for index, item in enumerate(declared):
        with problems.under(f"steps[{index}]"):
            endpoint = endpoints.get(item["endpoint"])
            if endpoint is None:
                problems.add("endpoint", f"There is no endpoint `{item['endpoint']}`.")
                continue
            if any(step.id == item["id"] for step in steps):
                problems.add("id", f"`{item['id']}` is declared twice.")
            known = {parameter.name for parameter in endpoint.parameters}
            for name in item["parameters"].keys() - known:
                problems.add(f"parameters.{name}", f"The endpoint `{endpoint.id}` has no such parameter.")
            for parameter in endpoint.parameters:
                if (
                    parameter.value.required
                    and parameter.name not in item["parameters"]
                    and (parameter.value.from_config is None and not _has_default(parameter.value))
                ):
                    problems.add("parameters", f"The endpoint `{endpoint.id}` needs `{parameter.name}`.")
            outputs = tuple(
                (name, selector)
                for name, text in item["outputs"].items()
                if (selector := problems.attempt(f"outputs.{name}", lambda text=text: compile_select(text)))
            )
            steps.append(Step(item["id"], endpoint, problems.tree("parameters", item["parameters"]), outputs))
    return tuple(steps)


def _has_default(value: Value) -> bool:
    return value.default is not None and type(value.default).__name__ != "Missing"


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
    return tuple(compile_value(name, {}, problems, required=True) for name in sorted(names))


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
                    "from_config", "A secret cannot be an input; bind it to the endpoint's parameter."
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
    """What groups of the patterns fill beside the declared inputs: the endpoint's parameters, a chain's names."""
    taken = {value.name for value in declared}
    groups = [name for pattern in patterns for name in pattern.group_names if name not in taken]
    if len(steps) == 1 and steps[0].parameters is None:
        free = {value.name: value for value in _free_values(steps[0].endpoint, properties)}
        return tuple(free[name] for name in dict.fromkeys(groups) if name in free)
    used = frozenset[str]().union(*(_step_names(step.parameters) for step in steps))
    return tuple(
        compile_value(name, {}, problems, required=True)
        for name in dict.fromkeys(groups)
        if f"inputs.{name}" in used
    )


def _free_values(endpoint: Endpoint, properties: Mapping[str, Property]) -> tuple[Value, ...]:
    """The endpoint's parameters that are anybody's to give; what a secret fills is not."""
    values = (parameter.value for parameter in endpoint.parameters)
    return tuple(
        value for value in values if not (value.from_config and _is_secure(value.from_config, properties))
    )


def _check_groups(patterns: Mapping[str, Pattern], inputs: Sequence[Value], problems: Problems) -> None:
    """Notes a group of a pattern whose text its input would always refuse."""
    types = {value.name: value.type for value in inputs}
    for field, pattern in patterns.items():
        for name in pattern.group_names:
            if types.get(name) in ("array", "object"):
                problems.add(
                    field,
                    f"The group `{name}` is text, and the input of that name is of type `{types[name]}`.",
                )


def _is_secure(name: str, properties: Mapping[str, Property]) -> bool:
    return name in properties and properties[name].secure


def _check_references(
    item: Mapping[str, Any], steps: Sequence[Step], inputs: Sequence[Value], problems: Problems
) -> None:
    """A step may use the inputs and what earlier steps gave, nothing else."""
    known = {f"inputs.{value.name}" for value in inputs}
    for index, step in enumerate(steps):
        for name in sorted(_step_names(step.parameters)):
            if name not in known:
                problems.add(
                    f"steps[{index}].parameters",
                    f"`{{{name}}}` is neither an input nor an output of an earlier step.",
                )
        known |= {f"steps.{step.id}.{name}" for name, _ in step.outputs}
    if steps and steps[0].parameters is None and "config_schema" in item:
        endpoint = steps[0].endpoint
        for parameter in endpoint.parameters:
            value = parameter.value
            if (
                value.required
                and value.from_config is None
                and not _has_default(value)
                and parameter.name not in {item.name for item in inputs}
            ):
                problems.add(
                    "config_schema", f"The endpoint `{endpoint.id}` needs an input `{parameter.name}`."
                )


def _check_types(
    item: Mapping[str, Any], steps: Sequence[Step], inputs: Sequence[Value], problems: Problems
) -> None:
    """Notes what the endpoint would refuse of every render: a constant, or an input of another type."""
    kinds = {value.name: value.type for value in inputs}
    for index, step in enumerate(steps):
        filled = step.parameters.node if step.parameters is not None else None
        for parameter in step.endpoint.parameters:
            if step.parameters is None and "config_schema" in item:
                _check_input(
                    f"config_schema.{parameter.name}.type", kinds.get(parameter.name), parameter, problems
                )
            elif isinstance(filled, dict) and parameter.name in filled:
                field = f"steps[{index}].parameters.{parameter.name}"
                _check_filling(field, filled[parameter.name], kinds, parameter, problems)


def _check_filling(
    field: str, node: Any, kinds: Mapping[str, str | None], parameter: Parameter, problems: Problems
) -> None:
    constant = node.literal if isinstance(node, Template) else node
    if constant is not None and not isinstance(constant, dict | tuple):
        for message in parameter.value.check(constant):
            problems.add(field, message)
    elif isinstance(node, Template) and node.lone is None:
        _check_input(field, "string", parameter, problems)
    elif isinstance(node, Template) and str(node.lone).startswith("inputs."):
        _check_input(field, kinds.get(str(node.lone).removeprefix("inputs.")), parameter, problems)


def _check_input(field: str, kind: str | None, parameter: Parameter, problems: Problems) -> None:
    wanted = parameter.value.type
    if not may_fit(kind, wanted):
        problems.add(field, f"The endpoint takes `{parameter.name}` as `{wanted}`, not as `{kind}`.")


def _step_names(parameters: Tree | None) -> frozenset[str]:
    return parameters.names if parameters is not None else frozenset()
