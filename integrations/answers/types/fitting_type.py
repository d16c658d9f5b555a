"""Finds another `response_type` that an answer would fit. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from integrations.answers.types.binary_answer import sniff_image
from integrations.answers.types.received import Received

_LOOKED_AT_BYTES = 1024
_BY_MEDIA_TYPE = {
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/x-jsonlines": "ndjson",
    "application/json-seq": "ndjson",
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/rss+xml": "feed",
    "application/atom+xml": "feed",
    "application/feed+json": "feed",
    "application/pdf": "binary",
    "application/zip": "binary",
    "application/gzip": "binary",
}
# How a text begins, after blanks, a byte order mark and comments.
_BY_BEGINNING = (
    (re.compile(rb"<(?:rss|feed|rdf:RDF)[\s>]", re.IGNORECASE), "feed"),
    (re.compile(rb"<!doctype html|<html[\s>]|<head[\s>]|<body[\s>]", re.IGNORECASE), "html"),
    (re.compile(rb"<[A-Za-z?!]"), "xml"),
    (re.compile(rb"[\[{]"), "json"),
)
_PROLOGUE = re.compile(
    rb"\A(?:\xef\xbb\xbf)?(?:\s|<\?xml[^>]*>|<!--(?:[^-]|-[^-])*-->|<!DOCTYPE (?!html)[^>\[]*>)*"
)


def fitting_types(received: Received) -> Iterator[str]:
    """The types that the bytes or the Content-Type indicate, the most likely ones first."""
    if sniff_image(received.body):
        yield "image"
    if (named := _BY_MEDIA_TYPE.get(received.media_type or "")) is not None:
        yield named
    elif received.is_media:
        yield "image" if (received.media_type or "").startswith("image/") else "binary"
    yield from _by_beginning(received)
    if received.is_html:
        yield "html"


def _by_beginning(received: Received) -> Iterator[str]:
    head = received.body[:_LOOKED_AT_BYTES]
    if b"\0" in head:
        yield "binary"
        return
    begins = _PROLOGUE.sub(b"", head, count=1)
    kind = next((kind for pattern, kind in _BY_BEGINNING if pattern.match(begins)), "text")
    yield kind
    if kind == "feed":
        yield "xml"
    if kind == "json":
        yield "ndjson"
