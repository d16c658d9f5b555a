"""GitHub's page of trending repositories, which has no API: https://github.com/trending."""

from __future__ import annotations

from html import escape

from examples.sandbox.exchange import Reply, Request, text_reply
from examples.sandbox.provider import Provider, Sample

# Name, description, language, stars, new stars.
REPOSITORIES = (
    ("octocat/hello-world", "My first repository & more", "Python", "12,345", "1,234"),
    ("octocat/spoon-knife", "This repo is for demonstration purposes only.", "HTML", "987", "56"),
    ("octocat/quiet", "", "", "65", "3"),
)
PERIODS = {"daily": "today", "weekly": "this week", "monthly": "this month"}
ROW = """<article class="Box-row">
  <div class="float-right d-flex"><a class="btn" href="/login?return_to=%2F{name}">Star</a></div>
  <h2 class="h3 lh-condensed">
    <a href="/{name}" data-hydro-click="{{}}" class="Link"><svg></svg><span class="text-normal">{owner} /</span>
      {repository}</a>
  </h2>
  {description}
  <div class="f6 color-fg-muted mt-2">
    {language}
    <a href="/{name}/stargazers" class="Link Link--muted d-inline-block mr-3"><svg></svg> {stars}</a>
    <a href="/{name}/forks" class="Link Link--muted d-inline-block mr-3"><svg></svg> 42</a>
    <span class="d-inline-block float-sm-right"><svg></svg> {new_stars} stars {period}</span>
  </div>
</article>
"""

provider = Provider(
    "github-trending",
    samples=(
        Sample(
            "trending",
            {"least": 50},
            [
                {
                    "name": "octocat/hello-world",
                    "url": "{sandbox}/octocat/hello-world",
                    "description": "My first repository & more",
                    "language": "Python",
                    "stars": 12345,
                    "new_stars": 1234,
                },
                {
                    "name": "octocat/spoon-knife",
                    "url": "{sandbox}/octocat/spoon-knife",
                    "description": "This repo is for demonstration purposes only.",
                    "language": "HTML",
                    "stars": 987,
                    "new_stars": 56,
                },
            ],
        ),
    ),
)


@provider.route("/trending")
def show_trending(request: Request) -> Reply:
    period = PERIODS.get(request.query.get("since", "daily"), "today")
    rows = "".join(_row(*repository, period) for repository in REPOSITORIES)
    page = f"<!DOCTYPE html><html lang=en><head><title>Trending</title></head><body><div class=Box>{rows}</div></body>"
    return text_reply(page, content_type="text/html; charset=utf-8")


def _row(name: str, description: str, language: str, stars: str, new_stars: str, period: str) -> str:
    owner, repository = name.split("/")
    paragraph = f'<p class="col-9 color-fg-muted my-1 pr-4">{escape(description)}</p>' if description else ""
    spoken = (
        f'<span class="mr-3"><span itemprop="programmingLanguage">{language}</span></span>'
        if language
        else ""
    )
    return ROW.format(
        name=name,
        owner=owner,
        repository=repository,
        description=paragraph,
        language=spoken,
        stars=stars,
        new_stars=new_stars,
        period=period,
    )
