"""A JSON or YAML file as a value, with the position of each part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

MAX_DEPTH = 100

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a value."""


class Position(NamedTuple):
    """A position in a file; both numbers count from 1, columns in characters."""

    line: int
    column: int


START = Position(1, 1)


class SourceError(ValueError):
    """A file that cannot be read as a value. The message says why."""

    def __init__(self, message: str, position: Position = START) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Source:
    """The content of a file. The position of a member is that of its key, of an element its start."""

    value: Any
    _find_positions: Callable[[], Mapping[Path, Position]] = field(repr=False)

    def position(self, path_text: str) -> Position:
        """The position of `manifest.endpoints[2].path`; that of the nearest parent if it is missing."""
        path = find_path(self.value, path_text)
        while path and path not in self._positions:
            path = path[:-1]
        return self._positions.get(path, START)

    @cached_property
    def _positions(self) -> Mapping[Path, Position]:
        # Most files have no errors, and their positions are never needed.
        return self._find_positions()


def find_path(value: Any, path_text: str) -> Path:
    """The longest part of a written path that exists in the value.

    Names may contain dots and brackets themselves (`headers.X.Y`), so the value decides where a name ends. An object
    where a list is also allowed (`auth`) is its own `[0]`.
    """
    path: list[str | int] = []
    rest = path_text
    while rest:
        step = _next_step(value, rest.removeprefix("."))
        if step is None and rest.startswith("[0]") and isinstance(value, Mapping):
            rest = rest.removeprefix("[0]")
            continue
        if step is None:
            break
        key, rest = step
        path.append(key)
        value = value[key]
    return tuple(path)


def _next_step(value: Any, text: str) -> tuple[str | int, str] | None:
    if isinstance(value, Mapping):
        fitting = [
            key for key in value if text.startswith(key) and text[len(key) : len(key) + 1] in ("", ".", "[")
        ]
        key = max(fitting, key=len, default=None)
        return None if key is None else (key, text[len(key) :])
    if isinstance(value, list) and text.startswith("["):
        digits, _, rest = text[1:].partition("]")
        if digits.isdecimal() and int(digits) < len(value):
            return int(digits), rest
    return None
