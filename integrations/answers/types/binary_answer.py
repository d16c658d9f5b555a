"""`response_type: binary` and `image`: bytes, unchanged."""

from __future__ import annotations

import re

from integrations.answers.types.received import Parsed, Received, wrong_type

OCTETS = "application/octet-stream"
_SVG = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:[^-]|-[^-])*-->\s*|<!DOCTYPE[^>]*>\s*)*<svg[\s>]"
)
_SVG_WITHIN = 2048
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"\0\0\1\0", "image/x-icon"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
)
_ISO_BRANDS = {b"avif": "image/avif", b"avis": "image/avif", b"heic": "image/heic", b"mif1": "image/heif"}


def parse_binary(received: Received) -> Parsed:
    """Any bytes, with the media type that the provider sends."""
    return Parsed(received.body, received.media_type or OCTETS, "binary")


def parse_image(received: Received) -> Parsed:
    """An image's bytes. Their detected type overrides the Content-Type header."""
    sniffed = sniff_image(received.body)
    if sniffed is not None:
        return Parsed(received.body, sniffed, "binary")
    declared = received.media_type or ""
    if not declared.startswith("image/"):
        raise wrong_type("an image", received)
    # An image type outside our table is accepted as declared, unless the body is plainly text.
    if declared in _SNIFFABLE or received.body.lstrip()[:1] in (b"<", b"{", b"["):
        raise wrong_type("an image", received, "an image of another type than its Content-Type")
    return Parsed(received.body, declared, "binary")


def sniff_image(body: bytes) -> str | None:
    """The media type that an image's first bytes show, or None."""
    for signature, media_type in _SIGNATURES:
        if body.startswith(signature):
            return media_type
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    if body[4:8] == b"ftyp":
        return _ISO_BRANDS.get(body[8:12])
    return "image/svg+xml" if _SVG.match(body[:_SVG_WITHIN]) else None


_SNIFFABLE = frozenset(
    {"image/png", "image/jpeg", "image/jpg", "image/gif", "image/webp", "image/avif", "image/svg+xml"}
)
