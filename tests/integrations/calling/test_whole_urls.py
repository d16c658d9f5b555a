"""Whole URLs from inputs: encoded as a browser would, or refused."""

import pytest

from errors import Invalid
from integrations.calling.whole_urls import normalise_public_url


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://example.org", "https://example.org/"),
        ("  https://example.org/a  ", "https://example.org/a"),
        ("HTTPS://Example.org/A", "https://Example.org/A"),
        ("http://example.org:8080/a#part", "http://example.org:8080/a"),
        ("http://example.org?q=1", "http://example.org/?q=1"),
        ("http://example.org/?", "http://example.org/"),
        ("http://example.org/a%20b?c=%2F", "http://example.org/a%20b?c=%2F"),
        ("http://example.org/ü?q=ü", "http://example.org/%C3%BC?q=%C3%BC"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://рф:80/", "http://xn--p1ai/"),
        ("http://рф:8080/a", "http://xn--p1ai:8080/a"),
        ("https://рф:80/", "https://xn--p1ai:80/"),
        ("http://рф./", "http://xn--p1ai/"),
        ("http://Bücher。example:81/", "http://xn--bcher-kva.example:81/"),
        ("http://１２７.０.０.１:81/", "http://127.0.0.1:81/"),
        ("http://straße.example/", "http://xn--strae-oqa.example/"),
        ("http://[::1]:80/", "http://[::1]:80/"),
        ('http://example.org/<a>"?<b>"', "http://example.org/%3Ca%3E%22?%3Cb%3E%22"),
        ("http://example.org/a//b/../c", "http://example.org/a//b/../c"),
        ("http://example.org/a;b=c@d:e", "http://example.org/a;b=c@d:e"),
        ("http://example.org/?a[]=1&b={c}|d^e`f", "http://example.org/?a[]=1&b={c}|d^e`f"),
        ("http://example.org/\U0001f326", "http://example.org/%F0%9F%8C%A6"),
    ],
)
def test_a_url_is_encoded_and_otherwise_left_as_it_is(given, expected):
    assert normalise_public_url("url", given) == expected


@pytest.mark.parametrize(
    "given",
    [
        "", " ", "example.org", "//example.org", "/a", "ftp://example.org", "file:///etc/passwd", "javascript:alert(1)", "data:,x",
        "http:", "http://", "http:///a", "http://:80/", "http://user@example.org/", "http://u:p@example.org/", "http://@example.org/",
        "http://example.org:x/", "http://example.org:99999/", "http://[::1/", "http://example.org/a b", "http://example.org/\r\nX: 1",
        "http://рф:/", "http://рф:0/", "http://рф:x/", "http://рф:80:80/", "http://рф:99999/", "http://рф:８０/", "http://ü@рф/",
        "http://рф..test/", "http://\u202ea.test/", "http://[１::1]/", "http://[1:2]/", "http://[]/", "http://℀.test/",
        "http://example.org\\@evil.test/", "http://example.org/\0", "http://exa\x7fmple.org/", "http://" + "ü" * 300 + ".test/",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_by_field_without_being_quoted(given):
    with pytest.raises(Invalid) as caught:
        normalise_public_url("link", given)
    assert list(caught.value.errors or {}) == ["parameters.link"]
    assert "evil" not in caught.value.detail
