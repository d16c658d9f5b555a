"""Several servers on one data folder: one of them prefetches, and another takes over when it dies."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.faults.server_process import ServerProcess

INTERVAL_SECONDS = 1


class Prefetching(ServerProcess):
    """A server that prefetches."""

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
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
        self.call("POST", "/plugins/register", {**declaration, "manifest": manifest})

    @property
    def has_turn(self) -> bool:
        """Whether this process holds the lock: the kernel lists who does."""
        locks = Path("/proc/locks").read_text()
        held = {line.split()[4] for line in locks.splitlines() if " FLOCK " in line and "->" not in line}
        return str(self.pid) in held


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Prefetching]]:
    with ExitStack() as started:
        yield lambda: started.enter_context(Prefetching(tmp_path / "instance"))


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


def test_two_servers_run_each_job_once(start: Callable[[], Prefetching], upstream: HTTPServer):
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
    assert [server.end(signal.SIGTERM)[0] for server in (one, other)] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_another_server_takes_over_from_one_that_ends(
    start: Callable[[], Prefetching], upstream: HTTPServer, number: int
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


def test_a_render_by_another_server_counts_as_a_use(start: Callable[[], Prefetching], upstream: HTTPServer):
    arrivals = Arrivals(upstream)
    servers = [start(), start()]
    servers[0].register(upstream, blocks=1)
    arrivals.wait_for(1, blocks=1)
    idle = next(server for server in servers if not server.has_turn)
    rendered = idle.call("POST", "/integrations/svc/render", {"block_type": "b0"})
    assert rendered["cached"] is True
    assert idle.end(signal.SIGTERM)[0] == 0
    holder = next(server for server in servers if server is not idle)
    (job,) = holder.call("GET", "/prefetch")
    assert job["reasons"] == ["default", "used"]
