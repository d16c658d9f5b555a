"""Names that distinguish the places inside a path or a body. Pure.

A manifest's templates and a built request give the same names for the same place. The first shows where a secret would
be sent, the second where it is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

Held = TypeVar("Held")

HOLE = "{}"
MAX_NAME_CHARACTERS = 200
_SHOWN_CHARACTERS = 100
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}

FORM_FORMATS = frozenset({"form", "multipart"})
TEXT_FORMATS = frozenset({"text", "xml"})
MEMBERS_WITHIN = {"graphql": "variables", "jsonrpc": "params"}
"""Where a protocol's body has the values that a caller gives."""


def holes(parts: Iterable[str | Held]) -> Iterator[tuple[Held, str]]:
    """Each part that is not text, with the text before it, in which every other such part is `{}`."""
    before = ""
    for part in parts:
        if isinstance(part, str):
            before += part
        else:
            yield part, before
            before += HOLE


def named(parts: Iterable[Any]) -> str:
    """A name built from texts and other parts, where `{}` replaces each other part and literal braces are doubled."""
    return "".join(double_braces(part) if isinstance(part, str) else HOLE for part in parts)


def double_braces(text: str) -> str:
    """The text with doubled braces, so that they differ from `{}`."""
    return text.replace("{", "{{").replace("}", "}}")


def shortened(position: str) -> str:
    """The end of a long text, with a digest of the whole."""
    if len(position) <= MAX_NAME_CHARACTERS:
        return position
    digest = hashlib.sha256(position.encode("utf-8", "surrogatepass")).hexdigest()
    return f"…{position[-_SHOWN_CHARACTERS:]} (sha256 {digest})"


def member_name(body_format: str, path: Sequence[str | None]) -> str:
    """A body member's normalized path (RFC 9535 section 2.7); None is any element of a list.

    A form has fields only: deeper members are part of a field's value.
    """
    steps = path[:1] if body_format in FORM_FORMATS else path
    return "$" + "".join("[*]" if step is None else f"['{_escaped(step)}']" for step in steps)


def _escaped(name: str) -> str:
    return "".join(_ESCAPES.get(character) or _control(character) for character in name)


def _control(character: str) -> str:
    return character if ord(character) >= 0x20 else f"\\u{ord(character):04x}"
