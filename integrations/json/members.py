"""Members of a JSON body by dotted names, where a number is an index in a list: `params.0`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from errors import Invalid


def is_place(name: str) -> bool:
    """Whether a part of a dotted name is an index in a list."""
    return name.isascii() and name.isdigit()


def member_path(node: Any, path: Sequence[str]) -> tuple[str | None, ...]:
    """The path with None for each list index, as `set_member` uses it in a body that is declared like `node`."""
    found: list[str | None] = []
    for name in path:
        if isinstance(node, (list, tuple)) or (not isinstance(node, dict) and is_place(name)):
            found.append(None)
            items = node if isinstance(node, (list, tuple)) else ()
            node = items[int(name)] if is_place(name) and int(name) < len(items) else None
        else:
            found.append(name)
            node = node.get(name) if isinstance(node, dict) else None
    return tuple(found)


def set_member(container: Any, path: Sequence[str], value: Any) -> Any:
    """A copy of the container with the value at the path. The original is unchanged.

    Missing parents are created: an object, or a list before a number. In an object a number is a name. Raises Invalid
    for an index beyond the end of a list.
    """
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(container, list) or (not isinstance(container, dict) and is_place(name)):
        return _set_element(container if isinstance(container, list) else [], name, rest, value)
    members = container if isinstance(container, dict) else {}
    return {**members, name: set_member(members.get(name), rest, value)}


def _set_element(items: list[Any], name: str, rest: Sequence[str], value: Any) -> list[Any]:
    index = int(name) if is_place(name) else None
    if index is None or index > len(items):
        raise Invalid(
            f"The body has a list of {len(items)} where a credential goes to `{name}`.",
            errors={"body": [f"The list has no index `{name}`."]},
        )
    before = items[index] if index < len(items) else None
    return [*items[:index], set_member(before, rest, value), *items[index + 1 :]]
