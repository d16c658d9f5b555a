"""The envelope of render and execute: wraps the cached bytes without decoding them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import orjson

from integrations.caching.freshness import Freshness
from integrations.json.exact_json import dump_json
from integrations.rendering.read_through import Rendered


def write_envelope(
    rendered: Rendered, problem: Mapping[str, Any] | None, more: Mapping[str, Any] | None = None
) -> bytes:
    """`{success, data, content_type, error, cached, stale, fetched_at, expires_at, parameters_hash}` as JSON.

    `sample` follows if samples answer in place of the provider, `action` if the block is an action, then the
    members of `more`.
    """
    artifact = rendered.artifact
    if rendered.action is not None:
        more = {"action": rendered.action}
    return b"".join(
        (
            b'{"success":true,"data":',
            artifact.data,
            b',"content_type":',
            orjson.dumps(artifact.content_type),
            b',"error":',
            orjson.dumps(problem),
            b',"cached":true' if rendered.is_cached else b',"cached":false',
            b',"stale":true' if rendered.is_stale else b',"stale":false',
            b',"fetched_at":',
            b"null" if rendered.action is not None else _quoted(artifact.fetched_at),
            b',"expires_at":',
            _expiry(rendered.is_kept, artifact.freshness),
            b',"parameters_hash":',
            _parameters_hash(rendered),
            b',"sample":true' if rendered.is_sample else b"",
            b"}" if more is None else b"," + dump_json(more)[1:],
        )
    )


def timestamp(seconds: float) -> str:
    """ISO 8601 in UTC with milliseconds: `2026-01-02T03:04:05.678Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _expiry(is_kept: bool, freshness: Freshness) -> bytes:
    return _quoted(freshness.expires_at) if is_kept else b"null"


def _parameters_hash(rendered: Rendered) -> bytes:
    """The artifact's key. Null where nothing is kept under it, or where the clock will make it another one."""
    key = rendered.artifact.key
    if not key or rendered.action is not None or rendered.changes_at is not None:
        return b"null"
    return b'"' + key.encode() + b'"'


def _quoted(seconds: float) -> bytes:
    return b'"' + timestamp(seconds).encode() + b'"'
