"""Jellyfin's API: counts, sessions, and a session that pauses.

Shapes as in https://api.jellyfin.org/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

KEY = "0123456789abcdefsandbox0jellyfin"
MINUTE = 60 * 10_000_000
COUNTS = {"MovieCount": 412, "SeriesCount": 37, "EpisodeCount": 1480, "SongCount": 5210, "AlbumCount": 402}


def _session(number: int, user: str, device: str, **more: Any) -> dict[str, Any]:
    state = {"PositionTicks": 0, "CanSeek": True, "IsPaused": False, "IsMuted": False}
    return {"Id": f"{number:032x}", "UserName": user, "DeviceName": device, "PlayState": state, **more}


SESSIONS = [
    _session(
        1,
        "ada",
        "Living room",
        NowPlayingItem={
            "Name": "The Sea",
            "SeriesName": "Coasts",
            "Type": "Episode",
            "RunTimeTicks": 50 * MINUTE,
        },
        PlayState={"PositionTicks": 20 * MINUTE, "CanSeek": True, "IsPaused": False, "IsMuted": False},
    ),
    _session(
        2,
        "grace",
        "Phone",
        NowPlayingItem={"Name": "Nosferatu", "Type": "Movie", "RunTimeTicks": 94 * MINUTE},
        PlayState={"PositionTicks": 47 * MINUTE, "CanSeek": True, "IsPaused": True, "IsMuted": False},
    ),
    _session(3, "alan", "Browser"),
]


def check_key(request: Request) -> Reply | None:
    if request.headers.get("Authorization", "") == f'MediaBrowser Token="{KEY}"':
        return None
    return text_reply("", 401)


provider = Provider(
    "jellyfin",
    config={"server": "{sandbox}/jellyfin", "api_key": KEY},
    guard=check_key,
    samples=(
        Sample("library", {}, {"movies": 412, "series": 37, "episodes": 1480, "songs": 5210}),
        Sample(
            "playing",
            {},
            [
                {
                    "session": SESSIONS[0]["Id"],
                    "user": "ada",
                    "device": "Living room",
                    "title": "Coasts – The Sea",
                    "played_percent": 40,
                    "paused": False,
                },
                {
                    "session": SESSIONS[1]["Id"],
                    "user": "grace",
                    "device": "Phone",
                    "title": "Nosferatu",
                    "played_percent": 50,
                    "paused": True,
                },
            ],
        ),
        Sample("pause", {"session": SESSIONS[0]["Id"]}, None),
    ),
)


@provider.route("/Items/Counts")
def count_items(_request: Request) -> Reply:
    return json_reply(COUNTS)


@provider.route("/Sessions")
def list_sessions(_request: Request) -> Reply:
    return json_reply(SESSIONS)


@provider.route("/Sessions/{session}/Playing/{command}", "POST")
def command_session(_request: Request, session: str, command: str) -> Reply:
    if command not in {"PlayPause", "Stop", "NextTrack", "PreviousTrack", "Pause", "Unpause"}:
        return text_reply("", 400)
    return text_reply("", 204 if any(item["Id"] == session for item in SESSIONS) else 404)
