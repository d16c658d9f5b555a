"""Placeholder texts for values that are secret or not known yet. Pure.

A placeholder passes every encoder unchanged, so the real builder builds the real request around it. For display it is
replaced by `••••` or by the name of the missing value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from integrations.redaction.redactor import MASK, Redactor

_LENGTH = 40


class Placeholders:
    """The placeholders of one explanation."""

    def __init__(self) -> None:
        self._secrets: set[str] = set()
        self._shown: dict[str, str] = {}

    def secret(self, name: str, *, is_url: bool = False) -> str:
        """A placeholder for a secret or a token. With `is_url` it is a whole URL."""
        text = _text("secret", name)
        self._secrets.add(text)
        return self._as_url(text, MASK) if is_url else text

    def unknown(self, name: str, *, is_url: bool = False) -> str:
        """A placeholder for a value that was not given yet, displayed as `{name}`."""
        text = _text("unknown", name)
        shown = self._shown[text] = f"{{{name}}}"
        return self._as_url(text, shown) if is_url else text

    def covers(self, value: Any) -> bool:
        """Whether the value contains a placeholder."""
        if isinstance(value, str):
            return any(text in value for text in (*self._shown, *self._secrets))
        if isinstance(value, dict):
            return any(self.covers(item) for item in value.values())
        return isinstance(value, (list, tuple)) and any(self.covers(item) for item in value)

    def show(self, text: str, composed: Iterable[str] = ()) -> str:
        """The text for display. `composed` are further texts that were built with secrets."""
        # Longest first: a placeholder for a whole URL contains the placeholder that it was built from.
        for hidden in sorted(self._shown, key=len, reverse=True):
            text = text.replace(hidden, self._shown[hidden])
        return Redactor({*self._secrets, *composed}).redact_text(text)

    def show_value(self, value: Any) -> Any:
        """The JSON value for display."""
        if isinstance(value, str):
            return self.show(value)
        if isinstance(value, dict):
            return {key: self.show_value(item) for key, item in value.items()}
        return [self.show_value(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _as_url(self, text: str, shown: str) -> str:
        url = f"https://{text}"
        self._shown[url] = shown
        return url


def _text(kind: str, name: str) -> str:
    # Lower-case letters and digits are valid in a path segment, a header, a cookie, a form value and a host label.
    return "x" + hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[: _LENGTH - 1]
