"""An answer whose end can be read in two ways leaves nothing for the next call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from errors import UpstreamInvalid
from tests.egress_calls import SECRET, MakeEgress, call, carried, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, respond

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = respond(b"smuggled")

AMBIGUOUS = {
    "a length and chunks": OK + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": OK + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 2\r\nContent-Length: 100\r\n\r\nok",
    "one length twice": OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
    "one length twice in one": OK + b"Content-Length: 2, 2\r\n\r\nok",
    "a length with a sign": OK + b"Content-Length: +2\r\n\r\nok",
    "a length with an underscore": OK + b"Content-Length: 0_2\r\n\r\nok",
    "a negative length": OK + b"Content-Length: -2\r\n\r\nok",
    "a length and a control character": OK + b"Content-Length: 2\x0b\r\n\r\nok",
    "a length behind a bare carriage return": OK + b"A: b\rContent-Length: 2\r\n\r\nok",
    "a length in a fold without a header": OK + b" Content-Length: 2\r\n\r\nok",
    "a length behind a fold of blanks": OK + b"A: b\r\n \r\nContent-Length: 2\r\n\r\nok",
    "a length before whose colon is a blank": OK + b"Content-Length : 2\r\n\r\nok",
    "chunks in a fold": OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "chunks twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and no transfer coding": OK + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "an unknown coding before chunks": OK + b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size with a sign": CHUNKED + b"+2\r\nok\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-2\r\nok\r\n0\r\n\r\n",
    "a chunk size in another notation": CHUNKED + b"0x2\r\nok\r\n0\r\n\r\n",
    "a chunk size with an underscore": CHUNKED + b"0_2\r\nok\r\n0\r\n\r\n",
    "a chunk size behind a blank": CHUNKED + b" 2\r\nok\r\n0\r\n\r\n",
    "a chunk size that is empty": CHUNKED + b"\r\nok\r\n0\r\n\r\n",
    "a chunk extension with a carriage return": CHUNKED + b"2;a\rb\r\nok\r\n0\r\n\r\n",
    "a chunk that ends elsewhere": CHUNKED + b"2\r\nokay\r\n0\r\n\r\n",
    "a chunk that ends in a bare line feed": CHUNKED + b"2\r\nok\n0\r\n\r\n",
    "a trailer of blanks": CHUNKED + b"0\r\n \r\n\r\n",
    "no content and a length": b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok",
    "no content in chunks": b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "reset content": b"HTTP/1.1 205 Reset Content\r\nContent-Length: 2\r\n\r\nok",
    "not modified and a length": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\nok",
    "an interim answer with a length": b"HTTP/1.1 103 Early\r\nContent-Length: 2\r\n\r\n" + respond(),
    "a switch of protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "a clear end and more": respond(),
}  # fmt: skip


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("data", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_stands_behind_an_answer_is_not_the_next_one(
    make_egress: MakeEgress, data: bytes, method: str
) -> None:
    heard: list[bytes] = []

    def handle(peer: Peer) -> None:
        first = not heard
        while peer.read_request() is not None:
            heard.append(b"")
            peer.send(data + SMUGGLED if first else respond(b"own"))

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        try:
            body = egress.send(call(upstream.url())).body
        except UpstreamInvalid:
            body = b""
        second = egress.send(call(upstream.url(), method=method))

    assert body in (b"", b"ok")
    assert second.body == b"own"
    assert upstream.accepts == 2


def test_a_head_that_announces_a_body_leaves_none(make_egress: MakeEgress) -> None:
    said = iter([respond(b"ok") + SMUGGLED, respond(b"own")])

    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(next(said))
        peer.wait_until_closed()

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url(), method=method)).body for method in ("HEAD", "GET")]

    assert bodies == [b"", b"own"]


# Headers that email's parser, which reads them for http.client, has something to say about.
ODD_HEADERS = [
    "Content-Type: multipart/mixed",
    "Content-Type: multipart/mixed; boundary=x\r\nContent-Transfer-Encoding: base64",
    "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: x",
    "Content-Type: ;;;",
    "MIME-Version: ?",
]


@pytest.mark.parametrize("header", ODD_HEADERS)
def test_no_header_makes_a_library_log_the_call(
    make_egress: MakeEgress, caplog: pytest.LogCaptureFixture, header: str
) -> None:
    caplog.set_level("DEBUG")
    with RawUpstream(answering(respond(b"ok", headers=(header,)))) as upstream:
        answer = make_egress(upstream).send(call(upstream.url(f"/secret-path?key={SECRET}"), **carried()))

    assert answer.body == b"ok"
    assert list(answer.headers)[:-1] == [tuple(line.split(": ", 1)) for line in header.split("\r\n")]
    assert "secret-path" not in caplog.text
    assert SECRET not in caplog.text
