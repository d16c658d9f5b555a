"""Nextcloud's server information: for a token of its own, or for an administrator.

Shapes as in https://github.com/nextcloud/serverinfo.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import basic_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "sandbox0nextcloud0serverinfo0token"
USERNAME, PASSWORD = "admin", "sandbox nextcloud app password"
KIBIBYTES, BYTES = 16_000_000, 120_000_000_000


def check_access(request: Request) -> Reply | None:
    if request.headers.get("OCS-APIRequest") != "true":
        return _answer(412, "CSRF check failed", [])
    if request.headers.get("NC-Token") == TOKEN or basic_of(request) == (USERNAME, PASSWORD):
        return None
    return _answer(401, "Unauthorized", [])


provider = Provider(
    "nextcloud",
    config={"server": "{sandbox}/nextcloud", "token": TOKEN},
    guard=check_access,
    samples=(
        Sample(
            "server",
            {},
            {
                "version": "31.0.5.1",
                "load": 0.42,
                "memory_percent": 37.5,
                "free_bytes": BYTES,
                "active_users": 9,
                "files": 48_213,
                "shares": 31,
            },
        ),
    ),
)


@provider.route("/ocs/v2.php/apps/serverinfo/api/v1/info")
def show_server_info(_request: Request) -> Reply:
    system = {
        "version": "31.0.5.1",
        "freespace": BYTES,
        "cpuload": [0.42, 0.38, 0.31],
        "cpunum": 4,
        "mem_total": KIBIBYTES,
        "mem_free": KIBIBYTES * 5 // 8,
        "swap_total": 0,
        "swap_free": 0,
    }
    storage = {"num_users": 12, "num_files": 48_213, "num_storages": 14}
    shares = {"num_shares": 31, "num_shares_user": 20, "num_shares_link": 11}
    users = {"last5minutes": 2, "last1hour": 4, "last24hours": 9}
    server = {"webserver": "Apache", "php": {"version": "8.3.20"}, "database": {"type": "mysql"}}
    nextcloud = {"system": system, "storage": storage, "shares": shares}
    return _answer(200, "OK", {"nextcloud": nextcloud, "server": server, "activeUsers": users})


def _answer(status: int, message: str, data: Any) -> Reply:
    """An OCS envelope, which repeats the status (version 2 of the API)."""
    state = "ok" if status == 200 else "failure"
    meta = {"status": state, "statuscode": status, "message": message}
    return json_reply({"ocs": {"meta": meta, "data": data}}, status)
