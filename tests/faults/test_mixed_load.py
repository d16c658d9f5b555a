"""A provider that hangs under many renders delays neither other providers nor the rest of the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import time_machine
from flask import Flask

from integrations.concurrency.fair_queue import spare_places
from settings import Settings
from tests.conftest import Client, RunningServer
from tests.raw_upstreams import Peer, RawUpstream, respond

RENDERS = 40
# Far beyond the test: whoever waits for the hanging provider waits for the end of it.
TIMEOUT_SECONDS = 60.0


class Hanging:
    """Takes requests and says nothing until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self._heard = threading.Condition()
        self.count = 0

    def __call__(self, peer: Peer) -> None:
        if peer.read_request() is not None:
            self.hold()
            peer.send(respond(b"{}"))

    def hold(self) -> None:
        with self._heard:
            self.count += 1
            self._heard.notify_all()
        self.let_go.wait(TIMEOUT_SECONDS)

    def wait_for(self, count: int) -> None:
        with self._heard:
            assert self._heard.wait_for(lambda: self.count >= count, 30), self.count


def answer_all(peer: Peer) -> None:
    while peer.read_request() is not None:
        peer.send(respond(b'{"quick": true}'))


def declare(server: RunningServer, plugin_id: str, upstream: RawUpstream) -> None:
    manifest = {
        "integration": {"base_url": upstream.url("")},
        "properties": [{"name": "note"}],
        "endpoints": [{"id": "item", "path": "/item", "parameters": [{"name": "key"}], "cache_ttl": 3600}],
        "blocks": [{"id": "item", "endpoint": "item"}],
    }
    declaration = {"id": plugin_id, "name": "P", "version": "1.0.0", "type": "integration"}
    answer = server.request("POST", "/api/v1/plugins/register", json=declaration | {"manifest": manifest})
    assert answer.status_code == 201, answer.text


def render(server: RunningServer, plugin_id: str, number: int) -> int:
    body = {"block_type": "item", "parameters": {"key": str(number)}}
    path = f"/api/v1/integrations/{plugin_id}/render"
    return server.request("POST", path, json=body, timeout=TIMEOUT_SECONDS).status_code


def render_batch(server: RunningServer, plugin_id: str, number: int) -> int:
    blocks = [
        {"key": "k", "integration_id": plugin_id, "block_type": "item", "parameters": {"key": f"b{number}"}}
    ]
    return server.request(
        "POST", "/api/v1/render-batch", json={"blocks": blocks}, timeout=TIMEOUT_SECONDS
    ).json()["status"]


@pytest.mark.parametrize(("upstream_calls", "hanging_calls"), [(2, 1), (8, 6), (24, 20)])
def test_a_provider_that_hangs_holds_up_nobody_else(
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    upstream_calls: int,
    hanging_calls: int,
) -> None:
    server = start_server(replace(settings, upstream_calls=upstream_calls, timeout_seconds=TIMEOUT_SECONDS))
    hang = Hanging()
    with (
        RawUpstream(hang) as slow,
        RawUpstream(answer_all) as quick,
        ThreadPoolExecutor(RENDERS) as people,
    ):
        declare(server, "slow", slow)
        declare(server, "quick", quick)
        waiting = [people.submit(render, server, "slow", number) for number in range(RENDERS)]
        hang.wait_for(hanging_calls)
        assert [render(server, "quick", number) for number in range(10)] == [200] * 10
        assert [render_batch(server, "quick", number) for number in range(3)] == [200] * 3
        assert server.request("GET", "/healthz").status_code == 200
        path = "/api/v1/integrations/slow/config"
        assert server.request("PUT", path, json={"config": {"note": "n"}}).status_code == 200
        assert server.request("GET", path).json()["config"] == {"note": "n"}
        assert hang.count == hanging_calls
        assert not any(render.done() for render in waiting)
        hang.let_go.set()
        assert [render.result() for render in waiting] == [200] * RENDERS


@pytest.mark.parametrize(("threads", "upstream_calls"), [(32, 24), (32, 8), (8, 32), (4, 4)])
def test_nor_do_several_that_hang(
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    threads: int,
    upstream_calls: int,
) -> None:
    server = start_server(
        replace(settings, threads=threads, upstream_calls=upstream_calls, timeout_seconds=TIMEOUT_SECONDS)
    )
    first, second = Hanging(), Hanging()
    with (
        RawUpstream(first) as slow,
        RawUpstream(second) as slower,
        RawUpstream(answer_all) as quick,
        ThreadPoolExecutor(2 * RENDERS) as people,
    ):
        declare(server, "slow", slow)
        declare(server, "slower", slower)
        declare(server, "quick", quick)
        places = min(threads, upstream_calls)
        waiting = [people.submit(render, server, "slow", number) for number in range(RENDERS)]
        first.wait_for(places - spare_places(places))
        waiting += [people.submit(render, server, "slower", number) for number in range(RENDERS)]
        second.wait_for(1)
        assert [render(server, "quick", number) for number in range(10)] == [200] * 10
        assert not any(render.done() for render in waiting)
        first.let_go.set()
        second.let_go.set()
        assert [render.result() for render in waiting] == [200] * 2 * RENDERS


def test_nor_do_refreshes_that_hang_behind_stale_answers(
    settings: Settings, make_app: Callable[[Settings], Flask]
) -> None:
    client = Client(make_app(replace(settings, upstream_calls=4, timeout_seconds=TIMEOUT_SECONDS)))
    blocks = [{"id": "item", "endpoint": "item", "cache_ttl": 10, "stale_while_revalidate": 3600}]
    endpoints = [{"id": "item", "path": "/item", "parameters": [{"name": "key"}]}]
    hang, refreshed = Hanging(), threading.Event()

    def hang_when_stale(peer: Peer) -> None:
        while peer.read_request() is not None:
            if len(slow.requests) > 8:
                hang.hold()
            peer.send(respond(b"{}"))

    def tell(peer: Peer) -> None:
        while peer.read_request() is not None:
            peer.send(respond(b"{}"))
            if len(quick.requests) == 2:
                refreshed.set()

    def ask(plugin_id: str, number: int) -> str:
        body = {"block_type": "item", "parameters": {"key": str(number)}}
        return client.post(f"/integrations/{plugin_id}/render", body).headers["X-Cache"]

    with (
        time_machine.travel(1_800_000_000, tick=False) as clock,
        RawUpstream(hang_when_stale) as slow,
        RawUpstream(tell) as quick,
    ):
        for plugin_id, upstream in (("slow", slow), ("quick", quick)):
            manifest = {
                "integration": {"base_url": upstream.url("")},
                "endpoints": endpoints,
                "blocks": blocks,
            }
            declaration = {"id": plugin_id, "name": "P", "version": "1.0.0", "type": "integration"}
            assert client.post("/plugins/register", declaration | {"manifest": manifest}).status_code == 201
        assert [ask("slow", number) for number in range(8)] == ["MISS"] * 8
        assert ask("quick", 0) == "MISS"
        clock.shift(60)
        assert [ask("slow", number) for number in range(8)] == ["STALE"] * 8
        hang.wait_for(2)
        assert ask("quick", 0) == "STALE"
        assert refreshed.wait(20)
        hang.let_go.set()
