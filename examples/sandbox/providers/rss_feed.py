"""A magazine's RSS 2.0 feed, and the same as Atom (RFC 4287)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.sax.saxutils import escape

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

TITLE = "The Quiet Magazine"
LINK = "https://quiet.example/"


@dataclass(frozen=True, slots=True)
class Article:
    title: str
    link: str
    summary: str
    published: datetime

    @property
    def iso(self) -> str:
        return self.published.strftime("%Y-%m-%dT%H:%M:%SZ")


ARTICLES = (
    Article(
        "A desk of one's own",
        "https://quiet.example/desk",
        "What belongs on a desk & what can go.",
        datetime(2026, 1, 2, 8, tzinfo=UTC),
    ),
    Article(
        "Pencils, compared",
        "https://quiet.example/pencils",
        "Seven soft ones and a hard one.",
        datetime(2026, 1, 1, 8, tzinfo=UTC),
    ),
)

provider = Provider(
    "rss-feed",
    samples=(
        Sample(
            "entries",
            {"url": "{sandbox}/rss-feed/feed.xml"},
            {
                "title": TITLE,
                "link": LINK,
                "entries": [
                    {
                        "title": article.title,
                        "link": article.link,
                        "published": article.iso,
                        "summary": article.summary,
                    }
                    for article in ARTICLES
                ],
            },
        ),
    ),
)


@provider.route("/feed.xml")
def rss_reply(_request: Request) -> Reply:
    items = "".join(
        f"<item><title>{article.title}</title><link>{article.link}</link><guid>{article.link}</guid>"
        f"<pubDate>{format_datetime(article.published, usegmt=True)}</pubDate>"
        f"<description>{escape(article.summary)}</description></item>"
        for article in ARTICLES
    )
    channel = f"<title>{TITLE}</title><link>{LINK}</link><description>Slow reading</description>{items}"
    body = f'<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>{channel}</channel></rss>'
    return text_reply(body, content_type="application/rss+xml; charset=utf-8")


@provider.route("/atom.xml")
def atom_reply(_request: Request) -> Reply:
    entries = "".join(
        f'<entry><title>{article.title}</title><link href="{article.link}"/><id>{article.link}</id>'
        f"<published>{article.iso}</published><updated>{article.iso}</updated>"
        f"<summary>{escape(article.summary)}</summary></entry>"
        for article in ARTICLES
    )
    head = f'<title>{TITLE}</title><link href="{LINK}"/><id>{LINK}</id><updated>{ARTICLES[0].iso}</updated>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom">{head}{entries}</feed>'
    body = f'<?xml version="1.0" encoding="UTF-8"?>{feed}'
    return text_reply(body, content_type="application/atom+xml; charset=utf-8")
