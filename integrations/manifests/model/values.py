"""The rules of a parameter or an input, and the settings that fill it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from integrations.manifests.templating import Tree


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
    """As the manifest has it."""
    from_config: str | None
    check: Callable[[Any], list[str]]
    default_tree: Tree | None = None
    """The default where it contains times."""

    @property
    def default_names(self) -> frozenset[str]:
        """The times in the default."""
        return self.default_tree.names if self.default_tree is not None else frozenset()

    def default_with(self, settings: Mapping[str, Any]) -> Any:
        """The default, its times filled from `settings`; None without one."""
        if self.default_tree is not None:
            return self.default_tree.value(settings)
        return None if self.default is MISSING else self.default
