"""`response_type: text` and `html`: one string, or an object of what is extracted from it."""

from __future__ import annotations

from integrations.answers.types.charset import decode_text
from integrations.answers.types.page_walk import TooMuchPageError, extract_values
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from integrations.answers.types.text_extract import TooMuchTextError


def parse_text(received: Received) -> Parsed:
    """The decoded text, or what `extract` or `lines` take from it. JSON, XML and HTML are text too; images are not."""
    if received.is_media:
        raise wrong_type("text", received)
    markup = "html" if received.is_html else "xml" if received.is_xml else None
    text = decode_text(received.body, received.charset, markup)
    if "\0" in text:
        raise wrong_type("text", received, "binary data")
    extract = received.reading.text
    if extract is None:
        return Parsed(text, received.media_type or "text/plain", "text")
    try:
        return Parsed(extract.read(text), JSON_TYPE, "json")
    except TooMuchTextError:
        raise unparsable("text", "the answer is too long for what is extracted from it", received) from None


def parse_html(received: Received) -> Parsed:
    """The page's source, decoded but not sanitised, or what `extract` takes from it."""
    if not (received.is_html or received.is_xml or received.is_vague):
        raise wrong_type("HTML", received)
    text = decode_text(received.body, received.charset, "html")
    if "\0" in text[:1024]:
        raise wrong_type("HTML", received, "binary data")
    extract = received.reading.page
    if extract is None:
        return Parsed(text, "text/html", "text")
    try:
        return Parsed(extract_values(extract, text, received.page_url), JSON_TYPE, "json")
    except TooMuchPageError:
        raise unparsable("HTML", "the page is too large for what is extracted from it", received) from None
