"""A service whose answers are cached, small ones in the cache's database and large ones in files."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.conftest import Client, RunningServer

# Beyond 32 KiB a body is a file of its own.
SIZES = {"small": 100, "large": 60_000}
KEYS = [f"{size}-{number}" for size in SIZES for number in range(6)]
PATIENCE = 50

Ask = Callable[[str, str, Any], tuple[int, Any, Any]]
"""Method, path and body; status, JSON and headers."""


def through_server(server: RunningServer) -> Ask:
    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        answer = server.request(method, f"/api/v1{path}", json=body)
        return answer.status_code, answer.json(), answer.headers

    return ask


def through_client(client: Client) -> Ask:
    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any, Any]:
        answer = client.open(f"/api/v1{path}", method, json=body)
        return answer.status_code, answer.json, answer.headers

    return ask


class Keeping:
    """The service `svc`, and its frontend."""

    def __init__(self, upstream: HTTPServer, ask: Ask) -> None:
        self.ask = ask
        self._upstream = upstream

    def declare(self) -> None:
        self._upstream.expect_request("/item").respond_with_handler(_answer)
        manifest = {
            "integration": {"base_url": self._upstream.url_for("").rstrip("/")},
            "properties": [{"name": "note"}],
            "endpoints": [
                {"id": "item", "path": "/item", "parameters": [{"name": "key"}], "cache_ttl": 3600}
            ],
            "blocks": [{"id": "item", "endpoint": "item"}],
        }
        declaration = {
            "id": "svc",
            "name": "S",
            "version": "1.0.0",
            "type": "integration",
            "manifest": manifest,
        }
        assert self.ask("POST", "/plugins/register", declaration)[0] == 201

    def render(self, key: str) -> str:
        """How the right answer came."""
        body = {"block_type": "item", "parameters": {"key": key}}
        status, envelope, headers = self.ask("POST", "/integrations/svc/render", body)
        assert (status, envelope.get("data")) == (200, _body(key)), str(envelope)[:500]
        return headers["X-Cache"]

    def render_all(self, keys: Iterable[str] = KEYS) -> set[str]:
        return {self.render(key) for key in keys}

    def wait_for_hits(self) -> None:
        """Each thread finds damage by itself; then what is fetched is kept again."""
        for _ in range(PATIENCE):
            if self.render_all() == {"HIT"}:
                return
        pytest.fail("nothing is kept any more")


def _answer(request: Request) -> Response:
    return Response(f'"{_body(request.args["key"])}"', mimetype="application/json")


def _body(key: str) -> str:
    return key.ljust(SIZES[key.partition("-")[0]], ".")
