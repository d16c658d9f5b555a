"""Idle connections wait for their own origin only, within bounds, and no closed one is ever handed out."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from integrations.egress.connections import GuardedConnection
from integrations.egress.idle_connections import IdleConnections

Connect = Callable[[], tuple[GuardedConnection, socket.socket]]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Opens connections; gives each with its far end."""
    ends: list[socket.socket] = []

    def make() -> tuple[GuardedConnection, socket.socket]:
        conn = GuardedConnection("api.test")
        conn.sock, far = socket.socketpair()
        ends.extend((conn.sock, far))
        return conn, far

    yield make
    for end in ends:
        end.close()


def test_the_connection_used_last_comes_first_and_each_once(connect: Connect) -> None:
    idle = IdleConnections(per_origin=2)
    first, second = connect()[0], connect()[0]
    idle.put("a", first)
    idle.put("a", second)

    assert [idle.take("a"), idle.take("a"), idle.take("a")] == [second, first, None]


def test_an_origin_gets_no_other_origins_connection(connect: Connect) -> None:
    idle = IdleConnections(per_origin=2)
    idle.put("a", connect()[0])

    assert idle.take("b") is None


@pytest.mark.parametrize("goodbye", [b"", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
def test_a_connection_that_its_peer_gave_up_is_passed_over(connect: Connect, goodbye: bytes) -> None:
    idle = IdleConnections(per_origin=2)
    alive, _ = connect()
    given_up, far = connect()
    idle.put("a", alive)
    idle.put("a", given_up)
    far.sendall(goodbye) if goodbye else far.close()

    assert idle.take("a") is alive
    assert given_up.is_closed


def test_what_is_too_many_for_an_origin_is_closed(connect: Connect) -> None:
    idle = IdleConnections(per_origin=2)
    conns = [connect()[0] for _ in range(3)]
    for conn in conns:
        idle.put("a", conn)

    assert [conn.is_closed for conn in conns] == [True, False, False]


def test_the_origin_used_longest_ago_makes_room(connect: Connect) -> None:
    idle = IdleConnections(per_origin=2, max_origins=2)
    conns = {name: connect()[0] for name in ("a", "b", "c")}
    idle.put("a", conns["a"])
    idle.put("b", conns["b"])
    idle.put("a", taken := connect()[0])
    idle.put("c", conns["c"])

    assert conns["b"].is_closed
    assert idle.take("b") is None
    assert idle.take("a") is taken


def test_an_origin_whose_connections_are_all_in_use_takes_no_room(connect: Connect) -> None:
    idle = IdleConnections(per_origin=1, max_origins=2)
    conns = {name: connect()[0] for name in ("a", "b", "c")}
    idle.put("a", conns["a"])
    idle.put("b", conns["b"])
    assert idle.take("b") is conns["b"]
    idle.put("c", conns["c"])

    assert idle.take("a") is conns["a"]


def test_after_closing_nothing_is_kept(connect: Connect) -> None:
    idle = IdleConnections(per_origin=2)
    before, after = connect()[0], connect()[0]
    idle.put("a", before)
    idle.close()
    idle.put("a", after)

    assert before.is_closed
    assert after.is_closed
    assert idle.take("a") is None
