"""The benchmarks compare like with like."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from benchmarks import load
from benchmarks.build_request import CASES, Case, both_ways
from benchmarks.register_batch import PLUGINS, declarations
from benchmarks.report import Target
from integrations.manifests.compiling import compile_plugin
from schemas.api.plugins import DeclarationSchema


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_ways_make_the_same_request(case: Case):
    ours, theirs = both_ways(case)
    assert ours().method == theirs().method


def test_a_target_is_met_on_its_side_of_the_limit_and_says_when_it_is_not():
    assert Target("", 1.0, 1.0).is_met
    assert not Target("", 1.1, 1.0).is_met
    assert Target("", 1.0, 1.0, at_least=True).is_met
    missed = Target("speed", 0.9, 1.0, at_least=True)
    assert not missed.is_met
    assert missed.line() == "speed: 0.90 ×, at least 1   MISSED"


def test_the_plugins_of_a_batch_are_all_different_and_all_right():
    plugins = declarations()
    assert len(plugins) == PLUGINS
    assert len({plugin["id"] for plugin in plugins}) == PLUGINS
    assert len({orjson.dumps(plugin["manifest"]) for plugin in plugins}) == PLUGINS
    schema = DeclarationSchema()
    for declared in plugins[:: PLUGINS // 100]:
        plugin: Any = schema.load(declared)
        compile_plugin(plugin["id"], plugin["type"], plugin["manifest"])


@pytest.fixture
def counting() -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers everything, and what it was asked."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(503 if len(bodies) % 2 else 200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/x", bodies
        server.shutdown()


def test_the_loader_of_our_own_counts_answers_and_failures(
    counting: tuple[str, list[bytes]], monkeypatch: pytest.MonkeyPatch
):
    url, bodies = counting
    monkeypatch.setattr(load.shutil, "which", lambda _name: None)
    rate = load.put_under_load(load.Ask(url, body="n=%d", numbers=3), seconds=0.3, connections=2)
    assert rate.per_second > 0
    assert rate.p99_ms > 0
    assert 0 < rate.failed < rate.per_second * 0.3
    assert set(bodies) == {b"n=0", b"n=1", b"n=2"}
