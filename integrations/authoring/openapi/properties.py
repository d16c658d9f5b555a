"""The settings of an imported manifest, with unique names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integrations.authoring.openapi.names import snake_case, unique_name, valid_name


class Properties:
    """The properties so far, in order."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}

    def add(self, wanted: str, declared: Mapping[str, Any]) -> str:
        """Declares a property and returns its name. Identical declarations of a name are one property."""
        name = valid_name(wanted, "setting")
        same = self._found.get(name)
        if same is not None and {word: same[word] for word in same if word != "name"} == declared:
            return name
        name = unique_name(name, self._found)
        self._found[name] = {"name": name, **declared}
        return name

    def add_secret(self, wanted: str, label: str, *, required: bool, description: str | None = None) -> str:
        """Declares a secure property and returns its name."""
        declared: dict[str, Any] = {"type": "string", "required": required, "secure": True}
        if description:
            declared["description"] = description
        return self.add(snake_case(wanted), {**declared, "ui": {"type": "password", "label": label}})

    def as_list(self) -> list[dict[str, Any]]:
        return list(self._found.values())
