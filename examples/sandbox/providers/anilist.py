"""AniList's GraphQL: one URL, a document with variables, errors beside data.

Shapes as in https://docs.anilist.co/guide/graphql/ and /guide/graphql/errors.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

MEDIA: list[dict[str, Any]] = [
    {
        "id": 154587,
        "siteUrl": "https://anilist.co/anime/154587",
        "averageScore": 90,
        "title": {"romaji": "Sousou no Frieren", "english": "Frieren: Beyond Journey’s End"},
        "nextAiringEpisode": {"episode": 3, "airingAt": 1769000000},
    },
    {
        "id": 1,
        "siteUrl": "https://anilist.co/anime/1",
        "averageScore": 86,
        "title": {"romaji": "Cowboy Bebop", "english": None},
        "nextAiringEpisode": None,
    },
]

provider = Provider(
    "anilist",
    samples=(
        Sample(
            "trending",
            {"type": "ANIME", "count": 2},
            [
                {
                    "title": "Frieren: Beyond Journey’s End",
                    "score": 90,
                    "next_episode": 3,
                    "link": "https://anilist.co/anime/154587",
                },
                {
                    "title": "Cowboy Bebop",
                    "score": 86,
                    "next_episode": None,
                    "link": "https://anilist.co/anime/1",
                },
            ],
        ),
    ),
)


@provider.route("/", "POST")
def answer_query(request: Request) -> Reply:
    asked = json_of(request)
    document = asked.get("query") if isinstance(asked, dict) else None
    if not isinstance(document, str) or "Page(page: 1, perPage: $count)" not in document:
        return _refuse("Syntax Error: Expected Name, found <EOF>", 400)
    variables = asked.get("variables") or {}
    count = variables.get("count", 50)
    if type(count) is not int or variables.get("type") not in {"ANIME", "MANGA"}:
        return _refuse('Variable "$count" got invalid value', 400)
    limits = {"X-RateLimit-Limit": "30", "X-RateLimit-Remaining": "29"}
    shown = MEDIA[:count] if variables["type"] == "ANIME" else []
    return json_reply({"data": {"Page": {"media": shown}}}, headers=limits)


def _refuse(message: str, status: int) -> Reply:
    error = {"message": message, "status": status, "locations": [{"line": 1, "column": 1}]}
    return json_reply({"errors": [error], "data": None}, status)
