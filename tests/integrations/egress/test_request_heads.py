"""The heads of requests as they leave the socket: Host and framing by URL, method and body, then the call's headers."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import EgressRefused
from integrations.egress import dial
from integrations.egress.addresses import Address
from integrations.egress.messages import Tls
from tests.certificates import Authority
from tests.egress_calls import MakeEgress, answers, call, egress_maker
from tests.raw_upstreams import RawUpstream, answering, respond


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


def lines_of(request: bytes) -> list[bytes]:
    head = request.partition(b"\r\n\r\n")[0]
    return head.split(b"\r\n")


def sent(make_egress: MakeEgress, **asked: Any) -> list[bytes]:
    """The lines of the head that a call to `/` leaves as."""
    with RawUpstream(answering(respond())) as upstream:
        make_egress(upstream).send(call(upstream.url(), **asked))
    return lines_of(upstream.requests[0])


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
def test_target_and_host_are_the_urls_own(
    make_egress: MakeEgress,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    url: str,
    request_line: bytes,
    host: bytes,
) -> None:
    authority = Authority(tmp_path)
    tls = authority.server_context(authority.issue("api.test", "2001:db8::1")) if "https" in url else None
    with RawUpstream(answering(respond()), tls=tls) as upstream:
        # Every address leads to the upstream here, as behind a port forwarding.
        def connect(address: Address, port: int, timeout_seconds: float) -> socket.socket:
            return socket.create_connection((upstream.host, upstream.port), timeout_seconds)

        monkeypatch.setattr(dial, "_open_socket", connect)
        egress = make_egress(allow="192.0.2.0/24,2001:db8::/32", resolve=answers("192.0.2.1"))
        egress.send(call(url, tls=Tls(ca_file=authority.ca_file)))

    assert lines_of(upstream.requests[0])[:2] == [request_line, host]


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
    make_egress: MakeEgress, method: str, body: bytes | None, length: bytes | None
) -> None:
    lines = sent(make_egress, method=method, body=body)
    lengths = [line for line in lines if line.startswith(b"Content-Length")]

    assert lengths == ([] if length is None else [b"Content-Length: " + length])
    assert not any(line.startswith(b"Transfer-Encoding") for line in lines)


@pytest.mark.parametrize(
    ("headers", "lines"),
    [
        (
            (("user-agent", "own"), ("ACCEPT-ENCODING", "br")),
            [b"user-agent: own", b"ACCEPT-ENCODING: br"],
        ),
        (
            (("X-A", "\xe9"),),
            [b"User-Agent: Patchbay/test", b"Accept-Encoding: gzip, deflate, br, zstd", b"X-A: \xe9"],
        ),
    ],
)
def test_agent_and_codings_of_the_call_replace_ours(
    make_egress: MakeEgress, headers: tuple[tuple[str, str], ...], lines: list[bytes]
) -> None:
    assert sent(make_egress, headers=headers)[2:] == lines


@pytest.mark.parametrize("method", ["", "get", "GET ", "G\r\nT", "GETGETGETGETGETGET"])
def test_a_method_that_http_does_not_know_is_refused(make_egress: MakeEgress, method: str) -> None:
    with RawUpstream(answering(respond())) as upstream, pytest.raises(EgressRefused):
        make_egress(upstream).send(call(upstream.url(), method=method))

    assert upstream.accepts == 0


@pytest.mark.parametrize("name", ["User-Agent", "X-A"])
def test_a_value_by_which_urllib3_leaves_a_header_out_is_refused(make_egress: MakeEgress, name: str) -> None:
    with RawUpstream(answering(respond())) as upstream, pytest.raises(EgressRefused):
        make_egress(upstream).send(call(upstream.url(), headers=((name, "@@@SKIP_HEADER@@@"),)))

    assert upstream.accepts == 0


def test_a_large_body_leaves_whole(make_egress: MakeEgress) -> None:
    body = bytes(range(256)) * 8192
    with RawUpstream(answering(respond())) as upstream:
        make_egress(upstream).send(call(upstream.url(), method="PUT", body=body))

    assert upstream.requests[0].partition(b"\r\n\r\n")[2] == body
