"""Texts in place of values that must not be known, or are not known yet. Pure.

A placeholder goes through every encoder unchanged, so that the real builder makes the real request around it; shown, it
becomes `••••`, or the placeholder that it stands for.
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
        """In place of a secret or a token; `is_url` where a whole URL is wanted."""
        text = _text("secret", name)
        self._secrets.add(text)
        return self._as_url(text, MASK) if is_url else text

    def unknown(self, name: str, *, is_url: bool = False) -> str:
        """In place of what nobody has given yet: shown as `{name}`."""
        text = _text("unknown", name)
        shown = self._shown[text] = f"{{{name}}}"
        return self._as_url(text, shown) if is_url else text

    def covers(self, value: Any) -> bool:
        """Whether a placeholder is in the value."""
        if isinstance(value, str):
            return any(text in value for text in (*self._shown, *self._secrets))
        if isinstance(value, dict):
            return any(self.covers(item) for item in value.values())
        return isinstance(value, (list, tuple)) and any(self.covers(item) for item in value)

    def show(self, text: str, composed: Iterable[str] = ()) -> str:
        """The text for a person to read. `composed` are further texts that were made with secrets."""
        # The longest first, for a whole URL holds the placeholder that it was made of.
        for hidden in sorted(self._shown, key=len, reverse=True):
            text = text.replace(hidden, self._shown[hidden])
        return Redactor({*self._secrets, *composed}).redact_text(text)

    def show_value(self, value: Any) -> Any:
        """The JSON value for a person to read."""
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
    # Lower-case letters and digits pass as a path segment, a header, a cookie, a form's value and a host's label.
    return "x" + hashlib.sha256(f"{kind} {name}".encode()).hexdigest()[: _LENGTH - 1]
