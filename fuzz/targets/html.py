"""Cleaned HTML has allowed tags and attributes only, and is clean."""

from __future__ import annotations

from html.parser import HTMLParser

from fuzz.answers import PAGE
from integrations.answers.types.html_clean import clean_html, plain_text

SEEDS = [
    b"<p>Hi <a href='/x' onclick=a()>y</a><script>alert(1)</script>",
    b"<a href=' java\nscript:alert(1)'>x</a><img src=data:image/svg+xml,x onerror=y>",
    b"<svg><style><img src=x onerror=alert(1)></style></svg><math><mi>",
    b'<table><td><b><i></table></b>&lt;script&gt;<!-- --!><img title="--><p>',
    b"<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    b"<a href='mailto:a@b' title='\"><b>'>x</a><time datetime=\"&quot;\">",
    b"<textarea></textarea><xmp></xmp><iframe srcdoc='<p>'></iframe><form><input>",
]
ATTRIBUTES = frozenset(
    ("href", "title", "src", "alt", "width", "height", "start", "colspan", "rowspan", "datetime", "rel")
)
FORBIDDEN = frozenset(
    ("script", "style", "iframe", "object", "embed", "form", "input", "svg", "math", "base", "meta", "link")
)


class _Tags(HTMLParser):
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in FORBIDDEN, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, name
            if name in ("href", "src"):
                assert (value or "").startswith(("http://", "https://", "mailto:")), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def check(data: bytes) -> None:
    html = data.decode("utf-8", "replace")
    cleaned = clean_html(html, PAGE)
    tags = _Tags()
    tags.feed(cleaned)
    tags.close()
    assert len(plain_text(html, 100)) <= 100
