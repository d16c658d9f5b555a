"""Shared fixtures: an app with its own data folder, an authenticated client, a real server."""

from __future__ import annotations

import gc
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from pytest_httpserver import HTTPServer
from requests.adapters import HTTPAdapter
from werkzeug.test import TestResponse

from app import close_app, create_app
from plugin_store.engine import opening
from settings import Settings, load_settings
from tests.databases import SERVER, TestDatabases, seed_database
from tests.statements import share_compiled_statements
from tests.upstreams import Upstream
from web.server.serve import bind
from web.server.server import make_server

# How long an example takes says something about the machine, nothing about the code.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

share_compiled_statements()


FOLDERS = {"tmp_path", "tmp_path_factory"}
MEMORY_DISK = Path("/dev/shm")
MEMORY_DISK_BYTES = 2 * 1024**3


def pytest_configure() -> None:
    """Keeps the folders of tests in memory, where there is room: each app waits for its disk several times."""
    if MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free >= MEMORY_DISK_BYTES:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY_DISK))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Takes what stays until the end, some million objects of 13,000 tests, from the garbage collector.

    Looking through them again and again was a fifth of collecting, and a quarter of tests over an app.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        gc.enable()


TOKEN = "test-token-of-43-characters-like-a-real-one"
API = "/api/v1"


def settings_for(instance: Path) -> Settings:
    """Settings with this data folder; upstreams on loopback may be called."""
    environ = {
        "PATCHBAY_INSTANCE": str(instance),
        "PATCHBAY_TOKEN": TOKEN,
        "PATCHBAY_PREFETCH": "off",
        "PATCHBAY_EGRESS_ALLOW": "127.0.0.1/32",
        "PATCHBAY_EGRESS_ALLOW_URLS": "127.0.0.1/32",
    }
    return load_settings(environ)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a fresh data folder."""
    return settings_for(tmp_path / "instance")


@pytest.fixture(scope="session")
def server_databases() -> Iterator[TestDatabases | None]:
    """The databases of this process's tests on a server, if they run on one."""
    if SERVER is None:
        yield None
        return
    databases = TestDatabases(SERVER)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "locate", databases.locate)
        yield databases
    databases.close()


@pytest.fixture(autouse=True)
def _own_database(server_databases: TestDatabases | None) -> Iterator[None]:
    """A fresh database for each data folder of the test, where the tests run on a server.

    Those of fixtures that several tests share stay.
    """
    shared = set() if server_databases is None else server_databases.folders()
    yield
    if server_databases is not None:
        server_databases.drop_all(shared)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is about the engine that the tests do not run on, and, on PostgreSQL, what opens no store."""
    other_engine = "postgresql" if SERVER is None else "sqlite"
    chosen: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        is_chosen = not item.get_closest_marker(other_engine) and (SERVER is None or _may_open_store(item))
        (chosen if is_chosen else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = chosen


def _may_open_store(item: pytest.Item) -> bool:
    """Whether a test has a folder, which each store needs. What is no function makes its own."""
    return not isinstance(item, pytest.Function) or not FOLDERS.isdisjoint(item.fixturenames)


@contextmanager
def open_apps() -> Iterator[Callable[[Settings], Flask]]:
    """Makes apps that are closed at the end; several may share one data folder."""
    made: list[Flask] = []

    def make(settings: Settings) -> Flask:
        seed_database(settings.instance)
        made.append(create_app(settings))
        return made[-1]

    try:
        yield make
    finally:
        for app in reversed(made):
            close_app(app)


@pytest.fixture
def make_app() -> Iterator[Callable[[Settings], Flask]]:
    with open_apps() as make:
        yield make


@pytest.fixture
def app(settings: Settings, make_app: Callable[[Settings], Flask]) -> Flask:
    return make_app(settings)


class Client:
    """A program with the token. `get("/plugins")` calls /api/v1/plugins; `open` takes any path."""

    def __init__(self, app: Flask, token: str | None = TOKEN) -> None:
        self._client: FlaskClient = app.test_client(use_cookies=False)
        self._settings: Settings = app.extensions["patchbay"].settings
        self._token = token

    def open(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        headers = {"Host": f"127.0.0.1:{self._settings.port}", **options.pop("headers", {})}
        if self._token is not None:
            headers.setdefault("Authorization", f"Bearer {self._token}")
        return self._client.open(path, method=method, headers=headers, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.open(API + path, **options)

    def post(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self._send("POST", path, json, options)

    def put(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self._send("PUT", path, json, options)

    def patch(self, path: str, json: Any = None, **options: Any) -> TestResponse:
        return self._send("PATCH", path, json, options)

    def delete(self, path: str, **options: Any) -> TestResponse:
        return self.open(API + path, "DELETE", **options)

    def _send(self, method: str, path: str, json: Any, options: dict[str, Any]) -> TestResponse:
        return self.open(API + path, method, **({"json": json} if json is not None else {}), **options)


class Person(Client):
    """A signed-in browser on a page of the server's own."""

    def __init__(self, app: Flask) -> None:
        super().__init__(app, token=None)
        gate = app.extensions["patchbay_gate"]
        self._headers = {
            "Cookie": f"{gate.cookie_name}={gate.sessions.begin(None)}",
            "Sec-Fetch-Site": "same-origin",
        }

    def open(self, path: str, method: str = "GET", **options: Any) -> TestResponse:
        headers = {**self._headers, **options.pop("headers", {})}
        return super().open(path, method, headers=headers, **options)


@pytest.fixture
def client(app: Flask) -> Client:
    return Client(app)


@pytest.fixture
def person(app: Flask) -> Person:
    return Person(app)


@pytest.fixture
def stranger(app: Flask) -> Client:
    """A client without the token."""
    return Client(app, token=None)


def _forgetful_session() -> requests.Session:
    """Keeps its connections, which is a quarter of what a call costs, and no cookies. It reads no environment."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", HTTPAdapter(pool_maxsize=128))
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@dataclass(frozen=True, slots=True)
class RunningServer:
    """The real server on a free port of loopback. `stop` returns when it has drained."""

    app: Flask
    settings: Settings
    token: str
    stop: Callable[[], None]
    session: requests.Session

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.settings.port}"

    @property
    def signin_link(self) -> str:
        return f"{self.url}/signin?token={self.token}"

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """A call of a signed-in program; redirects are shown, not followed."""
        headers = {"Authorization": f"Bearer {self.token}", **(options.pop("headers", None) or {})}
        options.setdefault("timeout", 20)
        return self.session.request(
            method, self.url + path, headers=headers, allow_redirects=False, **options
        )


@contextmanager
def running_server(
    settings: Settings, make_app: Callable[[Settings], Flask], port: int = 0
) -> Iterator[RunningServer]:
    """A real server in a thread, on this port or a free one; it is drained at the end."""
    listener = bind(replace(settings, port=port))
    settings = replace(settings, port=listener.getsockname()[1])
    app = make_app(settings)
    server = make_server(app, listener, settings)
    thread = threading.Thread(target=server.run_until_stopped, name="test server")
    thread.start()

    session = _forgetful_session()

    def stop() -> None:
        session.close()
        server.stop()
        thread.join()

    try:
        yield RunningServer(app, settings, app.extensions["patchbay_gate"].token, stop, session)
    finally:
        stop()


@pytest.fixture
def start_server(make_app: Callable[[Settings], Flask]) -> Iterator[Callable[[Settings], RunningServer]]:
    """Starts real servers in threads, each on a free port; all are drained when the test ends."""
    with ExitStack() as started:
        yield lambda settings: started.enter_context(running_server(settings, make_app))


@pytest.fixture
def server(settings: Settings, start_server: Callable[[Settings], RunningServer]) -> RunningServer:
    return start_server(settings)


@pytest.fixture
def upstream() -> Iterator[HTTPServer]:
    """A provider on loopback: tell it what to expect, then point a manifest's base_url at `url_for("")`."""
    with Upstream(host="127.0.0.1") as provider:
        yield provider
