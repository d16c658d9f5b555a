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
        searched = self._position
        while True:
            end = self._buffer.find(b"\n", searched, self._position + limit) + 1
            if end or self.unread_bytes >= limit:
                return self._take(end - self._position if end else limit)
            rest_bytes = self.unread_bytes
            if not self._fill():
                return self._take(rest_bytes)
            searched = self._position + rest_bytes

    def read1(self, size: int, /) -> bytes:
        """What is there, `size` bytes at most; waits if that is nothing. Empty at the end of all."""
        if not self.unread_bytes:
            if size >= READ_BUFFER_BYTES:
                return self._receive(size)
            self._fill()
        return self._take(min(size, self.unread_bytes))

    def _take(self, size: int) -> bytes:
        start = self._position
        self._position = start + size
        return self._buffer[start : start + size]

    def _fill(self) -> bool:
        arrived = self._receive(READ_BUFFER_BYTES)
        self._buffer = self._buffer[self._position :] + arrived
        self._position = 0
        return bool(arrived)

    def _receive(self, size: int) -> bytes:
        arrived = self._sock.recv(size)
        self._count(len(arrived))
        return arrived
