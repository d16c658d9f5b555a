"""Content codings (RFC 9110 section 8.4.1), decoded piece by piece in bounded memory."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator

import brotli

from errors import UpstreamInvalid

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

PIECE_BYTES = 65_536
MAX_CODINGS = 3
ACCEPT_ENCODING = "gzip, deflate, br, zstd"

_GZIP_WBITS = 16 + zlib.MAX_WBITS
# A frame declares its window size; over HTTP it is at most 8 MB (RFC 9659 section 3).
_ZSTD_OPTIONS: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}

Decode = Callable[[Iterable[bytes]], Iterator[bytes]]


def decoders_of(coding: str | None) -> list[Decode]:
    """The decoders for a Content-Encoding value, in the order to apply them.

    Each makes pieces of pieces. It raises UpstreamInvalid with reason "truncated" for a body that ends early and
    "coding" for one that is broken, goes on after its end or wants a window that is too large; so does this
    function for a coding that is not known.
    """
    if coding is None:
        return []
    names = [name.strip(" \t").lower() for name in coding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > MAX_CODINGS or not all(name in _DECODERS for name in names):
        raise UpstreamInvalid("The provider's answer has an unknown Content-Encoding.", reason="coding")
    return [_DECODERS[name] for name in reversed(names)]


def truncated() -> UpstreamInvalid:
    """The failure for an answer that ends early."""
    return UpstreamInvalid("The provider's answer ended before it was complete.", reason="truncated")


def _bad_coding() -> UpstreamInvalid:
    return UpstreamInvalid("The provider's answer cannot be decompressed.", reason="coding")


def _gunzip(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decodes gzip members, one after the other (RFC 1952 section 2.2)."""
    member = None
    for piece in pieces:
        rest = piece
        while rest:
            member = member or zlib.decompressobj(wbits=_GZIP_WBITS)
            if member.eof:
                # Another member follows, or zeros that some tools append as padding.
                if not (rest := rest.lstrip(b"\0")):
                    break
                member = zlib.decompressobj(wbits=_GZIP_WBITS)
            yield from _inflated(member, rest)
            rest = member.unused_data
    if member is not None and not member.eof:
        raise truncated()


def _undeflate(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decodes a deflate body: with the zlib wrapper as the standard says, or without it as some servers send it."""
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
    # A kilobyte may decode to a megabyte, so decode in pieces: the limit then stops it early. After a full piece
    # there may be more output, even if all input is consumed.
    piece = b""
    while (compressed or len(piece) == PIECE_BYTES) and not inflater.eof:
        try:
            piece = inflater.decompress(compressed, PIECE_BYTES)
        except zlib.error:
            raise _bad_coding() from None
        compressed = inflater.unconsumed_tail
        if piece:
            yield piece


def _unbrotli(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decodes one brotli stream (RFC 7932). Its window is 16 MB at most; large windows are an error."""
    decoder = None
    for piece in pieces:
        decoder = decoder or brotli.Decompressor()
        compressed, is_drained = piece, False
        while not is_drained:
            try:
                # The decoder raises an error for any byte after the end of the stream.
                plain = decoder.process(compressed, output_buffer_limit=PIECE_BYTES)
            except brotli.error:
                raise _bad_coding() from None
            # The decoder keeps input that it has not decoded yet.
            compressed = b""
            is_drained = decoder.is_finished() or (not plain and decoder.can_accept_more_data())
            if plain:
                yield plain
    if decoder is not None and not decoder.is_finished():
        raise truncated()


def _unzstd(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Decodes zstd frames, one after the other (RFC 8878 section 3.1)."""
    frame = None
    for piece in pieces:
        rest = piece
        while rest:
            if frame is None or frame.eof:
                frame = zstd.ZstdDecompressor(options=_ZSTD_OPTIONS)
            yield from _unframed(frame, rest)
            rest = frame.unused_data
    if frame is not None and not frame.eof:
        raise truncated()


def _unframed(frame: zstd.ZstdDecompressor, compressed: bytes) -> Iterator[bytes]:
    is_dry = False
    while not (frame.eof or is_dry):
        try:
            piece = frame.decompress(compressed, PIECE_BYTES)
        except zstd.ZstdError:
            raise _bad_coding() from None
        # The frame keeps input that it has not decoded yet.
        compressed = b""
        is_dry = not frame.eof and frame.needs_input
        if piece:
            yield piece


_DECODERS: dict[str, Decode] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "br": _unbrotli,
    "zstd": _unzstd,
}
