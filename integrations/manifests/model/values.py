"""What a parameter or an input accepts, and the settings that fill it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class Missing:
    """The type of MISSING: no value was declared, where null would be one."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Property:
    """A setting of the plugin, as far as calls are concerned."""

    name: str
    secure: bool
    required: bool
    type: str = "string"


@dataclass(frozen=True, slots=True)
class Value:
    """What a parameter or an input accepts, and where it comes from when nobody gives it.

    `check` returns what is wrong with a value, nothing when it is fine.
    """

    name: str
    type: str | None
    required: bool
    default: Any
    from_config: str | None
    check: Callable[[Any], list[str]]
