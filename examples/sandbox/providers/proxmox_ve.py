"""Proxmox VE's API, with a token of three parts in one header.

Shapes as in https://pve.proxmox.com/pve-docs/api-viewer/; refusals are an empty `data` and a status line.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

USER, TOKEN_ID, TOKEN_SECRET = "dashboard@pve", "patchbay", "5f0c1f5e-0000-4000-8000-sandbox0token"
GIBIBYTE = 1024**3


def _guest(number: int, name: str, kind: str, status: str, *, template: int = 0) -> dict[str, Any]:
    runs = status == "running"
    return {
        "id": f"{kind}/{number}",
        "vmid": number,
        "name": name,
        "type": kind,
        "node": "pve1",
        "status": status,
        "template": template,
        "cpu": 0.02 if runs else 0,
        "maxcpu": 2,
        "mem": GIBIBYTE if runs else 0,
        "maxmem": 2 * GIBIBYTE,
        "uptime": 86400 if runs else 0,
    }


GUESTS = [
    _guest(102, "build", "qemu", "stopped"),
    _guest(100, "home-assistant", "qemu", "running"),
    _guest(101, "dns", "lxc", "running"),
    _guest(9000, "debian-template", "qemu", "stopped", template=1),
]
NODES = [
    {
        "node": "pve1",
        "id": "node/pve1",
        "type": "node",
        "status": "online",
        "cpu": 0.07,
        "maxcpu": 8,
        "mem": 9 * GIBIBYTE,
        "maxmem": 32 * GIBIBYTE,
        "uptime": 1209600,
        "level": "",
    }
]


def check_token(request: Request) -> Reply | None:
    said = request.headers.get("Authorization", "")
    if said == f"PVEAPIToken={USER}!{TOKEN_ID}={TOKEN_SECRET}":
        return None
    return json_reply({"data": None}, 401)


provider = Provider(
    "proxmox-ve",
    config={
        "server": "{sandbox}/proxmox-ve",
        "user": USER,
        "token_id": TOKEN_ID,
        "token_secret": TOKEN_SECRET,
    },
    guard=check_token,
    unknown=lambda _: json_reply({"data": None}, 501),
    samples=(
        Sample(
            "summary",
            {},
            {
                "machines_running": 1,
                "machines": 2,
                "containers_running": 1,
                "containers": 1,
                "cpu_percent": 7,
                "memory_percent": 28.1,
            },
            upstream_calls=2,
        ),
        Sample(
            "guests",
            {},
            [
                {
                    "id": guest["vmid"],
                    "name": guest["name"],
                    "kind": guest["type"],
                    "node": "pve1",
                    "status": guest["status"],
                    "memory_bytes": guest["mem"],
                    "uptime_seconds": guest["uptime"],
                }
                for guest in (GUESTS[1], GUESTS[2], GUESTS[0])
            ],
        ),
        Sample(
            "nodes",
            {},
            [
                {
                    "node": "pve1",
                    "status": "online",
                    "cpu_percent": 7,
                    "memory_percent": 28.1,
                    "memory_bytes": 9 * GIBIBYTE,
                    "max_memory_bytes": 32 * GIBIBYTE,
                    "uptime_seconds": 1_209_600,
                }
            ],
        ),
    ),
)


@provider.route("/api2/json/version")
def show_version(_request: Request) -> Reply:
    return json_reply({"data": {"version": "8.3.2", "release": "8.3", "repoid": "3e76eec21c4a14a7"}})


@provider.route("/api2/json/cluster/resources")
def list_resources(request: Request) -> Reply:
    kind = request.query.get("type")
    if kind not in {None, "vm", "storage", "node", "sdn"}:
        return json_reply({"data": None, "errors": {"type": f"value '{kind}' does not have a value"}}, 400)
    return json_reply({"data": GUESTS if kind in {None, "vm"} else []})


@provider.route("/api2/json/nodes")
def list_nodes(_request: Request) -> Reply:
    return json_reply({"data": NODES})
