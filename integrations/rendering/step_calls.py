"""The calls of a chain's step: one, or one for each item of a list. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from errors import Invalid, UpstreamInvalid
from integrations.manifests.model import Block, Step
from integrations.rendering.inputs import step_parameters

MAX_CALLS = 20
"""Of one step."""


def step_calls(
    block: Block, step: Step, inputs: Mapping[str, Any], values: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The parameters of each call of the step, in order.

    `values` are the inputs and the earlier steps' outputs, by placeholder. Raises as `step_parameters` does, also for
    what is no list or has too many items.
    """
    if step.for_each is None:
        return [step_parameters(block, step, inputs, values)]
    names = step.item_names
    return [
        step_parameters(block, step, inputs, {**values, **_item_values(item, names)})
        for item in _items(step.for_each, step, values.get(step.for_each))
    ]


def _items(name: str, step: Step, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise _unfit(name, step, "is no list", "output_unfit")
    if len(value) > MAX_CALLS:
        most = f"a step makes at most {MAX_CALLS} calls; cut the list, like `ids[:{MAX_CALLS}]`"
        found = f"has {len(value)} items, and {most}"
        raise _unfit(name, step, found, "too_many_items")
    return value


def _unfit(name: str, step: Step, found: str, reason: str) -> Invalid | UpstreamInvalid:
    if name.startswith("inputs."):
        field = f"parameters.{name.removeprefix('inputs.')}"
        return Invalid("Some inputs are invalid.", errors={field: [f"It {found}."]})
    return UpstreamInvalid(f"`{{{name}}}` {found}.", reason=reason, step=step.id, output=name)


def _item_values(item: Any, names: frozenset[str]) -> dict[str, Any]:
    """The values of `{item}` and `{item.member}`, as far as they are there."""
    return {name: _member(item, name.split(".")[1:]) for name in names}


def _member(item: Any, path: list[str]) -> Any:
    for name in path:
        item = item.get(name) if isinstance(item, Mapping) else None
    return item
