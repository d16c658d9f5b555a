"""A page's metadata, and third-party HTML made harmless."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.html_clean import MAX_TOKENS, clean_html, plain_text
from integrations.answers.types.html_tokens import MAX_ATTRIBUTES, MAX_DEPTH, Token, read_tokens
from integrations.answers.types.web_urls import web_url

PAGE = "https://example.com/a/page?x=1"

FULL = b"""<!DOCTYPE html><html lang="de"><head><!-- <meta property="og:title" content="commented out"> -->
<script>var x = '<meta property="og:title" content="scripted">'</script>
<title>Fallback &amp; title</title><base href="/base/">
<META PROPERTY='og:title' CONTENT='Tom &#38; "Jerry" it&apos;s'>
<meta content="Reversed" property=og:description />
<meta property="og:image" content="javascript:alert(1)"><meta property="og:image" content="img.png?a=1&amp;b=2">
<meta property="og:url" content="https://example.com/canonical"><meta property="og:site_name" content=" Example
 Site "><meta property="og:type" content="article"><meta property="og:locale" content="de_DE">
<meta name="twitter:card" content="summary"><meta name="author" content="Ada">
<meta property="article:published_time" content="2024-01-02T03:04:05+01:00">
<link rel="shortcut icon" href="//cdn.example.com/i.ico"><link rel=canonical href=https://example.com/canonical>
</head><body><svg><title>drawing</title></svg><meta property="og:title" content="second"></body></html>"""


def preview(body: bytes, content_type: str | None = "text/html", page_url: str | None = PAGE) -> dict:
    return parse_answer("opengraph", content_type, body, page_url=page_url).value


def test_a_page_is_described_by_its_metadata():
    assert preview(FULL) == {
        "url": "https://example.com/canonical",
        "title": 'Tom & "Jerry" it\'s',
        "description": "Reversed",
        "image": "https://example.com/base/img.png?a=1&b=2",
        "site_name": "Example Site",
        "type": "article",
        "icon": "https://cdn.example.com/i.ico",
        "canonical": "https://example.com/canonical",
        "author": "Ada",
        "published": "2024-01-02T02:04:05Z",
        "locale": "de_DE",
        "twitter_card": "summary",
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<title>\n Just  a title </title>", {"title": "Just a title", "url": PAGE, "image": None}),
        (
            b"<meta name=twitter:title content=T><meta name=description content=D>",
            {"title": "T", "description": "D"},
        ),
        (b"<html lang=fr><p>nothing", {"locale": "fr", "title": None}),
        (b"<link rel='apple-touch-icon' href='/t.png'>", {"icon": "https://example.com/t.png"}),
        (b"<meta property=og:title content=''><title>T</title>", {"title": "T"}),
        (b"<title>&#99999999999;&#x110000;</title>", {"title": "\ufffd\ufffd"}),
        (
            b"<meta property=og:image content='http://[bad'><meta property=og:url content='ftp://x/'>",
            {"image": None, "url": PAGE},
        ),
        (b"<meta charset=koi8-r><title>\xd0</title>", {"title": "п"}),
        (b"<title>cut off", {"title": None}),
        (b'<meta property="og:title" content="cut off', {"title": None}),
        (
            b"<base href='data:text/html,x'><link rel=canonical href=b>",
            {"canonical": "https://example.com/a/b"},
        ),
    ],
)
def test_what_a_page_leaves_out_falls_back_or_is_null(body, expected):
    read = preview(body)
    assert {key: read[key] for key in expected} == expected


def test_without_its_address_a_page_keeps_absolute_links_only():
    read = preview(
        b"<link rel=icon href=/i.ico><meta property=og:image content=https://x.example/i.png>", page_url=None
    )
    assert (read["icon"], read["image"], read["url"]) == (None, "https://x.example/i.png", None)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/json", b"{}"), ("image/png", b"\x89PNG<"), (None, b"hello"), ("text/plain", b"<\0\0\0")],
)
def test_what_is_no_page_is_refused(content_type, body):
    with pytest.raises(UpstreamInvalid) as caught:
        preview(body, content_type)
    assert caught.value.extensions["reason"] == "wrong_type"


@pytest.mark.parametrize(
    ("address", "base", "url"),
    [
        ("/x", "https://a.example/b/c", "https://a.example/x"),
        ("x y", "https://a.example/b/c", "https://a.example/b/x%20y"),
        ("//b.example/x", "http://a.example", "http://b.example/x"),
        ("HTTPS://A.example/", None, "HTTPS://A.example/"),
        (" java\nscript:alert(1)", "https://a.example", None),
        ("JAVASCRIPT:alert(1)", "https://a.example", None),
        ("data:text/html,x", "https://a.example", None),
        ("https:///nohost", None, None),
        ("/x", None, None),
        ("", "https://a.example", None),
        ("http://[", None, None),
        ("x" * 5000, "https://a.example", None),
        (7, None, None),
    ],
)
def test_only_web_addresses_are_kept(address, base, url):
    assert web_url(address, base) == url


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p onclick=x style=y>Hi <b>there</p>", "<p>Hi <b>there</b></p>"),
        ("<script>a</script>b<style>c</style><svg><p>d</svg>e", "be"),
        ("<a href='https://x.example/?a=1&b=2' onmouseover=y>l</a>", '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">l</a>'),
        ("<a href=mailto:a@b.example>m</a><img src=x onerror=alert(1)>", '<a href="mailto:a@b.example" rel="noopener noreferrer nofollow">m</a><img src="https://e.example/x">'),
        ("<img src='data:x' alt='\"><script>'>", '<img alt="&quot;&gt;&lt;script&gt;">'),
        ("1 < 2 &lt;b&gt; &amp;amp;", "1 &lt; 2 &lt;b&gt; &amp;amp;"),
        ("<scr<script>ipt>alert(1)</script>", "ipt&gt;alert(1)"),
        ("</p></div>x", "x"),
        ("<custom-tag>x</custom-tag><center>y</center>", "xy"),
        ("<p>a<!-- <b> -->c<br/>d", "<p>ac<br>d</p>"),
        ("<p>cut <a href='", "<p>cut </p>"),
        ("<b>" * 100 + "x", "<b>" * 64 + "x" + "</b>" * 64),
    ],
)  # fmt: skip
def test_only_allowed_tags_and_attributes_survive(html, clean):
    assert clean_html(html, "https://e.example/") == clean


_MARKUP = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<a href=", "javascript:alert(1)", "'", '"', ">", "<", "<script>", "</script>", "<img src=x onerror=", "<svg", "/", "&lt;", "&#60;", "<!--", "-->", "<title>", "</title>", "<style>", "onclick=x ", "<a b='", "\0", "x", " ", "<math><mi>", "<textarea>", "<![CDATA[", "]]>"]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(_MARKUP)
def test_no_markup_brings_a_script_or_a_handler_through(html):
    seen: list[tuple[str, list[str]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag, attrs):
            seen.append((tag, [name for name, _ in attrs]))
            assert all(not re.match(r"\s*javascript", value or "", re.IGNORECASE) for _, value in attrs)

    cleaned = clean_html(html, "https://e.example/")
    Reader().feed(cleaned)
    assert {tag for tag, _ in seen} <= {"p", "a", "img"}
    assert {name for _, names in seen for name in names} <= {"href", "src", "rel", "title", "alt"}
    assert clean_html(cleaned, None) == cleaned.strip()


@pytest.mark.parametrize(
    ("html", "limit", "text"),
    [
        ("<p>Hello</p><p>world</p>", 100, "Hello world"),
        ("a<b>b</b>c", 100, "abc"),
        ("<style>x</style>&eacute;&nbsp;e", 100, "é e"),
        ("one two three", 9, "one two…"),
        ("onetwothree", 5, "onet…"),
        ("", 5, ""),
    ],
)
def test_plain_text_is_what_a_reader_sees(html, limit, text):
    assert plain_text(html, limit) == text


HOSTILE = [
    "<div>",
    "<",
    "<!--",
    "<a href='",
    '<a href="x',
    "&",
    "&#9",
    "<title>",
    "</",
    "<script>",
    "<![CDATA[",
    "<a =",
    "<?",
    "<a/",
    "<b><p>",
    "<font size=1><p>",
    "<b></p>",
    "<b><i></b></i>",
    "<table>x<b>",
    "<select><svg>",
    "<template>",
    "\0",
    "\ud800",
    "<\0a>",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_markup_becomes_no_more_tokens_than_it_has_characters(unit):
    html = unit * 20_000
    assert sum(1 for _ in read_tokens(html)) <= len(html)
    assert clean_html(html, None).count("<") <= 2 * MAX_TOKENS


@pytest.mark.parametrize("unit", ["<div>", "<font size=1><p>", "<table>x<b>", "<svg><foreignObject><p>"])
def test_a_page_ends_where_it_nests_beyond_what_is_followed(unit):
    starts = [token for token in read_tokens(f"<title>T</title>{unit * 20_000}") if token.kind == "start"]
    assert starts[0] == Token("start", "title")
    assert MAX_DEPTH - 5 <= len(starts) <= MAX_DEPTH + 2
    assert preview(f"<title>T</title>{unit * 20_000}".encode())["title"] == "T"


def test_what_people_nest_is_read_to_its_end():
    html = "<div>" * 200 + "<img src=/x.png>" + "</div>" * 200
    starts = [token for token in read_tokens(html) if token.kind == "start"]
    assert starts[-1] == Token("start", "img", {"src": "/x.png"})


def test_end_tags_close_what_they_close_however_many_there_are():
    html = "<ul>" + "<li><b>x</li></b>" * 5000 + "</ul><img src=x>"
    starts = [token for token in read_tokens(html) if token.kind == "start"]
    assert (len(starts), starts[-1]) == (10_002, Token("start", "img", {"src": "x"}))


@pytest.mark.parametrize(
    ("tag", "attributes"),
    [
        ("<img SRC=a src=b Alt>", {"src": "a", "alt": ""}),
        ("<img title='\"<b>' data-x=&amp;&#60;>", {"title": '"<b>', "data-x": "&<"}),
        ("<img/src=a/>", {"src": "a/"}),
        ("<img =x>", {"=x": ""}),
        ("<img a\0b=c>", {"a\ufffdb": "c"}),
    ],
)
def test_attributes_are_read_as_html_says(tag, attributes):
    assert [token for token in read_tokens(tag) if token.kind == "start"] == [
        Token("start", "img", attributes)
    ]


def test_a_flood_of_attributes_is_cut_off():
    flood = "".join(f" a{number}=x" for number in range(20_000))
    (token,) = [token for token in read_tokens(f"<img{flood}>") if token.kind == "start"]
    assert list(token.attributes) == [f"a{number}" for number in range(MAX_ATTRIBUTES)]
