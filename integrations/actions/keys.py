"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header). Pure."""

from __future__ import annotations

import re

from errors import IdempotencyKeyMissing

MAX_KEY_CHARACTERS = 255

# A String of RFC 8941 section 3.3.3, or the same without quotes, as many clients send it.
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
_BARE = re.compile(r"[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+")
_ESCAPE = re.compile(r"\\(.)")


def read_key(header: str | None) -> str:
    """The key, without quotes. Raises IdempotencyKeyMissing, also for an unreadable one."""
    if header is None or not header.strip():
        raise IdempotencyKeyMissing("Send a new `Idempotency-Key` with each action, such as a random UUID.")
    text = header.strip(" \t")
    quoted = _QUOTED.fullmatch(text)
    key = _ESCAPE.sub(r"\1", quoted[1]) if quoted else text
    if not 0 < len(key) <= MAX_KEY_CHARACTERS or not (quoted or _BARE.fullmatch(text)):
        raise IdempotencyKeyMissing(
            f"The `Idempotency-Key` is one string of 1 to {MAX_KEY_CHARACTERS} ASCII characters, in quotes or without."
        )
    return key
