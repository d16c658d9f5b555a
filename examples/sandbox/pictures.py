"""Generated image files."""

from __future__ import annotations

import math
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


@lru_cache(maxsize=4)
def evening_jpeg(width: int, height: int) -> bytes:
    """A grey evening over a hill as baseline JPEG (ITU-T T.81): one shade for each block of 8 by 8 pixels."""
    columns, rows = -(-width // SIDE_PIXELS), -(-height // SIDE_PIXELS)
    shades = [_shade(column / columns, row / rows) for row in range(rows) for column in range(columns)]
    # Nine codes of four bits for the sizes of differences; one of one bit for the end of a block.
    sizes = bytes([0, 0, 0, 9, *[0] * 12, *range(9)])
    end_only = bytes([1, *[0] * 15, 0])
    segments = (
        (b"\xdb", b"\x00" + b"\x08" * 64),
        (b"\xc0", b"\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\x00"),
        (b"\xc4", b"\x00" + sizes),
        (b"\xc4", b"\x10" + end_only),
        (b"\xda", b"\x01\x01\x00\x00\x3f\x00"),
    )
    marked = b"".join(b"\xff" + kind + struct.pack(">H", len(data) + 2) + data for kind, data in segments)
    return b"\xff\xd8" + marked + _entropy_coded(shades) + b"\xff\xd9"


def _shade(x: float, y: float) -> int:
    """From -128 for black to 127 for white, at a place of the picture."""
    horizon = 0.62 + 0.12 * math.sin(x * 4.2 + 0.6)
    if y > horizon:
        return round(-96 + 30 * (y - horizon))
    is_moon = (x - 0.76) ** 2 * 3.2 + (y - 0.24) ** 2 < 0.006
    return 118 if is_moon else round(-42 + 110 * y * y)


def _entropy_coded(shades: list[int]) -> bytes:
    """The blocks as differences to the one before (F.1.2.1), with zeros after each byte of ones (F.1.2.3)."""
    bits = []
    for before, shade in zip([0, *shades], shades, strict=False):
        difference = shade - before
        size = abs(difference).bit_length()
        value = difference if difference >= 0 else difference + (1 << size) - 1
        bits.append(f"{size:04b}" + (f"{value:0{size}b}" if size else "") + "0")
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    coded = bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))
    return coded.replace(b"\xff", b"\xff\x00")
