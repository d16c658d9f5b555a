"""An app with prefetching, whose rounds are started by hand: each is one call of `sweep`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from settings import Settings
from tests.conftest import Client

START = datetime(2027, 1, 15, 6, 0, tzinfo=UTC)

BLOCKS = [
    {"id": "news", "endpoint": "news", "pre_fetch": True, "refresh_interval": 100, "cache_ttl": 1000},
    {
        "id": "weather",
        "endpoint": "weather",
        "pre_fetch": True,
        "refresh_interval": 100,
        "cache_ttl": 1000,
        "config_schema": {"city": {"type": "string", "required": True, "from_config": "home"}},
    },
    {
        "id": "morning",
        "endpoint": "morning",
        "pre_fetch": True,
        "schedule": "0 7 * * *",
        "timezone": "Europe/Oslo",
        "cache_ttl": 100_000,
    },
    {"id": "plain", "endpoint": "plain", "cache_ttl": 50},
    {"id": "send", "endpoint": "send", "action": {"label": "Send"}},
]


class Ahead:
    """An app whose rounds are told by hand, over an upstream that counts."""

    def __init__(self, app: Flask, upstream: HTTPServer, traveller: time_machine.Traveller) -> None:
        self.client = Client(app)
        self.upstream = upstream
        self.services = app.extensions["patchbay"]
        self.planner = self.services.prefetch.planner
        self.prefetcher = self.services.prefetch.prefetcher
        self.traveller = traveller

    def register(self, *ids: str, properties: list[dict[str, Any]] | None = None, **section: Any) -> None:
        manifest = {
            "integration": {"base_url": self.upstream.url_for("").rstrip("/"), **section},
            "properties": properties or [{"name": "home"}, {"name": "units", "default": "metric"}],
            "endpoints": [
                {"id": "news", "path": "/news", "parameters": [{"name": "units", "from_config": "units"}]},
                {"id": "weather", "path": "/weather", "parameters": [{"name": "city", "required": True}]},
                {"id": "morning", "path": "/morning"},
                {"id": "plain", "path": "/plain"},
                {"id": "send", "path": "/send", "method": "POST"},
            ],
            "blocks": [block for block in BLOCKS if block["id"] in ids],
        }
        self.declare(manifest)

    def declare(self, manifest: dict[str, Any]) -> None:
        declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration"}
        answer = self.client.post("/plugins/register", {**declaration, "manifest": manifest})
        assert answer.status_code in (200, 201), answer.json

    def sweep(self, after_seconds: float = 0.0) -> list[str]:
        """The paths that one round, `after_seconds` from now, asks the upstream for."""
        self.traveller.shift(after_seconds)
        before = len(self.upstream.log)
        begun = self.prefetcher.sweep(time.time())
        assert not wait(begun, 20).not_done
        for run in begun:
            run.result()
        return [request.full_path.rstrip("?") for request, _ in self.upstream.log[before:]]

    def render(self, block: str, parameters: dict[str, Any] | None = None, **query: Any) -> str:
        """How the answer came."""
        body = {"block_type": block, "parameters": parameters or {}}
        answer = self.client.post("/integrations/svc/render", body, query_string=query)
        assert answer.status_code == 200, answer.json
        return answer.headers["X-Cache"]

    def pin(self, block: str, parameters: dict[str, Any] | None = None, status: int = 201) -> dict[str, Any]:
        body = {"integration_id": "svc", "block_type": block, "parameters": parameters or {}}
        answer = self.client.post("/prefetch", body)
        assert answer.status_code == status, answer.json
        return answer.json

    def jobs(self, **query: Any) -> list[dict[str, Any]]:
        return self.client.get("/prefetch", query_string=query).json

    def job(self) -> dict[str, Any]:
        (job,) = self.jobs()
        return job


class HeldAnswers:
    """Answers that a provider keeps back until it is told to go on."""

    def __init__(self) -> None:
        self._arrived, self._go_on = threading.Event(), threading.Event()

    def __call__(self, _: Request) -> Response:
        self._arrived.set()
        assert self._go_on.wait(20)
        return Response("{}", content_type="application/json")

    def wait_for_a_call(self) -> None:
        assert self._arrived.wait(20)

    def let_go(self) -> None:
        self._go_on.set()


@pytest.fixture
def traveller() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as traveller:
        yield traveller


@pytest.fixture
def make_ahead(
    settings: Settings,
    make_app: Callable[[Settings], Flask],
    upstream: HTTPServer,
    traveller: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Ahead]:
    # The smallest chance: what is new runs at once, an interval of 100 s is over after 90.
    monkeypatch.setattr("random.random", lambda: 0.0)
    upstream.expect_request("/send", "POST").respond_with_json({})
    for path in ("/news", "/weather", "/morning", "/plain"):
        upstream.expect_request(path).respond_with_json({"path": path})

    def make(**changes: Any) -> Ahead:
        return Ahead(make_app(replace(settings, prefetch=True, **changes)), upstream, traveller)

    return make


@pytest.fixture
def ahead(make_ahead: Callable[..., Ahead]) -> Ahead:
    return make_ahead()
