"""Speedtest Tracker's API with a token: https://docs.speedtest-tracker.dev/api/v1."""

from __future__ import annotations

from typing import Any

from examples.sandbox.credentials import bearer_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

TOKEN = "1|sandboxSpeedtestTrackerToken"


def check_token(request: Request) -> Reply | None:
    if bearer_of(request) == TOKEN:
        return None
    return json_reply({"message": "Unauthenticated."}, 401)


def result(number: int, status: str, speeds: tuple[int, int, float] | None) -> dict[str, Any]:
    """One test; `speeds` are the bits of a second down and up, and the milliseconds of a ping."""
    download, upload, ping = speeds or (None, None, None)
    return {
        "id": number,
        "service": "ookla",
        "ping": ping,
        "download": download and download // 8,
        "upload": upload and upload // 8,
        "download_bits": download,
        "upload_bits": upload,
        "healthy": True if speeds else None,
        "status": status,
        "scheduled": True,
        "comments": None,
        "created_at": f"2026-01-01 0{number}:00:00",
        "updated_at": f"2026-01-01 0{number}:00:40",
    }


RESULTS = [
    result(3, "completed", (925_000_000, 412_345_678, 7.52)),
    result(2, "failed", None),
    result(1, "completed", (800_000_000, 400_000_000, 9.0)),
]

provider = Provider(
    "speedtest-tracker",
    config={"server": "{sandbox}/speedtest-tracker", "access_token": TOKEN, "promised_mbps": 1000},
    guard=check_token,
    samples=(
        Sample(
            "latest",
            {},
            {
                "download_mbps": 925,
                "upload_mbps": 412.3,
                "ping_ms": 7.52,
                "promised_percent": 92.5,
                "tested_at": "2026-01-01T03:00:00Z",
                "is_healthy": True,
            },
        ),
        Sample(
            "history",
            {"per_page": 3},
            [
                {
                    "tested_at": "2026-01-01T03:00:00Z",
                    "download_mbps": 925,
                    "upload_mbps": 412.3,
                    "ping_ms": 7.52,
                },
                {
                    "tested_at": "2026-01-01T01:00:00Z",
                    "download_mbps": 800,
                    "upload_mbps": 400,
                    "ping_ms": 9.0,
                },
            ],
        ),
    ),
)


@provider.route("/api/v1/results/latest")
def show_latest(_request: Request) -> Reply:
    return json_reply({"data": RESULTS[0], "message": "ok"})


@provider.route("/api/v1/results")
def list_results(request: Request) -> Reply:
    count = int(request.number("per_page", 25, 500))
    return json_reply({"data": RESULTS[:count], "meta": {"per_page": count, "total": len(RESULTS)}})
