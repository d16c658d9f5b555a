"""How a server ends: killed at any moment it loses nothing stored, stopped it completes running requests."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from tests.faults.server_process import ServerProcess
from tests.upstreams import Upstream

KILLS = 10
ACKNOWLEDGED_OF_EACH = 4


def declare(server: ServerProcess, upstream: HTTPServer, answer: Callable[[Request], Response]) -> None:
    upstream.expect_request("/item").respond_with_handler(answer)
    manifest = {
        "integration": {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "api_key"},
        "properties": [{"name": "api_key", "secure": True}, {"name": "note"}],
        "endpoints": [{"id": "item", "path": "/item", "parameters": [{"name": "key"}]}],
        "blocks": [{"id": "item", "endpoint": "item"}],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    assert server.ask("POST", "/plugins/register", declaration).status_code == 201


def render(server: ServerProcess, key: str) -> requests.Response:
    return server.ask("POST", "/integrations/svc/render", {"block_type": "item", "parameters": {"key": key}})


class Writers:
    """Four threads that write until the server is gone, and remember what it acknowledged."""

    def __init__(self) -> None:
        self.numbers: Iterator[int] = iter(range(1, 1_000_000))
        self.acknowledged: dict[str, list[int]] = {"workspace": [], "note": [], "secret": [], "render": []}
        self._enough = threading.Event()

    def run_until_killed(self, server: ServerProcess) -> None:
        self._enough.clear()
        before = Counter({kind: len(numbers) for kind, numbers in self.acknowledged.items()})
        with ThreadPoolExecutor(len(self.acknowledged)) as pool:
            running = [pool.submit(self._write, server, kind, before) for kind in self.acknowledged]
            assert self._enough.wait(60)
            server.end(signal.SIGKILL)
            for future in running:
                future.result()

    def _write(self, server: ServerProcess, kind: str, before: Counter[str]) -> None:
        try:
            while True:
                number = next(self.numbers)
                answer = self._send(server, kind, number)
                if answer.status_code == 409:
                    # A render whose secret was entered anew meanwhile: nothing was promised.
                    continue
                assert answer.status_code in (200, 201), answer.text
                self.acknowledged[kind].append(number)
                if self._is_enough(before):
                    self._enough.set()
        except requests.RequestException:
            return
        finally:
            self._enough.set()

    def _is_enough(self, before: Counter[str]) -> bool:
        return all(
            len(numbers) - before[kind] >= ACKNOWLEDGED_OF_EACH for kind, numbers in self.acknowledged.items()
        )

    def _send(self, server: ServerProcess, kind: str, number: int) -> requests.Response:
        if kind == "workspace":
            return server.ask("POST", "/workspaces", {"name": f"w{number}"})
        if kind == "note":
            return server.ask("PUT", "/workspaces/1/plugins/svc", {"config": {"note": f"n{number}"}})
        if kind == "secret":
            return server.ask("PUT", "/integrations/svc/secrets/api_key", {"value": f"secret-{number:08}"})
        return render(server, str(number))


@pytest.fixture
def upstream() -> Iterator[HTTPServer]:
    """A provider that answers several at a time."""
    with Upstream(host="127.0.0.1", threaded=True) as provider:
        yield provider


@pytest.mark.timeout(180)
def test_killed_again_and_again_it_keeps_every_write_that_it_acknowledged(
    tmp_path: Path, upstream: HTTPServer
) -> None:
    keys: list[str] = []

    def answer(request: Request) -> Response:
        keys.append(request.headers["X-Api-Key"])
        return Response(f'"{request.args["key"] * 1000}"', mimetype="application/json")

    instance, writers = tmp_path / "instance", Writers()
    with ServerProcess(instance) as server:
        declare(server, upstream, answer)
        server.ask("PUT", "/integrations/svc/secrets/api_key", {"value": "secret-00000000"})
        writers.run_until_killed(server)
    for _ in range(KILLS - 1):
        assert_whole(instance)
        with ServerProcess(instance) as server:
            # The first thing that it does is a render.
            assert render(server, f"first-{writers.acknowledged['render'][-1]}").status_code == 200
            assert_kept(server, writers, keys)
            writers.run_until_killed(server)
    assert_whole(instance)
    with ServerProcess(instance) as server:
        assert_kept(server, writers, keys)
        assert server.end(signal.SIGTERM)[0] == 0


def assert_whole(instance: Path) -> None:
    for path in (instance / "patchbay.db", instance / "cache" / "cache.db"):
        assert integrity_of(path) == ["ok"]


def integrity_of(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return [row[0] for row in connection.execute("PRAGMA integrity_check")]


def assert_kept(server: ServerProcess, writers: Writers, keys: list[str]) -> None:
    acknowledged = writers.acknowledged
    names = {item["name"] for item in server.ask("GET", "/workspaces").json()}
    assert {f"w{number}" for number in acknowledged["workspace"]} <= names
    # What was under way when the kill came may be there or not.
    note = server.ask("GET", "/integrations/svc/config").json()["config"]["note"]
    assert int(note.removeprefix("n")) >= acknowledged["note"][-1]
    keys.clear()
    assert server.ask(
        "POST", "/integrations/svc/execute", {"endpoint_id": "item", "parameters": {"key": "x"}}
    ).ok
    assert int(keys[-1].removeprefix("secret-")) >= acknowledged["secret"][-1]
    kept = render(server, str(acknowledged["render"][-1]))
    assert kept.json()["data"] == str(acknowledged["render"][-1]) * 1000


def test_stopped_it_answers_what_is_under_way_and_writes_down_what_it_did(
    tmp_path: Path, upstream: HTTPServer
) -> None:
    entered, let_go = threading.Event(), threading.Event()

    def answer(request: Request) -> Response:
        if request.args["key"] == "slow":
            entered.set()
            assert let_go.wait(30)
        return Response(f'"{request.args["key"]}"', mimetype="application/json")

    instance = tmp_path / "instance"
    with ServerProcess(instance) as server, ThreadPoolExecutor(1) as pool:
        declare(server, upstream, answer)
        server.ask("PUT", "/integrations/svc/secrets/api_key", {"value": "secret-00000000"})
        slow = pool.submit(render, server, "slow")
        assert entered.wait(30)
        # Its note waits for the batch when the signal comes.
        assert render(server, "quick").status_code == 200
        server.signal(signal.SIGTERM)
        let_go.set()
        assert (slow.result().status_code, slow.result().json()["data"]) == (200, "slow")
        code, log = server.end()
    assert code == 0
    assert "Traceback" not in log
    assert logged_calls(instance) == [("item", 200, "live")] * 2
    with ServerProcess(instance) as server:
        assert render(server, "slow").headers["X-Cache"] == "HIT"


def logged_calls(instance: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(instance / "patchbay.db")) as connection:
        return connection.execute("SELECT endpoint_id, status, cause FROM plugin_api_logs").fetchall()


def test_stopped_while_a_provider_hangs_it_ends_when_the_call_does(
    tmp_path: Path, upstream: HTTPServer
) -> None:
    entered, let_go = threading.Event(), threading.Event()

    def hang(_request: Request) -> Response:
        entered.set()
        let_go.wait(30)
        return Response("late")

    with (
        ServerProcess(tmp_path / "instance", PATCHBAY_TIMEOUT="1") as server,
        ThreadPoolExecutor(1) as pool,
    ):
        declare(server, upstream, hang)
        server.ask("PUT", "/integrations/svc/secrets/api_key", {"value": "secret-00000000"})
        hanging = pool.submit(render, server, "x")
        assert entered.wait(30)
        code, _ = server.end(signal.SIGTERM)
        let_go.set()
        assert (hanging.result().status_code, hanging.result().json()["code"]) == (504, "deadline_exceeded")
    assert code == 0
