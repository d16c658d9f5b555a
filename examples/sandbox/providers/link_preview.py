"""A page of a magazine, with the metadata of https://ogp.me in its head."""

from __future__ import annotations

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

TITLE = "A desk of one's own"
DESCRIPTION = "What belongs on a desk & what can go."
SITE_NAME = "The Quiet Magazine"

provider = Provider(
    "link-preview",
    samples=(
        Sample(
            "preview",
            {"url": "{sandbox}/link-preview/articles/desk"},
            {
                "title": TITLE,
                "description": DESCRIPTION,
                "image": "{sandbox}/corners/image.png",
                "site_name": SITE_NAME,
                "url": "{sandbox}/link-preview/articles/desk",
            },
        ),
    ),
)


def page_reply(origin: str, url: str) -> Reply:
    """The page as it reads at `url`."""
    return text_reply(
        PAGE.replace("{origin}", origin).replace("{url}", url), content_type="text/html; charset=utf-8"
    )


@provider.route("/articles/desk")
def show_article(request: Request) -> Reply:
    return page_reply(request.origin, f"{request.origin}/link-preview/articles/desk")


PAGE = f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>{TITLE} – {SITE_NAME}</title>
  <meta name="description" content="Not what is shown where Open Graph is understood.">
  <meta property="og:type" content="article">
  <meta property="og:title" content="{TITLE}">
  <meta property="og:description" content="{DESCRIPTION.replace("&", "&amp;")}">
  <meta property="og:image" content="{{origin}}/corners/image.png">
  <meta property="og:url" content="{{url}}">
  <meta property="og:site_name" content="{SITE_NAME}">
  <link rel="canonical" href="{{url}}">
</head>
<body>
  <h1>{TITLE}</h1>
  <p>{DESCRIPTION.replace("&", "&amp;")}</p>
  <script>document.title = "scripts have run";</script>
</body>
</html>
"""
