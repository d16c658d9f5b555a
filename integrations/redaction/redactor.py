"""Secrets taken out of what a provider answers, in every form in which one is likely to come back.

Only whole secrets are looked for: were a part replaced, the mask would tell a guesser how far he is.
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
    """Replaces the given secrets by `••••`. Cheap to make and to ask; dear only where a secret is found."""

    def __init__(self, secrets: Iterable[str]) -> None:
        # The longest first: a secret may be part of another.
        hidden = sorted(hidden_secrets({*secrets}), key=lambda secret: (-len(secret), secret))
        self._forms = [SecretEncodings(secret) for secret in hidden]

    def __repr__(self) -> str:
        return f"<Redactor of {len(self._forms)} secrets>"

    def found_in(self, body: bytes) -> bool:
        """Whether a secret stands in these bytes in any form: raw, percent-encoded, base64, as JSON or HTML."""
        return any(forms.found_in(body) for forms in self._candidates(body))

    def redact_bytes(self, body: bytes, mask: bytes = MASK.encode()) -> bytes:
        """The bytes without the secrets. For JSON use `redact_value`: a mask inside a number is no JSON."""
        return self._replace(body, mask)[0]

    def count_in(self, body: bytes) -> int:
        """In how many places of these bytes a secret stands."""
        return self._replace(body, b"")[1]

    def redact_text(self, text: str) -> str:
        """The text without the secrets."""
        return self._redact_text(text)[0]

    def redact_value(self, value: Any) -> Any:
        """A JSON value without the secrets, the value itself when there are none in it.

        Strings and keys lose them; a number that spells a secret becomes the mask.
        """
        return self.redact_and_count(value)[0]

    def redact_and_count(self, value: Any) -> tuple[Any, int]:
        """The same, and in how many places a secret stood."""
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
    """Whether the secret has too few characters for its mask to be safe."""
    return 0 < len(secret) < MIN_HIDDEN_SECRET_LENGTH


def hidden_secrets(secrets: Collection[str]) -> set[str]:
    """The secrets that are looked for: those long enough that finding one takes more than a few answers."""
    short = {secret for secret in secrets if is_short(secret)}
    return {*secrets} - short - _pairs_of(secrets, short) - {""}


def _pairs_of(secrets: Collection[str], short: Collection[str]) -> set[str]:
    """`user:password` and its base64 (RFC 7617) where the password is a short one: who guesses it has the pair."""
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
