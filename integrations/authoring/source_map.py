"""A JSON or YAML file as a value, and where in the file each part of it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

MAX_DEPTH = 100

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a value."""


class Position(NamedTuple):
    """A place in a file; both count from 1, columns in characters."""

    line: int
    column: int


START = Position(1, 1)


class SourceError(ValueError):
    """A file that cannot be read as a value; the message says why."""

    def __init__(self, message: str, position: Position = START) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True)
class Source:
    """What a file holds. Members stand where their key does, elements where they begin."""

    value: Any
    _find_positions: Callable[[], Mapping[Path, Position]] = field(repr=False)

    def position(self, path_text: str) -> Position:
        """Where `manifest.endpoints[2].path` stands; the nearest part around it when it is not there itself."""
        path = find_path(self.value, path_text)
        while path and path not in self._positions:
            path = path[:-1]
        return self._positions.get(path, START)

    @cached_property
    def _positions(self) -> Mapping[Path, Position]:
        # Most files are fine, and then nobody asks where anything stands.
        return self._find_positions()


def find_path(value: Any, path_text: str) -> Path:
    """As much of a written path as leads somewhere in the value.

    Names may hold dots and brackets themselves (`headers.X.Y`), so the value decides where a name ends. An object
    where a list of them may stand (`auth`) is its own `[0]`.
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
