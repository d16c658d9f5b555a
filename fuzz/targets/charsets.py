"""Any bytes have a text, whatever charset is declared, and UTF-8 is read as itself."""

from __future__ import annotations

from contextlib import suppress

from integrations.answers.types.charset import decode_text, known_codec
from integrations.answers.types.received import read_content_type

SEEDS = [
    b"utf-8\nna\xc3\xafve",
    b"text/html; charset=gb2312\n<meta charset='gb2312'>\xd6\xd0",
    b"utf-16\n\xff\xfea\0",
    b"iso-8859-1\n\xe9",
    b"idna\n..",
    b'text/plain; charset="utf-7"\n+AGE-',
    b"unicode_escape\n\\ud800",
    b"\n<?xml version='1.0' encoding='windows-1251'?>\xcf",
]


def check(data: bytes) -> None:
    label, _, body = data.partition(b"\n")
    header = label.decode("latin-1")
    _, charset = read_content_type(header)
    for declared in (None, header, charset):
        known_codec(declared)
        for markup in (None, "html", "xml"):
            text = decode_text(body, declared, markup)  # type: ignore[arg-type]
            # What is kept is JSON in UTF-8, which has no lone surrogates.
            text.encode("utf-8")
    if b"\0" in body[:64]:
        # UTF-16 without a byte order mark, as far as anybody can tell.
        return
    with suppress(UnicodeDecodeError):
        strict = body.decode("utf-8")
        assert body.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")) or decode_text(body) == strict
