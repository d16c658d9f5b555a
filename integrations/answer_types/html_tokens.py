"""HTML as a flat run of tags and text, in time linear in its length.

A tree is not needed for metadata, plain text or an allow-list, and building one is not safe to do: HTML's own
rules make a page of nested `<div>` cost a quadratic parse (four minutes for 1 MB with the parser tried here).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Literal, NamedTuple

MAX_ATTRIBUTES = 50

# Possessive throughout: whatever the input, nothing is tried twice.
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s>"'][^\s>]*+)?+)?+"""
_TAG = re.compile(rf"<(/?)([a-zA-Z][^\s/>]*+)((?:[\s/]++|{_ATTRIBUTE})*+)>")
_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_UNFINISHED_TAG = re.compile(r"</?[a-zA-Z]")
_NAME_VALUE = re.compile(
    r"""([^\s/>][^\s/>=]*+)(?:\s*+=\s*+(?:"([^"]*+)"|'([^']*+)'|([^\s>"'][^\s>]*+))?+)?+"""
)
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")
# Their content is text up to their own end tag, whatever stands in it.
_RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})


class Token(NamedTuple):
    """Text with its character references resolved, or a tag with its name in lower case."""

    kind: Literal["text", "start", "end"]
    text: str
    source: str = ""

    def attributes(self) -> dict[str, str]:
        """The start tag's attributes, names in lower case, the first of each name."""
        found: dict[str, str] = {}
        for match in _NAME_VALUE.finditer(self.source):
            value = match[2] or match[3] or match[4] or ""
            found.setdefault(match[1].lower(), resolve_references(value))
            if len(found) == MAX_ATTRIBUTES:
                break
        return found


def read_tokens(html: str) -> Iterator[Token]:
    """The tags and texts of a page in order; what is cut off inside a tag or a comment ends it."""
    position = 0
    # A `<` that starts nothing is text, as in `1 < 2`.
    while opened := _MARKUP.search(html, position):
        opening = opened.start()
        yield from _text(html[position:opening])
        tag = _TAG.match(html, opening)
        if tag is None:
            position = _after_comment(html, opening)
        else:
            name = tag[2].lower()
            yield Token("end", name) if tag[1] else Token("start", name, tag[3])
            position = (
                tag.end() if tag[1] or name not in _RAW_TEXT else _end_of_raw_text(name, html, tag.end())
            )
            yield from _text(html[tag.end() : max(position, tag.end())])
        if position < 0:
            return
    yield from _text(html[position:])


def resolve_references(text: str) -> str:
    """`&amp;`, `&#38;` and `&#x26;` as the characters they mean."""
    if "&" not in text:
        return text
    # Python refuses to read a number of thousands of digits, and says so by an exception.
    return unescape(_LONG_REFERENCE.sub("\ufffd", text))


def _text(source: str) -> Iterator[Token]:
    if source:
        yield Token("text", resolve_references(source))


def _end_of_raw_text(name: str, html: str, position: int) -> int:
    closing = re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII).search(html, position)
    return closing.start() if closing else -1


def _after_comment(html: str, opening: int) -> int:
    """Where a comment, doctype or CDATA section that starts at `opening` ends; -1 when it, or a tag, does not."""
    if _UNFINISHED_TAG.match(html, opening):
        return -1
    for start, end in (("<!--", "-->"), ("<![CDATA[", "]]>")):
        if html.startswith(start, opening):
            closing = html.find(end, opening + len(start))
            return closing + len(end) if closing >= 0 else -1
    return html.find(">", opening) + 1 or -1
