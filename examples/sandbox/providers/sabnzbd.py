"""SABnzbd's API: one path whose `mode` says what is asked; numbers come as text, and refusals with status 200.

Shapes as in https://sabnzbd.org/wiki/configuration/4.5/api.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

KEY = "0123456789abcdef0sandbox0sabnzbd"
SLOTS = [
    {"nzo_id": "SABnzbd_nzo_1", "filename": "debian-13", "status": "Downloading", "percentage": "75",
     "timeleft": "0:02:10", "size": "800 MB", "mb": "800.00", "mbleft": "200.00"},
    {"nzo_id": "SABnzbd_nzo_2", "filename": "alpine", "status": "Queued", "percentage": "0",
     "timeleft": "0:04:20", "size": "200 MB", "mb": "200.00", "mbleft": "200.00"},
]  # fmt: skip
QUEUE = {
    "status": "Downloading",
    "kbpersec": "2048.00",
    "mb": "1000.00",
    "mbleft": "400.00",
    "timeleft": "0:04:20",
    "noofslots": 2,
    "paused": False,
}


def check_key(request: Request) -> Reply | None:
    if request.query.get("apikey") == KEY:
        return None
    return text_reply("API Key Incorrect", 403)


provider = Provider(
    "sabnzbd",
    config={"server": "{sandbox}/sabnzbd", "api_key": KEY},
    guard=check_key,
    samples=(
        Sample(
            "speed",
            {},
            {
                "status": "Downloading",
                "bytes_per_second": 2_097_152,
                "left_bytes": 419_430_400,
                "done_percent": 60,
                "time_left": "0:04:20",
                "jobs": 2,
            },
        ),
        Sample(
            "jobs",
            {"limit": 1},
            [
                {
                    "name": "debian-13",
                    "status": "Downloading",
                    "done_percent": 75,
                    "time_left": "0:02:10",
                    "size": "800 MB",
                }
            ],
        ),
        Sample("pause", {"value": 30}, {"status": True}),
        Sample("resume", {}, {"status": True}),
    ),
)


@provider.route("/api")
def answer_mode(request: Request) -> Reply:
    asked: dict[str, Any] = dict(request.query)
    if asked.get("output") != "json":
        return text_reply("ok\n")
    match asked.get("mode"):
        case "queue":
            limit = int(asked.get("limit") or len(SLOTS))
            return json_reply({"queue": {**QUEUE, "slots": SLOTS[:limit]}})
        case "config" if asked.get("name") == "set_pause" and asked.get("value", "").isdigit():
            return json_reply({"status": True})
        case "resume":
            return json_reply({"status": True})
    return json_reply({"status": False, "error": "not implemented"})
