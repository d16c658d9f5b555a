"""JSON Feed 1.0 and 1.1 (jsonfeed.org)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from integrations.answers.types.feed_items import (
    MAX_ITEMS,
    NotAFeedError,
    feed_shape,
    iso_utc,
    item_shape,
    one_line,
)
from integrations.answers.types.web_urls import web_url

_VERSION = "jsonfeed.org/version/"


def feed_from_json(document: Any, page_url: str | None) -> dict[str, Any]:
    """The feed of a JSON Feed document; raises `NotAFeedError`."""
    if not isinstance(document, Mapping) or _VERSION not in _text(document, "version", ""):
        raise NotAFeedError
    link = web_url(document.get("home_page_url"), page_url)
    base_url = link or page_url
    given = document.get("items")
    entries = [entry for entry in given if isinstance(entry, Mapping)] if isinstance(given, list) else []
    items = [_item(entry, base_url) for entry in entries[:MAX_ITEMS]]
    times = (
        iso_utc(_text(entry, "date_modified") or _text(entry, "date_published"))
        for entry in entries[:MAX_ITEMS]
    )
    return feed_shape(
        title=one_line(_text(document, "title")),
        description=one_line(_text(document, "description")),
        link=link,
        updated=max((time for time in times if time), default=None),
        items=items,
    )


def _item(entry: Mapping[str, Any], base_url: str | None) -> dict[str, Any]:
    plain = _text(entry, "content_text")
    summary = _text(entry, "summary")
    link = web_url(entry.get("url"), base_url) or web_url(entry.get("external_url"), base_url)
    tags = entry.get("tags")
    return item_shape(
        item_id=str(entry["id"]) if isinstance(entry.get("id"), str | int | float) else None,
        title=one_line(_text(entry, "title")),
        link=link,
        # Text that the specification calls plain is shown unchanged, including angle brackets.
        summary=escape(summary or plain or "", quote=False) or None,
        html=_text(entry, "content_html"),
        author=_author(entry),
        published=_text(entry, "date_published"),
        updated=_text(entry, "date_modified"),
        image=web_url(entry.get("image"), base_url) or web_url(entry.get("banner_image"), base_url),
        categories=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
        base_url=link or base_url,
    )


def _author(entry: Mapping[str, Any]) -> str | None:
    listed = entry.get("authors")
    authors = listed if isinstance(listed, list) else [entry.get("author")]
    names = [_text(author, "name") for author in authors if isinstance(author, Mapping)]
    return ", ".join(name for name in names if name) or None


def _text(mapping: Mapping[str, Any], key: str, default: Any = None) -> Any:
    value = mapping.get(key)
    return value if isinstance(value, str) else default
