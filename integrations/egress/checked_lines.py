"""The reader that http.client reads an answer from: it counts every byte and checks every line before it is parsed.

http.client accepts what RFC 9112 does not allow (a bare carriage return, a head that ends early, a chunk size with a
sign) and guesses the meaning. A proxy may guess differently, and then the two see the end of the answer at different
places. So a line that sections 4 to 7 do not allow never reaches the parser.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from errors import UpstreamInvalid
from integrations.egress.codings import truncated

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

READ_BUFFER_BYTES = 16_384
MAX_HEAD_BYTES = 131_072
MAX_LINE_BYTES = 65_536
MAX_CHUNK_LINE_BYTES = 4096
MAX_TRAILER_LINES = 128

_STATUS_LINE = re.compile(rb"HTTP/(?:0\.9|1\.[0-9])[ \t]+([1-9][0-9]{2})(?:[ \t][^\n]*|\r?)\n")
_HEADER_LINE = re.compile(rb"(?:[!-9;-~]+:[^\r\n]*)?\r?\n")
_FOLDED_LINE = re.compile(rb"[ \t]+[^\r\n]*\r?\n")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")


class Arrivals(io.RawIOBase):
    """A socket's bytes. `count` is called with the size of each read, and may raise."""

    def __init__(self, raw: io.RawIOBase, count: Callable[[int], None]) -> None:
        self._raw = raw
        self._count: Callable[[int], object] = count
        self._size_bytes = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        size_bytes = self._raw.readinto(buffer) or 0
        self._size_bytes += size_bytes
        self._count(size_bytes)
        return size_bytes

    def tell(self) -> int:
        """How many bytes have arrived."""
        return self._size_bytes

    def close(self) -> None:
        super().close()
        self._raw.close()
        # A kept connection references its last answer; drop the reference to the call.
        self._count = int


class CheckedLines(io.BufferedReader):
    """Reads the lines of a head and of chunks, each checked by the rule for its place, and pieces of a body.

    Raises UpstreamInvalid with reason "truncated", "not_http", "upgrade", "headers" or "framing". `leftover_bytes` is
    the number of bytes after the end of the answer when it was closed.
    """

    leftover_bytes = 0

    def __init__(self, arrivals: Arrivals) -> None:
        super().__init__(arrivals, READ_BUFFER_BYTES)
        # Not a bound method: that would be a reference cycle, and the buffer would wait for the garbage collector.
        self._check = CheckedLines._check_status
        self._head_bytes = self._trailer_lines = 0
        self._is_interim = self._may_fold = False

    @property
    def unread_bytes(self) -> int:
        """How many bytes have arrived and were not read yet."""
        return self.raw.tell() - self.tell()

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._check(self, super().readline(size))

    def read(self, size: int | None = -1, /) -> bytes:
        """The line end after a chunk; http.client reads nothing else this way."""
        end = super().read(size)
        if end != b"\r\n":
            raise _bad_chunk() if len(end) == 2 else truncated()
        return end

    def close(self) -> None:
        if not self.closed:
            self.leftover_bytes = self.unread_bytes
        super().close()

    def _check_status(self, line: bytes) -> bytes:
        if not line:
            # http.client itself tells a closed connection from a line that is cut.
            return line
        self._check_size(line)
        match = _STATUS_LINE.fullmatch(line)
        if match is None:
            raise UpstreamInvalid("The provider's answer is not HTTP.", reason="not_http")
        if match[1] == b"101":
            # We never ask for an upgrade; what follows a 101 is not HTTP (RFC 9110 section 15.2.2).
            raise UpstreamInvalid("The provider switches to another protocol.", reason="upgrade")
        self._is_interim, self._may_fold = match[1] < b"200", False
        self._check = CheckedLines._check_header
        return line

    def _check_header(self, line: bytes) -> bytes:
        self._check_size(line)
        if self._may_fold and _FOLDED_LINE.fullmatch(line):
            return line
        if not _HEADER_LINE.fullmatch(line):
            raise UpstreamInvalid("The provider's headers cannot be read.", reason="headers")
        self._may_fold = True
        # http.client keeps whitespace after a value; RFC 9112 section 5.1 removes it.
        line = line.rstrip(b" \t\r\n") + b"\n"
        if line == b"\n":
            self._check = CheckedLines._check_status if self._is_interim else CheckedLines._check_chunk_size
        return line

    def _check_size(self, line: bytes) -> None:
        self._head_bytes += len(line)
        if len(line) > MAX_LINE_BYTES or self._head_bytes > MAX_HEAD_BYTES:
            raise too_large_head()
        if not line.endswith(b"\n"):
            raise truncated()

    def _check_chunk_size(self, line: bytes) -> bytes:
        match = _CHUNK_SIZE.fullmatch(line)
        if len(line) > MAX_CHUNK_LINE_BYTES or (match is None and line.endswith(b"\n")):
            raise _bad_chunk()
        if match is None:
            raise truncated()
        if int(match[1], 16) == 0:
            self._check = CheckedLines._check_trailer
        return line

    def _check_trailer(self, line: bytes) -> bytes:
        # The body is complete, so a peer may close the connection instead of ending the trailers.
        self._trailer_lines += 1
        if self._trailer_lines > MAX_TRAILER_LINES or len(line) > MAX_CHUNK_LINE_BYTES:
            raise _bad_chunk()
        return line


def too_large_head() -> UpstreamInvalid:
    """The failure for a head that is too large."""
    return UpstreamInvalid("The provider's answer has too many or too large headers.", reason="headers")


def _bad_chunk() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer has invalid chunks.", reason="framing")
