"""Radarr's API, version 3.

Shapes as in https://radarr.video/docs/api/.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

KEY = "0123456789abcdef0sandbox0radarr0"


def _movie(number: int, title: str, *, monitored: bool, has_file: bool, available: bool) -> dict[str, Any]:
    return {
        "id": number,
        "title": title,
        "monitored": monitored,
        "hasFile": has_file,
        "isAvailable": available,
        "sizeOnDisk": 4_000_000_000 if has_file else 0,
    }


MOVIES = [
    _movie(1, "Nosferatu", monitored=True, has_file=True, available=True),
    _movie(2, "Metropolis", monitored=True, has_file=False, available=True),
    _movie(3, "The General", monitored=True, has_file=False, available=False),
    _movie(4, "Sunrise", monitored=False, has_file=False, available=True),
]
COMING = [
    {**MOVIES[2], "digitalRelease": "2031-04-12T00:00:00Z", "inCinemas": "2031-01-09T00:00:00Z"},
    {**MOVIES[0], "id": 5, "title": "Wings", "hasFile": False, "inCinemas": "2031-04-02T00:00:00Z"},
]


def check_key(request: Request) -> Reply | None:
    if request.headers.get("X-Api-Key") == KEY:
        return None
    return json_reply({"error": "Unauthorized"}, 401)


provider = Provider(
    "radarr",
    config={"server": "{sandbox}/radarr", "api_key": KEY},
    guard=check_key,
    unknown=lambda _: json_reply({"message": "NotFound"}, 404),
    samples=(
        Sample("summary", {}, {"movies": 4, "wanted": 1, "missing": 2, "queued": 3}, upstream_calls=2),
        Sample(
            "calendar",
            {},
            [
                {"title": "Wings", "on": "2031-04-02", "has_file": False},
                {"title": "The General", "on": "2031-04-12", "has_file": False},
            ],
        ),
        Sample("search", {}, {"id": 71, "name": "MissingMoviesSearch", "status": "queued"}),
    ),
)


@provider.route("/api/v3/system/status")
def show_status(_request: Request) -> Reply:
    return json_reply({"appName": "Radarr", "version": "5.26.2.10099"})


@provider.route("/api/v3/movie")
def list_movies(_request: Request) -> Reply:
    return json_reply(MOVIES)


@provider.route("/api/v3/queue/status")
def show_queue(_request: Request) -> Reply:
    return json_reply({"totalCount": 3, "count": 3, "unknownCount": 0, "errors": False, "warnings": False})


@provider.route("/api/v3/calendar")
def show_calendar(request: Request) -> Reply:
    try:
        start, end = (date.fromisoformat(request.query.get(name, "")) for name in ("start", "end"))
    except ValueError:
        return json_reply({"message": "The value is not valid."}, 400)
    return json_reply(COMING if start < end else [])


@provider.route("/api/v3/command", "POST")
def run_command(request: Request) -> Reply:
    asked = json_of(request) or {}
    if asked.get("name") != "MissingMoviesSearch":
        return json_reply({"message": "Unknown command"}, 400)
    return json_reply({"id": 71, "name": asked["name"], "status": "queued"}, 201)
