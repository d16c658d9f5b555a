"""Cookies of one call, as values: which are accepted, and which a request carries (RFC 6265)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.egress.cookies import cookie_header, cookies_after, cookies_of_header, read_set_cookie

NOW = 1_800_000_000.0
URL = "https://api.test/app/start"


def carried(
    *set_cookies: str, own: str = "", url: str = "https://api.test/app/next", at: str = URL
) -> str | None:
    return cookie_header(cookies_after(cookies_of_header(own), list(set_cookies), at, NOW), url)


@pytest.mark.parametrize(
    ("set_cookie", "header"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/", "a=1"),
        ("a=1; path=/app", "a=1"),
        ("a=1; Path=/app/", "a=1"),
        ("a=1; Path=/ap", None),
        ("a=1; Path=/other", None),
        ("a=1; Path=nonsense", "a=1"),
        ("a = 1 ", "a=1"),
        ('a="1 2"', 'a="1 2"'),
        ("a==1=", "a==1="),
        ("a=", "a="),
        ("=1", None),
        ("a", None),
        ("", None),
        ("a=1\x01", None),
        ("a=1; Domain=api.test", "a=1"),
        ("a=1; Domain=.API.test", "a=1"),
        ("a=1; Domain=test", "a=1"),
        ("a=1; Domain=pi.test", None),
        ("a=1; Domain=other.test", None),
        ("a=1; Domain=deep.api.test", None),
        ("a=1; Max-Age=10", "a=1"),
        ("a=1; Max-Age=0", None),
        ("a=1; Max-Age=-5", None),
        ("a=1; Max-Age=soon", "a=1"),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT", None),
        ("a=1; Expires=Thu, 01-Jan-1970 00:00:00 GMT", None),
        ("a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=5", "a=1"),
        ("a=1; Expires=Fri, 01 Jan 2100 00:00:00 GMT", "a=1"),
        ("a=1; Expires=never", "a=1"),
        ("a=1; Secure; HttpOnly; SameSite=Strict", "a=1"),
        ("a=" + "x" * 5000, None),
    ],
)
def test_one_cookie(set_cookie: str, header: str | None):
    assert carried(set_cookie) == header


@pytest.mark.parametrize(
    ("own", "set_cookies", "header"),
    [
        ("s=old", ["s=new; Path=/"], "s=new"),
        ("s=old", ["s=new"], "s=new; s=old"),
        ("s=old", ["s=; Max-Age=0; Path=/"], None),
        ("s=old; t=2", ["s=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/"], "t=2"),
        ("s=old", ["a=1", "a=2"], "a=2; s=old"),
        ("", ["a=1; Path=/", "b=2; Path=/app/next", "c=3"], "b=2; c=3; a=1"),
    ],
)
def test_several_and_the_calls_own(own: str, set_cookies: list[str], header: str | None):
    assert carried(*set_cookies, own=own) == header


def test_a_secure_cookie_is_not_accepted_over_http():
    assert carried("a=1; Secure", at="http://api.test/app/x", url="http://api.test/app/y") is None


def test_an_address_has_no_domain_above_it():
    assert carried("a=1; Domain=0.0.1", at="http://127.0.0.1/a", url="http://127.0.0.1/a") is None
    assert carried("a=1; Domain=127.0.0.1", at="http://127.0.0.1/a", url="http://127.0.0.1/a") == "a=1"


def test_their_number_is_limited():
    found = carried(*(f"a{number}=1" for number in range(500)))
    assert found is not None and found.count("=") == 50


@given(st.text(max_size=60), st.text(max_size=30))
def test_any_text_is_read_or_ignored(line: str, path: str):
    made = read_set_cookie(line)
    assert made is None or (made.name and ";" not in made.value)
    cookies_after((), [line, f"a=1; Path={path}"], URL, NOW)
