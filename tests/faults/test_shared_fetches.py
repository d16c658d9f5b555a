"""Several servers on one data folder fetch an artifact once, even if the fetching one dies."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import requests
from werkzeug import Request, Response

from tests.faults.server_process import ServerProcess
from tests.upstreams import Upstream

CROWD = 100
# Long enough for the servers to have read what the whole crowd asks while the first call is under way.
HOLD_SECONDS = 1.5
PATIENCE_SECONDS = 20


class Provider:
    """Holds its answers back until it is told to go on; counts its calls by path."""

    def __init__(self) -> None:
        self.http = Upstream(host="127.0.0.1", threaded=True)
        self.calls: list[str] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self._called = threading.Condition()
        self.go_on = threading.Event()
        for path in ("/item", "/geo"):
            self.http.expect_request(path).respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        with self._called:
            self.calls.append(request.path)
            number = len(self.calls)
            self._called.notify_all()
        if request.path == "/item":
            self.go_on.wait(PATIENCE_SECONDS)
        return Response(f'{{"call": {number}}}', self.status, self.headers, mimetype="application/json")

    def wait_for(self, path: str, calls: int) -> None:
        """Returns when so many calls have come."""
        with self._called:
            assert self._called.wait_for(lambda: self.calls.count(path) >= calls, PATIENCE_SECONDS)


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    with made.http:
        yield made
        made.go_on.set()


@pytest.fixture
def servers(tmp_path: Path, provider: Provider) -> Iterator[list[ServerProcess]]:
    """Two servers on one folder."""
    with ExitStack() as stack:
        made = [
            stack.enter_context(
                ServerProcess(tmp_path, PATCHBAY_PREFETCH="off", PATCHBAY_THREADS="60", PATCHBAY_TIMEOUT="30")
            )
            for _ in range(2)
        ]
        declare(made[0], provider)
        yield made


def declare(server: ServerProcess, provider: Provider, **block: Any) -> None:
    steps = [
        {"id": "geo", "endpoint": "geo", "outputs": {"call": "call"}},
        {"id": "item", "endpoint": "item", "parameters": {"q": "{steps.geo.call}"}},
    ]
    manifest = {
        "integration": {"base_url": provider.http.url_for("").rstrip("/")},
        "endpoints": [
            {"id": "item", "path": "/item", "parameters": [{"name": "q", "type": "integer"}]},
            {"id": "geo", "path": "/geo", "cache_ttl": 600},
        ],
        "blocks": [
            {"id": "item", "endpoint": "item", **(block or {"cache_ttl": 600})},
            {"id": "chain", "steps": steps, "cache_ttl": 600},
            {"id": "again", "steps": steps, "select": "call", "cache_ttl": 600},
        ],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.ask("POST", "/plugins/register", declaration).ok


def render(server: ServerProcess, block: str = "item", **more: Any) -> requests.Response:
    return server.ask("POST", "/integrations/svc/render", {"block_type": block, "parameters": {}, **more})


def ask_together(servers: list[ServerProcess], provider: Provider, **more: Any) -> list[requests.Response]:
    """What a crowd gets that asks all servers at one moment."""
    together = threading.Barrier(CROWD + 1)

    def ask(server: ServerProcess) -> requests.Response:
        together.wait()
        return render(server, **more)

    with ThreadPoolExecutor(CROWD) as pool:
        asked = [pool.submit(ask, server) for server, _ in zip(cycle(servers), range(CROWD), strict=False)]
        together.wait()
        provider.wait_for("/item", 1)
        provider.go_on.wait(HOLD_SECONDS)
        provider.go_on.set()
        return [future.result() for future in asked]


def test_a_cold_key_costs_one_call_of_all_servers(servers: list[ServerProcess], provider: Provider) -> None:
    answers = ask_together(servers, provider)
    assert provider.calls == ["/item"]
    assert {(answer.status_code, answer.json()["data"]["call"]) for answer in answers} == {(200, 1)}
    assert len({answer.headers["ETag"] for answer in answers}) == 1


def test_so_does_one_that_everybody_wants_to_have_fetched_anew(
    servers: list[ServerProcess], provider: Provider
) -> None:
    answers = ask_together(servers, provider, use_cache=False)
    assert provider.calls == ["/item"]
    assert {answer.headers["X-Cache"] for answer in answers} == {"BYPASS"}


@pytest.mark.parametrize("status", [503, 404])
def test_when_the_call_fails_all_servers_answer_the_same_problem(
    servers: list[ServerProcess], provider: Provider, status: int
) -> None:
    provider.status = status
    answers = ask_together(servers, provider)
    assert provider.calls == ["/item"]
    assert {(answer.status_code, answer.json()["upstream_status"]) for answer in answers} == {(502, status)}


def test_what_may_not_be_kept_is_fetched_by_each_server_once(
    servers: list[ServerProcess], provider: Provider
) -> None:
    declare(servers[0], provider, stale_if_error=1)
    provider.headers = {"Cache-Control": "no-store"}
    answers = ask_together(servers, provider)
    assert len(provider.calls) <= 2
    assert {answer.status_code for answer in answers} == {200}


def test_blocks_of_two_servers_share_a_step(servers: list[ServerProcess], provider: Provider) -> None:
    provider.go_on.set()
    assert render(servers[0], "chain").json()["data"] == {"call": 2}
    assert render(servers[1], "again").json()["data"] == 3
    assert provider.calls == ["/geo", "/item", "/item"]


def test_somebody_takes_over_from_a_server_that_is_killed(
    servers: list[ServerProcess], provider: Provider
) -> None:
    first, second = servers
    with ThreadPoolExecutor(2) as pool:
        lost = pool.submit(render, first)
        provider.wait_for("/item", 1)
        taken_over = pool.submit(render, second)
        first.end(signal.SIGKILL)
        assert isinstance(lost.exception(), requests.RequestException)
        # Long before the killed one's claim would have ended by itself.
        provider.go_on.set()
        assert (taken_over.result().status_code, taken_over.result().headers["X-Cache"]) == (200, "MISS")
    assert len(provider.calls) == 2


def test_the_first_render_after_a_kill_does_not_wait_for_the_dead(
    tmp_path: Path, servers: list[ServerProcess], provider: Provider
) -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(render, servers[0])
        provider.wait_for("/item", 1)
        for server in servers:
            server.end(signal.SIGKILL)
    provider.go_on.set()
    with ServerProcess(tmp_path, PATCHBAY_PREFETCH="off", PATCHBAY_TIMEOUT="30") as restarted:
        answer = restarted.ask("POST", "/integrations/svc/render", {"block_type": "item", "parameters": {}})
        assert (answer.status_code, answer.headers["X-Cache"]) == (200, "MISS")


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_fetches_nothing_that_is_fresh(
    tmp_path: Path, servers: list[ServerProcess], provider: Provider, ending: int
) -> None:
    provider.go_on.set()
    before = [render(servers[0], block).json()["data"] for block in ("item", "chain", "again")]
    for server in servers:
        server.end(ending)
    calls = len(provider.calls)
    with ServerProcess(tmp_path, PATCHBAY_PREFETCH="off") as restarted:
        after = [render(restarted, block) for block in ("item", "chain", "again")]
        assert [answer.headers["X-Cache"] for answer in after] == ["HIT"] * 3
        assert [answer.json()["data"] for answer in after] == before
        assert len(restarted.ask("GET", "/plugins/svc/artifacts").json()) == 4
    assert len(provider.calls) == calls


def test_a_restart_forgets_no_failure(
    tmp_path: Path, servers: list[ServerProcess], provider: Provider
) -> None:
    provider.status = 503
    provider.go_on.set()
    provider.headers = {"Retry-After": "600"}
    assert render(servers[0]).status_code == 502
    for server in servers:
        server.end(signal.SIGKILL)
    with ServerProcess(tmp_path, PATCHBAY_PREFETCH="off") as restarted:
        again = render(restarted)
        assert int(again.headers["Retry-After"]) > 500
        assert again.status_code in (429, 502)
    assert provider.calls == ["/item"]


@pytest.mark.parametrize("route", ["/plugins/svc/artifacts", "/workspaces/1/artifacts", "/artifacts"])
@pytest.mark.parametrize("block", ["item", "chain"])
def test_a_purge_by_one_server_wins_over_a_fetch_of_another(
    servers: list[ServerProcess], provider: Provider, route: str, block: str
) -> None:
    fetching, purging = servers
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(render, fetching, block)
        provider.wait_for("/item", 1)
        assert purging.ask("DELETE", route).status_code == 200
        provider.go_on.set()
        assert under_way.result().status_code == 200
    assert [server.ask("GET", "/plugins/svc/artifacts").json() for server in servers] == [[], []]
    assert [render(server, block).headers["X-Cache"] for server in servers] == ["MISS", "HIT"]


def test_a_purge_wins_over_a_refresh_behind(servers: list[ServerProcess], provider: Provider) -> None:
    fetching, purging = servers
    declare(fetching, provider, cache_ttl=0, stale_while_revalidate=600)
    provider.go_on.set()
    render(fetching)
    provider.go_on.clear()
    assert render(fetching).headers["X-Cache"] == "STALE"
    provider.wait_for("/item", 2)
    assert purging.ask("DELETE", "/plugins/svc/artifacts").json() == {"purged": 1}
    # A render after the purge does not take what was asked for before it.
    with ThreadPoolExecutor(1) as pool:
        asked_after = pool.submit(render, fetching)
        provider.wait_for("/item", 3)
        provider.go_on.set()
        assert asked_after.result().json()["data"] == {"call": 3}
    [kept] = purging.ask("GET", "/plugins/svc/artifacts?include=data").json()
    assert kept["data"] == {"call": 3}
