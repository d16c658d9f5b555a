"""Integrations with tokens over a provider on loopback, in an app of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import time_machine
from flask import Flask
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from integrations.calling.parameters import Values
from integrations.catalog.catalog import Installed
from integrations.tokens.token_request import stored_values
from integrations.usage.call_log import Cause
from plugin_store.workspaces import Scope
from tests.conftest import Client

CLIENT_SECRET = "c1ient-s3cret/with+signs"
WORKSPACE = Scope(1, None)
NOW = 1_800_000_000


class TokenServer:
    """A provider that gives tokens and takes them: `T1`, `T2`, … Every request for one is kept."""

    def __init__(self, upstream: HTTPServer) -> None:
        self.upstream = upstream
        self.asked: list[Request] = []
        self.forms: list[dict[str, str]] = []
        self.answer: Callable[[int], Response] = lambda number: json_answer(
            {"access_token": f"T{number}-0123456789", "token_type": "Bearer", "expires_in": 3600}
        )
        self._lock = threading.Lock()
        upstream.expect_request("/token").respond_with_handler(self._give)

    def _give(self, request: Request) -> Response:
        with self._lock:
            self.asked.append(request)
            self.forms.append(dict(request.form))
            number = len(self.asked)
        return self.answer(number)

    @property
    def count(self) -> int:
        return len(self.asked)


def json_answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(value), status, dict(headers or {}), mimetype="application/json")


@pytest.fixture
def token_server(upstream: HTTPServer) -> TokenServer:
    return TokenServer(upstream)


@pytest.fixture
def home(upstream: HTTPServer) -> str:
    return upstream.url_for("").rstrip("/")


def declare(
    client: Client,
    section: Mapping[str, Any],
    properties: list[dict[str, Any]],
    endpoint: Mapping[str, Any] | None = None,
    **config: Any,
) -> None:
    """Registers `svc` with one endpoint and block `me`, and its settings."""
    manifest = {
        "integration": dict(section),
        "properties": properties,
        "endpoints": [endpoint or {"id": "me", "path": "/me", "cache_ttl": 60}],
        "blocks": [{"id": "me", "endpoint": "me"}],
    }
    declaration = {
        "id": "svc",
        "name": "Service",
        "version": "1.0.0",
        "type": "integration",
        "manifest": manifest,
    }
    answer = client.post("/plugins/register", declaration)
    assert answer.status_code in (200, 201), answer.json
    if config:
        saved = client.put("/integrations/svc/config", {"config": config})
        assert saved.status_code == 200, saved.json


CLIENT_PROPERTIES = [{"name": "client_id", "required": True}, {"name": "client_secret", "secure": True}]


def declare_client(client: Client, home: str, *, is_set: bool = True, **oauth2: Any) -> None:
    """`svc` with the client credentials grant, and its settings unless they are set already."""
    section = {
        "base_url": home,
        "auth_method": "oauth2_client_credentials",
        "oauth2": {"token_url": f"{home}/token", **oauth2},
    }
    config = {"client_id": "me", "client_secret": CLIENT_SECRET} if is_set else {}
    declare(client, section, CLIENT_PROPERTIES, **config)


class Asker:
    """Asks an app's tokens for `svc`, as a call would."""

    def __init__(self, app: Flask) -> None:
        self.services = app.extensions["patchbay"]

    @property
    def installed(self) -> Installed:
        return self.services.catalog.find(WORKSPACE, "svc")

    @property
    def values(self) -> Values:
        return stored_values(self.installed, self.services.store.vault)

    def get(self, values: Values | None = None, cause: Cause = "live") -> Mapping[str, str]:
        return self.services.tokens.cache.get(self.installed, values or self.values, cause)

    def renew(self, rejected: Mapping[str, str], cause: Cause = "live") -> Mapping[str, str]:
        return self.services.tokens.cache.renew(self.installed, self.values, rejected, cause)


@pytest.fixture
def clock() -> Iterator[Any]:
    """A clock that stands until a test shifts it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def asker(app: Flask) -> Asker:
    return Asker(app)


def all_at_once(count: int, ask: Callable[[], Any]) -> list[Any]:
    """What `count` threads get that start together; their errors in place of answers."""
    barrier = threading.Barrier(count)

    def run() -> Any:
        barrier.wait(20)
        try:
            return ask()
        except Exception as error:
            return error

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]
