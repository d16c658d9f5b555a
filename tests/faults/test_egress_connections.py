"""Connections are kept for the next call, and given up as soon as there is a doubt about them."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest

from errors import PatchbayError, UpstreamInvalid, UpstreamUnreachable
from tests.egress_calls import MakeEgress, call, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, respond

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
