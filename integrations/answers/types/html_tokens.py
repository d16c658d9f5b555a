"""HTML as a flat sequence of tags and texts, in time linear in its length.

libxml2 parses it by events: metadata, plain text and an allow-list need no tree, and building one is not safe, because
by HTML's own rules a page of nested `<font>` costs minutes and gigabytes. libxml2 keeps the stack of open elements and
searches it for the start of each end tag, so a page that nests too deeply ends there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, NamedTuple

from lxml import etree  # pyright: ignore[reportAttributeAccessIssue] - it comes without types

MAX_ATTRIBUTES = 50
# More than people write, and few enough to be searched for each end tag.
MAX_DEPTH = 256
# Parsed piece by piece, so that a caller that has read enough saves the rest.
_PIECE_BYTES = 8 * 1024
# Their content is text up to their own end tag, whatever it contains.
_RAW_TEXT = frozenset({"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"})
# libxml2 adds these around content without them.
_IMPLIED = frozenset({"html", "head", "body"})
_NO_ATTRIBUTES: dict[str, str] = {}


class Token(NamedTuple):
    """Text with its character references resolved, or a tag with its name in lower case.

    A start tag has its attributes, with names in lower case, the first of each name.
    """

    kind: Literal["text", "start", "end"]
    text: str
    attributes: dict[str, str] = _NO_ATTRIBUTES


class _TooDeepError(Exception):
    """More elements are open than allowed."""


class _Target:
    """Receives libxml2's events; `take` returns the complete tokens."""

    def __init__(self, *, keeps_implied: bool) -> None:
        self._dropped = frozenset[str]() if keeps_implied else _IMPLIED
        self._tokens: list[Token] = []
        self._text: list[str] = []
        self._depth = 0
        self.is_ended = False

    def start(self, name: str, attributes: Any) -> None:
        self._end_text()
        if attributes or name not in self._dropped:
            kept = dict(islice(attributes.items(), MAX_ATTRIBUTES)) if attributes else _NO_ATTRIBUTES
            self._tokens.append(Token("start", name, kept))
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _TooDeepError

    def end(self, name: str) -> None:
        self._depth -= 1
        if self.is_ended:
            # The text was still open at the end, so it may be incomplete and is dropped.
            if name in _RAW_TEXT:
                self._text.clear()
            self._end_text()
            return
        self._end_text()
        if name not in self._dropped:
            self._tokens.append(Token("end", name))

    def data(self, text: str) -> None:
        self._text.append(text)

    def close(self) -> None:
        self._end_text()

    def take(self) -> list[Token]:
        tokens, self._tokens = self._tokens, []
        return tokens

    def _end_text(self) -> None:
        if self._text:
            self._tokens.append(Token("text", "".join(self._text)))
            self._text.clear()


def read_tokens(html: str, *, keeps_implied: bool = False) -> Iterator[Token]:
    """The tags and texts of a page in order. A truncated tag or comment ends it.

    Tags of `html`, `head` and `body` that libxml2 adds, because HTML implies them, are dropped unless `keeps_implied`.
    """
    target = _Target(keeps_implied=keeps_implied)
    parser = etree.HTMLParser(target=target, encoding="utf-8")
    source = html.encode(errors="replace")
    try:
        for start in range(0, len(source), _PIECE_BYTES):
            parser.feed(source[start : start + _PIECE_BYTES])
            yield from target.take()
        target.is_ended = True
        if source:
            parser.close()
    except _TooDeepError:
        pass
    yield from target.take()
