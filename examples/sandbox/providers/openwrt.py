"""OpenWrt's ubus over HTTP: JSON-RPC with the session among the parameters, and refusals with status 200.

Shapes as in https://openwrt.org/docs/techref/ubus.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import json_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample
from examples.sandbox.sessions import Sessions

sessions = Sessions("c1ed6c7b025d0caca723a816fa61")
USER, PASSWORD = "root", "sandbox openwrt password"
INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED = 2, 4, 6
SYSTEM = {
    "localtime": 1_772_449_230,
    "uptime": 864_000,
    "load": [16_384, 13_107, 9_830],
    "memory": {"total": 262_144_000, "free": 100_000_000, "available": 196_608_000},
}
DEVICES = {
    "wan": {"up": True, "statistics": {"rx_bytes": 123_456_789, "tx_bytes": 9_876_543}},
    "br-lan": {"up": True, "statistics": {"rx_bytes": 9_000_000, "tx_bytes": 120_000_000}},
}

provider = Provider(
    "openwrt",
    config={"server": "{sandbox}/openwrt", "username": USER, "password": PASSWORD},
    is_login=lambda body: b'"session","login"' in body,
    samples=(
        Sample("system", {}, {"uptime_seconds": 864_000, "load": 0.25, "memory_used_percent": 25}),
        Sample(
            "traffic",
            {"name": "br-lan"},
            {"up": True, "received_bytes": 9_000_000, "sent_bytes": 120_000_000},
        ),
    ),
)


@provider.route("/ubus", "POST")
def answer_call(request: Request) -> Reply:
    asked = json_of(request)
    match asked:
        case {
            "jsonrpc": "2.0",
            "id": id_,
            "method": "call",
            "params": [session, path, procedure, dict(arguments)],
        }:
            return _reply(id_, **_result(session, path, procedure, arguments))
    return _reply(None, error={"code": -32600, "message": "Invalid request"})


def _result(session: str, path: str, procedure: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if (path, procedure) == ("session", "login"):
        if (arguments.get("username"), arguments.get("password")) != (USER, PASSWORD):
            return {"result": [PERMISSION_DENIED]}
        return {"result": [0, {"ubus_rpc_session": sessions.begin(), "timeout": 300, "expires": 299}]}
    if not sessions.is_open(session):
        return {"error": {"code": -32002, "message": "Access denied"}}
    if (path, procedure) == ("system", "info"):
        return {"result": [0, SYSTEM]}
    if (path, procedure) == ("network.device", "status"):
        device = DEVICES.get(arguments.get("name", ""))
        return {"result": [0, device] if device else [INVALID_ARGUMENT]}
    return {"result": [NOT_FOUND]}


def _reply(id_: Any, **members: Any) -> Reply:
    return json_reply({"jsonrpc": "2.0", "id": id_, **members})
