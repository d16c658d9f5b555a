"""`response_type: feed`: RSS 0.9x, 1.0 and 2.0, Atom and JSON Feed in one format."""

from __future__ import annotations

import re

from integrations.answers.types.feed_json import feed_from_json
from integrations.answers.types.feed_xml import NotAFeedError, feed_from_xml
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, unparsable, wrong_type
from integrations.answers.types.safe_xml import XmlRefusedError
from integrations.json.exact_json import load_json

_EXPECTED = "a feed (RSS, Atom or JSON Feed)"
_OPENS_AN_OBJECT = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*\{")


def parse_feed(received: Received) -> Parsed:
    """`{title, description, link, updated, items}`; an item is
    `{id, title, link, summary, content_html, author, published, updated, image, categories}`.

    Titles and summaries are plain text, `content_html` has harmless tags only, times are ISO 8601 in UTC, and missing
    values are null. At most the first 200 items.
    """
    try:
        if _OPENS_AN_OBJECT.match(received.body):
            feed = feed_from_json(load_json(received.body), received.page_url)
        else:
            feed = feed_from_xml(received.body, received.charset, received.page_url)
    except NotAFeedError:
        raise wrong_type(_EXPECTED, received, _seen(received)) from None
    except (XmlRefusedError, ValueError):
        if received.is_html or received.is_media:
            raise wrong_type(_EXPECTED, received) from None
        raise unparsable(_EXPECTED, "the answer cannot be read as one", received) from None
    return Parsed(feed, JSON_TYPE, "json")


def _seen(received: Received) -> str | None:
    if received.is_html:
        return None
    return "JSON that is none" if _OPENS_AN_OBJECT.match(received.body) else "XML that is none"
