"""`response_type: text` and `html`: one string."""

from __future__ import annotations

from integrations.answers.types.charset import decode_text
from integrations.answers.types.received import Parsed, Received, wrong_type


def parse_text(received: Received) -> Parsed:
    """The decoded text. JSON, XML and HTML are text too; images and archives are not."""
    if received.is_media:
        raise wrong_type("text", received)
    markup = "html" if received.is_html else "xml" if received.is_xml else None
    text = decode_text(received.body, received.charset, markup)
    if "\0" in text:
        raise wrong_type("text", received, "binary data")
    return Parsed(text, received.media_type or "text/plain", "text")


def parse_html(received: Received) -> Parsed:
    """The page's source, decoded but not sanitised."""
    if not (received.is_html or received.is_xml or received.is_vague):
        raise wrong_type("HTML", received)
    text = decode_text(received.body, received.charset, "html")
    if "\0" in text[:1024]:
        raise wrong_type("HTML", received, "binary data")
    return Parsed(text, "text/html", "text")
