"""The benchmarks compare like with like."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
import pytest

from benchmarks import load
from benchmarks.build_request import CASES, Case, both_ways
from benchmarks.console_pages import add_rows
from benchmarks.register_batch import PLUGINS, declarations
from benchmarks.report import Target
from integrations.manifests.compiling import compile_plugin
from schemas.api.plugins import DeclarationSchema
from tests.integrations.routes.test_integrations import declare, render


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


def test_rows_added_for_the_console_add_up_as_if_they_had_been_logged(app: Any, client: Any, upstream: Any):
    upstream.expect_request("/status").respond_with_json({"ok": True})
    declare(client, upstream, "plugin-0")
    assert render(client, plugin_id="plugin-0").status_code == 200
    database = app.extensions["patchbay"].database
    app.extensions["patchbay"].usage.call_log.flush()
    with database.raw_write() as connection:
        connection.execute("DELETE FROM usage_periods")
        connection.execute("DELETE FROM plugin_api_logs")
        add_rows(connection, artifacts=3, calls=400, plugins=1)
    assert database.query("SELECT count(*) FROM integration_artifacts", ()) == [(4,)]
    total = client.get("/usage/total?since=10d&by=day").json
    assert (total["calls"], total["errors"], total["p50_ms"], total["p95_ms"]) == (400, 40, 200.0, 380.0)
    listed = client.get("/usage?since=10d&by=day&include=totals").json["integrations"]
    assert sum(one["calls"] for one in listed) == 400
