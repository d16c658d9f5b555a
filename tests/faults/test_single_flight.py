"""A hundred simultaneous requests for the same artifact cost one call, whatever its outcome."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests
import time_machine
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from settings import Settings
from tests.conftest import RunningServer
from tests.upstreams import Upstream

CROWD = 100


class Provider:
    """A provider that holds its answers back until it is told to go on."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.calls: Counter[str] = Counter()
        self.status = 200
        self.let_go = threading.Event()
        self.url = upstream.url_for("").rstrip("/")
        upstream.expect_request("/item").respond_with_handler(self._answer)

    def _answer(self, request: Request) -> Response:
        self.calls[request.args["key"]] += 1
        number = self.calls[request.args["key"]]
        assert self.let_go.wait(30)
        return Response(f'{{"call": {number}}}', self.status, mimetype="application/json")


@pytest.fixture
def upstream() -> Iterator[HTTPServer]:
    """A provider that answers several at a time."""
    with Upstream(host="127.0.0.1", threaded=True) as provider:
        yield provider


@pytest.fixture
def provider(upstream: HTTPServer) -> Provider:
    return Provider(upstream)


@pytest.fixture
def server(
    settings: Settings, start_server: Callable[[Settings], RunningServer], provider: Provider
) -> RunningServer:
    """A server with a thread for everybody who asks for one integration, so that all of them wait at the same time."""
    server = start_server(replace(settings, threads=2 * CROWD))
    manifest = {
        "integration": {"base_url": provider.url},
        "endpoints": [{"id": "item", "path": "/item", "parameters": [{"name": "key"}]}],
        "blocks": [{"id": "item", "endpoint": "item", "cache_ttl": 60, "stale_if_error": 3600}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.request("POST", "/api/v1/plugins/register", json=declaration).status_code == 201
    return server


def render(server: RunningServer, key: str = "a", **more: Any) -> requests.Response:
    body = {"block_type": "item", "parameters": {"key": key}, **more}
    return server.request("POST", "/api/v1/integrations/svc/render", json=body)


def ask_together(
    server: RunningServer, provider: Provider, key: str = "a", **more: Any
) -> list[requests.Response]:
    """What everybody gets who asks while the first one's call is held back."""
    flights = server.app.extensions["patchbay"].rendering.renderer._read_through.flights
    with ThreadPoolExecutor(CROWD) as pool:
        asked = [pool.submit(render, server, key, **more) for _ in range(CROWD)]
        while sum(flights._waiting.values()) < CROWD - 1:
            threading.Event().wait(0.001)
        provider.let_go.set()
        return [future.result() for future in asked]


def test_a_cold_key_costs_one_call(server: RunningServer, provider: Provider) -> None:
    answers = ask_together(server, provider)
    assert provider.calls == {"a": 1}
    assert {(answer.status_code, answer.json()["data"]["call"]) for answer in answers} == {(200, 1)}
    assert len({(answer.headers["ETag"], answer.json()["fetched_at"]) for answer in answers}) == 1
    assert render(server).headers["X-Cache"] == "HIT"


@pytest.mark.parametrize("more", [{}, {"use_cache": False}])
def test_when_the_call_fails_everybody_gets_the_same_problem(
    server: RunningServer, provider: Provider, more: dict[str, Any]
) -> None:
    provider.status = 503
    answers = ask_together(server, provider, **more)
    assert provider.calls == {"a": 1}
    assert {answer.status_code for answer in answers} == {502}
    # But for its own id.
    problems = [{**answer.json(), "request_id": None} for answer in answers]
    assert all(problem == problems[0] for problem in problems)
    assert problems[0]["upstream_status"] == 503


def test_when_a_refresh_fails_everybody_gets_the_same_last_good_answer(
    server: RunningServer, provider: Provider
) -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        provider.let_go.set()
        first = render(server)
        provider.let_go.clear()
        provider.status = 500
        clock.shift(600)
        answers = ask_together(server, provider)
    assert provider.calls == {"a": 2}
    assert {(answer.status_code, answer.headers["X-Cache"]) for answer in answers} == {(200, "STALE")}
    [envelope] = {answer.text for answer in answers}
    assert '"call":1' in envelope
    assert '"upstream_failed"' in envelope
    assert first.json()["fetched_at"] in envelope


def test_other_keys_are_not_held_up(server: RunningServer, provider: Provider) -> None:
    with ThreadPoolExecutor(2) as pool:
        held = [pool.submit(render, server, key) for key in ("a", "b")]
        while provider.calls != {"a": 1, "b": 1}:
            threading.Event().wait(0.001)
        provider.let_go.set()
        assert [future.result().status_code for future in held] == [200, 200]


def test_a_crowd_behind_fewer_threads_costs_one_call_too(
    settings: Settings,
    start_server: Callable[[Settings], RunningServer],
    server: RunningServer,
    provider: Provider,
) -> None:
    # Those who get their turn when the answer is there find it kept.
    provider.let_go.set()
    narrow = start_server(replace(settings, threads=4))
    with ThreadPoolExecutor(CROWD) as pool:
        answers = list(pool.map(lambda _number: render(narrow, "c"), range(CROWD)))
    assert provider.calls["c"] == 1
    assert {(answer.status_code, answer.json()["data"]["call"]) for answer in answers} == {(200, 1)}
