"""Whole URLs from inputs: encoded as a browser would, or refused."""

import pytest

from errors import Invalid
from integrations.whole_urls import normalise_public_url


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
        "http://example.org\\@evil.test/", "http://example.org/\0", "http://exa\x7fmple.org/", "http://" + "ü" * 300 + ".test/",
    ],
)  # fmt: skip
def test_what_is_no_url_is_refused_by_field_without_being_quoted(given):
    with pytest.raises(Invalid) as caught:
        normalise_public_url("link", given)
    assert list(caught.value.errors or {}) == ["parameters.link"]
    assert "evil" not in caught.value.detail
