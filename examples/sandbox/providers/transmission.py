"""Transmission's RPC: whoever comes without the session's id is told it, with 409.

Shapes as in https://github.com/transmission/transmission/blob/4.0.6/docs/rpc-spec.md.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

SESSION = "sandbox0transmission0session"
HEADER = "X-Transmission-Session-Id"
TORRENTS = [
    {
        "id": 1,
        "name": "debian-13-netinst.iso",
        "status": 4,
        "percentDone": 0.25,
        "rateDownload": 2_000_000,
        "rateUpload": 10_000,
        "eta": 300,
        "hashString": "0123456789abcdef0123456789abcdef01234567",
    },
    {
        "id": 2,
        "name": "alpine.iso",
        "status": 6,
        "percentDone": 1,
        "rateDownload": 0,
        "rateUpload": 50_000,
        "eta": -1,
        "hashString": "89abcdef0123456789abcdef0123456789abcdef",
    },
]


def check_session(request: Request) -> Reply | None:
    return None if request.headers.get(HEADER) == SESSION else tell_session(request)


provider = Provider(
    "transmission",
    config={"server": "{sandbox}/transmission"},
    guard=check_session,
    samples=(
        Sample(
            "speed",
            {},
            {"down_bytes_per_second": 2_000_000, "up_bytes_per_second": 60_000, "active": 2, "paused": 0},
        ),
        Sample(
            "torrents",
            {},
            [
                {
                    "name": "debian-13-netinst.iso",
                    "done": 0.25,
                    "down_bytes_per_second": 2_000_000,
                    "seconds_left": 300,
                },
                {"name": "alpine.iso", "done": 1, "down_bytes_per_second": 0, "seconds_left": None},
            ],
        ),
    ),
)


@provider.route("/transmission/rpc", "GET", gives_token=True)
def tell_session(_request: Request) -> Reply:
    page = f"<h1>409: Conflict</h1><p>Your request had an invalid session-id header.</p><code>{HEADER}</code>"
    refusal = text_reply(page, 409, "text/html; charset=ISO-8859-1")
    return Reply(409, refusal.body, refusal.content_type, ((HEADER, SESSION),))


@provider.route("/transmission/rpc", "POST")
def answer_rpc(request: Request) -> Reply:
    asked = json_of(request)
    method = asked.get("method") if isinstance(asked, dict) else None
    if method == "session-stats":
        return _success(
            {
                "activeTorrentCount": 2,
                "pausedTorrentCount": 0,
                "torrentCount": 2,
                "downloadSpeed": 2_000_000,
                "uploadSpeed": 60_000,
            }
        )
    if method == "torrent-get":
        wanted = (asked.get("arguments") or {}).get("fields") or []
        return _success(
            {"torrents": [{name: item[name] for name in wanted if name in item} for item in TORRENTS]}
        )
    return json_reply({"arguments": {}, "result": "method name not recognized"})


def _success(arguments: dict[str, Any]) -> Reply:
    return json_reply({"arguments": arguments, "result": "success"})
