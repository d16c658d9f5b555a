"""A UniFi OS console: a login gives a cookie and a header, and both are wanted.

Shapes as in https://ubntwiki.com/products/software/unifi-controller/api.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import cookies_of, json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

USERNAME, PASSWORD = "patchbay", "sandbox unifi password"
CSRF = "7f1sandbox0unifi0csrf0token"
sessions = Sessions("eyJhbGciOiJIUzI1NiJ9.sandbox0unifi.")


def check_session(request: Request) -> Reply | None:
    has_cookie = sessions.is_open(cookies_of(request).get("TOKEN"))
    if has_cookie and request.headers.get("X-CSRF-Token") == CSRF:
        return None
    return _refuse(401, "Unauthorized") if not has_cookie else _refuse(403, "Forbidden")


provider = Provider(
    "unifi",
    config={"server": "{sandbox}/unifi", "username": USERNAME, "password": PASSWORD},
    guard=check_session,
    samples=(
        Sample(
            "health",
            {},
            {
                "wan": "ok",
                "uptime_seconds": 864_000,
                "lan": "ok",
                "lan_users": 7,
                "wlan": "ok",
                "wlan_users": 12,
            },
        ),
    ),
)

HEALTH: list[dict[str, Any]] = [
    {"subsystem": "wlan", "num_user": 12, "num_guest": 1, "num_ap": 2, "status": "ok"},
    {"subsystem": "wan", "num_gw": 1, "status": "ok", "gw_system-stats": {"cpu": "4.1", "uptime": "864000"}},
    {"subsystem": "www", "status": "ok", "latency": 9, "uptime": 86_000},
    {"subsystem": "lan", "num_user": 7, "num_guest": 0, "num_sw": 3, "status": "ok"},
    {"subsystem": "vpn", "status": "unknown"},
]


@provider.route("/api/auth/login", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    asked = json_of(request)
    if not isinstance(asked, dict) or (asked.get("username"), asked.get("password")) != (USERNAME, PASSWORD):
        return _refuse(403, "Invalid username or password")
    cookie = f"TOKEN={sessions.begin()}; path=/; samesite=strict; secure; httponly"
    return json_reply({"username": USERNAME}, headers={"Set-Cookie": cookie, "X-CSRF-Token": CSRF})


@provider.route("/proxy/network/api/stat/sites")
def list_sites(_request: Request) -> Reply:
    site = {"name": "default", "desc": "Home", "role": "admin", "num_new_alarms": 0, "health": HEALTH}
    return json_reply({"meta": {"rc": "ok"}, "data": [{**site, "name": "other", "health": []}, site]})


def _refuse(status: int, message: str) -> Reply:
    return json_reply({"error": {"code": status, "message": message}}, status)
