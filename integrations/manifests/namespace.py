"""The values of one call's placeholders, and whether an error blames a parameter or a setting. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from errors import Invalid, SettingsIncomplete
from integrations.manifests.templating import Name, NotText, Template, Tree, UnresolvedName, resolve_text

NOT_IN_HEADERS = re.compile(r"[^\t\x20-\x7e]")
NOT_TEXT = "Must be a string, a number or a boolean."
_NOT_A_HEADER = (
    "A header cannot contain this value: it has control characters, spaces at an end or non-ASCII characters."
)


@dataclass(frozen=True, slots=True)
class Namespace:
    """Values by name. `parameters` are the names given with the call; all others are settings.

    An unusable value raises by field: Invalid for a parameter, SettingsIncomplete for a setting.
    """

    values: Mapping[str, Any]
    parameters: Collection[str] = ()

    def text(self, name: str) -> str:
        """The value as text."""
        try:
            return resolve_text(name, self.values)
        except (UnresolvedName, NotText) as error:
            raise self._refused(error) from None

    def fill(self, template: Template, encode: Callable[[str], str] | None = None) -> str:
        """The template's text; `encode` is applied to inserted values."""
        try:
            return template.text(self.values, encode)
        except (UnresolvedName, NotText) as error:
            raise self._refused(error) from None

    def header(self, name: str) -> str:
        """The value as header text."""
        text = self.text(name)
        if not _fits_header(text):
            raise self.unfit(name, _NOT_A_HEADER)
        return text

    def fill_header(self, template: Template, prefix: str = "") -> str:
        """The template's text as a header value."""
        filled = self.fill(template)
        text = prefix + filled
        if not _fits_header(text) or filled != filled.strip():
            raise self.unfit(self._culprit(template, filled), _NOT_A_HEADER)
        return text

    def fill_tree(self, tree: Tree, optional: frozenset[str]) -> Any:
        """The tree's JSON value, without members whose only value is an absent name among `optional`."""
        try:
            return tree.value(self.values, optional)
        except (UnresolvedName, NotText) as error:
            raise self._refused(error) from None

    def unfit(self, name: str, why: str) -> Invalid | SettingsIncomplete:
        """The error for a value that does not fit its place."""
        if name in self.parameters:
            return Invalid(f"The parameter `{name}` is refused.", errors={f"parameters.{name}": [why]})
        return SettingsIncomplete(f"The setting `{name}` is refused.", errors={f"config.{name}": [why]})

    def unset(self, name: str) -> Invalid | SettingsIncomplete:
        """The error for a name without a value."""
        if name in self.parameters:
            return Invalid(
                f"The parameter `{name}` is needed here.", errors={f"parameters.{name}": ["Required."]}
            )
        return SettingsIncomplete(
            f"The setting `{name}` is not set.", errors={f"config.{name}": ["Not set."]}
        )

    def _refused(self, error: UnresolvedName | NotText) -> Invalid | SettingsIncomplete:
        return (
            self.unset(error.name) if isinstance(error, UnresolvedName) else self.unfit(error.name, NOT_TEXT)
        )

    def _culprit(self, template: Template, text: str) -> str:
        """The name of the value that makes the text an invalid header value."""
        names = [part.value for part in template.parts if isinstance(part, Name)]
        for name in names:
            if NOT_IN_HEADERS.search(self.text(name)):
                return name
        end = template.parts[0] if text != text.lstrip() else template.parts[-1]
        return end.value if isinstance(end, Name) else min(names, default="")


def _fits_header(text: str) -> bool:
    return not NOT_IN_HEADERS.search(text) and text == text.strip()
