"""Speedtest Tracker's API with a token: https://docs.speedtest-tracker.dev/api/v1."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from examples.sandbox.credentials import bearer_of
from examples.sandbox.exchange import Reply, Request, json_reply
from examples.sandbox.provider import Provider, Sample

LAST_TEST = datetime(2026, 1, 2, 3, tzinfo=UTC)
WRITTEN = "%Y-%m-%d %H:%M:%S"
TOKEN = "1|sandboxSpeedtestTrackerToken"


def check_token(request: Request) -> Reply | None:
    if bearer_of(request) == TOKEN:
        return None
    return json_reply({"message": "Unauthenticated."}, 401)


def result(hours_ago: int, status: str, speeds: tuple[int, int, float] | None) -> dict[str, Any]:
    """One test; `speeds` are the bits of a second down and up, and the milliseconds of a ping."""
    started = LAST_TEST - timedelta(hours=hours_ago)
    download, upload, ping = speeds or (None, None, None)
    return {
        "id": 1000 - hours_ago,
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
        "created_at": started.strftime(WRITTEN),
        "updated_at": (started + timedelta(seconds=40)).strftime(WRITTEN),
    }


def _speeds(hours_ago: int) -> tuple[int, int, float]:
    """Slower in the evening, and never quite the same."""
    evening = math.cos((LAST_TEST - timedelta(hours=hours_ago)).hour / 24 * 2 * math.pi - 5.5)
    wobble = hours_ago * 37 % 17 - 8
    return (
        925_000_000 - round(90_000_000 * (1 + evening)) + 2_500_000 * wobble,
        412_345_678 - 1_100_000 * abs(wobble),
        round(7.52 + 1.4 * (1 + evening) + abs(wobble) / 10, 2),
    )


RESULTS = [
    result(0, "completed", (925_000_000, 412_345_678, 7.52)),
    result(1, "failed", None),
    *(result(hours_ago, "completed", _speeds(hours_ago)) for hours_ago in range(2, 48)),
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
                "tested_at": "2026-01-02T03:00:00Z",
                "is_healthy": True,
            },
        ),
        Sample(
            "history",
            {"per_page": 40},
            [
                {
                    "tested_at": f"{item['created_at'].replace(' ', 'T')}Z",
                    "download_mbps": round(item["download_bits"] / 1_000_000, 1),
                    "upload_mbps": round(item["upload_bits"] / 1_000_000, 1),
                    "ping_ms": item["ping"],
                }
                for item in RESULTS[:40]
                if item["status"] == "completed"
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
