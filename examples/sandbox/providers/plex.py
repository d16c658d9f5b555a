"""Plex Media Server's API: XML unless JSON is asked for; a library's count comes with a page of no items.

Shapes as in https://developer.plex.tv/pms/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "sandbox0plex0token00"
UNAUTHORIZED = "<html><head><title>Unauthorized</title></head><body><h1>401 Unauthorized</h1></body></html>"
SECTIONS = {"1": ("Films", "movie", 412), "2": ("Series", "show", 37), "5": ("Music", "artist", 208)}
MINUTE = 60_000
PLAYING = [
    {
        "type": "episode",
        "title": "The Sea",
        "grandparentTitle": "Coasts",
        "viewOffset": 20 * MINUTE,
        "duration": 50 * MINUTE,
        "User": {"id": "1", "title": "ada"},
        "Player": {"title": "Living room", "state": "playing"},
    },
    {
        "type": "movie",
        "title": "Nosferatu",
        "viewOffset": 47 * MINUTE,
        "duration": 94 * MINUTE,
        "User": {"id": "2", "title": "grace"},
        "Player": {"title": "Phone", "state": "paused"},
    },
]


def check_token(request: Request) -> Reply | None:
    if request.headers.get("X-Plex-Token") == TOKEN:
        return None
    return text_reply(UNAUTHORIZED, 401, "text/html")


def _container(request: Request, **members: Any) -> Reply:
    if "application/json" not in request.headers.get("Accept", ""):
        return text_reply('<?xml version="1.0"?><MediaContainer size="0"/>', content_type="text/xml")
    return json_reply({"MediaContainer": members})


provider = Provider(
    "plex",
    config={"server": "{sandbox}/plex", "token": TOKEN},
    guard=check_token,
    samples=(
        Sample(
            "libraries",
            {},
            [
                {"key": key, "title": title, "kind": kind, "items": items}
                for key, (title, kind, items) in SECTIONS.items()
            ],
            upstream_calls=1 + len(SECTIONS),
        ),
        Sample(
            "playing",
            {},
            [
                {"user": "ada", "title": "Coasts – The Sea", "played_percent": 40, "state": "playing"},
                {"user": "grace", "title": "Nosferatu", "played_percent": 50, "state": "paused"},
            ],
        ),
        Sample("refresh", {"key": "2"}, ""),
    ),
)


@provider.route("/library/sections")
def list_sections(request: Request) -> Reply:
    directory = [{"key": key, "title": title, "type": kind} for key, (title, kind, _) in SECTIONS.items()]
    return _container(request, size=len(directory), title1="Plex Library", Directory=directory)


@provider.route("/library/sections/{key}/all")
def count_section(request: Request, key: str) -> Reply:
    if key not in SECTIONS:
        return text_reply("", 404)
    return _container(request, size=0, totalSize=SECTIONS[key][2], librarySectionID=int(key))


@provider.route("/library/sections/{key}/refresh")
def refresh_section(_request: Request, key: str) -> Reply:
    return text_reply("", 200 if key in SECTIONS else 404)


@provider.route("/status/sessions")
def list_sessions(request: Request) -> Reply:
    return _container(request, size=len(PLAYING), Metadata=PLAYING)
