"""Live events over HTTP, on both engines: as a page receives them, without a thread of the server's pools."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from settings import Settings
from tests.conftest import API, Client, RunningServer
from tests.event_source import ReceivedEvent, watching
from web.server import server as server_module
from web.server.dispatcher import FRONT_THREADS, HOUSE_THREADS
from web.server.granian_engine import WorkerMoved

BLOCK = {"id": "now", "endpoint": "now", "cache_ttl": 3600, "stale_if_error": 3600}
ENDPOINT = {"id": "now", "path": "/now", "parameters": [{"name": "n", "type": "integer", "default": 0}]}


@pytest.fixture(params=["granian", "threaded"], autouse=True)
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "threaded":

        def raise_moved(*_given: Any) -> Any:
            raise WorkerMoved("granian has moved its worker.")

        monkeypatch.setattr(server_module, "GranianEngine", raise_moved)
    return request.param


def declare(server: RunningServer, upstream_url: str, **section: Any) -> None:
    manifest = {
        "integration": {"base_url": upstream_url.rstrip("/"), **section},
        "endpoints": [ENDPOINT],
        "blocks": [BLOCK],
    }
    declaration = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
    answer = server.request("POST", f"{API}/plugins/register", json=declaration)
    assert answer.status_code in (200, 201), answer.text


def render(server: RunningServer, **more: Any) -> Any:
    body = {"block_type": "now", **more}
    return server.request("POST", f"{API}/integrations/svc/render", json=body)


def test_a_page_is_told_of_a_fetched_block_by_the_hash_in_its_envelope(
    server: RunningServer, upstream: HTTPServer
):
    upstream.expect_request("/now").respond_with_json({"temp": 3})
    with watching(server.url) as source:
        assert (source.status, source.header("Content-Type")) == (200, "text/event-stream; charset=utf-8")
        assert source.header("Cache-Control") == "no-store"
        declare(server, upstream.url_for("/"))
        declared = source.next()
        assert (declared.kind, declared.data["plugin_id"]) == ("plugin.declared", "svc")
        envelope = render(server).json()
        renewed = source.next()
        assert renewed.kind == "artifact.renewed"
        assert renewed.data == {
            "at": renewed.data["at"],
            "workspace_id": 1,
            "notebook_id": None,
            "plugin_id": "svc",
            "block_id": "now",
            "parameters_hash": envelope["parameters_hash"],
            "fetched_at": envelope["fetched_at"],
            "expires_at": envelope["expires_at"],
        }
        assert render(server, use_cache=False).json()["parameters_hash"] == envelope["parameters_hash"]
        assert source.next().data["parameters_hash"] == envelope["parameters_hash"]


def test_a_failed_refresh_is_told_once_with_its_code(server: RunningServer, upstream: HTTPServer):
    upstream.expect_ordered_request("/now").respond_with_json({"temp": 3})
    upstream.expect_request("/now").respond_with_data("", status=500)
    declare(server, upstream.url_for("/"))
    parameters_hash = render(server).json()["parameters_hash"]
    with watching(server.url) as source:
        for _ in range(2):
            assert render(server, use_cache=False).json()["error"]["code"] == "upstream_failed"
        server.request("DELETE", f"{API}/plugins/svc/artifacts")
        failed, purged = source.next(), source.next()
        assert (failed.kind, failed.data["parameters_hash"]) == ("artifact.failed", parameters_hash)
        assert failed.data["code"] == "upstream_failed"
        assert (purged.kind, purged.data["plugin_id"], purged.data["block_id"]) == (
            "artifacts.purged",
            "svc",
            None,
        )


def test_the_last_call_of_a_budget_is_told_with_the_end_of_the_wait(
    server: RunningServer, upstream: HTTPServer
):
    upstream.expect_request("/now").respond_with_json({})
    declare(server, upstream.url_for("/"), rate_limit={"requests_per_minute": 2, "requests_per_second": 1000})
    with watching(server.url) as source:
        for n in range(3):
            render(server, parameters={"n": n})
        told = [source.next() for _ in range(3)]
        (spent,) = [event for event in told if event.kind == "budget.spent"]
        assert (spent.data["window"], spent.data["limit"], spent.data["workspace_id"]) == ("minute", 2, 1)
        assert spent.data["next_at"] > spent.data["at"]


def test_a_connection_that_broke_is_resumed_without_a_loss(server: RunningServer, upstream: HTTPServer):
    with watching(server.url) as source:
        declare(server, upstream.url_for("/"))
        last = source.next().id
    for enabled in (False, True):
        server.request("PUT", f"{API}/integrations/svc/enable", json={"enabled": enabled})
    with watching(server.url, last_event_id=last) as source:
        told = [source.next(), source.next()]
    assert [event.data["enabled"] for event in told] == [False, True]
    assert [int(event.id) for event in told] == [int(last) + 1, int(last) + 2]


def test_an_id_of_another_time_tells_to_read_everything_again(server: RunningServer):
    with watching(server.url, last_event_id="987654") as source:
        assert source.next() == ReceivedEvent("0", "resync", {"reason": "expired"})


def test_a_client_that_is_gone_makes_room(server: RunningServer):
    hub = server.app.extensions["patchbay"].events
    hub.heartbeat_seconds = 0.05
    with watching(server.url) as source:
        source.wait_for_heartbeat()
        assert hub.count() == 1
    for _ in range(400):
        if not hub.count():
            break
        time.sleep(0.05)
    assert hub.count() == 0


def test_beyond_the_limit_a_client_is_told_to_wait(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    server = start_server(replace(settings, event_streams=1))
    with watching(server.url) as first, watching(server.url) as second:
        assert (first.status, second.status, second.header("Retry-After")) == (200, 503, "10")
        assert second.body()["code"] == "too_many_streams"


def test_pages_that_are_reloaded_find_the_room_of_their_old_streams(
    settings: Settings, start_server: Callable[[Settings], RunningServer]
):
    server = start_server(replace(settings, event_streams=2))
    for _ in range(3):
        with watching(server.url) as first, watching(server.url) as second:
            assert (first.status, second.status) == (200, 200)


def test_streams_hold_no_thread_that_others_need(server: RunningServer, upstream: HTTPServer):
    many = max(FRONT_THREADS, HOUSE_THREADS, server.settings.threads) + 8
    upstream.expect_request("/now").respond_with_json({})
    declare(server, upstream.url_for("/"))
    opened = [watching(server.url) for _ in range(many)]
    sources = [source.__enter__() for source in opened]
    try:
        assert {source.status for source in sources} == {200}
        assert [render(server).headers["X-Cache"] for _ in range(3)] == ["MISS", "HIT", "HIT"]
        assert {source.next().kind for source in sources} == {"artifact.renewed"}
    finally:
        for source in opened:
            source.__exit__(None, None, None)


def test_a_head_request_opens_no_stream(server: RunningServer):
    answer = server.request("HEAD", f"{API}/events")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    assert server.app.extensions["patchbay"].events.count() == 0


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("?workspace_id=99", 404, "not_found"),
        ("?notebook_id=99", 404, "not_found"),
        ("?workspace_id=x", 422, "invalid"),
    ],
)
def test_an_unknown_scope_is_refused(server: RunningServer, query: str, status: int, code: str):
    with watching(server.url, query) as source:
        assert (source.status, source.body()["code"]) == (status, code)


def test_the_stop_ends_streams_at_once_and_completes_what_runs(
    settings: Settings, start_server: Callable[[Settings], RunningServer], upstream: HTTPServer
):
    arrived, go_on = threading.Event(), threading.Event()

    def answer(_request: Request) -> Response:
        arrived.set()
        go_on.wait(20)
        return Response("{}", content_type="application/json")

    upstream.expect_request("/now").respond_with_handler(answer)
    server = start_server(settings)
    declare(server, upstream.url_for("/"))
    statuses: list[int] = []
    asking = threading.Thread(target=lambda: statuses.append(render(server).status_code))
    with watching(server.url) as source:
        asking.start()
        assert arrived.wait(20)
        server.app.extensions["patchbay"].events.close()
        assert source.read_to_end() == []
        go_on.set()
        asking.join()
    assert statuses == [200]


def test_it_is_described_as_an_event_stream(client: Client):
    described = client.get("/openapi.json").json["paths"][f"{API}/events"]["get"]
    assert list(described["responses"]["200"]["content"]) == ["text/event-stream"]
    assert {"Last-Event-ID", "workspace_id", "notebook_id"} <= {
        item["name"] for item in described["parameters"]
    }
