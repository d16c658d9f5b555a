"""The soak's provider, which also knows when each call came; and the manifests of what only a cluster is asked for."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.soak.provider import Provider, manifest

FLIGHT_SECONDS = 0.15
LIMIT_PER_MINUTE = 60
REFRESH_SECONDS = 1


class RecordingProvider(Provider):
    """Answers on /flight only after a while, so that others ask meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: dict[str, list[float]] = defaultdict(list)
        """The moments of all calls, by path, and on /flight by path and `n`."""
        self.last_number = 0
        self._lock = threading.Lock()

    def answer(self, path: str, key: str, number: int) -> tuple[int, dict[str, str], bytes]:
        parts = urlsplit(path)
        name = parts.path
        if name == "/flight":
            name = flight_name(int(parse_qs(parts.query)["n"][0]))
        with self._lock:
            self.arrivals[name].append(time.monotonic())
            self.last_number = max(self.last_number, number)
        if parts.path == "/flight":
            time.sleep(FLIGHT_SECONDS)
        return super().answer(path, key, number)


def flight_name(n: int) -> str:
    return f"/flight {n}"


def cluster_manifests(url: str) -> dict[str, dict[str, Any]]:
    """By plugin: answers kept for an hour, answers that many wait for, a rate limit, and a block fetched ahead."""
    kept, flight, limited, ahead = (
        manifest(url, f"/{name}") for name in ("kept", "flight", "limited", "ahead")
    )
    for each in (kept, flight):
        each["endpoints"][0]["cache_ttl"] = 3600
    limited["integration"]["rate_limit"] = {"requests_per_minute": LIMIT_PER_MINUTE}
    ahead["blocks"][0] |= {"pre_fetch": True, "refresh_interval": REFRESH_SECONDS, "cache_ttl": 600}
    return {"kept": kept, "flight": flight, "limited": limited, "ahead": ahead}
