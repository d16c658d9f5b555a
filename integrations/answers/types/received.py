"""A parser's input (`Received`), its result (`Parsed`), and its errors."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Literal

from errors import UpstreamInvalid
from integrations.answers.types.reading import READ_PLAINLY, Reading

Kind = Literal["json", "text", "binary"]

JSON_TYPE = "application/json"
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,63}/[a-z0-9!#$&^_.+-]{1,63}")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9_.:+-]{1,40})""", re.IGNORECASE)
# The types that a message may name. A provider can write anything there, even a secret that it was sent.
_NAMEABLE = """
    text/html text/plain text/xml text/css text/csv text/javascript text/markdown text/calendar
    text/event-stream application/json application/xml application/xhtml+xml application/rss+xml
    application/atom+xml application/feed+json application/problem+json application/ld+json
    application/javascript application/pdf application/zip application/gzip application/octet-stream
    application/x-ndjson application/x-www-form-urlencoded application/grpc application/protobuf
    multipart/form-data image/png image/jpeg image/gif image/webp image/avif image/svg+xml image/x-icon
    audio/mpeg audio/ogg video/mp4 video/webm font/woff2
"""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer's body and its metadata. `media_type` is lower-case without parameters, or None."""

    body: bytes = field(repr=False)
    media_type: str | None = None
    charset: str | None = None
    page_url: str | None = None
    status: int = 200
    reading: Reading = READ_PLAINLY
    now: float = 0.0
    """The time of the fetch in epoch seconds."""
    zone: tzinfo = UTC
    """The time zone of times that say none."""

    @property
    def is_json(self) -> bool:
        return self.media_type in (JSON_TYPE, "text/json") or (self.media_type or "").endswith("+json")

    @property
    def is_xml(self) -> bool:
        return self.media_type in ("application/xml", "text/xml") or (self.media_type or "").endswith("+xml")

    @property
    def is_html(self) -> bool:
        return self.media_type in ("text/html", "application/xhtml+xml")

    @property
    def is_vague(self) -> bool:
        """Whether the media type is too general to say what the body is."""
        return self.media_type in (None, "text/plain", "application/octet-stream", "binary/octet-stream")

    @property
    def is_media(self) -> bool:
        """Images, sound and similar types, which are never text (SVG is)."""
        top_level = (self.media_type or "").partition("/")[0]
        return top_level in ("image", "audio", "video", "font") and self.media_type != "image/svg+xml"


@dataclass(frozen=True, slots=True)
class Parsed:
    """An answer as a value: JSON, a string, or bytes, as `kind` says. `content_type` has no parameters."""

    value: Any = field(repr=False)
    content_type: str
    kind: Kind


def read_content_type(header: str | None) -> tuple[str | None, str | None]:
    """The media type and charset of a Content-Type header; None if absent or malformed (RFC 9110 8.3)."""
    if not header:
        return None, None
    media_type = header.partition(";")[0].strip().lower()
    charset = _CHARSET.search(header[:500])
    return (
        media_type if _MEDIA_TYPE.fullmatch(media_type) else None,
        charset.group(1) if charset else None,
    )


def wrong_type(expected: str, received: Received, seen: str | None = None) -> UpstreamInvalid:
    """The failure for an answer of another type. `seen` describes what it looks like, in our own words."""
    named = received.media_type if received.media_type in _NAMEABLE.split() else None
    answered = seen or named or ("another type" if received.media_type else "no type at all")
    return UpstreamInvalid(
        f"Expected {expected}, the provider answered {answered}.",
        upstream_status=received.status,
        reason="wrong_type",
    )


def unparsable(expected: str, problem: str, received: Received) -> UpstreamInvalid:
    """The failure for an answer that has the right media type but cannot be parsed."""
    return UpstreamInvalid(
        f"Expected {expected}, {problem}.", upstream_status=received.status, reason="unparsable"
    )


def empty(expected: str, received: Received) -> UpstreamInvalid:
    """The failure for an answer without a required body."""
    return UpstreamInvalid(
        f"Expected {expected}, the provider answered nothing.",
        upstream_status=received.status,
        reason="empty",
    )
