"""The size of a JSON value, counted as a tree: a value shared a thousand times counts a thousand times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class ValueTooBigError(ValueError):
    """A value exceeds one of the limits."""


@dataclass(frozen=True, slots=True)
class JsonSize:
    """`nodes` counts all values, containers too; `characters` those of strings and keys; a scalar's `depth` is 1."""

    nodes: int
    characters: int
    depth: int


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The maximum size of a value. Measuring stops at the first exceeded limit, so its cost is limited too."""

    nodes: int = 5_000_000
    characters: int = 64 * 1024 * 1024
    depth: int = 1_000


def measure_value(value: Any, limits: SizeLimits) -> JsonSize:
    """The size of a JSON value. Raises `ValueTooBigError` as soon as a limit is exceeded."""
    nodes = characters = deepest = 0
    pending: list[tuple[Any, int]] = [(value, 1)]
    while pending:
        current, depth = pending.pop()
        nodes += 1
        deepest = max(deepest, depth)
        if isinstance(current, str):
            characters += len(current)
        elif isinstance(current, dict):
            characters += sum(map(len, current))
            pending.extend([(child, depth + 1) for child in current.values()])
        elif isinstance(current, list):
            pending.extend([(child, depth + 1) for child in current])
        # Pending values are counted before they are visited, so a wide value ends here without a walk.
        if nodes + len(pending) > limits.nodes or characters > limits.characters or deepest > limits.depth:
            raise ValueTooBigError
    return JsonSize(nodes, characters, deepest)
