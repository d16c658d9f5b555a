"""Compiles `blocks` into chains of steps with validated inputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from integrations.json.canonical_json import digest
from integrations.manifests.compiling.actions import check_renewals, compile_action
from integrations.manifests.compiling.endpoints import plain_json
from integrations.manifests.compiling.expressions import check_inputs, compile_expression
from integrations.manifests.compiling.inputs import compile_inputs, names_in_step
from integrations.manifests.compiling.problems import Problems
from integrations.manifests.compiling.templates import check_names
from integrations.manifests.compiling.values import may_fit
from integrations.manifests.display import read_display
from integrations.manifests.freshness_policy import read_policy
from integrations.manifests.model import Block, Endpoint, Parameter, Property, Step, Value
from integrations.manifests.patterns import Pattern, compile_pattern
from integrations.manifests.schedules import Schedule, check_timezone, compile_schedule
from integrations.manifests.templating import Template
from integrations.manifests.time_placeholders import TimePlaceholder, parse_time_placeholder, split_times


def compile_blocks(
    declared: Sequence[Mapping[str, Any]],
    endpoints: Mapping[str, Endpoint],
    properties: Mapping[str, Property],
    problems: Problems,
    *,
    calls: bool,
    is_stored: bool,
) -> dict[str, Block]:
    """The blocks by id, in order. `calls` is false for an integration that has nothing to call.

    `is_stored` means that the manifest was registered before. In that case a block that writes without being an action
    gets a `problem`, and the rest of the manifest works.
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
    steps, trouble = _steps(item, endpoints, properties, problems, calls=calls)
    action, refusal = compile_action(item.get("action"), steps)
    if refusal and not is_stored:
        problems.add("action", refusal)
    patterns = _patterns(item, problems)
    inputs = compile_inputs(item, steps, patterns, properties, problems)
    input_names = {value.name for value in inputs}
    _check_outputs(steps, input_names, problems)
    _check_references(item, steps, inputs, problems)
    _check_types(item, steps, inputs, problems)
    if item["pre_fetch"] and not all(step.endpoint.is_safe for step in steps):
        problems.add("pre_fetch", "Only blocks whose calls use GET or HEAD can be prefetched.")
    time_names = _time_names(steps, input_names)
    return Block(
        id=item["id"],
        inputs=inputs,
        steps=steps,
        problem=trouble or refusal,
        action=action,
        selector=compile_expression("select", item["select"], problems, properties, input_names)
        if "select" in item
        else None,
        collect=item["collect"],
        url_patterns=tuple(patterns.values()),
        freshness_policy=read_policy(item),
        pre_fetch=item["pre_fetch"],
        refresh_interval_seconds=item.get("refresh_interval"),
        schedule=_schedule(item, problems),
        digest=digest([plain_json(item), [step.endpoint.digest for step in steps]]),
        declared=item,
        display=read_display(item.get("display")),
        time_names=time_names,
        times=_times(steps, inputs, time_names, properties),
    )


def _time_names(steps: Sequence[Step], input_names: Collection[str]) -> frozenset[str]:
    """The times in the parameters of the steps, and in the defaults of parameters that nothing fills."""
    found: set[str] = set()
    for step in steps:
        given = step.parameters.node if step.parameters is not None else input_names
        found |= step.endpoint.default_names(given or ())
        found |= split_times(names_in_step(step.parameters))[0]
    return frozenset(found)


def _times(
    steps: Sequence[Step],
    inputs: Sequence[Value],
    time_names: frozenset[str],
    properties: Mapping[str, Property],
) -> tuple[TimePlaceholder, ...]:
    names = time_names.union(
        *(step.endpoint.config_names for step in steps), *(item.default_names for item in inputs)
    )
    found = map(parse_time_placeholder, sorted(split_times(names, properties)[0]))
    return tuple(time for time in found if time is not None)


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
    item: Mapping[str, Any],
    endpoints: Mapping[str, Endpoint],
    properties: Mapping[str, Property],
    problems: Problems,
    *,
    calls: bool,
) -> tuple[tuple[Step, ...], str | None]:
    if "steps" in item:
        return _chain(item["steps"], endpoints, properties, problems), None
    name = item.get("endpoint")
    if name is not None and name not in endpoints:
        problems.add("endpoint", f"There is no endpoint `{name}`.")
        return (), None
    if name is None:
        if not calls:
            return (), "The integration calls nothing. The frontend draws this block itself."
        if not endpoints:
            return (), "The integration has no endpoint."
        if len(endpoints) > 1:
            return (), "The block needs `endpoint` or `steps`, because there are several endpoints."
        name = next(iter(endpoints))
    return (Step(name, endpoints[name], None, ()),), None


def _chain(
    declared: Sequence[Mapping[str, Any]],
    endpoints: Mapping[str, Endpoint],
    properties: Mapping[str, Property],
    problems: Problems,
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
                if (selector := compile_expression(f"outputs.{name}", text, problems, properties, None))
            )
            parameters = problems.tree("parameters", item["parameters"])
            for_each = _list_name(item, endpoint, problems)
            steps.append(Step(item["id"], endpoint, parameters, outputs, for_each, item["may_fail"]))
    return tuple(steps)


def _list_name(item: Mapping[str, Any], endpoint: Endpoint, problems: Problems) -> str | None:
    """The placeholder over whose list the step's call is repeated."""
    if item["may_fail"] and not endpoint.is_safe:
        problems.add("may_fail", f"`{endpoint.id}` changes something; only what reads may fail unheard.")
    if "for_each" not in item:
        return None
    if not endpoint.is_safe:
        problems.add(
            "for_each", f"`{endpoint.id}` changes something; only what reads is called for each item."
        )
    name = problems.template("for_each", item["for_each"]).lone
    if name is None:
        problems.add("for_each", "Write one placeholder, like `{steps.libraries.keys}` or `{inputs.ids}`.")
    return name


def _check_outputs(steps: Sequence[Step], input_names: Collection[str], problems: Problems) -> None:
    """Outputs are compiled before the inputs are known, which may come of the steps."""
    for index, step in enumerate(steps):
        for name, selector in step.outputs:
            check_inputs(f"steps[{index}].outputs.{name}", selector, input_names, problems)


def _has_default(value: Value) -> bool:
    return value.default is not None and type(value.default).__name__ != "Missing"


def _check_references(
    item: Mapping[str, Any], steps: Sequence[Step], inputs: Sequence[Value], problems: Problems
) -> None:
    """A step may only use the inputs and the outputs of earlier steps."""
    known = {f"inputs.{value.name}" for value in inputs}
    for index, step in enumerate(steps):
        _check_list(step, inputs, known, f"steps[{index}].for_each", problems)
        check_names(
            names_in_step(step.parameters),
            known | step.item_names if step.for_each is not None else known,
            f"steps[{index}].parameters",
            problems,
            why="is neither an input nor an output of an earlier step.",
            with_times=True,
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
                note = problems.add_new if item["url_patterns"] else problems.add
                note("config_schema", f"The endpoint `{endpoint.id}` needs an input `{parameter.name}`.")


def _check_list(
    step: Step, inputs: Sequence[Value], known: Collection[str], field: str, problems: Problems
) -> None:
    """Adds a problem for a list that is neither an input nor an output of an earlier step."""
    if step.for_each is None:
        return
    check_names(
        [step.for_each], known, field, problems, why="is neither an input nor an output of an earlier step."
    )
    kinds = {f"inputs.{value.name}": value.type for value in inputs}
    if not may_fit(kinds.get(step.for_each), "array"):
        problems.add(field, f"`{{{step.for_each}}}` is of type `{kinds[step.for_each]}`, and no list.")


def _check_types(
    item: Mapping[str, Any], steps: Sequence[Step], inputs: Sequence[Value], problems: Problems
) -> None:
    """Adds a problem for what the endpoint would always refuse: a constant, or an input of another type."""
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
