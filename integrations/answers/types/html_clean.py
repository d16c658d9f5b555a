"""Sanitises third-party HTML: to plain text, or to the tags and attributes of an allow-list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import islice

from integrations.answers.types.html_tokens import Token, read_tokens
from integrations.answers.types.web_urls import web_url

MAX_HTML_CHARACTERS = 100_000
# An article has some hundred tags. A feed has two hundred articles, and each is read twice.
MAX_TOKENS = 2_000
_MAX_OPEN_TAGS = 64


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_KEPT = _words(
    """a abbr b blockquote br caption cite code dd del details div dl dt em figcaption figure h1 h2 h3 h4 h5
    h6 hr i img ins kbd li mark ol p pre q s samp small span strong sub summary sup table tbody td tfoot th
    thead time tr u ul"""
)
_VOID = frozenset({"br", "hr", "img"})
_DROPPED_WITH_CONTENT = _words(
    """script style iframe object embed noscript template textarea select title head svg math xmp noembed
    noframes audio video canvas form"""
)
BREAKING = _words(
    """address article blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 header hr li
    main nav ol p pre section table td th tr ul"""
)
_PLAIN_ATTRIBUTES = {
    "a": ("title",),
    "abbr": ("title",),
    "img": ("alt", "title", "width", "height"),
    "ol": ("start",),
    "td": ("colspan", "rowspan"),
    "th": ("colspan", "rowspan"),
    "time": ("datetime",),
}
_URL_ATTRIBUTES = {"a": ("href", ("http", "https", "mailto")), "img": ("src", ("http", "https"))}


class Fragment:
    """Third-party HTML, parsed once for all results."""

    def __init__(self, html: str) -> None:
        self._tokens = list(_visible_tokens(html))

    def plain_text(self, max_characters: int) -> str:
        """See the function of this name."""
        return _plain_text(self._tokens, max_characters)

    def clean_html(self, base_url: str | None) -> str:
        """See the function of this name."""
        return _clean_html(self._tokens, base_url)

    def first_image(self, base_url: str | None) -> str | None:
        """The URL of its first image."""
        for token in self._tokens:
            if token.kind == "start" and token.text == "img":
                address = web_url(token.attributes.get("src"), base_url)
                if address:
                    return address
        return None


def plain_text(html: str, max_characters: int) -> str:
    """The visible text of `html`, with white space collapsed, cut at a word with `…` if it is longer."""
    return _plain_text(_visible_tokens(html), max_characters)


def clean_html(html: str, base_url: str | None) -> str:
    """`html` with allowed tags and attributes only, balanced, with absolute http(s) or mailto URLs.

    Every output tag is written here from its parts, so it does not matter how a browser would parse the input.
    """
    return _clean_html(_visible_tokens(html), base_url)


def shorten(text: str, max_characters: int) -> str:
    """`text`, or its beginning up to the end of a word and `…`."""
    if len(text) <= max_characters:
        return text
    cut = text[: max_characters - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut[-40:] else cut).rstrip() + "…"


def _plain_text(tokens: Iterable[Token], max_characters: int) -> str:
    words: list[str] = []
    length = 0
    for token in tokens:
        piece = token.text if token.kind == "text" else " " if token.text in BREAKING else ""
        words.append(piece)
        length += len(piece)
        # Runs of white space count too, so a text may become shorter than allowed, but never longer.
        if length > max_characters * 4:
            break
    return shorten(" ".join("".join(words).split()), max_characters)


def _clean_html(tokens: Iterable[Token], base_url: str | None) -> str:
    written: list[str] = []
    open_tags: list[str] = []
    for token in tokens:
        if token.kind == "text":
            written.append(escape(token.text, quote=False))
        elif token.text not in _KEPT:
            continue
        elif token.kind == "end":
            written.extend(_close(token.text, open_tags))
        elif token.text in _VOID:
            written.append(_start_tag(token, base_url))
        elif len(open_tags) < _MAX_OPEN_TAGS:
            open_tags.append(token.text)
            written.append(_start_tag(token, base_url))
    written.extend(f"</{name}>" for name in reversed(open_tags))
    return "".join(written).strip()


def _visible_tokens(html: str) -> Iterator[Token]:
    hidden_in: str | None = None
    for token in islice(read_tokens(html[:MAX_HTML_CHARACTERS]), MAX_TOKENS):
        if hidden_in is not None:
            if token.kind == "end" and token.text == hidden_in:
                hidden_in = None
        elif token.kind == "start" and token.text in _DROPPED_WITH_CONTENT:
            hidden_in = None if token.text == "embed" else token.text
        else:
            yield token


def _close(name: str, open_tags: list[str]) -> Iterator[str]:
    if name not in open_tags:
        return
    while True:
        closed = open_tags.pop()
        yield f"</{closed}>"
        if closed == name:
            return


def _start_tag(token: Token, base_url: str | None) -> str:
    given = token.attributes
    kept = {name: given[name] for name in _PLAIN_ATTRIBUTES.get(token.text, ()) if name in given}
    if token.text in _URL_ATTRIBUTES:
        name, schemes = _URL_ATTRIBUTES[token.text]
        address = web_url(given.get(name), base_url, schemes=schemes)
        if address:
            kept[name] = address
            if name == "href":
                kept["rel"] = "noopener noreferrer nofollow"
    attributes = "".join(f' {name}="{escape(value)}"' for name, value in kept.items())
    return f"<{token.text}{attributes}>"
