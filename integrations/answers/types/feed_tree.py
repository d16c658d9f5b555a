"""A feed's XML as a small tree, with the usual prefixes for namespaces."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Set
from html import escape

from integrations.answers.types.safe_xml import XmlRefusedError, walk_xml, xml_bytes

_PREFIXES = {
    "http://www.w3.org/2005/Atom": "",
    "http://purl.org/atom/ns#": "",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://www.w3.org/1999/xhtml": "",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}
# Feeds are often written by hand. Bare ampersands and control characters are the usual mistakes.
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_CDATA_START, _CDATA_END = b"<![CDATA[", b"]]>"


class Element:
    """A node: its name (`title`, `dc:date`), attributes, and its texts and elements in order."""

    __slots__ = ("attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element | str] = []

    def all(self, *names: str) -> Iterator[Element]:
        """The children with these names."""
        return (child for child in self.children if isinstance(child, Element) and child.name in names)

    def first(self, *names: str) -> Element | None:
        """The first child with the first of these names that any child has."""
        for name in names:
            for child in self.all(name):
                return child
        return None

    def text(self, *names: str) -> str | None:
        """The text of the first of these children that has any."""
        for name in names:
            for child in self.all(name):
                content = child.content()
                if content:
                    return content
        return None

    def content(self) -> str:
        """The element's own text."""
        return "".join(child for child in self.children if isinstance(child, str)).strip()

    def has_children(self) -> bool:
        return any(isinstance(child, Element) for child in self.children)

    def html(self) -> str:
        """The content as HTML, for XHTML inside a feed."""
        return "".join(_write(self.children))


class _EnoughError(Exception):
    """All wanted items have been read."""


class _TreeBuilder:
    def __init__(self, counted: Set[str], max_counted: int) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._counted = counted
        self._left = max_counted

    def start(self, full_name: str, attributes: dict[str, str]) -> None:
        element = Element(_short(full_name), {_short(key): value for key, value in attributes.items()})
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _full_name: str) -> None:
        element = self._open.pop()
        if element.name in self._counted and len(self._open) <= 2:
            self._left -= 1
            if self._left == 0:
                raise _EnoughError

    def characters(self, text: str) -> None:
        if self._open:
            self._open[-1].children.append(text)


def read_feed_tree(body: bytes, charset: str | None, counted: Set[str], max_counted: int) -> Element:
    """The document's tree, cut off after `max_counted` items. Raises `XmlRefusedError`.

    A document that is not well-formed is parsed again with the usual mistakes corrected.
    """
    document = xml_bytes(body, charset)
    try:
        return _build(document, counted, max_counted)
    except XmlRefusedError:
        mended = _mend(document)
        if mended == document:
            raise
    return _build(mended, counted, max_counted)


def _build(document: bytes, counted: Set[str], max_counted: int) -> Element:
    builder = _TreeBuilder(counted, max_counted)
    with contextlib.suppress(_EnoughError):
        walk_xml(document, builder.start, builder.end, builder.characters, html_entities=True)
    if builder.root is None:
        raise XmlRefusedError("no element")
    return builder.root


def _mend(document: bytes) -> bytes:
    mended: list[bytes] = []
    rest = _CONTROL.sub(b"", document)
    while rest:
        markup, start, rest = rest.partition(_CDATA_START)
        mended += [_BARE_AMPERSAND.sub(b"&amp;", markup), start]
        if start:
            # In a CDATA section an ampersand is literal.
            text, end, rest = rest.partition(_CDATA_END)
            mended += [text, end]
    return b"".join(mended)


def _short(full_name: str) -> str:
    namespace, _, local = full_name.rpartition(" ")
    return local if not namespace else _PREFIXES.get(namespace, "other:") + local


def _write(children: list[Element | str]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            yield escape(child, quote=False)
            continue
        attributes = "".join(f' {name}="{escape(value)}"' for name, value in child.attributes.items())
        yield f"<{child.name}{attributes}>"
        yield from _write(child.children)
        yield f"</{child.name}>"
