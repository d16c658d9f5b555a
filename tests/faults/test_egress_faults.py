"""Providers that are slow, gone or hang up: each is its own kind of failure, and none outlives its deadline."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from errors import DeadlineExceeded, PatchbayError, UpstreamUnreachable
from integrations.egress.deadline import Watchdog
from integrations.egress.messages import Tls
from tests.certificates import Authority
from tests.egress_calls import MakeEgress, answers, call, egress_maker
from tests.raw_upstreams import Handler, Peer, RawUpstream, answering, redirecting, respond, saying

SHORT_SECONDS = 0.3
# A machine under load may be late; a deadline that is not kept would take for ever.
GENEROUS_SECONDS = 5

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


def reason_of(failure: pytest.ExceptionInfo[PatchbayError]) -> Any:
    return failure.value.extensions["reason"]


def _dripping(first: bytes, drop: bytes) -> Handler:
    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(first)
        while peer.pause(0.02):
            peer.send(drop)

    return handle


def _silent(peer: Peer) -> None:
    peer.wait_until_closed()


def _never_reading(peer: Peer) -> None:
    while peer.pause(1):
        pass


_hops = itertools.count()


def _slow_redirects(peer: Peer) -> None:
    while peer.read_request() is not None and peer.pause(0.12):
        peer.send(respond(b"", status="302 Found", headers=(f"Location: /{next(_hops)}",)))


SLOW = {
    "no answer": _silent,
    "status line, drop by drop": _dripping(b"", b"H"),
    "headers, drop by drop": _dripping(HEAD, b"X-A: b\r\n"),
    "one header, drop by drop": _dripping(HEAD + b"X-A: ", b"b"),
    "interim answers, one after the other": _dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body, drop by drop": _dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b"x"),
    "body until close, drop by drop": _dripping(HEAD + b"\r\n", b"x"),
    "chunks, drop by drop": _dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "chunk size, drop by drop": _dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers, drop by drop": _dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X"),
    "body stops in the middle": _dripping(HEAD + b"Content-Length: 5\r\n\r\nab", b""),
    "redirects, each in time": _slow_redirects,
}


@pytest.mark.parametrize("handler", SLOW.values(), ids=SLOW.keys())
def test_a_slow_provider_ends_at_the_deadline(make_egress: MakeEgress, handler: Handler) -> None:
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream)
        started_at = time.monotonic()

        with pytest.raises(DeadlineExceeded):
            egress.send(call(upstream.url(), timeout_seconds=SHORT_SECONDS))

        assert time.monotonic() - started_at < GENEROUS_SECONDS


def test_a_short_deadline_is_kept_while_a_long_one_is_waited_for(make_egress: MakeEgress) -> None:
    def well_then_dripping(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond())
        _dripping(HEAD + b"Content-Length: 100000\r\n\r\n", b"x")(peer)

    with RawUpstream(well_then_dripping) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url(), timeout_seconds=3600))

        with pytest.raises(DeadlineExceeded):
            egress.send(call(upstream.url(), timeout_seconds=SHORT_SECONDS))


def test_the_outer_deadline_wins_when_it_is_shorter(make_egress: MakeEgress) -> None:
    with RawUpstream(_silent) as upstream, pytest.raises(DeadlineExceeded, match=r"0\.2 seconds"):
        make_egress(upstream).send(call(upstream.url(), timeout_seconds=60), deadline_seconds=0.2)


def test_a_provider_that_does_not_read_ends_at_the_deadline(make_egress: MakeEgress) -> None:
    with RawUpstream(_never_reading) as upstream, pytest.raises(DeadlineExceeded):
        asked = call(upstream.url(), method="POST", body=b"x" * 50_000_000, timeout_seconds=SHORT_SECONDS)
        make_egress(upstream).send(asked)


def test_a_name_server_that_hangs_ends_at_the_deadline_and_holds_up_nobody_else(
    make_egress: MakeEgress,
) -> None:
    released = threading.Event()
    find_loopback = answers("127.0.0.1")

    def resolve(host: str, port: int, **hints: Any) -> list[tuple[Any, ...]]:
        if host == "hangs.test":
            released.wait(30)
        return find_loopback(host, port)

    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(allow="127.0.0.1/32", resolve=resolve)
        for _ in range(40):
            with pytest.raises(DeadlineExceeded):
                egress.send(call(f"http://hangs.test:{upstream.port}/", timeout_seconds=0.01))

        # More look-ups have hung than there are threads for them.
        assert egress.send(call(f"http://works.test:{upstream.port}/")).status == 200
        released.set()


def test_a_provider_that_drops_connection_attempts_is_unreachable(make_egress: MakeEgress) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            # The queue holds one or two; what comes next waits for ever.
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        host, port = full.getsockname()
        egress = make_egress(allow=f"{host}:{port}", connect_timeout_seconds=0.2)

        with pytest.raises(UpstreamUnreachable) as failure:
            egress.send(call(f"http://{host}:{port}/", timeout_seconds=30))
        with pytest.raises(DeadlineExceeded):
            egress.send(call(f"http://{host}:{port}/", timeout_seconds=0.1))

    assert reason_of(failure) == "connect_timeout"


def test_a_closed_port_is_refused(make_egress: MakeEgress) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        host, port = unused.getsockname()

        with pytest.raises(UpstreamUnreachable) as failure:
            make_egress(allow=f"{host}:{port}").send(call(f"http://{host}:{port}/"))

    assert reason_of(failure) == "refused"


def test_the_next_address_is_tried_when_one_refuses(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond())) as upstream:
        egress = make_egress(allow="127.0.0.0/8", resolve=answers("127.0.0.3 127.0.0.1"))

        assert egress.send(call(f"http://two.test:{upstream.port}/")).status == 200


@pytest.mark.parametrize(
    "error", [socket.gaierror(-2, "Name or service not known"), UnicodeError("label"), None]
)
def test_a_name_that_is_not_found_is_unreachable(make_egress: MakeEgress, error: Exception | None) -> None:
    def resolve(*args: Any, **hints: Any) -> list[tuple[Any, ...]]:
        if error:
            raise error
        return []

    with pytest.raises(UpstreamUnreachable) as failure:
        make_egress(resolve=resolve).send(call("http://nowhere.test/"))

    assert reason_of(failure) == "dns"


def _resetting(peer: Peer) -> None:
    peer.read_request()
    peer.reset()


@pytest.mark.parametrize("handler", [_resetting, saying(b"")])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_closed_without_an_answer_is_reset_and_not_repeated(
    make_egress: MakeEgress, handler: Handler, method: str
) -> None:
    with RawUpstream(handler) as upstream, pytest.raises(UpstreamUnreachable) as failure:
        make_egress(upstream).send(call(upstream.url(), method=method))

    assert reason_of(failure) == "reset"
    assert len(upstream.requests) == 1


def test_an_answer_to_half_a_body_is_heard(make_egress: MakeEgress) -> None:
    def refuse_early(peer: Peer) -> None:
        peer.send(respond(b"too large", status="413 Content Too Large", headers=("Connection: close",)))
        peer.wait_until_closed()

    with RawUpstream(refuse_early) as upstream:
        asked = call(upstream.url(), method="POST", body=b"x" * 5_000_000)

        assert make_egress(upstream).send(asked).status == 413


def test_redirect_bodies_are_not_read(make_egress: MakeEgress) -> None:
    def endless_redirect(peer: Peer) -> None:
        request = peer.read_request() or b""
        if b"/next" in request:
            peer.send(respond(b"done"))
            return
        peer.send(b"HTTP/1.1 302 Found\r\nLocation: /next\r\n\r\n")
        while peer.pause(0):
            peer.send(b"x" * 65_536)

    with RawUpstream(endless_redirect) as upstream:
        assert make_egress(upstream).send(call(upstream.url())).body == b"done"


def test_a_handshake_is_not_hurried_by_the_time_for_connecting(
    make_egress: MakeEgress, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    context = authority.server_context(authority.issue("127.0.0.1"))
    context.sni_callback = lambda *hello: time.sleep(0.3)
    with RawUpstream(answering(respond()), tls=context) as upstream:
        egress = make_egress(upstream, connect_timeout_seconds=0.1)

        assert egress.send(call(upstream.url(), tls=Tls(ca_file=authority.ca_file))).status == 200


def test_one_thread_keeps_the_time_of_all_calls(make_egress: MakeEgress) -> None:
    others = set(threading.enumerate())
    with RawUpstream(_silent) as upstream:
        egress = make_egress(upstream)
        failures: list[type[Exception]] = []

        def work() -> None:
            try:
                egress.send(call(upstream.url(), timeout_seconds=SHORT_SECONDS))
            except PatchbayError as error:
                failures.append(type(error))

        callers = [threading.Thread(target=work) for _ in range(20)]
        for caller in callers:
            caller.start()
        begun = set(threading.enumerate()) - others
        keepers = [thread for thread in begun if thread.name == "egress-deadlines"]
        for caller in callers:
            caller.join()

    assert failures == [DeadlineExceeded] * 20
    assert len(keepers) == 1


def test_finished_calls_are_not_remembered_until_their_deadline() -> None:
    watchdog = Watchdog()
    for _ in range(5000):
        with watchdog.watch(3600):
            pass
    remembered = len(watchdog._heap)
    watchdog.close()

    assert remembered < 1000


def test_redirected_wire_bytes_count_too(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond(b"page"))) as other, RawUpstream(redirecting(other.url())) as first:
        answer = make_egress(first, other).send(call(first.url(), redirects="any"))

    assert answer.received_bytes > len(respond(b"page"))
