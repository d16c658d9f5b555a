"""A real picture, made and not stored."""

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
