"""Finding a secret in a text that somebody else wrote, also where it was encoded on the way."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import unquote, unquote_plus

# A shorter piece of base64 turns up by chance.
_SHORTEST_BASE64 = 6


def traces_of(secret: str) -> frozenset[str]:
    """What gives a secret away: itself, and base64 of any text that it is part of, in both alphabets."""
    traces = {secret}
    for preceding_bytes in range(3):
        core = _base64_core(secret.encode(), preceding_bytes)
        if len(core) >= _SHORTEST_BASE64:
            traces |= {core, core.replace("+", "-").replace("/", "_")}
    return frozenset(traces)


def _base64_core(secret: bytes, preceding_bytes: int) -> str:
    # The digits at both ends also depend on the neighbours: only those between are the secret's own.
    encoded = base64.b64encode(b"\0" * preceding_bytes + secret).decode("ascii")
    first = -(-preceding_bytes * 8 // 6)
    end = (preceding_bytes + len(secret)) * 8 // 6
    return encoded[first:end]


def carries_secret(text: str, secrets: Iterable[str]) -> bool:
    """Whether any of the secrets stands in the text: raw, percent-encoded (twice too) or in base64."""
    readings = {text, unquote(text), unquote(unquote(text)), unquote_plus(text), unquote(text, "latin-1")}
    traces = frozenset().union(*(traces_of(secret) for secret in secrets if secret))
    return any(trace in reading for trace in traces for reading in readings)
