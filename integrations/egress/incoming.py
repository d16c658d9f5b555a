"""What a socket brings, in lines and pieces, every byte of it counted."""

from __future__ import annotations

import socket
from collections.abc import Callable

READ_BUFFER_BYTES = 16_384


class Incoming:
    """The receiving side of a connection for one answer. `count` is told of every arrival, and may refuse it."""

    __slots__ = ("_buffer", "_count", "_position", "_sock")

    def __init__(self, sock: socket.socket, count: Callable[[int], None]) -> None:
        self._sock = sock
        self._count = count
        self._buffer = b""
        self._position = 0

    @property
    def unread_bytes(self) -> int:
        """How much has arrived and was not asked for yet."""
        return len(self._buffer) - self._position

    def readline(self, limit: int, /) -> bytes:
        """Up to a line's end, `limit` bytes or the end of all, whichever comes first."""
        searched_bytes = 0
        while True:
            start = self._position
            end = self._buffer.find(b"\n", start + searched_bytes, start + limit) + 1
            if end:
                self._position = end
                return self._buffer[start:end]
            searched_bytes = self.unread_bytes
            if searched_bytes >= limit or not self._fill():
                return self._take(limit)

    def read1(self, size: int, /) -> bytes:
        """What is there, `size` bytes at most; waits if that is nothing. Empty at the end of all."""
        if self._position == len(self._buffer):
            if size >= READ_BUFFER_BYTES:
                return self._receive(size)
            self._fill()
        return self._take(size)

    def _take(self, size: int) -> bytes:
        piece = self._buffer[self._position : self._position + size]
        self._position += len(piece)
        return piece

    def _fill(self) -> bool:
        arrived = self._receive(READ_BUFFER_BYTES)
        self._buffer = self._buffer[self._position :] + arrived
        self._position = 0
        return bool(arrived)

    def _receive(self, size: int) -> bytes:
        arrived = self._sock.recv(size)
        self._count(len(arrived))
        return arrived
