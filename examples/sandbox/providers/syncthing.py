"""Syncthing's REST API, as a service on the local network with a key in `X-API-Key`.

Shapes as in https://docs.syncthing.net/dev/rest.html.
"""

from __future__ import annotations

from typing import Any

from examples.sandbox.exchange import Reply, Request, json_reply, text_reply
from examples.sandbox.provider import Provider, Sample

API_KEY = "sandbox-syncthing-key"
DESK = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2"
LAPTOP = "YZJBJFX-RDBL7WY-6ZGKJ2D-4MJB4E7-ZATSDUY-LD6Y3L3-MLFUYWE-AEMXJAC"
PHONE = "UYGDMA4-TPHOFO5-2VQYDCC-7CWX7XW-INZINQT-LE4B42N-4JUZTSM-IWCSXA4"
NEVER = "0001-01-01T00:00:00Z"

FOLDERS = [
    {
        "id": "docs-x7k2p",
        "label": "Documents",
        "path": "/home/anna/Documents",
        "type": "sendreceive",
        "paused": False,
    },
    {
        "id": "photo-9qw3z",
        "label": "Photos",
        "path": "/home/anna/Photos",
        "type": "receiveonly",
        "paused": True,
    },
]
DEVICES = [
    {"deviceID": DESK, "name": "desk", "addresses": ["dynamic"], "paused": False, "introducer": False},
    {"deviceID": LAPTOP, "name": "laptop", "addresses": ["dynamic"], "paused": False, "introducer": False},
    {"deviceID": PHONE, "name": "phone", "addresses": ["dynamic"], "paused": True, "introducer": False},
]


def check_key(request: Request) -> Reply | None:
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if API_KEY in {request.headers.get("X-API-Key"), bearer}:
        return None
    return text_reply("CSRF Error\n", 403)


provider = Provider(
    "syncthing",
    config={"server": "{sandbox}/syncthing", "api_key": API_KEY},
    guard=check_key,
    samples=(
        Sample(
            "status",
            {},
            {
                "version": "v1.29.2",
                "os": "linux",
                "uptime_seconds": 2635,
                "memory_bytes": 30618136,
                "device": DESK,
            },
            upstream_calls=2,
        ),
        Sample(
            "folders",
            {},
            [
                {"id": "docs-x7k2p", "label": "Documents", "kind": "sendreceive", "paused": False},
                {"id": "photo-9qw3z", "label": "Photos", "kind": "receiveonly", "paused": True},
            ],
        ),
        Sample(
            "folder",
            {"folder": "docs-x7k2p"},
            {
                "state": "idle",
                "changed_at": "2026-01-01T08:04:57Z",
                "files": 1200,
                "bytes": 734003200,
                "missing_files": 3,
                "missing_bytes": 4096,
                "errors": 0,
            },
        ),
        Sample(
            "devices",
            {},
            [
                {"id": DESK, "name": "desk", "paused": False},
                {"id": LAPTOP, "name": "laptop", "paused": False},
                {"id": PHONE, "name": "phone", "paused": True},
            ],
        ),
        Sample(
            "connections",
            {},
            {
                "connected": 1,
                "known": 2,
                "received_bytes": 1479,
                "sent_bytes": 1318,
                "peers": [{"address": "192.168.1.20:22000", "kind": "tcp-client", "version": "v1.29.2"}],
            },
        ),
    ),
)


@provider.route("/rest/system/ping")
def ping(_request: Request) -> Reply:
    return json_reply({"ping": "pong"})


@provider.route("/rest/system/status")
def show_status(_request: Request) -> Reply:
    return json_reply(
        {
            "alloc": 30618136,
            "connectionServiceStatus": {
                "tcp://0.0.0.0:22000": {"error": None, "lanAddresses": [], "wanAddresses": []}
            },
            "cpuPercent": 0,
            "discoveryEnabled": True,
            "discoveryErrors": {},
            "discoveryMethods": 5,
            "goroutines": 49,
            "lastDialStatus": {},
            "myID": DESK,
            "pathSeparator": "/",
            "startTime": "2026-01-01T08:00:00Z",
            "sys": 42092792,
            "themes": ["default", "dark"],
            "tilde": "/home/anna",
            "uptime": 2635,
        }
    )


@provider.route("/rest/system/version")
def show_version(_request: Request) -> Reply:
    return json_reply(
        {
            "arch": "amd64",
            "longVersion": 'syncthing v1.29.2 "Gold Grasshopper" (linux-amd64)',
            "os": "linux",
            "version": "v1.29.2",
        }
    )


@provider.route("/rest/system/connections")
def show_connections(_request: Request) -> Reply:
    return json_reply(
        {
            "connections": {
                LAPTOP: _connection(
                    "2026-01-01T08:44:00Z", "v1.29.2", "192.168.1.20:22000", "tcp-client", (1479, 1318)
                ),
                PHONE: _connection(NEVER, ""),
            },
            "total": {"at": "2026-01-01T08:44:00Z", "inBytesTotal": 1479, "outBytesTotal": 1318},
        }
    )


@provider.route("/rest/config/folders")
def list_folders(_request: Request) -> Reply:
    return json_reply(FOLDERS)


@provider.route("/rest/config/devices")
def list_devices(_request: Request) -> Reply:
    return json_reply(DEVICES)


@provider.route("/rest/db/status")
def show_folder(request: Request) -> Reply:
    folder = request.query.get("folder", "")
    if folder not in {known["id"] for known in FOLDERS}:
        return text_reply("folder not found\n" if folder else "folder is required\n", 404 if folder else 400)
    return json_reply(
        {
            "globalBytes": 734003200,
            "globalFiles": 1200,
            "inSyncBytes": 733999104,
            "inSyncFiles": 1197,
            "localBytes": 733999104,
            "localFiles": 1197,
            "needBytes": 4096,
            "needFiles": 3,
            "needTotalItems": 3,
            "pullErrors": 0,
            "state": "idle",
            "stateChanged": "2026-01-01T08:04:57Z",
        }
    )


def _connection(
    at: str, version: str, address: str = "", kind: str = "", traffic: tuple[int, int] = (0, 0)
) -> dict[str, Any]:
    return {
        "address": address,
        "at": at,
        "clientVersion": version,
        "connected": bool(address),
        "inBytesTotal": traffic[0],
        "isLocal": bool(address),
        "outBytesTotal": traffic[1],
        "paused": False,
        "startedAt": at,
        "type": kind,
    }
