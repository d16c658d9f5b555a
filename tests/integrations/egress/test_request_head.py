"""The head of a request: Host and framing by the URL, the method and the body, then the call's own headers."""

from __future__ import annotations

import pytest

from errors import EgressRefused
from integrations.egress.redirects import Hop
from integrations.egress.request_head import write_head
from integrations.egress.urls import read_url

AGENT = "Patchbay/test"


def hop(url: str = "http://api.test/", method: str = "GET", body: bytes | None = None, **more: str) -> Hop:
    headers = tuple((name.replace("_", "-"), text) for name, text in more.items())
    return Hop(method, url, read_url(url), headers, body)


def lines_of(asked: Hop) -> list[bytes]:
    head = write_head(asked, AGENT)
    assert head.endswith(b"\r\n\r\n")
    return head.removesuffix(b"\r\n\r\n").split(b"\r\n")


@pytest.mark.parametrize(
    ("url", "request_line", "host"),
    [
        ("http://api.test", b"GET / HTTP/1.1", b"Host: api.test"),
        ("http://api.test:80/a", b"GET /a HTTP/1.1", b"Host: api.test"),
        ("http://api.test:443/?q", b"GET /?q HTTP/1.1", b"Host: api.test:443"),
        ("https://api.test:443/", b"GET / HTTP/1.1", b"Host: api.test"),
        ("https://API.test.:8443/B", b"GET /B HTTP/1.1", b"Host: api.test:8443"),
        ("http://[2001:DB8::0:1]:8080/", b"GET / HTTP/1.1", b"Host: [2001:db8::1]:8080"),
        ("https://[2001:db8::1]/", b"GET / HTTP/1.1", b"Host: [2001:db8::1]"),
        ("http://api.test/http://evil.test/", b"GET /http://evil.test/ HTTP/1.1", b"Host: api.test"),
    ],
)
def test_target_and_host_are_the_urls_own(url: str, request_line: bytes, host: bytes) -> None:
    assert lines_of(hop(url))[:2] == [request_line, host]


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("GET", None, None),
        ("HEAD", None, None),
        ("DELETE", None, None),
        ("OPTIONS", None, None),
        ("POST", None, b"0"),
        ("PUT", None, b"0"),
        ("PATCH", None, b"0"),
        ("QUERY", None, b"0"),
        ("GET", b"", b"0"),
        ("DELETE", b"body", b"4"),
        ("POST", b"body", b"4"),
    ],
)
def test_a_length_is_said_where_a_body_is_or_could_be(
    method: str, body: bytes | None, length: bytes | None
) -> None:
    lengths = [line for line in lines_of(hop(method=method, body=body)) if line.startswith(b"Content-Length")]

    assert lengths == ([] if length is None else [b"Content-Length: " + length])


def test_agent_and_codings_of_the_call_replace_ours() -> None:
    assert lines_of(hop(user_agent="own", ACCEPT_ENCODING="br"))[2:] == [
        b"user-agent: own",
        b"ACCEPT-ENCODING: br",
    ]
    assert lines_of(hop(X_A="\xe9"))[2:] == [
        b"User-Agent: Patchbay/test",
        b"Accept-Encoding: gzip, deflate, br, zstd",
        b"X-A: \xe9",
    ]


@pytest.mark.parametrize("method", ["", "get", "GET ", "G\r\nT", "GETGETGETGETGETGET"])
def test_a_method_that_http_does_not_know_is_refused(method: str) -> None:
    with pytest.raises(EgressRefused):
        write_head(hop(method=method), AGENT)
