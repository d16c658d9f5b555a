"""Deluge's web interface: JSON-RPC over one path, a cookie is the session, and errors are 200.

Shapes as in https://deluge.readthedocs.io/en/latest/reference/webapi.html.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import cookies_of, json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

PASSWORD = "sandbox deluge password"
NOT_AUTHENTICATED, UNKNOWN_METHOD = 1, 2
sessions = Sessions("5d2sandbox0deluge0session")
TORRENTS: dict[str, dict[str, Any]] = {
    "a1f0": {
        "name": "debian-13-netinst.iso",
        "state": "Downloading",
        "progress": 25.04,
        "total_wanted": 700_000_000,
        "download_payload_rate": 2_000_000,
        "upload_payload_rate": 10_000,
        "eta": 262,
    },
    "b2e1": {
        "name": "alpine.iso",
        "state": "Seeding",
        "progress": 100.0,
        "total_wanted": 60_000_000,
        "download_payload_rate": 0,
        "upload_payload_rate": 60_000,
        "eta": 0,
    },
}

provider = Provider(
    "deluge",
    config={"server": "{sandbox}/deluge", "password": PASSWORD},
    is_login=lambda body: b'"auth.login"' in body,
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
        Sample(
            "torrents",
            {},
            [
                {
                    "name": "alpine.iso",
                    "state": "Seeding",
                    "done_percent": 100,
                    "size_bytes": 60_000_000,
                    "seconds_left": None,
                },
                {
                    "name": "debian-13-netinst.iso",
                    "state": "Downloading",
                    "done_percent": 25,
                    "size_bytes": 700_000_000,
                    "seconds_left": 262,
                },
            ],
        ),
        Sample("pause-all", {}, None),
        Sample("resume-all", {}, None),
    ),
)


@provider.route("/json", "POST")
def answer_rpc(request: Request) -> Reply:
    asked = json_of(request)
    if not isinstance(asked, dict) or "id" not in asked:
        return Reply(500, b"Request must be JSON", "text/plain")
    if asked.get("method") == "auth.login":
        return _log_in(asked)
    if not sessions.is_open(cookies_of(request).get("_session_id")):
        return _fail(asked, NOT_AUTHENTICATED, "Not authenticated")
    if asked.get("method") == "web.update_ui":
        return _succeed(asked, _update_ui(*asked.get("params", ())))
    if asked.get("method") in ("core.pause_session", "core.resume_session"):
        return _succeed(asked, None)
    return _fail(asked, UNKNOWN_METHOD, "Unknown method")


def _log_in(asked: dict[str, Any]) -> Reply:
    """A wrong password is a false result without a cookie."""
    if asked.get("params") != [PASSWORD]:
        return _succeed(asked, False)
    cookie = f"_session_id={sessions.begin()}; Path=/json"
    return json_reply({"result": True, "error": None, "id": asked["id"]}, headers={"Set-Cookie": cookie})


def _update_ui(keys: list[str], _filters: dict[str, Any]) -> dict[str, Any]:
    torrents = {id_: {key: item[key] for key in keys if key in item} for id_, item in TORRENTS.items()}
    stats = {"download_rate": 2_000_000, "upload_rate": 70_000, "num_connections": 12, "free_space": 10**11}
    return {"connected": True, "torrents": torrents, "filters": {}, "stats": stats}


def _succeed(asked: dict[str, Any], result: Any) -> Reply:
    return json_reply({"result": result, "error": None, "id": asked["id"]})


def _fail(asked: dict[str, Any], code: int, message: str) -> Reply:
    return json_reply({"result": None, "error": {"message": message, "code": code}, "id": asked["id"]})
