"""What makes two renders the same. Pure.

The key is SHA-256 over canonical JSON (RFC 8785) of everything that shapes the answer: whose it is, what is asked,
with which settings and with which revision of which secrets. A secret itself never enters it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import rfc8785


def canonical_json(value: Any) -> bytes:
    """The value's one byte string (RFC 8785). Integers beyond 2^53 are written as strings, as I-JSON advises."""
    try:
        return rfc8785.dumps(value)
    except rfc8785.IntegerDomainError:
        return rfc8785.dumps(_with_big_integers_as_text(value))


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def artifact_key(
    *,
    kind: Literal["block", "endpoint"],
    workspace_id: int,
    plugin_id: str,
    declaration_digest: str,
    inputs: Mapping[str, Any],
    config: Mapping[str, Any],
    secret_revisions: Mapping[str, str],
) -> str:
    """The artifact's key, 64 hex digits.

    `declaration_digest` covers the block and the endpoints it uses; `inputs` are validated, defaults filled in;
    `config` and `secret_revisions` hold what the call binds and nothing else, so that a setting which it does
    not use leaves its artifacts fresh.
    """
    return digest(
        {
            "kind": kind,
            "workspace": workspace_id,
            "plugin": plugin_id,
            "declaration": declaration_digest,
            "inputs": dict(inputs),
            "config": dict(config),
            "secrets": dict(secret_revisions),
        }
    )


def _with_big_integers_as_text(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_big_integers_as_text(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_big_integers_as_text(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return f"integer:{value}"
    return value
