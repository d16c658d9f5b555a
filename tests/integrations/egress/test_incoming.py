"""Lines and pieces come out of a socket as they went in, however they were cut on the way."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from errors import UpstreamInvalid
from integrations.egress.incoming import READ_BUFFER_BYTES, Incoming


class Ends:
    """Both ends of a connection, and what was counted on the way."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.settimeout(10)
        self.counted: list[int] = []
        self.incoming = Incoming(self.near, self.counted.append)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    with made.near, made.far:
        yield made


def test_lines_and_the_piece_behind_them_come_in_order(ends: Ends) -> None:
    ends.far.sendall(b"one\r\ntwo\nbody")

    assert [ends.incoming.readline(100), ends.incoming.readline(100)] == [b"one\r\n", b"two\n"]
    assert ends.incoming.unread_bytes == 4
    assert [ends.incoming.read1(3), ends.incoming.read1(3)] == [b"bod", b"y"]
    assert ends.counted == [13]


def test_a_line_in_many_pieces_is_one(ends: Ends) -> None:
    ends.far.sendall(b"o")
    assert ends.incoming.readline(1) == b"o"
    ends.far.sendall(b"ne")
    assert ends.incoming.read1(1) == b"n"
    ends.far.sendall(b"\ntwo\n")
    assert ends.incoming.readline(100) == b"e\n"
    assert ends.incoming.readline(100) == b"two\n"


def test_a_line_is_cut_at_its_limit_and_at_the_end_of_all(ends: Ends) -> None:
    ends.far.sendall(b"12345\n78")
    ends.far.shutdown(socket.SHUT_WR)

    assert [ends.incoming.readline(limit) for limit in (3, 3, 3, 3)] == [b"123", b"45\n", b"78", b""]


def test_pieces_larger_than_the_buffer_are_whole(ends: Ends) -> None:
    data = bytes(range(256)) * 256
    ends.far.sendall(b"line\n" + data)
    ends.far.shutdown(socket.SHUT_WR)

    pieces = [ends.incoming.readline(10)]
    while piece := ends.incoming.read1(2 * READ_BUFFER_BYTES):
        pieces.append(piece)

    assert b"".join(pieces) == b"line\n" + data
    assert sum(ends.counted) == len(data) + 5
    assert ends.incoming.unread_bytes == 0


def test_who_counts_may_refuse_what_arrives() -> None:
    def refuse(size_bytes: int) -> None:
        raise UpstreamInvalid("Too much.", reason="too_large")

    near, far = socket.socketpair()
    with near, far:
        far.sendall(b"line\n")
        with pytest.raises(UpstreamInvalid):
            Incoming(near, refuse).readline(10)
