"""Several servers on one data folder: one of them prefetches, and another takes over when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from settings import ROOT
from tests.conftest import TOKEN

INTERVAL_SECONDS = 1


class ServerProcess:
    """`python app.py`, fetching ahead, on a free port."""

    def __init__(self, instance: Path) -> None:
        environ = {
            "PATH": os.environ["PATH"],
            "PATCHBAY_INSTANCE": str(instance),
            "PATCHBAY_PORT": "0",
            "PATCHBAY_TOKEN": TOKEN,
            "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        }
        self.popen = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], env=environ, stdout=subprocess.PIPE, text=True
        )
        assert self.popen.stdout is not None
        self.origin = self.popen.stdout.readline().split()[4]

    def call(self, method: str, path: str, **options: Any) -> Any:
        answer = requests.request(
            method,
            f"{self.origin}/api/v1{path}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            timeout=20,
            **options,
        )
        assert answer.ok, answer.text
        return answer.json()

    def register(self, upstream: HTTPServer, blocks: int) -> None:
        names = [f"b{number}" for number in range(blocks)]
        fetched = {"pre_fetch": True, "refresh_interval": INTERVAL_SECONDS, "cache_ttl": 600}
        manifest = {
            "integration": {"base_url": upstream.url_for("").rstrip("/")},
            "endpoints": [{"id": name, "path": f"/{name}"} for name in names],
            "blocks": [{"id": name, "endpoint": name, **fetched} for name in names],
        }
        declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration"}
        self.call("POST", "/plugins/register", json={**declaration, "manifest": manifest})

    @property
    def has_turn(self) -> bool:
        """Whether this process holds the lock: the kernel lists who does."""
        locks = Path("/proc/locks").read_text()
        held = {line.split()[4] for line in locks.splitlines() if " FLOCK " in line and "->" not in line}
        return str(self.popen.pid) in held

    def end(self, number: int = signal.SIGTERM) -> int:
        self.popen.send_signal(number)
        return self.popen.wait(timeout=40)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], ServerProcess]]:
    started: list[ServerProcess] = []

    def start_server() -> ServerProcess:
        started.append(ServerProcess(tmp_path / "instance"))
        return started[-1]

    yield start_server
    for server in started:
        if server.popen.poll() is None:
            server.popen.kill()
        server.popen.communicate()


class Arrivals:
    """What arrives at the upstream, by path, with the time between."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.times: dict[str, list[float]] = {}
        self._changed = threading.Condition()
        upstream.expect_request("/b0").respond_with_handler(self._answer)
        upstream.expect_request("/b1").respond_with_handler(self._answer)
        upstream.expect_request("/b2").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        with self._changed:
            self.times.setdefault(request.path, []).append(time.monotonic())
            self._changed.notify_all()
        return Response("{}", content_type="application/json")

    def wait_for(self, calls_each: int, blocks: int) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: sum(len(times) >= calls_each for times in self.times.values()) == blocks, 30
            ), self.times


def test_two_servers_run_each_job_once(start: Callable[[], ServerProcess], upstream: HTTPServer):
    arrivals = Arrivals(upstream)
    one, other = start(), start()
    one.register(upstream, blocks=3)
    arrivals.wait_for(4, blocks=3)
    assert [one.has_turn, other.has_turn].count(True) == 1
    for times in arrivals.times.values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        # Two schedulers would come in pairs, or twice as often.
        assert min(gaps) > INTERVAL_SECONDS / 2
    # The one that does not fetch knows what the other one did.
    jobs = [server.call("GET", "/prefetch") for server in (one, other)]
    assert [len(listed) for listed in jobs] == [3, 3]
    assert {job["last_outcome"] for job in jobs[0] + jobs[1]} == {"fetched"}
    assert (one.end(), other.end()) == (0, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_another_server_takes_over_from_one_that_ends(
    start: Callable[[], ServerProcess], upstream: HTTPServer, number: int
):
    arrivals = Arrivals(upstream)
    servers = [start(), start()]
    servers[0].register(upstream, blocks=1)
    arrivals.wait_for(2, blocks=1)
    holder = next(server for server in servers if server.has_turn)
    heir = next(server for server in servers if server is not holder)
    holder.end(number)
    seen = len(arrivals.times["/b0"])
    arrivals.wait_for(seen + 2, blocks=1)
    assert heir.has_turn
    assert heir.call("GET", "/prefetch")[0]["last_outcome"] == "fetched"


def test_a_render_by_another_server_counts_as_a_use(start: Callable[[], ServerProcess], upstream: HTTPServer):
    arrivals = Arrivals(upstream)
    servers = [start(), start()]
    servers[0].register(upstream, blocks=1)
    arrivals.wait_for(1, blocks=1)
    idle = next(server for server in servers if not server.has_turn)
    rendered = idle.call("POST", "/integrations/svc/render", json={"block_type": "b0"})
    assert rendered["cached"] is True
    assert idle.end() == 0
    holder = next(server for server in servers if server is not idle)
    (job,) = holder.call("GET", "/prefetch")
    assert job["reasons"] == ["default", "used"]
