"""How big a JSON value is: counted as a tree, so that a value shared a thousand times weighs a thousand times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class ValueTooBigError(ValueError):
    """A value passes one of the limits it was measured against."""


@dataclass(frozen=True, slots=True)
class JsonSize:
    """`nodes` counts all values, containers too; `characters` those of strings and keys; a scalar's `depth` is 1."""

    nodes: int
    characters: int
    depth: int


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """The most a value may be; measuring stops at the first that is passed, so its cost is bounded too."""

    nodes: int = 5_000_000
    characters: int = 64 * 1024 * 1024
    depth: int = 1_000


def measure_value(value: Any, limits: SizeLimits) -> JsonSize:
    """The size of a JSON value; raises `ValueTooBigError` as soon as a limit is passed."""
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
        # What waits is counted before it is looked at: a wide value ends here without being walked.
        if nodes + len(pending) > limits.nodes or characters > limits.characters or deepest > limits.depth:
            raise ValueTooBigError
    return JsonSize(nodes, characters, deepest)
