"""The common format of every kind of feed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from integrations.answers.types.html_clean import Fragment, plain_text, shorten

MAX_ITEMS = 200
MAX_TITLE_CHARACTERS = 500
MAX_SUMMARY_CHARACTERS = 1_000
MAX_CATEGORIES = 20
_MAX_DATE_CHARACTERS = 64
_HAS_TAG = re.compile(r"<[a-zA-Z/!]")
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d{2})?")


class NotAFeedError(ValueError):
    """A readable document that is not a feed."""


def feed_shape(
    *, title: str | None, description: str | None, link: str | None, updated: str | None, items: list[Any]
) -> dict[str, Any]:
    """A feed as JSON."""
    return {"title": title, "description": description, "link": link, "updated": updated, "items": items}


def item_shape(
    *,
    item_id: str | None,
    title: str | None,
    link: str | None,
    summary: str | None,
    html: str | None,
    author: str | None,
    published: str | None,
    updated: str | None,
    image: str | None,
    categories: Iterable[str],
    base_url: str | None,
) -> dict[str, Any]:
    """An item as JSON. `summary` and `html` are the feed's own HTML; each replaces the other if that is missing."""
    markup = html or summary or ""
    content = Fragment(markup)
    short = Fragment(summary) if summary and html else content
    return {
        "id": one_line(item_id) or link,
        "title": title,
        "link": link,
        "summary": short.plain_text(MAX_SUMMARY_CHARACTERS) or None,
        "content_html": _content_html(markup, content, base_url),
        "author": one_line(author),
        "published": iso_utc(published),
        "updated": iso_utc(updated),
        "image": image or content.first_image(base_url),
        "categories": _distinct(categories),
    }


def _content_html(markup: str, content: Fragment, base_url: str | None) -> str | None:
    """Harmless HTML if the text contains markup; plain text is in the summary already."""
    return (content.clean_html(base_url) or None) if _HAS_TAG.search(markup) else None


def text_of(html: str | None, max_characters: int = MAX_TITLE_CHARACTERS) -> str | None:
    """The visible text of a string that may contain markup."""
    return (plain_text(html, max_characters) or None) if html else None


def one_line(text: str | None, max_characters: int = MAX_TITLE_CHARACTERS) -> str | None:
    """Text without markup on one line, shortened."""
    if not text:
        return None
    return shorten(" ".join(text[: max_characters * 4].split()), max_characters) or None


def iso_utc(text: str | None) -> str | None:
    """`2026-01-02T03:04:05Z` for a date of RFC 822 or ISO 8601, else None. Without a zone it is UTC."""
    cleaned = (text or "").strip()
    if not cleaned or len(cleaned) > _MAX_DATE_CHARACTERS:
        return None
    try:
        moment = _read_date(cleaned)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")


def _read_date(text: str) -> datetime:
    if not text[:4].isdigit():
        return parsedate_to_datetime(text)
    if _YEAR_OR_MONTH.fullmatch(text):
        text = (text + "-01-01")[:10]
    try:
        return datetime.fromisoformat(text.replace(" UTC", "Z").replace(" GMT", "Z"))
    except ValueError:
        return parsedate_to_datetime(text)


def _distinct(categories: Iterable[str]) -> list[str]:
    found: dict[str, None] = {}
    for category in categories:
        name = one_line(category, 100)
        if name:
            found.setdefault(name)
        if len(found) == MAX_CATEGORIES:
            break
    return list(found)
