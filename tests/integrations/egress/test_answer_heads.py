"""The heads of answers over real sockets: what is taken, what is refused, and after what the connection stays open."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from errors import UpstreamInvalid, UpstreamUnreachable
from tests.egress_calls import MakeEgress, call, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, saying

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


HEADS = {
    "no headers": (OK, 200, []),
    "no reason": (b"HTTP/1.1 203\r\n", 203, []),
    "empty reason": (b"HTTP/1.1 203 \r\n", 203, []),
    "a status that nobody registered": (b"HTTP/1.1 999 Own\r\n", 999, []),
    "a later version": (b"HTTP/1.2 200 OK\r\n", 200, []),
    "an earlier version": (b"HTTP/0.9 200 OK\r\n", 200, []),
    "spaces and no space around a value": (OK + b"A: \t b\r\nC:d\r\nE:\r\n", 200, [("A", "b"), ("C", "d"), ("E", "")]),
    "spaces behind a value": (OK + b"A: b \t \r\n", 200, [("A", "b")]),
    "repeated names in their order": (OK + b"a: 1\r\nB: 2\r\nA: 3\r\n", 200, [("a", "1"), ("B", "2"), ("A", "3")]),
    "bare line feeds": (b"HTTP/1.1 200 OK\nA: b\nC: d\n", 200, [("A", "b"), ("C", "d")]),
    "Latin-1": (OK + b"A: caf\xe9 \x80\r\n", 200, [("A", "café \x80")]),
    "what other readers take for a line's end": (OK + b"A: b\x0bC: d\x85E: f\r\n", 200, [("A", "b\x0bC: d\x85E: f")]),
    "colons in a value": (OK + b"A: b: c\r\n", 200, [("A", "b: c")]),
    "every letter of a name": (OK + b"!#$%&'*+-.^_`|~09Az: b\r\n", 200, [("!#$%&'*+-.^_`|~09Az", "b")]),
    "folded value": (OK + b"A: b\r\n c\r\n\t d\r\nE: f\r\n", 200, [("A", "b c d"), ("E", "f")]),
    "folded onto nothing": (OK + b"A:\r\n b\r\n", 200, [("A", "b")]),
    "folded by a bare line feed": (OK + b"A: b\n c\r\n", 200, [("A", "b c")]),
    "a fold of blanks, which ends no head": (OK + b"A: b\r\n \t \r\nC: d\r\n", 200, [("A", "b"), ("C", "d")]),
    "after interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n" + OK + b"A: b\r\n",
        200,
        [("A", "b")],
    ),
}  # fmt: skip

REFUSED = {
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "not_http"),
    "an empty first line": (b"\r\n" + OK + b"\r\n", "not_http"),
    "a status line of one word": (b"HTTP/1.1\r\n\r\n", "not_http"),
    "another version": (b"HTTP/2 200\r\n\r\n", "not_http"),
    "a later major version": (b"HTTP/11 200\r\n\r\n", "not_http"),
    "lower case": (b"http/1.1 200 OK\r\n\r\n", "not_http"),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\n\r\n", "not_http"),
    "a status of four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", "not_http"),
    "a status below 100": (b"HTTP/1.1 099 OK\r\n\r\n", "not_http"),
    "a status with a sign": (b"HTTP/1.1 +20 OK\r\n\r\n", "not_http"),
    "a status with an underscore": (b"HTTP/1.1 2_0 OK\r\n\r\n", "not_http"),
    "a line without a colon": (OK + b"A b\r\n\r\n", "headers"),
    "a line without a colon under a type of many parts": (
        OK + b"Content-Type: multipart/mixed; boundary=x\r\n--x\r\n\r\n",
        "headers",
    ),
    "a space before the colon": (OK + b"A : b\r\n\r\n", "headers"),
    "no name": (OK + b": b\r\n\r\n", "headers"),
    "a name in other letters": (OK + b"\xc4: b\r\n\r\n", "headers"),
    "the line of a mailbox": (OK + b"From me\r\n\r\n", "headers"),
    "a fold without a header": (OK + b" A: b\r\n\r\n", "headers"),
    "a fold of blanks without a header": (OK + b" \r\nA: b\r\n\r\n", "headers"),
    "a fold without a header after an interim answer": (
        b"HTTP/1.1 103 Early\r\nA: b\r\n\r\n" + OK + b" C: d\r\n\r\n",
        "headers",
    ),
    "a bare carriage return": (OK + b"A: b\rC: d\r\n\r\n", "headers"),
    "two carriage returns": (OK + b"A: b\r\r\n\r\n", "headers"),
    "too many lines": (OK + b"A: b\r\n" * 100 + b"\r\n", "headers"),
    "too many folds": (OK + b"A: b\r\n" + b" c\r\n" * 99 + b"\r\n", "headers"),
    "a line that is too long": (OK + b"A: " + b"b" * 65_536 + b"\r\n\r\n", "headers"),
    "too much together": (OK + (b"A: " + b"b" * 60_000 + b"\r\n") * 3 + b"\r\n", "headers"),
    "a status line that is too long": (b"HTTP/1.1 200 " + b"O" * 65_536 + b"\r\n\r\n", "headers"),
    "interim answers without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 6000, "headers"),
    "another protocol": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n" + OK + b"\r\n",
        "upgrade",
    ),
    "another protocol after an interim answer": (
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n",
        "upgrade",
    ),
}

CUT = {
    "an end in the status line": b"HTTP/1.1 200 O",
    "an end after the status line": OK,
    "an end in a header": OK + b"A: b",
    "an end before the empty line": OK + b"A: b\r\n",
    "an end after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\n",
}


@pytest.mark.parametrize(("head", "status", "headers"), HEADS.values(), ids=HEADS.keys())
def test_a_head_is_read_up_to_its_empty_line(
    make_egress: MakeEgress, head: bytes, status: int, headers: list[tuple[str, str]]
) -> None:
    with RawUpstream(saying(head + b"\r\nbody")) as upstream:
        answer = make_egress(upstream).send(call(upstream.url()))

    assert (answer.status, list(answer.headers), answer.body) == (status, headers, b"body")


@pytest.mark.parametrize(
    ("head", "status"), [(b"HTTP/1.1 204\r\n\r\n", 204), (b"HTTP/1.1 204 \r\n\r\n", 204)]
)
def test_a_head_without_a_reason_may_be_all_of_an_answer(
    make_egress: MakeEgress, head: bytes, status: int
) -> None:
    with RawUpstream(answering(head)) as upstream:
        answer = make_egress(upstream).send(call(upstream.url()))

    assert (answer.status, answer.body) == (status, b"")


@pytest.mark.parametrize(("data", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_a_head_that_cannot_be_read_is_refused_and_its_connection_closed(
    make_egress: MakeEgress, data: bytes, reason: str
) -> None:
    is_closed = threading.Event()

    def handle(peer: Peer) -> None:
        peer.read_request()
        try:
            peer.send(data)
            peer.wait_until_closed()
        finally:
            is_closed.set()

    with RawUpstream(handle) as upstream:
        with pytest.raises(UpstreamInvalid) as failure:
            make_egress(upstream).send(call(upstream.url()))
        assert is_closed.wait(5)

    assert failure.value.extensions["reason"] == reason


@pytest.mark.parametrize("data", CUT.values(), ids=CUT.keys())
def test_a_head_that_ends_early_is_no_answer(make_egress: MakeEgress, data: bytes) -> None:
    with RawUpstream(saying(data)) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))

    assert failure.value.extensions["reason"] == "truncated"


def test_an_end_instead_of_a_status_line_is_told_apart(make_egress: MakeEgress) -> None:
    with RawUpstream(saying(b"")) as upstream, pytest.raises(UpstreamUnreachable) as failure:
        make_egress(upstream).send(call(upstream.url()))

    assert failure.value.extensions["reason"] == "reset"


def test_a_head_without_end_is_given_up_at_its_limit(make_egress: MakeEgress) -> None:
    sent: list[int] = []

    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        while peer.pause(0):
            peer.send(b"A: " + b"b" * 60_000 + b"\r\n")
            sent.append(60_000)

    with RawUpstream(handle) as upstream, pytest.raises(UpstreamInvalid) as failure:
        make_egress(upstream).send(call(upstream.url()))

    assert failure.value.extensions["reason"] == "headers"
    # What was sent and not read waits in the buffers of the machine, a few megabytes at most.
    assert sum(sent) < 20_000_000


def test_as_many_lines_as_allowed_are_read(make_egress: MakeEgress) -> None:
    with RawUpstream(saying(OK + b"A: b\r\n" * 99 + b"\r\n")) as upstream:
        answer = make_egress(upstream).send(call(upstream.url()))

    assert len(list(answer.headers)) == 99


@pytest.mark.parametrize(("version", "accepts"), [("0.9", 2), ("1.0", 2), ("1.1", 1), ("1.2", 1)])
def test_the_version_is_read_as_the_one_whose_rules_hold(
    make_egress: MakeEgress, version: str, accepts: int
) -> None:
    said = f"HTTP/{version} 200 OK\r\nContent-Length: 2\r\n\r\nok".encode()
    with RawUpstream(answering(said)) as upstream:
        egress = make_egress(upstream)
        bodies = [egress.send(call(upstream.url())).body for _ in range(2)]

    assert bodies == [b"ok", b"ok"]
    assert upstream.accepts == accepts


CUTS = {
    "length": OK + b"A: b\r\nContent-Length: 5\r\n\r\none\r\n",
    "chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n2\r\n\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\nContent-Length: 5\n\none\r\n",
}


@pytest.mark.parametrize("data", CUTS.values(), ids=CUTS.keys())
def test_an_answer_is_whole_however_it_is_cut(make_egress: MakeEgress, data: bytes) -> None:
    def handle(peer: Peer) -> None:
        while peer.read_request() is not None:
            for byte in data:
                peer.send(bytes([byte]))

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        found = [egress.send(call(upstream.url())) for _ in range(2)]

    assert [(answer.body, answer.received_bytes) for answer in found] == [(b"one\r\n", len(data))] * 2
    assert upstream.accepts == 1


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_larger_than_every_buffer_is_whole_and_counted(
    make_egress: MakeEgress, is_chunked: bool
) -> None:
    body = bytes(range(256)) * 4096
    framed = (
        b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
        if is_chunked
        else b"Content-Length: %d\r\n\r\n%b"
    )
    data = OK + framed % (len(body), body)
    with RawUpstream(answering(data)) as upstream:
        egress = make_egress(upstream)
        found = [egress.send(call(upstream.url())) for _ in range(2)]

    assert [(answer.body, answer.received_bytes) for answer in found] == [(body, len(data))] * 2
    assert upstream.accepts == 1
