"""A feed is read into items of JSON, or refused as a failure of the provider."""

from __future__ import annotations

from fuzz.answers import read_as

SEEDS = [
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>T</title><item><title>Q&amp;A &eacute;</title>'
    b"<link>/a</link><pubDate>Thur, 20 Oct 2016 23:35:00 +0000</pubDate></item></channel></rss>",
    b'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://e.example/blog/"><title>T</title><entry>'
    b'<title type="html">a &lt;b&gt;x&lt;/b&gt;</title><link href="post-1"/><updated>2024-01-02T03:04:05Z</updated>'
    b'<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi</p></div></content></entry></feed>',
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"><item>'
    b"<title>T</title></item></rdf:RDF>",
    b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "content_html": "<p>x",'
    b' "date_published": 7}]}',
    b'<!DOCTYPE r [<!ENTITY x "y">]><rss><channel><item><title>&x;</title></item></channel></rss>',
]


def check(data: bytes) -> None:
    found = read_as("feed", data)
    for item in found["items"] if found is not None else ():
        link = item.get("link")
        assert link is None or link.startswith(("http://", "https://")), link
