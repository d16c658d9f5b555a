"""Decodes bytes to text: by byte order mark, header, the document's own declaration, then by detection."""

from __future__ import annotations

import codecs
import re
from typing import Literal

Markup = Literal["html", "xml"]

_BOMS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Charsets of texts. Python's registry also contains zip, base64, idna, unicode_escape and others that are not charsets,
# some of which take quadratic time.
_TEXT_CODECS = frozenset(
    [
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "ascii"),
        *(f"iso8859-{part}" for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)),
        *(f"cp{page}" for page in (437, 850, 852, 855, 866, 874, 932, 949, 950, *range(1250, 1259))),
        *("koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "tis-620"),
        *("gb2312", "gbk", "gb18030", "big5", "big5hkscs"),
        *("shift_jis", "euc_jp", "iso2022_jp", "euc_kr", "johab"),
    ]
)
# The WHATWG Encoding Standard: text declared as Latin-1 or ASCII is windows-1252.
_AS_ON_THE_WEB = {"iso8859-1": "cp1252", "ascii": "cp1252", "iso8859-9": "cp1254", "gb2312": "gb18030"}
_SELF_DESCRIBED_WITHIN = 2048
_SELF_DESCRIBED: dict[Markup, re.Pattern[bytes]] = {
    "html": re.compile(
        rb"""<meta[^>]{0,300}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([A-Za-z0-9_:.-]{1,40})""", re.I
    ),
    "xml": re.compile(rb"""^\s{0,99}<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([A-Za-z0-9_:.-]{1,40})"""),
}


def decode_text(body: bytes, declared: str | None = None, markup: Markup | None = None) -> str:
    """The text of `body`. Never fails: bytes that fit no candidate charset become U+FFFD.

    A declared charset that the bytes contradict is ignored, so a wrong header does no harm.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, errors="replace")
    candidates = [
        known_codec(declared),
        _self_described(body, markup),
        # Before UTF-8: ASCII letters in UTF-16 are valid UTF-8 with a NUL after each.
        _unmarked_utf16(body),
        "utf-8",
    ]
    for name in candidates:
        if name is None:
            continue
        try:
            return body.decode(name).removeprefix("\ufeff")
        except UnicodeError:
            continue
    fallback = candidates[0] or candidates[1] or "cp1252"
    # Bytes that are mostly in another charset are more readable as windows-1252 than as many U+FFFD.
    return body.decode("cp1252" if fallback == "utf-8" else fallback, errors="replace")


def known_codec(label: str | None) -> str | None:
    """Python's name for a charset label, or None if it is not supported."""
    if not label:
        return None
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    return _AS_ON_THE_WEB.get(name, name) if name in _TEXT_CODECS else None


def _self_described(body: bytes, markup: Markup | None) -> str | None:
    if markup is None:
        return None
    found = _SELF_DESCRIBED[markup].search(body[:_SELF_DESCRIBED_WITHIN])
    name = known_codec(found.group(1).decode()) if found else None
    # A document whose ASCII letters declared its charset cannot be in UTF-16.
    return "utf-8" if name and name.startswith(("utf-16", "utf-32")) else name


def _unmarked_utf16(body: bytes) -> str | None:
    start = body[:64]
    if len(start) < 4 or 0 not in start:
        return None
    half = len(start) // 2
    high_first, low_first = start[0::2].count(0), start[1::2].count(0)
    if max(high_first, low_first) * 2 <= half or min(high_first, low_first) > 0:
        return None
    return "utf-16-be" if high_first else "utf-16-le"
