"""granian's worker has the expected interface; if not, the other server answers anyway."""

from __future__ import annotations

import importlib.metadata
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask, Response, request
from pytest_httpserver import HTTPServer

from settings import ROOT, Settings
from tests.conftest import TOKEN, RunningServer
from tests.web.server.test_fast_path import BODY, declaration, manifest
from web.server import granian_engine, server
from web.server.granian_engine import WorkerMoved, find_worker
from web.server.serve import bind
from web.server.server import make_server
from web.server.threaded_engine import ThreadedEngine


def test_granian_s_worker_is_where_it_is_driven():
    version = importlib.metadata.version("granian")
    try:
        find_worker()
    except WorkerMoved as error:
        pytest.fail(
            f"granian {version} has its worker elsewhere, so Patchbay would serve by its slower engine. Read "
            f"granian/server/embed.py, follow it in web/server/granian_engine.py, then widen requirements.in. {error}"
        )


def test_granian_s_worker_takes_what_it_is_given(app: Flask, settings: Settings):
    listener = bind(replace(settings, port=0))
    try:
        engine = granian_engine.GranianEngine(listener, lambda _exchange, _environ: 200, 1)
    except WorkerMoved as error:
        pytest.fail(f"granian's worker expects other arguments: follow granian/server/embed.py. {error}")
    engine.close()


def test_granian_is_pinned_to_the_versions_whose_worker_is_known():
    pinned = re.search(
        r"^granian~=(\d+\.\d+\.\d+)\b", (ROOT / "requirements.in").read_text("utf-8"), re.MULTILINE
    )
    assert pinned, "requirements.in must hold granian to one minor version: its worker has no public name."


def raise_moved(*_given: Any) -> Any:
    raise WorkerMoved("granian's worker is not where it was expected.")


MOVED: dict[str, Any] = {
    "no module": lambda name: (_ for _ in ()).throw(ModuleNotFoundError(f"No module named '{name}'")),
    "no name": lambda _name: SimpleNamespace(),
}


@pytest.mark.parametrize("how", MOVED)
def test_a_worker_that_moved_is_told_from_every_other_failure(monkeypatch: pytest.MonkeyPatch, how: str):
    monkeypatch.setattr(granian_engine, "import_module", MOVED[how])
    with pytest.raises(WorkerMoved, match="granian's worker is not where it was expected: "):
        find_worker()


def test_a_worker_of_other_arguments_leaves_the_socket_as_it_is(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
):
    names = find_worker()._replace(worker=lambda *_: (_ for _ in ()).throw(TypeError("takes 3 arguments")))
    monkeypatch.setattr(granian_engine, "find_worker", lambda: names)
    with bind(replace(settings, port=0)) as listener:
        with pytest.raises(WorkerMoved, match="expects other arguments"):
            granian_engine.GranianEngine(listener, lambda _exchange, _environ: 200, 1)
        with socket.create_connection(listener.getsockname()), listener.accept()[0]:
            pass


@pytest.fixture
def without_granian(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "GranianEngine", raise_moved)


@pytest.mark.usefixtures("without_granian")
class TestServingWithoutGranian:
    """Over real sockets, the whole app."""

    def test_a_block_is_rendered_and_then_hit(
        self, settings: Settings, start_server: Callable[[Settings], RunningServer], upstream: HTTPServer,
        caplog: pytest.LogCaptureFixture,
    ):  # fmt: skip
        upstream.expect_request("/get").respond_with_json({"answer": 42})
        with caplog.at_level(logging.INFO):
            running = start_server(settings)
            assert (
                running.request(
                    "POST", "/api/v1/plugins/register", json=declaration(manifest(upstream))
                ).status_code
                == 201
            )
            assert (
                running.request(
                    "PUT", "/api/v1/integrations/svc/config", json={"config": {"api_key": "K"}}
                ).status_code
                == 200
            )
            answers = [
                running.request("POST", "/api/v1/integrations/svc/render", json=BODY) for _ in range(3)
            ]
            assert running.request("GET", f"/signin?token={TOKEN}").status_code == 303
        assert [answer.headers["X-Cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
        assert answers[2].json()["data"] == {"answer": 42}
        assert "The slower built-in engine is used instead" in caplog.text
        assert TOKEN not in caplog.text

    def test_the_gate_stands_before_it(self, server: RunningServer):
        assert requests.get(f"{server.url}/api/v1/plugins", timeout=20).status_code == 401
        assert (
            requests.get(
                f"{server.url}/api/v1/plugins", headers={"Host": "evil.example"}, timeout=20
            ).status_code
            == 400
        )

    def test_a_body_beyond_the_limit_is_refused(
        self, settings: Settings, start_server: Callable[[Settings], RunningServer]
    ):
        running = start_server(replace(settings, max_body_size_bytes=1000))
        answer = running.request("POST", "/api/v1/plugins/register", data=b'"' + b"x" * 2000 + b'"', headers={"Content-Type": "application/json"})  # fmt: skip
        assert answer.status_code == 413

    def test_a_batch_leaves_line_by_line(self, server: RunningServer):
        answer = server.request("POST", "/api/v1/render-batch", json={"blocks": [{"key": "a", "integration_id": "nobody", "block_type": "b"}]})  # fmt: skip
        assert (answer.status_code, answer.text.count("\n")) == (200, 1)


@pytest.fixture
def held(settings: Settings) -> Iterator[SimpleNamespace]:
    """A small app on the slower engine whose `/slow` answers when it is let go."""
    app, entered, let_go = Flask("held"), threading.Event(), threading.Event()

    def slow() -> str:
        entered.set()
        assert let_go.wait(30)
        return "done"

    app.add_url_rule("/slow", view_func=slow, endpoint="slow")
    app.add_url_rule("/large", view_func=lambda: Response(b"x" * 5_000_000), endpoint="large")
    app.add_url_rule("/length", view_func=lambda: str(len(request.data)), endpoint="length", methods=["POST"])
    listener = bind(replace(settings, port=0))
    address = listener.getsockname()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "GranianEngine", raise_moved)
        made = make_server(app, listener, settings)
    assert isinstance(made._engine, ThreadedEngine)
    thread = threading.Thread(target=made.run_until_stopped)
    thread.start()
    yield SimpleNamespace(address=address, url=f"http://127.0.0.1:{address[1]}", server=made, thread=thread, entered=entered, let_go=let_go)  # fmt: skip
    let_go.set()
    made.stop()
    thread.join()


def test_without_granian_what_is_under_way_is_answered_after_the_stop(held: SimpleNamespace):
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(requests.get, f"{held.url}/slow", timeout=30) for _ in range(4)]
        assert held.entered.wait(20)
        held.server.stop()
        held.let_go.set()
        assert [answer.result().text for answer in asked] == ["done"] * 4
    held.thread.join()
    with pytest.raises(OSError):
        socket.create_connection(held.address, timeout=5)


def test_without_granian_a_large_answer_is_sent_to_its_end(held: SimpleNamespace):
    assert len(requests.get(f"{held.url}/large", timeout=30).content) == 5_000_000


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: " + b"y" * 262_144 + b"\r\n\r\n", b"431"),
        (b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{}", b"400"),
    ],
)
def test_without_granian_what_cannot_be_read_is_refused(held: SimpleNamespace, sent: bytes, status: bytes):
    with socket.create_connection(held.address, timeout=20) as connection:
        connection.sendall(sent)
        # The refusal may have come, and the connection be closed, before this half of it is.
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        assert status in connection.makefile("rb").read()[:300]
