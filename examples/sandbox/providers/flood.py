"""Flood: a user logs in and gets a cookie. Shapes as in https://github.com/jesec/flood."""

from __future__ import annotations

from examples.sandbox.credentials import cookies_of, json_of
from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

USERNAME, PASSWORD = "anna", "sandbox flood password"
sessions = Sessions("eyJhbGciOiJIUzI1NiJ9.sandbox0flood.")
TORRENTS = {
    "A1F0": {
        "hash": "A1F0",
        "name": "debian-13-netinst.iso",
        "status": ["downloading", "active"],
        "percentComplete": 25,
        "sizeBytes": 700_000_000,
        "downRate": 2_000_000,
        "upRate": 10_000,
    },
    "B2E1": {
        "hash": "B2E1",
        "name": "alpine.iso",
        "status": ["complete", "seeding", "active"],
        "percentComplete": 100,
        "sizeBytes": 60_000_000,
        "downRate": 0,
        "upRate": 60_000,
    },
}


def check_session(request: Request) -> Reply | None:
    return None if sessions.is_open(cookies_of(request).get("jwt")) else text_reply("Unauthorized", 401)


provider = Provider(
    "flood",
    config={"server": "{sandbox}/flood", "username": USERNAME, "password": PASSWORD},
    guard=check_session,
    samples=(
        Sample(
            "transfer",
            {},
            {
                "downloading": 1,
                "down_bytes_per_second": 2_000_000,
                "seeding": 1,
                "up_bytes_per_second": 70_000,
            },
        ),
    ),
)


@provider.route("/api/auth/authenticate", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    asked = json_of(request)
    if not isinstance(asked, dict) or (asked.get("username"), asked.get("password")) != (USERNAME, PASSWORD):
        return json_reply({"message": "Failed login."}, 401)
    cookie = f"jwt={sessions.begin()}; Path=/; HttpOnly; SameSite=Strict"
    return json_reply({"success": True, "username": USERNAME, "level": 10}, headers={"Set-Cookie": cookie})


@provider.route("/api/torrents")
def list_torrents(_request: Request) -> Reply:
    return json_reply({"id": 1_767_225_600_000, "torrents": TORRENTS})
