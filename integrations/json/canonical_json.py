"""The canonical bytes of a JSON value (RFC 8785), and their digest. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785


def canonical_json(value: Any) -> bytes:
    """The value's canonical bytes (RFC 8785). Integers beyond 2^53 are written as strings, as I-JSON advises."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        return rfc8785.dumps(_with_big_integers_as_text(value))


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def _with_big_integers_as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_big_integers_as_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_big_integers_as_text(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return f"integer:{value}"
    return value
