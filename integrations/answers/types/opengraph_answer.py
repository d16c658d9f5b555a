"""`response_type: opengraph`: a page's metadata for a preview."""

from __future__ import annotations

from itertools import islice
from typing import Any

from integrations.answers.types.charset import decode_text
from integrations.answers.types.feed_items import iso_utc, one_line
from integrations.answers.types.html_tokens import Token, read_tokens
from integrations.answers.types.received import JSON_TYPE, Parsed, Received, wrong_type
from integrations.answers.types.web_urls import web_url

# Metadata is at a page's beginning; the rest is not parsed.
MAX_BYTES = 1024 * 1024
MAX_TOKENS = 50_000
_MAX_FACTS = 500
_MAX_DESCRIPTION_CHARACTERS = 1_000
_EXPECTED = "a web page"

_TITLE = ("og:title", "twitter:title", "title")
_DESCRIPTION = ("og:description", "twitter:description", "description")
_IMAGE = (
    "og:image:secure_url",
    "og:image:url",
    "og:image",
    "twitter:image",
    "twitter:image:src",
    "link:image_src",
)
_AUTHOR = ("author", "article:author", "twitter:creator")
_PUBLISHED = ("article:published_time", "og:published_time", "date", "dc.date", "datepublished")
_ICON = ("link:icon", "link:apple-touch-icon", "link:apple-touch-icon-precomposed", "link:mask-icon")


def parse_opengraph(received: Received) -> Parsed:
    """`{url, title, description, image, site_name, type, icon, canonical, author, published, locale, twitter_card}`.

    From Open Graph, Twitter cards, then the page's own title, description and links. URLs are absolute http or https,
    texts are plain, `published` is ISO 8601 in UTC, and missing values are null.
    """
    if not (received.is_html or received.is_xml or received.is_vague):
        raise wrong_type(_EXPECTED, received)
    html = decode_text(received.body[:MAX_BYTES], received.charset, "html")
    if "<" not in html or "\0" in html[:1024]:
        raise wrong_type(_EXPECTED, received, "something that is none")
    return Parsed(_metadata(_read_facts(html), received.page_url), JSON_TYPE, "json")


def _metadata(facts: dict[str, list[str]], page_url: str | None) -> dict[str, Any]:
    base_url = web_url(_first(facts, "base"), page_url) or page_url

    def address(*names: str) -> str | None:
        candidates = (web_url(value, base_url) for name in names for value in facts.get(name, []))
        return next((url for url in candidates if url), None)

    canonical = address("link:canonical")
    return {
        "url": address("og:url") or canonical or page_url,
        "title": one_line(_first(facts, *_TITLE)),
        "description": one_line(_first(facts, *_DESCRIPTION), _MAX_DESCRIPTION_CHARACTERS),
        "image": address(*_IMAGE),
        "site_name": one_line(_first(facts, "og:site_name", "application-name")),
        "type": one_line(_first(facts, "og:type"), 100),
        "icon": address(*_ICON),
        "canonical": canonical,
        "author": one_line(_first(facts, *_AUTHOR)),
        "published": iso_utc(_first(facts, *_PUBLISHED)),
        "locale": one_line(_first(facts, "og:locale", "lang"), 35),
        "twitter_card": one_line(_first(facts, "twitter:card"), 100),
    }


def _first(facts: dict[str, list[str]], *names: str) -> str | None:
    return next((value for name in names for value in facts.get(name, []) if value.strip()), None)


def _read_facts(html: str) -> dict[str, list[str]]:
    """The page's metadata by name: `og:title`, `link:icon`, `title`, `base`, `lang`."""
    facts: dict[str, list[str]] = {}
    left = _MAX_FACTS
    previous = ""
    for token in islice(read_tokens(html), MAX_TOKENS):
        stated = _title_text(token, previous, facts) if token.kind == "text" else _stated(token)
        previous = token.text if token.kind == "start" else ""
        for name, value in stated:
            facts.setdefault(name, []).append(value)
            left -= 1
        if left <= 0:
            break
    return facts


def _title_text(token: Token, previous: str, facts: dict[str, list[str]]) -> list[tuple[str, str]]:
    # The first title is the page's; later ones belong to SVG images.
    return [("title", token.text)] if previous == "title" and "title" not in facts else []


def _stated(token: Token) -> list[tuple[str, str]]:
    if token.kind != "start" or token.text not in ("meta", "link", "base", "html"):
        return []
    attributes = token.attributes
    if token.text == "meta":
        name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
        return [(name.strip().lower(), attributes["content"])] if name and "content" in attributes else []
    if token.text == "link":
        relations = attributes.get("rel", "").lower().split()
        return [(f"link:{relation}", attributes["href"]) for relation in relations if "href" in attributes]
    wanted = "href" if token.text == "base" else "lang"
    return [("base" if wanted == "href" else "lang", attributes[wanted])] if wanted in attributes else []
