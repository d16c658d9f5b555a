"""Computes signature values over a request with a fixed set of named functions. Pure: the time is an argument."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.manifests.model import Signature, SignatureValue

Function = Callable[[str, str, float], str]
"""Takes input, key and the time in epoch seconds."""

_TELLING_PARTS = frozenset({"request.url", "request.path", "request.query", "request.target", "request.body"})
"""The parts of a request in which a key may travel."""


def request_parts(method: str, url: str, body: bytes | None) -> dict[str, str]:
    """The parts of the final request that a signature may use: `request.method`, `request.path`, …"""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    return {
        "request.method": method,
        "request.url": url,
        "request.origin": f"{parts.scheme}://{parts.netloc}",
        "request.host": parts.netloc,
        "request.path": parts.path,
        "request.query": parts.query,
        "request.target": target or "/",
        "request.body": (body or b"").decode("utf-8", "replace"),
    }


def compute_values(
    signature: Signature,
    scope: Mapping[str, Any],
    now: float,
    functions: Mapping[str, Function] | None = None,
) -> dict[str, Any]:
    """`scope` with the signature's values added; each is computed from the ones before it.

    `functions` replace the named ones. Raises UnresolvedName.
    """
    values, functions = dict(scope), functions or FUNCTIONS
    for item in signature.values:
        values[item.name] = _compute(item, values, now, functions)
    return values


def shown_values(signature: Signature, secret_names: Collection[str]) -> Iterator[str]:
    """The names of values that reveal a secret: base64 of one, or of a part of the request."""
    telling = {*secret_names, *_TELLING_PARTS}
    for item in signature.values:
        if item.function == "base64" and item.input is not None and item.input.names & telling:
            telling.add(item.name)
            yield item.name


def _compute(
    item: SignatureValue, values: Mapping[str, Any], now: float, functions: Mapping[str, Function]
) -> str:
    text = item.input.text(values) if item.input else ""
    key = item.key.text(values) if item.key else ""
    return functions[item.function](text, key, now)


def _hmac_sha256(text: str, key: str) -> bytes:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()


FUNCTIONS: dict[str, Function] = {
    "base64": lambda text, _key, _now: base64.b64encode(text.encode()).decode(),
    "sha256_hex": lambda text, _key, _now: hashlib.sha256(text.encode()).hexdigest(),
    "hmac_sha256_hex": lambda text, key, _now: _hmac_sha256(text, key).hex(),
    "hmac_sha256_base64": lambda text, key, _now: base64.b64encode(_hmac_sha256(text, key)).decode(),
    "now_epoch": lambda _text, _key, now: str(int(now)),
    "now_iso": lambda _text, _key, now: datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
}
