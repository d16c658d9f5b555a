"""Parses a provider's answer by the endpoint's `response_type`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, tzinfo

from errors import UpstreamInvalid
from integrations.answers.types.binary_answer import parse_binary, parse_image
from integrations.answers.types.csv_answer import parse_csv
from integrations.answers.types.feed_answer import parse_feed
from integrations.answers.types.fitting_type import fitting_types
from integrations.answers.types.ical_answer import parse_ical
from integrations.answers.types.json_answer import parse_json, parse_ndjson
from integrations.answers.types.opengraph_answer import parse_opengraph
from integrations.answers.types.prometheus_answer import parse_prometheus
from integrations.answers.types.reading import READ_PLAINLY, Reading
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, empty, read_content_type
from integrations.answers.types.text_answer import parse_html, parse_text
from integrations.answers.types.xml_answer import parse_xml

__all__ = ["RESPONSE_TYPES", "Parsed", "parse_answer"]

Parser = Callable[[Received], Parsed]

# Response type → its parser and its name in messages.
_PARSERS: dict[str, tuple[Parser, str]] = {
    "json": (parse_json, "JSON"),
    "ndjson": (parse_ndjson, "JSON lines"),
    "csv": (parse_csv, "CSV"),
    "xml": (parse_xml, "XML"),
    "prometheus": (parse_prometheus, "Prometheus metrics"),
    "ical": (parse_ical, "a calendar"),
    "feed": (parse_feed, "a feed"),
    "opengraph": (parse_opengraph, "a web page"),
    "text": (parse_text, "text"),
    "html": (parse_html, "HTML"),
    "image": (parse_image, "an image"),
    "binary": (parse_binary, "a file"),
}
RESPONSE_TYPES = frozenset(_PARSERS)

# Created, accepted, no content, reset content: statuses that may have no body.
_BODILESS_STATUSES = frozenset({201, 202, 204, 205})
# Without lines or rows, the value is an empty list or text.
_MAY_BE_EMPTY = frozenset({"ndjson", "csv", "text", "html"})
_NOTHING = b"\xef\xbb\xbf \t\r\n"


def parse_answer(
    response_type: str,
    content_type: str | None,
    body: bytes,
    *,
    page_url: str | None = None,
    status: int = 200,
    allow_empty: bool = False,
    reading: Reading = READ_PLAINLY,
    now: float = 0.0,
    zone: tzinfo = UTC,
) -> Parsed:
    """The body's value, with its kind and the media type to pass on.

    `page_url` is the base URL for relative links in a page or a feed. An empty body is None, whatever the response
    type, if the status or `allow_empty` (HEAD, DELETE) permits it. `now` is the time of the fetch in epoch seconds,
    `zone` that of times without a time zone.
    Raises `errors.UpstreamInvalid` with `reason` wrong_type, unparsable or empty. Its detail never quotes the body,
    and names the type to declare if another one would work (`fitting_response_type`).
    """
    parse, expected = _PARSERS[response_type]
    media_type, charset = read_content_type(content_type)
    received = Received(body, media_type, charset, page_url, status, reading, now, zone)
    may_be_empty = response_type in _MAY_BE_EMPTY and not reading.makes_object
    if not may_be_empty and not body[:64].strip(_NOTHING) and not body.strip(_NOTHING):
        if status not in _BODILESS_STATUSES and not allow_empty:
            raise empty(expected, received)
        return Parsed(None, JSON_TYPE, "json")
    try:
        return parse(received)
    except UpstreamInvalid as error:
        raise _with_advice(error, response_type, received) from None


def _with_advice(error: UpstreamInvalid, response_type: str, received: Received) -> UpstreamInvalid:
    """The failure, with the type to declare if the answer can be read as another type."""
    is_other = error.extensions["reason"] == "wrong_type" or received.is_vague
    fitting = (kind for kind in fitting_types(received) if kind != response_type and _can_be(kind, received))
    if not is_other or (advised := next(fitting, None)) is None:
        return error
    return UpstreamInvalid(
        f"{error.detail} Declare `response_type: {advised}`.",
        **{**error.extensions, "fitting_response_type": advised},
    )


def _can_be(response_type: str, received: Received) -> bool:
    try:
        _PARSERS[response_type][0](received)
    except UpstreamInvalid:
        return False
    return True
