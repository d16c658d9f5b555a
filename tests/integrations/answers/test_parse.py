"""What every response type has in common, and the plain ones: JSON, text, HTML, images, binaries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UpstreamInvalid
from integrations.answers.parse import RESPONSE_TYPES, Parsed, parse_answer

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 16
JPEG = b"\xff\xd8\xff\xe0" + b"\0" * 16
AVIF = b"\0\0\0\x20ftypavif" + b"\0" * 16
SVG = b"<?xml version='1.0'?>\n<!-- drawn by hand -->\n<svg xmlns='http://www.w3.org/2000/svg'/>"


def refusal(response_type: str, content_type: str | None, body: bytes, **more: object) -> UpstreamInvalid:
    with pytest.raises(UpstreamInvalid) as caught:
        parse_answer(response_type, content_type, body, **more)
    return caught.value


@pytest.mark.parametrize(
    ("content_type", "body", "value"),
    [
        ("application/json", b'{"a": [1, 2.5, null, true, "\xc3\xa9"]}', {"a": [1, 2.5, None, True, "é"]}),
        ("application/json; charset=utf-8", b"0", 0),
        ("application/vnd.github+json", b"[]", []),
        ("application/problem+json", b'"text"', "text"),
        ("text/plain", b"{}", {}),
        (None, b" \r\n{}\n", {}),
        ("", b"{}", {}),
        ("nonsense", b"{}", {}),
        ("text/html; charset=UTF-8", b'{"served": "as html"}', {"served": "as html"}),
        ("text/javascript", b"[1]", [1]),
        ("application/json", b"\xef\xbb\xbf[1]", [1]),
        ("application/json", '["é"]'.encode("utf-16"), ["é"]),
        ("application/json", '{"é": 1}'.encode("utf-16-le"), {"é": 1}),
        ("application/json", '{"é": 1}'.encode("utf-16-be"), {"é": 1}),
        ("application/json", '["é"]'.encode("utf-32-le"), ["é"]),
        ("application/json; charset=iso-8859-1", b'["\xe9"]', ["é"]),
        (
            "application/json",
            b'{"id": 123456789012345678901234567890}',
            {"id": 123456789012345678901234567890},
        ),
        ("application/json", b"[18446744073709551616, -9223372036854775809]", [2**64, -(2**63) - 1]),
    ],
)
def test_json_is_read_whatever_the_provider_calls_it(content_type, body, value):
    assert parse_answer("json", content_type, body) == Parsed(value, "application/json", "json")


@pytest.mark.parametrize(
    ("content_type", "body", "reason", "detail"),
    [
        (
            "text/html; charset=utf-8",
            b"<html>",
            "wrong_type",
            "Expected JSON, the provider answered text/html. Declare `response_type: html`.",
        ),
        (
            "image/png",
            PNG,
            "wrong_type",
            "Expected JSON, the provider answered image/png. Declare `response_type: image`.",
        ),
        (
            "application/sk-live-1234",
            b"?",
            "wrong_type",
            "Expected JSON, the provider answered another type. Declare `response_type: text`.",
        ),
        (
            "application/json",
            b"<html>",
            "unparsable",
            "Expected JSON, the answer has a JSON type but is not valid JSON.",
        ),
        ("application/json", b'{"a": 1', "unparsable", None),
        ("application/json", b'{"a": NaN}', "unparsable", None),
        ("application/json", b"[1234567890123456789012, Infinity]", "unparsable", None),
        ("application/json", b"[1234567890123456789012, 1e999]", "unparsable", None),
        ("application/json", b"1e999", "unparsable", None),
        ("application/json", b'"\\ud800"', "unparsable", None),
        ("application/json", b'["\\ud800", 1234567890123456789012]', "unparsable", None),
        ("application/json", b'"\xff\xfe\xfd"', "unparsable", None),
        ("application/json", b"[" * 100_000, "unparsable", None),
        ("application/json", b"[" * 201 + b"]" * 201, "unparsable", None),
        ("application/json", b"[" * 201 + b"1234567890123456789012" + b"]" * 201, "unparsable", None),
        ("application/json", b"[" + b"1" * 10_000 + b"]", "unparsable", None),
        (None, b"hello", "unparsable", None),
    ],
)
def test_what_is_no_json_is_refused_in_words_that_quote_nothing(content_type, body, reason, detail):
    error = refusal("json", content_type, body, status=200)
    assert (error.extensions["reason"], error.upstream_status) == (reason, 200)
    assert detail is None or error.detail == detail


@pytest.mark.parametrize(
    ("declared", "content_type", "body", "fitting"),
    [
        ("json", "image/png", PNG, "image"),
        ("json", "application/octet-stream", PNG, "image"),
        ("json", "text/plain", b"# HELP up\nup 1\n", "text"),
        ("json", None, b"<rss version='2.0'><channel><title>t</title></channel></rss>", "feed"),
        ("json", "application/xml", b"<?xml version='1.0'?><!-- a --><a><b>1</b></a>", "xml"),
        ("json", "text/html", b"<!DOCTYPE html><html><p>Sign in", "html"),
        ("json", "text/csv", b"a,b\n1,2\n", "csv"),
        ("json", "text/plain", b'{"a": 1}\n{"a": 2}\n', "ndjson"),
        ("json", "application/x-ndjson", b"[1]\n[2]\n", "ndjson"),
        ("json", "application/pdf", b"%PDF-1.7", "binary"),
        ("json", "application/octet-stream", b"\x7fELF\0\1\0\1", "binary"),
        ("json", "video/mp4", b"\0\0\0\x18ftypmp42", "binary"),
        ("xml", "application/json", b'{"a": 1}', "json"),
        ("feed", "application/xml", b"<catalog/>", "xml"),
        ("feed", "application/json", b'{"version": "1"}', "json"),
        ("csv", "application/json", b"[1]", "json"),
        ("csv", "text/html", b"<html><p>a,b", "html"),
        ("text", "image/png", PNG, "image"),
        ("text", "application/octet-stream", b"\x7fELF\0\1\0\1", "binary"),
        ("html", "application/json", b"{}", "json"),
        ("opengraph", "application/json", b"{}", "json"),
        ("image", "text/html", b"<html>", "html"),
        ("image", "image/png", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        ("image", "application/json", b'{"error": "no"}', "json"),
        # Broken, but of the declared type all the same.
        ("json", "application/json", b'{"a": ', None),
        ("json", "text/plain", b'{"a": ', None),
        ("xml", "text/plain", b"<a><b>", None),
    ],
)
def test_an_answer_of_another_type_says_what_to_declare(declared, content_type, body, fitting):
    try:
        parse_answer(declared, content_type, body)
    except UpstreamInvalid as error:
        assert error.extensions.get("fitting_response_type") == fitting
        assert error.detail.endswith(f" Declare `response_type: {fitting}`.") is (fitting is not None)
        assert fitting is None or parse_answer(fitting, content_type, body)
    else:
        assert fitting is None


def test_json_may_be_nested_200_levels():
    assert parse_answer("json", None, b"[" * 200 + b"]" * 200).value


@pytest.mark.parametrize("response_type", sorted(RESPONSE_TYPES - {"text", "html", "csv", "ndjson"}))
@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf"])
def test_an_empty_answer_is_none_where_the_status_allows_it_and_a_failure_elsewhere(response_type, body):
    assert parse_answer(response_type, None, body, status=204) == Parsed(None, "application/json", "json")
    assert parse_answer(response_type, None, body, status=200, allow_empty=True).value is None
    assert refusal(response_type, "application/json", body, status=200).extensions["reason"] == "empty"


@pytest.mark.parametrize(
    ("response_type", "value"), [("text", ""), ("html", ""), ("csv", []), ("ndjson", [])]
)
def test_a_text_or_a_list_may_be_empty(response_type, value):
    assert parse_answer(response_type, None, b"").value == value


@pytest.mark.parametrize(
    ("response_type", "content_type", "body", "parsed"),
    [
        ("text", "text/plain", b"caf\xc3\xa9", Parsed("café", "text/plain", "text")),
        ("text", "text/plain; charset=latin1", b"caf\xe9", Parsed("café", "text/plain", "text")),
        ("text", None, b"caf\xe9", Parsed("café", "text/plain", "text")),
        ("text", "application/json", b'{"a":1}', Parsed('{"a":1}', "application/json", "text")),
        ("html", "text/html", b"<p>caf\xc3\xa9", Parsed("<p>café", "text/html", "text")),
        ("html", "text/html", b'<meta charset="windows-1251"><p>\xef', Parsed('<meta charset="windows-1251"><p>п', "text/html", "text")),
        ("html", None, b"<p>", Parsed("<p>", "text/html", "text")),
        ("binary", "application/pdf; x=y", b"%PDF", Parsed(b"%PDF", "application/pdf", "binary")),
        ("binary", None, b"\0", Parsed(b"\0", "application/octet-stream", "binary")),
        ("binary", "a/b\r\nSet-Cookie: x", b"\0", Parsed(b"\0", "application/octet-stream", "binary")),
        ("image", "image/png", PNG, Parsed(PNG, "image/png", "binary")),
        ("image", "image/png", JPEG, Parsed(JPEG, "image/jpeg", "binary")),
        ("image", "application/octet-stream", AVIF, Parsed(AVIF, "image/avif", "binary")),
        ("image", None, b"GIF89a...", Parsed(b"GIF89a...", "image/gif", "binary")),
        ("image", None, b"RIFF\1\2\3\4WEBPVP8 ", Parsed(b"RIFF\1\2\3\4WEBPVP8 ", "image/webp", "binary")),
        ("image", "text/xml", SVG, Parsed(SVG, "image/svg+xml", "binary")),
        ("image", "image/x-unheard-of", b"\1\2\3", Parsed(b"\1\2\3", "image/x-unheard-of", "binary")),
    ],
)  # fmt: skip
def test_texts_and_bytes_keep_their_type(response_type, content_type, body, parsed):
    assert parse_answer(response_type, content_type, body) == parsed


@pytest.mark.parametrize(
    ("response_type", "content_type", "body"),
    [
        ("text", "image/png", PNG),
        ("text", "application/octet-stream", b"\x7fELF\0\1\0\1"),
        ("html", "application/json", b"{}"),
        ("html", "image/svg+gif", b"GIF89a"),
        ("image", "text/html", b"<html>"),
        ("image", "image/png", b"<html><script>alert(1)</script>"),
        ("image", "image/png", b"plain text"),
        ("image", "image/x-unheard-of", b' {"error": "no such image"}'),
        ("image", None, b"BX"),
    ],
)
def test_an_answer_of_another_type_is_refused(response_type, content_type, body):
    assert refusal(response_type, content_type, body).extensions["reason"] == "wrong_type"


@given(
    st.sampled_from(sorted(RESPONSE_TYPES)),
    st.one_of(
        st.none(),
        st.text(max_size=40),
        st.sampled_from(["text/html", "application/json", "image/png", "text/csv;charset=utf-16", "text/xml; charset=idna"]),
    ),
    st.one_of(
        st.binary(max_size=200),
        st.text("<>&;=\"'/!-[]{}#a1 \n,\0é", max_size=100).map(lambda text: text.encode()),
        st.lists(
            st.sampled_from([b"<rss>", b"<channel>", b"<item>", b"<title>", b"</", b"<!--", b"<![CDATA[", b"]]>", b"&nbsp;", b"<!DOCTYPE a [", b'<!ENTITY a "b">', b"a", b">"]),
            max_size=20,
        ).map(b"".join),
    ),
)  # fmt: skip
def test_any_answer_becomes_a_value_or_an_upstream_failure(response_type, content_type, body):
    try:
        parsed = parse_answer(response_type, content_type, body, page_url="https://example.com/a")
    except UpstreamInvalid as error:
        assert error.extensions["reason"] in ("wrong_type", "unparsable", "empty")
    else:
        assert parsed.kind in ("json", "text", "binary")
