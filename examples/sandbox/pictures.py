"""Generated image files."""

from __future__ import annotations

import struct
import zlib
from functools import lru_cache

SIDE_PIXELS = 8
BLUE, WHITE = b"\x1f\x5f\xbf", b"\xff\xff\xff"


@lru_cache(maxsize=1)
def tiny_png() -> bytes:
    """A chessboard of 8 by 8 pixels as PNG (RFC 2083), 8 bits a channel, no palette."""
    header = struct.pack(">IIBBBBB", SIDE_PIXELS, SIDE_PIXELS, 8, 2, 0, 0, 0)
    rows = b"".join(
        b"\x00" + b"".join(BLUE if (row + column) % 2 else WHITE for column in range(SIDE_PIXELS))
        for row in range(SIDE_PIXELS)
    )
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@lru_cache(maxsize=1)
def tiny_jpeg() -> bytes:
    """8 by 8 pixels of middle grey as baseline JPEG (ITU-T T.81), the smallest block there is."""
    side = struct.pack(">H", SIDE_PIXELS)
    one_code_of_one_bit = bytes([1, *[0] * 15, 0])
    segments = (
        (b"\xdb", b"\x00" + b"\x01" * 64),
        (b"\xc0", b"\x08" + side + side + b"\x01\x01\x11\x00"),
        (b"\xc4", b"\x00" + one_code_of_one_bit),
        (b"\xc4", b"\x10" + one_code_of_one_bit),
        (b"\xda", b"\x01\x01\x00\x00\x3f\x00"),
    )
    marked = b"".join(b"\xff" + kind + struct.pack(">H", len(data) + 2) + data for kind, data in segments)
    # No difference, end of block, and ones to fill the byte.
    return b"\xff\xd8" + marked + bytes([0b00111111]) + b"\xff\xd9"
