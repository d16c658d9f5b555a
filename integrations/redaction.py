"""Secrets taken out of what a provider answers, in every form in which one is likely to come back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from integrations.exact_json import dump_json
from integrations.secret_forms import SecretForms

MASK = "••••"
# Three letters stand by chance in any text: hiding them would spoil answers and protect nothing.
MIN_SECRET_CHARACTERS = 4
# The digits of a shorter number are found inside many longer ones, timestamps for one.
_MIN_DIGITS_INSIDE_A_NUMBER = 8
_PART_CHARACTERS = 128


class Redactor:
    """Replaces the given secrets by `••••`. Cheap to make and to ask; dear only where a secret is found."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {
            part for secret in secrets if len(secret) >= MIN_SECRET_CHARACTERS for part in _parts_of(secret)
        }
        # The longest first: a secret may be part of another.
        self._forms = [SecretForms(part) for part in sorted(parts, key=lambda part: (-len(part), part))]

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} secrets>"

    def found_in(self, body: bytes) -> bool:
        """Whether a secret stands in these bytes in any form: raw, percent-encoded, base64, as JSON or HTML."""
        return any(forms.found_in(body) for forms in self._forms)

    def redact_bytes(self, body: bytes) -> bytes:
        """The bytes without the secrets. For JSON use `redact_value`: a mask inside a number is no JSON."""
        for forms in self._forms:
            if forms.may_be_in(body):
                body = forms.replaced_in(body, MASK.encode())
        return body

    def redact_text(self, text: str) -> str:
        """The text without the secrets."""
        body = text.encode("utf-8", "surrogatepass")
        redacted = self.redact_bytes(body)
        # A form in another charset can end inside a character of this text.
        return text if redacted is body else redacted.decode("utf-8", "replace")

    def redact_value(self, value: Any) -> Any:
        """A JSON value without the secrets, the value itself when there are none in it.

        Strings and keys lose them; a number that spells a secret becomes the mask.
        """
        if not self._forms or not self._may_be_in_json(value):
            return value
        return self._redact_json(value)

    def _may_be_in_json(self, value: Any) -> bool:
        try:
            written = dump_json(value)
        except ValueError:
            return True
        return any(forms.may_be_in(written) for forms in self._forms)

    def _redact_json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, list):
            return [self._redact_json(item) for item in value]
        if isinstance(value, dict):
            return {self.redact_text(key): self._redact_json(item) for key, item in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool):
            return MASK if self._is_spelled_by(value) else value
        return value

    def _is_spelled_by(self, number: float) -> bool:
        text = dump_json(number).decode()
        return any(
            forms.secret == text
            or (len(forms.secret) >= _MIN_DIGITS_INSIDE_A_NUMBER and forms.secret in text)
            for forms in self._forms
        )


def _parts_of(secret: str) -> Iterator[str]:
    """The secret itself, or a long one in parts, each looked for by itself: the pattern for a whole key is huge."""
    start = 0
    # What is left over joins the last part, so that none is too short to be looked for.
    while len(secret) - start >= 2 * _PART_CHARACTERS:
        yield secret[start : start + _PART_CHARACTERS]
        start += _PART_CHARACTERS
    yield secret[start:]
