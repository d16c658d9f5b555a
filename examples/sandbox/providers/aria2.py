"""aria2's JSON-RPC: the secret is the first parameter of each call.

Shapes as in https://aria2.github.io/manual/en/html/aria2c.html#rpc-interface; numbers come as strings.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

SECRET = "sandbox aria2 secret"
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, REFUSED = -32700, -32600, -32601, 1
DOWNLOAD = {
    "gid": "2089b05ecca3d829",
    "status": "active",
    "totalLength": "700000000",
    "completedLength": "175000000",
    "downloadSpeed": "2000000",
    "uploadSpeed": "0",
    "files": [{"index": "1", "path": "/downloads/debian-13-netinst.iso", "length": "700000000"}],
}
STAT = {
    "downloadSpeed": "2000000",
    "uploadSpeed": "0",
    "numActive": "1",
    "numWaiting": "0",
    "numStopped": "4",
}

provider = Provider(
    "aria2",
    config={"server": "{sandbox}/aria2", "secret": SECRET},
    samples=(
        Sample(
            "speed",
            {},
            {"down_bytes_per_second": 2_000_000, "up_bytes_per_second": 0, "active": 1, "waiting": 0},
        ),
        Sample(
            "downloads",
            {},
            [
                {
                    "file": "debian-13-netinst.iso",
                    "size_bytes": 700_000_000,
                    "done_bytes": 175_000_000,
                    "done_percent": 25,
                    "bytes_per_second": 2_000_000,
                }
            ],
        ),
    ),
)


@provider.route("/jsonrpc", "POST")
def answer_rpc(request: Request) -> Reply:
    asked = json_of(request)
    if not isinstance(asked, dict):
        return _fail(None, PARSE_ERROR, "Parse error.")
    identity: Any = asked.get("id")
    parameters: list[Any] = asked.get("params") or [None]
    if asked.get("jsonrpc") != "2.0" or identity is None:
        return _fail(identity, INVALID_REQUEST, "Invalid Request.")
    if parameters[0] != f"token:{SECRET}":
        return _fail(identity, REFUSED, "Unauthorized")
    if asked.get("method") == "aria2.getGlobalStat":
        return _succeed(identity, STAT)
    if asked.get("method") == "aria2.tellActive":
        keys = parameters[1] if len(parameters) > 1 else list(DOWNLOAD)
        return _succeed(identity, [{key: DOWNLOAD[key] for key in keys if key in DOWNLOAD}])
    return _fail(identity, METHOD_NOT_FOUND, "Method not found.")


def _succeed(identity: Any, result: Any) -> Reply:
    reply = json_reply({"id": identity, "jsonrpc": "2.0", "result": result})
    return Reply(200, reply.body, "application/json-rpc")


def _fail(identity: Any, code: int, message: str) -> Reply:
    reply = json_reply({"id": identity, "jsonrpc": "2.0", "error": {"code": code, "message": message}})
    return Reply(400, reply.body, "application/json-rpc")
