"""Reading a body whole: framed as RFC 9112 section 6 says, decoded piece by piece, never past its cap."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from errors import UpstreamInvalid
from integrations.calls import Headers

PIECE_BYTES = 65_536
MAX_CHUNK_LINE_BYTES = 4096
MAX_TRAILER_LINES = 128
MAX_CODINGS = 3

_GZIP_WBITS = 16 + zlib.MAX_WBITS
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r?\n")
_LENGTH = re.compile(r"[0-9]{1,18}")


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
    if method == "HEAD" or status in (204, 304):
        return Framing(Extent.EMPTY)
    transfer = headers.get("Transfer-Encoding")
    if transfer is not None:
        if transfer.strip().lower() != "chunked":
            raise UpstreamInvalid("The provider's answer is framed in an unknown way.", reason="framing")
        return Framing(Extent.CHUNKED)
    declared = headers.get("Content-Length")
    if declared is None:
        return Framing(Extent.UNTIL_CLOSE)
    lengths = {length.strip() for length in declared.split(",")}
    length = lengths.pop()
    if lengths or not _LENGTH.fullmatch(length):
        raise UpstreamInvalid("The provider's answer has no clear length.", reason="framing")
    return Framing(Extent.LENGTH, int(length))


def read_body(source: Source, framing: Framing, coding: str | None, max_bytes: int) -> bytes:
    """The body, complete and decoded from `coding` (a Content-Encoding value).

    Raises UpstreamInvalid with reason "truncated", "too_large", "framing" or "coding". At no time is more
    held than `max_bytes` and a few pieces.
    """
    if framing.extent is Extent.LENGTH and framing.length > max_bytes:
        raise _too_large(max_bytes)
    pieces = _capped(_FRAMED[framing.extent](source, framing.length), max_bytes)
    for name in reversed(_codings(coding)):
        pieces = _CODINGS[name](pieces)
    return b"".join(_capped(pieces, max_bytes))


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


def truncated() -> UpstreamInvalid:
    """The failure of an answer that ends before it is complete."""
    return UpstreamInvalid("The provider's answer ended before it was complete.", reason="truncated")


def _read_nothing(source: Source, length: int) -> Iterator[bytes]:
    return iter(())


def _read_length(source: Source, length: int) -> Iterator[bytes]:
    while length:
        piece = source.read1(min(length, PIECE_BYTES))
        if not piece:
            raise truncated()
        length -= len(piece)
        yield piece


def _read_until_close(source: Source, length: int) -> Iterator[bytes]:
    while piece := source.read1(PIECE_BYTES):
        yield piece


def _read_chunks(source: Source, length: int) -> Iterator[bytes]:
    while size_bytes := _read_chunk_size(source):
        yield from _read_length(source, size_bytes)
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


def _codings(coding: str | None) -> list[str]:
    names = [name.strip().lower() for name in (coding or "").split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > MAX_CODINGS or not all(name in _CODINGS for name in names):
        raise UpstreamInvalid("The provider's answer is compressed in an unknown way.", reason="coding")
    return names


def _bad_coding() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer cannot be decompressed.", reason="coding")


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip members hold, one after the other (RFC 1952 section 2.2)."""
    member = None
    for piece in pieces:
        rest = piece
        while rest:
            member = member or zlib.decompressobj(wbits=_GZIP_WBITS)
            if member.eof:
                # Another member follows, or the zeros that some tools pad the end with.
                if not (rest := rest.lstrip(b"\0")):
                    break
                member = zlib.decompressobj(wbits=_GZIP_WBITS)
            yield from _inflated(member, rest)
            rest = member.unused_data
    if member is not None and not member.eof:
        raise truncated()


def _undeflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What a deflate body holds: in zlib's wrapping as the standard says, or bare as some servers send it."""
    inflater = None
    for piece in pieces:
        if inflater is None:
            # The first byte of zlib's wrapping names the method, 8, in its low half (RFC 1950 section 2.2).
            wrapped = piece[0] & 0x0F == 8
            inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        elif inflater.eof:
            raise _bad_coding()
        yield from _inflated(inflater, piece)
    if inflater is not None and not inflater.eof:
        raise truncated()


def _inflated(inflater: zlib._Decompress, compressed: bytes) -> Iterator[bytes]:
    # A kilobyte may hold a megabyte: it comes out in pieces, so that the cap stops it early. A full piece may
    # have left more inside, even when all input is taken.
    piece = b""
    while (compressed or len(piece) == PIECE_BYTES) and not inflater.eof:
        try:
            piece = inflater.decompress(compressed, PIECE_BYTES)
        except zlib.error:
            raise _bad_coding() from None
        compressed = inflater.unconsumed_tail
        if piece:
            yield piece


_CODINGS: dict[str, Callable[[Iterable[bytes]], Iterator[bytes]]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
}
ACCEPT_ENCODING = "gzip, deflate"
