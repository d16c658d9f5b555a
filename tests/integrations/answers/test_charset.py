"""Bytes to text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.answers.types.charset import decode_text, known_codec


@pytest.mark.parametrize(
    ("body", "declared", "markup", "text"),
    [
        (b"caf\xc3\xa9", None, None, "café"),
        (b"caf\xe9", None, None, "café"),
        (b"\x80 5", "iso-8859-1", None, "€ 5"),
        (b"caf\xc3\xa9", "us-ascii", None, "cafÃ©"),
        (b"\xef\xbb\xbfcaf\xc3\xa9", "latin1", None, "café"),
        ("пр".encode("koi8-r"), "KOI8-R", None, "пр"),
        ("日本".encode("shift_jis"), "Shift_JIS", None, "日本"),
        ("日本".encode("gbk"), "gb2312", None, "日本"),
        ("abc".encode("utf-16"), None, None, "abc"),
        ("abcdef".encode("utf-16-le"), None, None, "abcdef"),
        ("abcdef".encode("utf-16-be"), None, None, "abcdef"),
        (b"caf\xe9", "utf-8", None, "café"),
        (b"caf\xc3\xa9", "no-such-charset", None, "café"),
        (b'<meta charset="koi8-r">\xd0', None, "html", '<meta charset="koi8-r">п'),
        (b"<META http-equiv=Content-Type content='text/html; charset=koi8-r'>\xd0", None, "html", None),
        (b'<?xml version="1.0" encoding="koi8-r"?><a>\xd0</a>', None, "xml", None),
        (b'<meta charset="utf-16">caf\xc3\xa9', None, "html", '<meta charset="utf-16">café'),
        (b'<meta charset="koi8-r">\xd0', "utf-8", "html", '<meta charset="koi8-r">п'),
    ],
)
def test_text_is_decoded_by_mark_header_document_and_look(body, declared, markup, text):
    decoded = decode_text(body, declared, markup)
    assert decoded == text if text else "п" in decoded


@pytest.mark.parametrize(
    "label", ["zip", "base64", "rot13", "idna", "punycode", "unicode_escape", "utf-7", "\0", "x" * 99, ""]
)
def test_only_charsets_that_text_is_in_are_known(label):
    assert known_codec(label) is None


@given(st.binary(max_size=100), st.sampled_from([None, "utf-8", "utf-16", "big5", "utf-32", "iso2022_jp"]))
def test_any_bytes_become_a_text_that_can_be_written(body, declared):
    decode_text(body, declared, "html").encode()
