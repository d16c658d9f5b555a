"""The linter's findings, and its input."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from integrations.manifests.model import Block, Endpoint, Integration

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding in a manifest, and its place. `code` names the rule of a warning."""

    level: Level
    path: str
    message: str
    code: str | None = None


LintWarning = tuple[str, str]
"""A path below `manifest`, and the warning about what stands there."""


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A manifest that compiles, as written and as compiled."""

    manifest: Mapping[str, Any]
    integration: Integration

    def section(self) -> Mapping[str, Any]:
        """The members of `integration`."""
        return self.manifest["integration"]

    def declared(self, word: str) -> Sequence[Mapping[str, Any]]:
        """`properties`, `endpoints` or `blocks` as written."""
        return self.manifest.get(word) or ()

    def endpoints(self) -> Iterator[tuple[str, Mapping[str, Any], Endpoint]]:
        """Each endpoint's path, declaration and compiled form."""
        for index, item in enumerate(self.declared("endpoints")):
            yield f"endpoints[{index}]", item, self.integration.endpoints[item["id"]]

    def blocks(self) -> Iterator[tuple[str, Mapping[str, Any], Block]]:
        """Each block's path, declaration and compiled form."""
        for index, item in enumerate(self.declared("blocks")):
            yield f"blocks[{index}]", item, self.integration.blocks[item["id"]]

    def is_secret(self, name: str | None) -> bool:
        return name is not None and name in self._secrets()

    def _secrets(self) -> list[str]:
        return [name for name, item in self.integration.properties.items() if item.secure]

    def secrets_in(self, template: Any) -> list[str]:
        """The secure properties that a template names."""
        if not isinstance(template, str):
            return []
        return [name for name in self._secrets() if f"{{{name}}}" in template]
