"""Answers that echo a secret: the secret is masked, or, where that is impossible, the answer is a failure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any
from uuid import uuid4

from errors import UpstreamInvalid
from integrations.answers.types.received import Parsed
from integrations.redaction.redactor import MASK, Redactor

Parse = Callable[[bytes], Parsed]

_JSON_TYPES = frozenset({"json", "ndjson"})


def hide_echoes(
    response_type: str, parsed: Parsed, body: bytes, secrets: Collection[str], parse: Parse
) -> Any:
    """The parsed value without the secrets.

    The body is searched too, because a parser may split a secret (CSV at its comma, a feed at its blanks), so that it
    is shown in parts and not found. Raises UpstreamInvalid (reason `echoed_secret`) if a secret of the body was not
    masked in the value. `parse` is the function that made `parsed` from `body`.
    """
    redactor = Redactor(secrets)
    if parsed.kind == "binary":
        return redactor.redact_bytes(parsed.value)
    in_body = redactor.found_in(body)
    if not in_body and response_type in _JSON_TYPES and _reads_as_sent(body, secrets):
        return parsed.value
    masked, count = redactor.redact_and_count(parsed.value)
    # Parsing as JSON or as plain text changes no text: what is in the body is in the value, equally often.
    is_faithful = response_type in _JSON_TYPES or parsed.kind == "text"
    if in_body and not (
        count >= redactor.count_in(body) if is_faithful else masked == _parsed_without(redactor, body, parse)
    ):
        raise UpstreamInvalid(
            "The provider's answer repeats a secret so that it cannot be masked.",
            reason="echoed_secret",
        )
    return masked


def _reads_as_sent(body: bytes, secrets: Collection[str]) -> bool:
    """Whether each string of this JSON is part of its text, except for escapes that do not affect the search.

    Then one search is enough, which matters for large answers. A number may be spelled in several ways.
    """
    # Searching for one byte is forty times faster than for two.
    is_plain = body.isascii() and (b"\\" not in body or b"\\u" not in body)
    return is_plain and not any(map(_is_number, secrets))


def _is_number(secret: str) -> bool:
    try:
        float(secret)
    except ValueError:
        return False
    return True


def _parsed_without(redactor: Redactor, body: bytes, parse: Parse) -> Any:
    """The value of the same answer with each secret replaced by a word that no parser splits; None if there is none."""
    word = f"m{uuid4().hex}"
    try:
        value = redactor.redact_value(parse(redactor.redact_bytes(body, word.encode())).value)
    except UpstreamInvalid:
        return None
    return _with_mask(value, word)


def _with_mask(value: Any, word: str) -> Any:
    if isinstance(value, str):
        return value.replace(word, MASK)
    if isinstance(value, list):
        return [_with_mask(item, word) for item in value]
    if isinstance(value, dict):
        return {_with_mask(name, word): _with_mask(item, word) for name, item in value.items()}
    return value
