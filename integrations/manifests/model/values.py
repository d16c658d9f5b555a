"""The rules of a parameter or an input, and the settings that fill it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Missing:
    """The type of MISSING: no value was declared. null would be a value."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Property:
    """A setting of the plugin, as far as calls use it."""

    name: str
    secure: bool
    required: bool
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Value:
    """The rules of a parameter or an input, and its value if none is given.

    `check` returns the errors of a value; empty if it is valid.
    """

    name: str
    type: str | None
    required: bool
    default: Any
    from_config: str | None
    check: Callable[[Any], list[str]]
