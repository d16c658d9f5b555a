"""Synology's DSM: the first request says where and in which version to log in, the second one does.

Shapes as in Synology's DSM Login Web API Guide and File Station API Guide; refusals are 200 with a code.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import form_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

USERNAME, PASSWORD = "anna", "sandbox synology password"
sessions = Sessions("bR4ilr9gYPZ7sandbox0synology")
UNKNOWN_API, UNKNOWN_METHOD, WRONG_VERSION, NO_SESSION, WRONG_PASSWORD = 102, 103, 104, 119, 400
AUTH_VERSIONS = range(1, 8)
GIBIBYTE = 1024**3


def _share(name: str, free: int, *, read_only: bool = False) -> dict[str, Any]:
    volume = {"freespace": free * GIBIBYTE, "totalspace": 3600 * GIBIBYTE, "readonly": read_only}
    return {
        "isdir": True,
        "name": name,
        "path": f"/{name}",
        "additional": {"volume_status": volume},
    }


SHARES = [_share("music", 1200), _share("backup", 80, read_only=True)]


def check_session(request: Request) -> Reply | None:
    return None if sessions.is_open(request.query.get("_sid")) else _fail(NO_SESSION)


provider = Provider(
    "synology-dsm",
    config={"server": "{sandbox}/synology-dsm", "username": USERNAME, "password": PASSWORD},
    guard=check_session,
    samples=(
        Sample(
            "shares",
            {},
            [
                {
                    "name": share["name"],
                    "used_percent": used,
                    "free_bytes": share["additional"]["volume_status"]["freespace"],
                    "total_bytes": 3600 * GIBIBYTE,
                    "read_only": share["additional"]["volume_status"]["readonly"],
                }
                for share, used in zip(SHARES, (66.7, 97.8), strict=True)
            ],
        ),
    ),
)


@provider.route("/webapi/query.cgi", gives_token=True)
def tell_apis(request: Request) -> Reply:
    called = tuple(request.query.get(name) for name in ("api", "version", "method"))
    if called != ("SYNO.API.Info", "1", "query"):
        return _fail(UNKNOWN_API)
    auth = {"path": "entry.cgi", "minVersion": AUTH_VERSIONS[0], "maxVersion": AUTH_VERSIONS[-1]}
    asked = request.query.get("query", "").split(",")
    return _succeed({"SYNO.API.Auth": auth} if "SYNO.API.Auth" in asked else {})


@provider.route("/webapi/entry.cgi", "POST", gives_token=True)
def log_in(request: Request) -> Reply:
    fields = form_of(request)
    if (fields.get("api"), fields.get("method")) != ("SYNO.API.Auth", "login"):
        return _fail(UNKNOWN_API)
    if fields.get("version") not in {str(version) for version in AUTH_VERSIONS}:
        return _fail(WRONG_VERSION)
    if (fields.get("account"), fields.get("passwd")) != (USERNAME, PASSWORD):
        return _fail(WRONG_PASSWORD)
    return _succeed({"did": "sandbox0device", "is_portal_port": False, "sid": sessions.begin()})


@provider.route("/webapi/entry.cgi")
def answer_call(request: Request) -> Reply:
    answer = _ANSWERS.get(tuple(request.query.get(name, "") for name in ("api", "method", "version")))
    return _succeed(answer) if answer is not None else _fail(UNKNOWN_METHOD)


_ANSWERS: dict[tuple[str, ...], dict[str, Any]] = {
    ("SYNO.FileStation.Info", "get", "2"): {"hostname": "nas", "is_manager": False, "support_sharing": True},
    ("SYNO.FileStation.List", "list_share", "2"): {"offset": 0, "shares": SHARES, "total": len(SHARES)},
}


def _succeed(data: dict[str, Any]) -> Reply:
    return json_reply({"data": data, "success": True})


def _fail(code: int) -> Reply:
    return json_reply({"error": {"code": code}, "success": False})
