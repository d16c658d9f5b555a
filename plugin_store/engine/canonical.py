"""Compares JSON values in their canonical form (RFC 8785): 5 equals 5.0, true is not 1, key order is ignored."""

from __future__ import annotations

import hashlib
from typing import Any

import rfc8785


class UncanonicalError(ValueError):
    """The value is not JSON that every reader understands alike. The message says why, without quoting it."""


def canonical_json(value: Any) -> bytes:
    """The value's canonical bytes. Raises UncanonicalError."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        raise UncanonicalError("A whole number must lie between -(2^53 - 1) and 2^53 - 1.") from None
    except rfc8785.FloatDomainError:
        raise UncanonicalError("A number must be finite.") from None
    except RecursionError:
        raise UncanonicalError("This is nested too deeply.") from None
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        raise UncanonicalError("Text must be valid Unicode.") from None


def check_canonical(value: Any) -> None:
    """Raises UncanonicalError where `canonical_json` would. A text is checked without writing it."""
    if not isinstance(value, str):
        canonical_json(value)
        return
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UncanonicalError("Text must be valid Unicode.") from None


def digest(value: Any) -> str:
    """SHA-256 over the value's canonical bytes, in hex. Raises UncanonicalError."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def same_value(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal."""
    return canonical_json(one) == canonical_json(other)
