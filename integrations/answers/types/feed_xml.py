"""Parses RSS 0.9x, 1.0, 2.0 and Atom 0.3, 1.0 into the common feed format."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integrations.answers.types.feed_items import (
    MAX_ITEMS,
    MAX_SUMMARY_CHARACTERS,
    NotAFeedError,
    feed_shape,
    iso_utc,
    item_shape,
    one_line,
    text_of,
)
from integrations.answers.types.feed_tree import Element, read_feed_tree
from integrations.answers.types.web_urls import web_url

_AUTHOR_OF_RSS = re.compile(r"\S{1,200}@\S{1,200}\s{1,9}\((.{1,200})\)")
_PICTURE = re.compile(r"\.(?:png|jpe?g|gif|webp|avif|svg)(?:\?|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Base:
    """What relative addresses are relative to (W3C XML Base). `is_declared`: the document says so itself."""

    url: str | None
    is_declared: bool = False

    def of(self, element: Element | None) -> Base:
        """The base within the element."""
        declared = element.attributes.get("xml:base") if element is not None else None
        url = web_url(declared, self.url) if declared else None
        return Base(url, True) if url is not None else self


def feed_from_xml(body: bytes, charset: str | None, page_url: str | None) -> dict[str, Any]:
    """The feed of an XML document; raises `NotAFeedError`, or `XmlRefusedError` when it is not well-formed."""
    root = read_feed_tree(body, charset, {"item", "entry"}, MAX_ITEMS)
    if root.name not in ("rss", "feed", "rdf:RDF"):
        raise NotAFeedError
    channel = root if root.name == "feed" else root.first("channel") or root
    # RSS 0.90 and 1.0 put the items beside the channel, other versions inside it.
    entries = [*channel.all("item", "entry"), *(root.all("item") if root is not channel else [])]
    base = Base(page_url).of(root).of(channel)
    link = _link(channel, base)
    # Without xml:base, feeds that stand elsewhere than their site mean the site.
    items_base = base if base.is_declared else Base(link or page_url)
    return feed_shape(
        title=text_of(channel.text("title")),
        description=text_of(channel.text("description", "subtitle", "tagline"), MAX_SUMMARY_CHARACTERS),
        link=link,
        updated=iso_utc(channel.text("lastBuildDate", "updated", "modified", "pubDate", "dc:date")),
        items=[_item(entry, items_base) for entry in entries[:MAX_ITEMS]],
    )


def _item(entry: Element, feed_base: Base) -> dict[str, Any]:
    base = feed_base.of(entry)
    link = _link(entry, base)
    content = base.of(entry.first("content:encoded", "content") or entry.first("description", "summary"))
    base_url = content.url if content.is_declared else link or feed_base.url
    return item_shape(
        item_id=entry.text("guid", "id") or entry.attributes.get("rdf:about"),
        title=_title(entry),
        link=link,
        summary=_html(entry, "description", "summary"),
        html=_html(entry, "content:encoded", "content"),
        author=_author(entry),
        published=entry.text("pubDate", "published", "issued", "dc:date", "created"),
        updated=entry.text("updated", "modified"),
        image=_image(entry, base_url),
        categories=_categories(entry),
        base_url=base_url,
    )


def _title(entry: Element) -> str | None:
    title = entry.first("title")
    if title is None:
        return None
    # Atom declares whether a title is markup (RFC 4287 section 3.1.1); RSS does not, and both occur there.
    if entry.name == "entry" and title.attributes.get("type", "text") in ("text", "text/plain"):
        return one_line(title.content())
    return text_of(title.html() if title.has_children() else title.content())


def _html(entry: Element, *names: str) -> str | None:
    found = entry.first(*names)
    if found is None:
        return None
    if found.has_children():
        return found.html()
    content = found.content()
    if entry.name == "entry" and found.attributes.get("type", "text") in ("text", "text/plain"):
        return content.replace("&", "&amp;").replace("<", "&lt;") or None
    return content or None


def _link(parent: Element, base: Base) -> str | None:
    links = list(parent.all("link"))
    for link in links:
        # An Atom link is an attribute, an RSS link the element's text. RSS feeds contain both kinds.
        if link.attributes.get("rel", "alternate") == "alternate":
            address = web_url(link.attributes.get("href") or link.content(), base.of(link).url)
            if address:
                return address
    guid = parent.first("guid")
    if guid is not None and guid.attributes.get("isPermaLink", "true") == "true":
        return web_url(guid.content())
    return None


def _author(entry: Element) -> str | None:
    names = [name for author in entry.all("author") if (name := author.text("name"))]
    if names:
        return ", ".join(names)
    given = entry.text("dc:creator", "itunes:author", "author")
    named = _AUTHOR_OF_RSS.fullmatch(given) if given else None
    return named.group(1) if named else given


def _categories(entry: Element) -> Iterator[str]:
    for category in entry.all("category", "dc:subject"):
        yield category.attributes.get("label") or category.attributes.get("term") or category.content()


def _image(entry: Element, base_url: str | None) -> str | None:
    for address in _image_addresses(entry):
        absolute = web_url(address, base_url)
        if absolute:
            return absolute
    return None


def _image_addresses(entry: Element) -> Iterator[str | None]:
    holders = [entry, *entry.all("media:group")]
    for holder in holders:
        yield from (thumbnail.attributes.get("url") for thumbnail in holder.all("media:thumbnail"))
    for holder in holders:
        yield from (_picture_of(media) for media in holder.all("media:content", "enclosure"))
    yield from (link.attributes.get("href") for link in entry.all("link") if _is_picture_link(link))
    yield from (image.attributes.get("href") for image in entry.all("itunes:image"))
    yield from (image.text("url") for image in entry.all("image"))


def _picture_of(media: Element) -> str | None:
    address = media.attributes.get("url", "")
    kind = media.attributes.get("medium") or media.attributes.get("type", "")
    return address if kind.startswith("image") or (not kind and _PICTURE.search(address[-300:])) else None


def _is_picture_link(link: Element) -> bool:
    return link.attributes.get("rel") == "enclosure" and link.attributes.get("type", "").startswith("image/")
