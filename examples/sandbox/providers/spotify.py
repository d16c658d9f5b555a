"""Spotify's Web API with a token for the client itself (client credentials), and pages by offset.

Shapes as in https://developer.spotify.com/documentation/web-api and its tutorials on authorization.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of, bearer_of, form_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

CLIENT_ID, CLIENT_SECRET = "sandbox0spotify0client", "sandbox0spotify0secret"
TOKEN = "BQsandbox0spotify0token"
ARTIST = "5aIqB5nVVvmFsvSdExz408"
MAX_LIMIT = 50


def _album(number: int) -> dict[str, Any]:
    key = f"{number:022d}"
    return {
        "id": key,
        "type": "album",
        "album_type": "album",
        "name": f"Cantatas, volume {number}",
        "release_date": f"{2026 - number}-03-21",
        "release_date_precision": "day",
        "total_tracks": 20 + number,
        "external_urls": {"spotify": f"https://open.spotify.com/album/{key}"},
        "artists": [{"id": ARTIST, "name": "Johann Sebastian Bach"}],
    }


ALBUMS = [_album(number) for number in range(1, 24)]


def check_token(request: Request) -> Reply | None:
    if bearer_of(request) == TOKEN:
        return None
    said = "Invalid access token" if bearer_of(request) else "No token provided"
    return _refuse(401, said)


def _refuse(status: int, message: str) -> Reply:
    return json_reply({"error": {"status": status, "message": message}}, status)


provider = Provider(
    "spotify",
    config={"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    guard=check_token,
    unknown=lambda _: _refuse(404, "Service not found"),
    samples=(
        Sample(
            "albums",
            {"url": f"https://open.spotify.com/intl-de/artist/{ARTIST}?si=1"},
            [
                {
                    "name": album["name"],
                    "released": album["release_date"],
                    "tracks": album["total_tracks"],
                    "link": album["external_urls"]["spotify"],
                }
                for album in ALBUMS
            ],
            upstream_calls=2,
        ),
    ),
)


@provider.route("/api/token", "POST", gives_token=True)
def give_token(request: Request) -> Reply:
    if basic_of(request) != (CLIENT_ID, CLIENT_SECRET):
        return json_reply({"error": "invalid_client", "error_description": "Invalid client secret"}, 400)
    if form_of(request).get("grant_type") != "client_credentials":
        return json_reply({"error": "unsupported_grant_type"}, 400)
    return json_reply({"access_token": TOKEN, "token_type": "Bearer", "expires_in": 3600})


@provider.route("/v1/search")
def search(request: Request) -> Reply:
    if not request.query.get("q"):
        return _refuse(400, "No search query")
    artist = {"id": ARTIST, "name": "Johann Sebastian Bach", "type": "artist"}
    return json_reply({"artists": {"items": [artist], "limit": 1, "offset": 0, "total": 1, "next": None}})


@provider.route("/v1/artists/{artist}/albums")
def list_albums(request: Request, artist: str) -> Reply:
    if artist != ARTIST:
        return _refuse(404, "Resource not found")
    offset, limit = int(request.number("offset", 0, 10_000)), int(request.number("limit", 20, 10_000))
    if not 1 <= limit <= MAX_LIMIT:
        return _refuse(400, "Invalid limit")
    more = offset + limit < len(ALBUMS)
    following = f"https://api.spotify.com/v1/artists/{artist}/albums?offset={offset + limit}&limit={limit}"
    return json_reply(
        {
            "items": ALBUMS[offset : offset + limit],
            "limit": limit,
            "offset": offset,
            "total": len(ALBUMS),
            "next": following if more else None,
        }
    )
