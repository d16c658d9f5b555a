"""The inputs of blocks as typed on a command line: `name=value`. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WRITTEN_AS_JSON = frozenset({"integer", "number", "boolean", "object", "array", "multiselect"})

Described = Sequence[Mapping[str, Any]]
"""The inputs of a block as `describe_inputs` gives them."""


def parse_pair(text: str) -> tuple[str, str]:
    """`name=value` as a pair. Raises ValueError."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"`{text}` is not name=value.")
    return name.strip(), value


def inputs_of(described: Described, given: Mapping[str, str]) -> dict[str, Any]:
    """The given inputs that the block has, each as a value of its type. Text that is no such value stays text."""
    types = {item["name"]: item["type"] for item in described}
    return {name: _value(types[name], text) for name, text in given.items() if name in types}


def unknown_inputs(blocks: Iterable[Described], given: Mapping[str, str]) -> list[str]:
    """The given names that no block has."""
    return sorted(given.keys() - {item["name"] for described in blocks for item in described})


def missing_inputs(described: Described, inputs: Mapping[str, Any]) -> list[str]:
    """The required inputs that are not given and have no default; one that a setting may fill is left to the server."""
    reads_url = "url" in inputs
    return [
        item["name"]
        for item in described
        if item["required"] and item["from_config"] is None and item["name"] not in inputs
        if not (reads_url and item.get("from_url"))
    ]


def parse_listed(value: Any) -> dict[str, list[dict[str, Any]]]:
    """Lists of inputs by block, as a file has them. Raises ValueError."""
    is_fit = isinstance(value, dict) and all(
        isinstance(items, list) and all(isinstance(item, dict) for item in items) for items in value.values()
    )
    if not is_fit:
        raise ValueError('It must list inputs by block, like {"city": [{"city": "Oslo"}]}.')
    return value


def _value(kind: str | None, text: str) -> Any:
    if kind is not None and kind not in _WRITTEN_AS_JSON:
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    is_scalar = isinstance(value, int | float)
    return value if kind is not None or is_scalar else text
