"""Connections are kept for the next call, and given up as soon as there is a doubt about them."""

from __future__ import annotations

import contextlib
import gzip
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from integrations.egress.messages import Tls
from tests.certificates import Authority
from tests.egress_calls import MakeEgress, call, egress_maker
from tests.raw_upstreams import Handler, Peer, RawUpstream, answering, respond, saying

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


def reason_of(failure: pytest.ExceptionInfo[PatchbayError]) -> Any:
    return failure.value.extensions["reason"]


def test_a_second_call_uses_the_same_connection(make_egress: MakeEgress) -> None:
    whole = [
        respond(b"1"),
        CHUNKED + b"1\r\n2\r\n0\r\n\r\n",
        respond(gzip.compress(b"3"), headers=("Content-Encoding: gzip",)),
    ]
    with RawUpstream(answering(*whole)) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url())).body for _ in range(3)]

    assert bodies == [b"1", b"2", b"3"]
    assert upstream.accepts == 1


@pytest.mark.parametrize(
    "data",
    [
        HEAD + b"Content-Length: 99999\r\n\r\n",
        CHUNKED + b"zz\r\n",
        HEAD + b"Content-Length: 2\r\nConnection: close\r\n\r\nok",
        HEAD + b"Content-Length: 2\r\n\r\nok and more",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\nok",
        b"HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 205 Reset Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_a_connection_in_doubt_is_not_used_again(make_egress: MakeEgress, data: bytes) -> None:
    with RawUpstream(answering(data)) as upstream:
        egress = make_egress(upstream)
        for _ in range(2):
            try:
                egress.send(call(upstream.url(), max_bytes=100))
            except UpstreamInvalid:
                continue

    assert upstream.accepts == 2


def test_the_answer_after_an_interim_one_is_not_left_for_the_next_call(make_egress: MakeEgress) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
    with RawUpstream(answering(hints + respond(b"first"), respond(b"second"))) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url(target))).body for target in ("/1", "/2")]

    assert bodies == [b"first", b"second"]


@pytest.mark.parametrize(("length", "accepts"), [(b"2", 2), (b"0", 1)])
def test_a_head_that_might_have_a_body_ends_its_connection(
    make_egress: MakeEgress, length: bytes, accepts: int
) -> None:
    with RawUpstream(answering(HEAD + b"Content-Length: " + length + b"\r\n\r\n")) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url(), method="HEAD")).body for _ in range(2)]

    assert bodies == [b"", b""]
    assert upstream.accepts == accepts


def test_a_connection_belongs_to_its_owner(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(upstream)
        for owner in (b"one", b"another", b"one", b"another"):
            egress.send(call(upstream.url(), connection_key=owner))

    assert upstream.accepts == 2


def test_a_call_without_an_owner_has_a_connection_of_its_own(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(upstream)
        for owner in (b"one", None, None):
            egress.send(call(upstream.url(), connection_key=owner))

    assert upstream.accepts == 3


def _late(extra: bytes, is_sent: threading.Event) -> Handler:
    """Answers the first request of a connection with 1 and says more once nobody asks; every later one with 2."""

    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"1"))
        if not is_sent.is_set():
            peer.send(extra)
            is_sent.set()
        while peer.read_request() is not None:
            peer.send(respond(b"2"))

    return handle


@pytest.mark.parametrize("extra", [respond(b"not asked for"), b"\r\n", b"H"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_came_before_a_request_is_not_its_answer(
    make_egress: MakeEgress, extra: bytes, method: str
) -> None:
    is_sent = threading.Event()
    with RawUpstream(_late(extra, is_sent)) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url()))
        assert is_sent.wait(5)
        answer = egress.send(call(upstream.url(), method=method))

    assert answer.body == b"1"
    assert (upstream.accepts, len(upstream.requests)) == (2, 2)


def test_what_tls_has_decrypted_already_is_seen_too(make_egress: MakeEgress, tmp_path: Path) -> None:
    # A body that is read by its exact length leaves the rest of its last record inside the TLS layer.
    body = b"x" * 100_000
    authority = Authority(tmp_path)
    with RawUpstream(
        answering(respond(body) + respond(b"not asked for")),
        tls=authority.server_context(authority.issue("127.0.0.1")),
    ) as upstream:
        egress = make_egress(upstream)
        asked = call(upstream.url(), tls=Tls(ca_file=authority.ca_file))
        bodies = [egress.send(asked).body for _ in range(3)]

    assert bodies == [body] * 3
    assert upstream.accepts == 3


def _garbled(peer: Peer) -> None:
    """Answers the first request of a connection, and the second with what is no HTTP."""
    peer.read_request()
    peer.send(respond())
    peer.read_request()
    peer.send(b"0\r\n\r\n")


def test_a_read_is_repeated_once_when_a_kept_connection_says_what_is_no_http(make_egress: MakeEgress) -> None:
    with RawUpstream(_garbled) as upstream:
        egress = make_egress(upstream)
        statuses = [egress.send(call(upstream.url(f"/{number}"))).status for number in range(2)]

    assert statuses == [200, 200]
    assert [request.split(b" ")[1] for request in upstream.requests] == [b"/0", b"/1", b"/1"]


def test_a_write_is_not_repeated_when_a_kept_connection_says_what_is_no_http(make_egress: MakeEgress) -> None:
    with RawUpstream(_garbled) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url("/0")))

        with pytest.raises(UpstreamInvalid) as failure:
            egress.send(call(upstream.url("/1"), method="POST", body=b"once"))

    assert reason_of(failure) == "not_http"
    assert len(upstream.requests) == 2


def test_what_is_no_http_on_a_new_connection_is_not_asked_for_again(make_egress: MakeEgress) -> None:
    with RawUpstream(saying(b"0\r\n\r\n")) as upstream, pytest.raises(UpstreamInvalid):
        make_egress(upstream).send(call(upstream.url()))

    assert len(upstream.requests) == 1


def test_a_connection_over_which_half_a_request_went_is_closed(make_egress: MakeEgress) -> None:
    def refuse(peer: Peer) -> None:
        peer.send(respond(b"too large", status="413 Content Too Large"))
        peer.reset()

    with RawUpstream(refuse) as upstream:
        egress = make_egress(upstream)
        for _ in range(2):
            with contextlib.suppress(PatchbayError):
                egress.send(call(upstream.url(), method="POST", body=b"x" * 8_000_000))

    assert upstream.accepts == 2


def _forgetful(peer: Peer) -> None:
    """Answers the first request of a connection, then reads one more and hangs up."""
    peer.read_request()
    peer.send(respond())
    peer.read_request()


def test_a_read_on_a_connection_that_was_just_closed_is_repeated_once(make_egress: MakeEgress) -> None:
    with RawUpstream(_forgetful) as upstream:
        egress = make_egress(upstream)
        statuses = [egress.send(call(upstream.url(f"/{number}"))).status for number in range(2)]

    assert statuses == [200, 200]
    assert [request.split(b" ")[1] for request in upstream.requests] == [b"/0", b"/1", b"/1"]


def test_a_write_on_a_connection_that_was_just_closed_is_not_repeated(make_egress: MakeEgress) -> None:
    with RawUpstream(_forgetful) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url("/0")))

        with pytest.raises(UpstreamUnreachable) as failure:
            egress.send(call(upstream.url("/1"), method="POST", body=b"once"))

    assert reason_of(failure) == "reset"
    assert [request.split(b" ")[1] for request in upstream.requests] == [b"/0", b"/1"]


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_read_is_not_repeated_when_part_of_an_answer_came(make_egress: MakeEgress, is_reset: bool) -> None:
    def half(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond())
        peer.read_request()
        peer.send(b"HTTP/1.1 2")
        if is_reset and peer.pause(0.2):
            peer.reset()

    with RawUpstream(half) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url("/0")))

        with pytest.raises(UpstreamInvalid) as failure:
            egress.send(call(upstream.url("/1")))

    assert reason_of(failure) == "truncated"
    assert len(upstream.requests) == 2


def test_a_deadline_of_an_earlier_call_does_not_touch_the_next_one(make_egress: MakeEgress) -> None:
    def slower_each_time(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"1"))
        peer.read_request()
        peer.pause(0.6)
        peer.send(respond(b"2"))

    with RawUpstream(slower_each_time) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url(), timeout_seconds=0.4))
        answer = egress.send(call(upstream.url(), timeout_seconds=30))

    assert answer.body == b"2"
    assert upstream.accepts == 1
