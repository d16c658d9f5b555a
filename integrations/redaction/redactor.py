"""Removes secrets from a provider's answer, in every form in which they are likely to be echoed.

Only whole secrets are searched: a mask for a part would confirm a partial guess.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from typing import Any

from integrations.json.exact_json import dump_json
from integrations.redaction.secret_encodings import SecretEncodings, fold
from schemas.api.state import MIN_HIDDEN_SECRET_LENGTH

MASK = "••••"


class Redactor:
    """Replaces the given secrets by `••••`. Creating and searching are cheap; only a match is expensive."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # Longest first: a secret may be part of another one.
        hidden = sorted(hidden_secrets({*secrets}), key=lambda secret: (-len(secret), secret))
        self._forms = [SecretEncodings(secret) for secret in hidden]

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} secrets>"

    def found_in(self, body: bytes) -> bool:
        """Whether these bytes contain a secret in any form: raw, percent-encoded, base64, as JSON or HTML."""
        return any(forms.found_in(body) for forms in self._candidates(body))

    def redact_bytes(self, body: bytes, mask: bytes = MASK.encode()) -> bytes:
        """The bytes without the secrets. Use `redact_value` for JSON: a mask inside a number is invalid JSON."""
        return self._replace(body, mask)[0]

    def count_in(self, body: bytes) -> int:
        """How often these bytes contain a secret."""
        return self._replace(body, b"")[1]

    def redact_text(self, text: str) -> str:
        """The text without the secrets."""
        return self._redact_text(text)[0]

    def redact_value(self, value: Any) -> Any:
        """A JSON value without the secrets, or the same value if it contains none.

        Secrets are masked in strings and keys. A number that spells a secret is replaced by the mask.
        """
        return self.redact_and_count(value)[0]

    def redact_and_count(self, value: Any) -> tuple[Any, int]:
        """The same, and how often a secret was found."""
        if not self._forms or not self._may_be_in_json(value):
            return value, 0
        return self._redact_json(value)

    def _candidates(self, body: bytes) -> list[SecretEncodings]:
        if not self._forms:
            return []
        folded = fold(body)
        return [forms for forms in self._forms if forms.may_be_in(folded)]

    def _replace(self, body: bytes, mask: bytes) -> tuple[bytes, int]:
        count = 0
        for forms in self._candidates(body):
            body, found = forms.replaced_in(body, mask)
            count += found
        return body, count

    def _may_be_in_json(self, value: Any) -> bool:
        try:
            return bool(self._candidates(dump_json(value)))
        except ValueError:
            return True

    def _redact_text(self, text: str) -> tuple[str, int]:
        redacted, count = self._replace(text.encode("utf-8", "surrogatepass"), MASK.encode())
        # A form in another charset can end inside a character of this text.
        return (redacted.decode("utf-8", "replace"), count) if count else (text, 0)

    def _redact_json(self, value: Any) -> tuple[Any, int]:
        if isinstance(value, str):
            return self._redact_text(value)
        if isinstance(value, list):
            items = [self._redact_json(item) for item in value]
            return [item for item, _ in items], sum(count for _, count in items)
        if isinstance(value, dict):
            return self._redact_members(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            count = self._count_in_number(value)
            return (MASK if count else value), count
        return value, 0

    def _redact_members(self, members: dict[str, Any]) -> tuple[dict[str, Any], int]:
        names = [self._redact_text(name) for name in members]
        values = [self._redact_json(value) for value in members.values()]
        redacted = {name: value for (name, _), (value, _) in zip(names, values, strict=True)}
        return redacted, sum(count for _, count in (*names, *values))

    def _count_in_number(self, number: float) -> int:
        text = dump_json(number).decode()
        return sum(text.count(forms.secret) for forms in self._forms)


def is_short(secret: str) -> bool:
    """Whether the secret has too few characters to be masked safely."""
    return 0 < len(secret) < MIN_HIDDEN_SECRET_LENGTH


def hidden_secrets(secrets: Collection[str]) -> set[str]:
    """The secrets that are searched: those long enough that finding one takes more than a few answers."""
    short = {secret for secret in secrets if is_short(secret)}
    return {*secrets} - short - _pairs_of(secrets, short) - {""}


def _pairs_of(secrets: Collection[str], short: Collection[str]) -> set[str]:
    """`user:password` and its base64 (RFC 7617) if the password is short: guessing it would reveal the pair."""
    encoded = {
        base64.b64encode(secret.encode("utf-8", "surrogatepass")).decode(): secret for secret in secrets
    }
    pairs = {text: pair for text, pair in encoded.items() if text in secrets}
    return {
        each
        for text, pair in pairs.items()
        if any(pair.endswith(f":{secret}") for secret in short)
        for each in (text, pair)
    }
