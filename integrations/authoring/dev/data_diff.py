"""How one JSON value differs from another, in short lines. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

MAX_LINES = 12
MAX_VALUE_CHARACTERS = 60
_GONE = object()


def diff_data(before: Any, after: Any, max_lines: int = MAX_LINES) -> list[str]:
    """The differences by path, at most `max_lines` and a count of the others; empty if the values are equal.

    `~ a.b: 1 → 2` is a changed value, `+ a.c: 3` a new one, `- a.d: 4` one that is gone.
    """
    lines = list(_differences("", before, after))
    if len(lines) > max_lines:
        return [*lines[:max_lines], f"… and {len(lines) - max_lines} more"]
    return lines


def _differences(path: str, before: Any, after: Any) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in {**before, **after}:
            inner = f"{path}.{name}" if path else name
            yield from _differences(inner, before.get(name, _GONE), after.get(name, _GONE))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            yield from _differences(f"{path}[{index}]", _at(before, index), _at(after, index))
    elif before is _GONE:
        yield f"+ {path}: {compact(after, MAX_VALUE_CHARACTERS)}"
    elif after is _GONE:
        yield f"- {path}: {compact(before, MAX_VALUE_CHARACTERS)}"
    elif (type(before), before) != (type(after), after):
        old, new = (compact(value, MAX_VALUE_CHARACTERS) for value in (before, after))
        yield f"~ {path or 'data'}: {old} → {new}"


def _at(items: list[Any], index: int) -> Any:
    return items[index] if index < len(items) else _GONE


def compact(value: Any, max_characters: int) -> str:
    """The value as JSON in one line, cut off after `max_characters`. Control characters stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = "".join(character if character.isprintable() else _escaped(character) for character in text)
    return text if len(text) <= max_characters else f"{text[: max_characters - 1]}…"


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]
