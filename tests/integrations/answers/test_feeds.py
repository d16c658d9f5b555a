"""RSS, Atom and JSON Feed in one shape."""

from __future__ import annotations

import json

import pytest

from errors import UpstreamInvalid
from integrations.answers.parse import parse_answer
from integrations.answers.types.feed_items import MAX_ITEMS, iso_utc

PAGE = "https://blog.example.com/feed.xml"
KEYS = {
    "id",
    "title",
    "link",
    "summary",
    "content_html",
    "author",
    "published",
    "updated",
    "image",
    "categories",
}

RSS_2 = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>Tom &amp; Jerry</title><atom:link href="https://blog.example.com/feed.xml" rel="self"/>
<link>https://blog.example.com/</link><description>A &lt;b&gt;blog&lt;/b&gt;</description>
<lastBuildDate>Mon, 02 Jan 2006 15:04:05 -0700</lastBuildDate>
<item><title>One &lt;em&gt;and&lt;/em&gt; two &amp;amp; three</title><link>/one</link>
<description>&lt;p onclick="x()"&gt;Hello&lt;/p&gt;&lt;script&gt;evil()&lt;/script&gt;&lt;img src="/a.png"&gt;</description>
<dc:creator>Ada</dc:creator><pubDate>Tue, 03 Jan 2006 00:00:00 GMT</pubDate><guid isPermaLink="false">g-1</guid>
<category>x</category><category>y</category><category>x</category></item>
<item><title><![CDATA[AT&T <3]]></title><guid>https://blog.example.com/two</guid>
<content:encoded><![CDATA[<p>Body &amp; <a href="javascript:alert(1)">soul</a></p>]]></content:encoded>
<author>ada@example.com (Ada Lovelace)</author><media:thumbnail url="https://img.example.com/t.jpg"/></item>
</channel></rss>"""

RSS_1 = b"""<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://x.example/"><title>One</title>
<link>https://x.example/</link><description>d</description><dc:date>2005-01-02T03:04:05+01:00</dc:date></channel>
<item rdf:about="https://x.example/1"><title>First</title><link>https://x.example/1</link><dc:date>2005-01-02</dc:date>
<dc:subject>s</dc:subject></item></rdf:RDF>"""

RSS_091 = b"""<rss version="0.91"><channel><title>Old</title><link>http://old.example/</link><description>x</description>
<item><title>First</title><link>http://old.example/1</link><description>plain &amp;lt; text</description></item></channel></rss>"""

ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title type="html">A &amp;amp; B</title><subtitle>Sub</subtitle>
<link rel="self" href="https://a.example/feed"/><link href="https://a.example/"/><updated>2024-02-03T04:05:06.789Z</updated>
<entry><title>&lt;b&gt; is bold</title><id>tag:a.example,2024:1</id><link rel="enclosure" type="image/png" href="/e.png"/>
<link href="post/1"/><published>2024-02-01T00:00:00+02:00</published><updated>2024-02-02T00:00:00Z</updated>
<author><name>Ada</name></author><author><name>Bob</name></author><category term="t" label="Label"/>
<summary type="text">1 &lt; 2</summary>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi<br/>there <script>x</script></p></div></content></entry>
</feed>"""

JSON_FEED = json.dumps(
    {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "J",
        "home_page_url": "https://j.example/",
        "description": "D",
        "items": [
            {
                "id": 7,
                "url": "/7",
                "title": "Seven",
                "content_text": "1 < 2",
                "content_html": "<p>Hi <iframe src=x></iframe></p>",
                "image": "javascript:x",
                "banner_image": "/b.png",
                "date_published": "2024-01-02T03:04:05+01:00",
                "authors": [{"name": "Ada"}, {"url": "x"}, "?"],
                "tags": ["a", 3, "a"],
            },
            "not an item",
            {"id": "8", "content_text": "<script> is a tag"},
        ],
    }
).encode()


def feed(body: bytes, content_type: str | None = None) -> dict:
    return parse_answer("feed", content_type, body, page_url=PAGE).value


def test_rss_2_becomes_the_one_shape():
    read = feed(RSS_2, "application/rss+xml")
    first, second = read.pop("items")
    assert read == {
        "title": "Tom & Jerry",
        "description": "A blog",
        "link": "https://blog.example.com/",
        "updated": "2006-01-02T22:04:05Z",
    }
    assert first == {
        "id": "g-1",
        "title": "One and two & three",
        "link": "https://blog.example.com/one",
        "summary": "Hello",
        "content_html": '<p>Hello</p><img src="https://blog.example.com/a.png">',
        "author": "Ada",
        "published": "2006-01-03T00:00:00Z",
        "updated": None,
        "image": "https://blog.example.com/a.png",
        "categories": ["x", "y"],
    }
    assert second["title"] == "AT&T <3"
    assert second["link"] == "https://blog.example.com/two"
    assert second["content_html"] == "<p>Body &amp; <a>soul</a></p>"
    assert second["summary"] == "Body & soul"
    assert second["author"] == "Ada Lovelace"
    assert second["image"] == "https://img.example.com/t.jpg"


def test_atom_becomes_the_one_shape():
    read = feed(ATOM, "application/atom+xml")
    (entry,) = read.pop("items")
    assert read == {
        "title": "A & B",
        "description": "Sub",
        "link": "https://a.example/",
        "updated": "2024-02-03T04:05:06Z",
    }
    assert entry == {
        "id": "tag:a.example,2024:1",
        "title": "<b> is bold",
        "link": "https://a.example/post/1",
        "summary": "1 < 2",
        "content_html": "<div><p>Hi<br>there </p></div>",
        "author": "Ada, Bob",
        "published": "2024-01-31T22:00:00Z",
        "updated": "2024-02-02T00:00:00Z",
        "image": "https://a.example/e.png",
        "categories": ["Label"],
    }


def test_json_feed_becomes_the_one_shape():
    read = feed(JSON_FEED, "application/feed+json")
    first, second = read["items"]
    assert (read["title"], read["link"], read["updated"]) == (
        "J",
        "https://j.example/",
        "2024-01-02T02:04:05Z",
    )
    assert first | {"content_html": None} == {
        "id": "7",
        "title": "Seven",
        "link": "https://j.example/7",
        "summary": "1 < 2",
        "content_html": None,
        "author": "Ada",
        "published": "2024-01-02T02:04:05Z",
        "updated": None,
        "image": "https://j.example/b.png",
        "categories": ["a"],
    }
    assert first["content_html"] == "<p>Hi </p>"
    assert (second["summary"], second["content_html"]) == ("<script> is a tag", None)


@pytest.mark.parametrize(
    ("body", "title", "link"),
    [(RSS_1, "First", "https://x.example/1"), (RSS_091, "First", "http://old.example/1")],
)
def test_old_rss_is_read_too(body, title, link):
    (item,) = feed(body)["items"]
    assert (item["title"], item["link"]) == (title, link)
    assert item.keys() == KEYS


@pytest.mark.parametrize(
    ("inside", "title"),
    [
        (b"<title>Tom & Jerry &nbsp;&copy; &#169;</title>", "Tom & Jerry © ©"),
        (b"<title>bell\x07</title>", "bell"),
        (b"<title>&undefined;</title>", None),
        (b"<title><![CDATA[a & b]]> & c</title>", "a & b & c"),
    ],
)
def test_the_usual_slips_of_feeds_are_mended(inside, title):
    body = b"<rss><channel><item>" + inside + b"</item></channel></rss>"
    if title is None:
        with pytest.raises(UpstreamInvalid):
            feed(body)
    else:
        assert feed(body)["items"][0]["title"] == title


@pytest.mark.parametrize(
    ("content_type", "body", "reason"),
    [
        ("text/html", b"<!doctype html><html><br></html>", "wrong_type"),
        ("application/xml", b"<catalog/>", "wrong_type"),
        ("application/json", b'{"version": "1"}', "wrong_type"),
        ("application/json", b'{"version"', "unparsable"),
        (None, b"hello", "unparsable"),
        ("application/rss+xml", b"<rss><channel>", "unparsable"),
        ("application/rss+xml", b'<!DOCTYPE rss [<!ENTITY a "b">]><rss><channel/></rss>', "unparsable"),
        ("application/rss+xml", b"/etc/passwd", "unparsable"),
    ],
)
def test_what_is_no_feed_is_refused(content_type, body, reason):
    with pytest.raises(UpstreamInvalid) as caught:
        feed(body, content_type)
    assert caught.value.extensions["reason"] == reason


def test_a_feed_is_read_up_to_its_200th_item_and_no_further():
    body = b"<rss><channel><title>t</title>" + b"<item><title>x</title></item>" * 200 + b"<item><broken"
    assert len(feed(body)["items"]) == MAX_ITEMS


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Mon, 02 Jan 2006 15:04:05 MST", "2006-01-02T22:04:05Z"),
        ("2 Jan 2006 15:04 +0000", "2006-01-02T15:04:00Z"),
        ("2024-05-06T07:08:09.123456+02:00", "2024-05-06T05:08:09Z"),
        ("2024-05-06 07:08:09", "2024-05-06T07:08:09Z"),
        ("2024-05", "2024-05-01T00:00:00Z"),
        ("2024", "2024-01-01T00:00:00Z"),
        ("0001-01-01T00:00:00+23:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("9" * 5000, None),
    ],
)
def test_dates_are_told_in_utc(text, iso):
    assert iso_utc(text) == iso


def atom_with_bases(feed_base: str = "", entry_base: str = "", content_base: str = "") -> bytes:
    def base(url: str) -> str:
        return f' xml:base="{url}"' if url else ""

    return f"""<feed xmlns="http://www.w3.org/2005/Atom"{base(feed_base)}><title>T</title><link href="./"/>
    <entry{base(entry_base)}><title>x</title><link href="post-1"/>
    <content type="xhtml"{base(content_base)}><div xmlns="http://www.w3.org/1999/xhtml">
    <a href="more">y</a><img src="pic.png"/></div></content></entry></feed>""".encode()


@pytest.mark.parametrize(
    ("bases", "home", "link", "more"),
    [
        (("https://e.example/blog/",), "https://e.example/blog/", "https://e.example/blog/post-1", "https://e.example/blog/more"),
        (("/blog/",), "https://feeds.example/blog/", "https://feeds.example/blog/post-1", "https://feeds.example/blog/more"),
        (("https://e.example/blog/", "2024/"), "https://e.example/blog/", "https://e.example/blog/2024/post-1", "https://e.example/blog/2024/more"),
        (("https://e.example/", "2024/", "post-1/"), "https://e.example/", "https://e.example/2024/post-1", "https://e.example/2024/post-1/more"),
        (("", "https://e.example/a/"), "https://feeds.example/sub/", "https://e.example/a/post-1", "https://e.example/a/more"),
        (("javascript:alert(1)",), "https://feeds.example/sub/", "https://feeds.example/sub/post-1", "https://feeds.example/sub/more"),
        (("http://[",), "https://feeds.example/sub/", "https://feeds.example/sub/post-1", "https://feeds.example/sub/more"),
        ((), "https://feeds.example/sub/", "https://feeds.example/sub/post-1", "https://feeds.example/sub/more"),
    ],
)  # fmt: skip
def test_relative_addresses_are_relative_to_xml_base(bases: tuple[str, ...], home: str, link: str, more: str):
    body = atom_with_bases(*bases)
    read = parse_answer(
        "feed", "application/atom+xml", body, page_url="https://feeds.example/sub/feed.xml"
    ).value
    [item] = read["items"]
    assert (read["link"], item["link"]) == (home, link)
    assert f'href="{more}"' in item["content_html"]
    assert item["image"] == more.replace("more", "pic.png")
