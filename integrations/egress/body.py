"""Reading a body whole: framed as RFC 9112 section 6 says, decoded piece by piece, never past its cap."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from errors import UpstreamInvalid
from integrations.egress.codings import PIECE_BYTES, decoders_of, truncated
from integrations.egress.messages import Headers

MAX_CHUNK_LINE_BYTES = 4096
MAX_TRAILER_LINES = 128

_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")
_WITHOUT_CONTENT = frozenset({204, 205, 304})


class Source(Protocol):
    """What a body is read from: a buffered reader over the socket."""

    def read1(self, size: int, /) -> bytes: ...

    def readline(self, limit: int, /) -> bytes: ...


class Extent(Enum):
    """How the end of a body is known."""

    EMPTY = "empty"
    LENGTH = "length"
    CHUNKED = "chunked"
    UNTIL_CLOSE = "until_close"


@dataclass(frozen=True, slots=True)
class Framing:
    """Where a body ends."""

    extent: Extent
    length: int = 0


def framing_of(method: str, status: int, headers: Headers) -> Framing:
    """Where the body of an answer ends (RFC 9112 section 6.3); UpstreamInvalid when that is ambiguous."""
    if method == "HEAD" or status in _WITHOUT_CONTENT:
        return Framing(Extent.EMPTY)
    transfer = headers.get("Transfer-Encoding")
    if transfer is not None:
        # Only what RFC 9110 section 5.6.3 calls whitespace may stand around it: who else strips a control character,
        # and who does not, would disagree on where this answer ends.
        if transfer.strip(" \t").lower() != "chunked":
            raise UpstreamInvalid("The provider's answer is framed in an unknown way.", reason="framing")
        return Framing(Extent.CHUNKED)
    declared = headers.get("Content-Length")
    if declared is None:
        return Framing(Extent.UNTIL_CLOSE)
    lengths = {length.strip(" \t") for length in declared.split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise UpstreamInvalid("The provider's answer has no clear length.", reason="framing")
    return Framing(Extent.LENGTH, int(length))


def read_body(source: Source, framing: Framing, coding: str | None, max_bytes: int) -> bytes:
    """The body, complete and decoded from `coding` (a Content-Encoding value).

    Raises UpstreamInvalid with reason "truncated", "too_large", "framing" or "coding". At no time is more
    held than `max_bytes`, a few pieces and a decoder's window.
    """
    if framing.extent is Extent.LENGTH and framing.length > max_bytes:
        raise _too_large(max_bytes)
    pieces = _FRAMED[framing.extent](source, framing.length)
    if framing.extent is not Extent.LENGTH:
        pieces = _capped(pieces, max_bytes)
    for decode in decoders_of(coding):
        # Each layer is capped, or one that unpacks to terabytes of padding would keep the next busy for hours.
        pieces = _capped(decode(pieces), max_bytes)
    return b"".join(pieces)


def _capped(pieces: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    size_bytes = 0
    for piece in pieces:
        size_bytes += len(piece)
        if size_bytes > max_bytes:
            raise _too_large(max_bytes)
        yield piece


def _too_large(max_bytes: int) -> UpstreamInvalid:
    return UpstreamInvalid(
        f"The provider's answer is larger than the {max_bytes} bytes allowed.", reason="too_large"
    )


def _read_nothing(source: Source, length: int) -> Iterator[bytes]:
    return iter(())


def _read_length(source: Source, length: int) -> Iterator[bytes]:
    while length:
        piece = _read_piece(source, length)
        length -= len(piece)
        yield piece


def _read_piece(source: Source, length: int) -> bytes:
    piece = source.read1(min(length, PIECE_BYTES))
    if not piece:
        raise truncated()
    return piece


def _read_until_close(source: Source, length: int) -> Iterator[bytes]:
    while piece := source.read1(PIECE_BYTES):
        yield piece


def _read_chunks(source: Source, length: int) -> Iterator[bytes]:
    while left_bytes := _read_chunk_size(source):
        while left_bytes:
            piece = _read_piece(source, left_bytes)
            left_bytes -= len(piece)
            yield piece
        if (end := source.readline(3)) not in (b"\r\n", b"\n"):
            raise _bad_chunk() if end else truncated()
    for _ in range(MAX_TRAILER_LINES):
        # The body is complete: a peer that closes instead of ending the trailers does no harm.
        if source.readline(MAX_CHUNK_LINE_BYTES) in (b"\r\n", b"\n", b""):
            return
    raise _bad_chunk()


def _read_chunk_size(source: Source) -> int:
    line = source.readline(MAX_CHUNK_LINE_BYTES)
    if match := _CHUNK_SIZE.fullmatch(line):
        return int(match[1], 16)
    raise _bad_chunk() if line.endswith(b"\n") or len(line) == MAX_CHUNK_LINE_BYTES else truncated()


def _bad_chunk() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer is cut in chunks that cannot be read.", reason="framing")


_FRAMED: dict[Extent, Callable[[Source, int], Iterator[bytes]]] = {
    Extent.EMPTY: _read_nothing,
    Extent.LENGTH: _read_length,
    Extent.CHUNKED: _read_chunks,
    Extent.UNTIL_CLOSE: _read_until_close,
}
