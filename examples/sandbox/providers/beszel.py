"""Beszel's hub: a PocketBase, which shows nothing to whom it does not know, and calls that a success.

Shapes as in https://beszel.dev/guide/rest-api and https://pocketbase.io/docs/api-records/.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

USERNAME, PASSWORD = "anna@example.com", "sandbox beszel password"
sessions = Sessions("eyJhbGciOiJIUzI1NiJ9.sandbox0beszel.")
UPDATED = "2026-01-01 10:00:00.000Z"


def _system(name: str, status: str, cpu: float, memory: float, disk: float) -> dict[str, Any]:
    info = {
        "h": name,
        "c": 4,
        "t": 8,
        "cpu": cpu,
        "mp": memory,
        "dp": disk,
        "u": 90_000,
        "b": 0.2,
        "v": "0.12.3",
    }
    shown = {"id": f"{name}0000000", "collectionName": "systems", "name": name, "host": f"{name}.lan"}
    return {**shown, "port": "45876", "status": status, "info": info, "updated": UPDATED}


SYSTEMS = [_system("attic", "down", 0, 0, 41.5), _system("cellar", "up", 3.2, 48.1, 72.0)]

provider = Provider(
    "beszel",
    config={"server": "{sandbox}/beszel", "username": USERNAME, "password": PASSWORD},
    samples=(
        Sample("overview", {}, {"systems": 2, "up": 1}),
        Sample(
            "systems",
            {},
            [
                {
                    "name": item["name"],
                    "status": item["status"],
                    "cpu_percent": item["info"]["cpu"],
                    "memory_percent": item["info"]["mp"],
                    "disk_percent": item["info"]["dp"],
                    "updated": "2026-01-01T10:00:00Z",
                }
                for item in SYSTEMS
            ],
        ),
    ),
)


@provider.route("/api/collections/users/auth-with-password", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    asked = json_of(request)
    if not isinstance(asked, dict) or (asked.get("identity"), asked.get("password")) != (USERNAME, PASSWORD):
        return json_reply({"data": {}, "message": "Failed to authenticate.", "status": 400}, 400)
    record = {"id": "u0000000000anna", "collectionName": "users", "email": USERNAME}
    return json_reply({"record": record, "token": sessions.begin()})


@provider.route("/api/collections/systems/records")
def list_systems(request: Request) -> Reply:
    """The systems that the user may see: without a session none."""
    is_known = sessions.is_open(request.headers.get("Authorization"))
    items = sorted(SYSTEMS, key=lambda item: item["name"]) if is_known else []
    size = int(request.number("perPage", 30, 1000))
    pages = -(-len(items) // size) if size else 0
    totals = {"page": 1, "perPage": size, "totalItems": len(items), "totalPages": pages}
    return json_reply({**totals, "items": items[:size]})
