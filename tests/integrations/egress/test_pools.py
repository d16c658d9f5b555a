"""Idle connections over real sockets: they wait for their own origin and owner only, within bounds, and none closed is
ever used."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator

import pytest

from integrations.egress import Egress
from integrations.egress.exchange import Exchange
from integrations.egress.pools import MAX_POOLS
from tests.egress_calls import MakeEgress, call, egress_maker
from tests.raw_upstreams import Peer, RawUpstream, answering, respond


@pytest.fixture
def make_egress() -> Iterator[MakeEgress]:
    with egress_maker() as make:
        yield make


class Counting:
    """A handler that answers with the number of its connection, and knows which ones the client has closed."""

    def __init__(self, concurrent: int = 1) -> None:
        self.closed: set[int] = set()
        self.changed = threading.Condition()
        self._meeting = threading.Barrier(concurrent)
        self._connections = 0

    def __call__(self, peer: Peer) -> None:
        with self.changed:
            number = self._connections
            self._connections += 1
        with contextlib.suppress(OSError):
            while (request := peer.read_request()) is not None:
                if b"/together" in request:
                    self._meeting.wait(10)
                peer.send(respond(str(number).encode()))
        with self.changed:
            self.closed.add(number)
            self.changed.notify_all()

    def await_closed(self, expected: Callable[[set[int]], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(lambda: expected(self.closed), 10)


def numbers_at_once(egress: Egress, upstream: RawUpstream, many: int) -> set[int]:
    """The connections that so many calls at the same time went over."""
    found: list[int] = []

    def work() -> None:
        found.append(int(egress.send(call(upstream.url("/together"), timeout_seconds=30)).body))

    threads = [threading.Thread(target=work) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return set(found)


def number(egress: Egress, upstream: RawUpstream, owner: bytes = b"owner") -> int:
    return int(egress.send(call(upstream.url(), connection_key=owner)).body)


def test_each_connection_is_used_by_one_call_at_a_time(make_egress: MakeEgress) -> None:
    handler = Counting(concurrent=2)
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream, pool_size=2)
        first, second = (numbers_at_once(egress, upstream, 2) for _ in range(2))
        alone = [number(egress, upstream) for _ in range(3)]

    assert first == second == {0, 1}
    # The one used last comes first, and it stays the same.
    assert len(set(alone)) == 1


def test_what_is_too_many_for_an_owner_is_closed(make_egress: MakeEgress) -> None:
    handler = Counting(concurrent=3)
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream, pool_size=2)
        numbers = numbers_at_once(egress, upstream, 3)
        assert handler.await_closed(lambda closed: len(closed) == 1)
        kept = number(egress, upstream)

    assert numbers == {0, 1, 2}
    assert kept < 3


def test_an_origin_gets_no_other_origins_connection(make_egress: MakeEgress) -> None:
    with RawUpstream(answering(respond(b"one"))) as one, RawUpstream(answering(respond(b"two"))) as two:
        egress = make_egress(one, two)
        bodies = [egress.send(call(upstream.url())).body for upstream in (one, two, one, two)]

    assert bodies == [b"one", b"two"] * 2
    assert (one.accepts, two.accepts) == (1, 1)


def test_the_owner_served_longest_ago_makes_room(make_egress: MakeEgress) -> None:
    handler = Counting()
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream)
        for index in range(MAX_POOLS):
            number(egress, upstream, b"%d" % index)
        number(egress, upstream, b"0")
        number(egress, upstream, b"one more")
        assert handler.await_closed(lambda closed: closed == {1})
        again = [number(egress, upstream, b"0"), number(egress, upstream, b"1")]

    assert again == [0, MAX_POOLS + 1]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_connection_that_its_peer_gave_up_is_not_used(make_egress: MakeEgress, method: str) -> None:
    is_gone = threading.Event()

    def handle(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond())
        peer.reset()
        is_gone.set()

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        for _ in range(2):
            assert egress.send(call(upstream.url(), method=method)).status == 200
            assert is_gone.wait(5)
            is_gone.clear()

    assert (upstream.accepts, len(upstream.requests)) == (2, 2)


def test_closing_closes_what_is_idle(make_egress: MakeEgress) -> None:
    handler = Counting()
    with RawUpstream(handler) as upstream:
        egress = make_egress(upstream)
        for owner in (b"a", b"b", b"c"):
            number(egress, upstream, owner)
        egress.close()

        assert handler.await_closed(lambda closed: closed == {0, 1, 2})


def test_a_call_that_is_under_way_while_all_is_closed_keeps_nothing(make_egress: MakeEgress) -> None:
    is_asked, may_answer, is_closed = threading.Event(), threading.Event(), threading.Event()

    def handle(peer: Peer) -> None:
        peer.read_request()
        is_asked.set()
        may_answer.wait(10)
        peer.send(respond(b"late"))
        peer.wait_until_closed()
        is_closed.set()

    with RawUpstream(handle) as upstream:
        egress = make_egress(upstream)
        bodies: list[bytes] = []
        caller = threading.Thread(target=lambda: bodies.append(egress.send(call(upstream.url())).body))
        caller.start()
        assert is_asked.wait(5)
        egress.close()
        may_answer.set()
        caller.join()
        assert is_closed.wait(5)

    assert bodies == [b"late"]


def test_an_idle_connection_does_not_hold_on_to_its_last_call(make_egress: MakeEgress) -> None:
    body = b"a body that is looked for " * 99
    with RawUpstream(answering(respond(headers=("X-Large: " + "x" * 999,)))) as upstream:
        egress = make_egress(upstream)
        egress.send(call(upstream.url(), method="POST", body=body))
        gc.collect()
        # Calls of other tests in this process may still be held by what they left.
        held = [found for found in gc.get_objects() if isinstance(found, Exchange) and found.hop.body == body]

    assert held == []
