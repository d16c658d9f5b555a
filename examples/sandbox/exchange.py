"""A request to a provider of the sandbox (`Request`) and its answer (`Reply`)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in. `path` is decoded and without the provider's prefix.

    `origin` is the sandbox's own, as the caller wrote it in Host. `pause(seconds)` waits, but never longer
    than the sandbox lives. `count(name)` numbers the calls of that name, from 1.
    """

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes
    origin: str
    pause: Callable[[float], None]
    count: Callable[[str], int]

    def number(self, name: str, default: float, highest: float) -> float:
        """The query's number of that name, `default` when it is absent or not one, within 0 and `highest`."""
        try:
            value = float(self.query.get(name, default))
        except ValueError:
            return default
        return min(max(value, 0.0), highest)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `chunks` is sent piece by piece after `body`; `raw` replaces all of it, framing too.

    `declared_length` lies about the body's length; without it, an answer with `chunks` ends by closing.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    chunks: Iterable[bytes] | None = None
    declared_length: int | None = None
    raw: Iterable[bytes] | None = field(default=None, repr=False)

    @property
    def closes(self) -> bool:
        """Whether the connection cannot be used again after this answer."""
        return self.raw is not None or self.chunks is not None or self.declared_length is not None


def json_reply(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    """`value` as a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(status, body, headers=tuple((headers or {}).items()))


def text_reply(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Reply:
    """`text` as it stands."""
    return Reply(status, text.encode(), content_type)
