"""UptimeRobot's API, version 2: every call a POST of a form, the key among its fields, refusals as 200.

Shapes as in https://uptimerobot.com/api/legacy/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import form_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "ur000000-sandbox0uptimerobot"
PAUSED, UP, SEEMS_DOWN, DOWN = 0, 2, 8, 9
MAX_LIMIT = 50
STATUSES = {7: PAUSED, 23: SEEMS_DOWN, 57: DOWN}
MONITORS = [
    {
        "id": 777000000 + number,
        "friendly_name": f"Site {number}",
        "url": f"https://site-{number}.example/",
        "type": 1,
        "interval": 300,
        "status": STATUSES.get(number, UP),
        "create_datetime": 1767225600,
    }
    for number in range(1, 61)
]


def check_key(request: Request) -> Reply | None:
    fields = form_of(request)
    if fields.get("format") != "json":
        return Reply(200, b'<?xml version="1.0"?><error/>', "text/xml; charset=utf-8")
    if fields.get("api_key") == API_KEY:
        return None
    return _fail("invalid_parameter", "api_key", "api_key is invalid.")


provider = Provider(
    "uptimerobot",
    config={"api_key": API_KEY},
    guard=check_key,
    samples=(
        Sample(
            "summary",
            {},
            {
                "up": 57,
                "paused": 1,
                "all": 60,
                "down": [
                    {"name": "Site 23", "address": "https://site-23.example/"},
                    {"name": "Site 57", "address": "https://site-57.example/"},
                ],
            },
            upstream_calls=2,
        ),
    ),
)


@provider.route("/v2/getAccountDetails", "POST")
def show_account(_request: Request) -> Reply:
    return json_reply({"stat": "ok", "account": {"email": "anna@example.org", "monitor_limit": 50}})


@provider.route("/v2/getMonitors", "POST")
def list_monitors(request: Request) -> Reply:
    fields = form_of(request)
    offset, limit = (fields.get(name, default) for name, default in (("offset", "0"), ("limit", "50")))
    if not (offset.isdecimal() and limit.isdecimal() and 1 <= int(limit) <= MAX_LIMIT):
        return _fail("invalid_parameter", "limit", "limit must be between 1 and 50.")
    shown = MONITORS[int(offset) : int(offset) + int(limit)]
    page = {"offset": int(offset), "limit": int(limit), "total": len(MONITORS)}
    return json_reply({"stat": "ok", "pagination": page, "monitors": shown})


def _fail(kind: str, name: str, message: str) -> Reply:
    error: dict[str, Any] = {"type": kind, "parameter_name": name, "message": message}
    return json_reply({"stat": "fail", "error": error})
