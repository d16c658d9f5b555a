"""Batches: a page requests all its blocks at once, over a real server, reading lines as they arrive."""

import http.client
import json
import logging
import socket
import struct
import threading
from dataclasses import replace

import pytest
import time_machine
from sqlalchemy import select
from werkzeug import Response

from integrations.concurrency.fair_thread_pool import FairThreadPool
from integrations.rendering.batch import Batches, BatchItem
from plugin_store.models import PluginApiLog
from plugin_store.workspaces import Scope
from tests.upstreams import Upstream

PATIENCE_SECONDS = 15


@pytest.fixture
def provider():
    """A provider that answers `/quick` at once and `/slow` when it is let go; `begun` counts calls by query."""

    class Provider:
        def __init__(self, server):
            self.url = server.url_for("").rstrip("/")
            self.begun = []
            self.running = self.most_running = 0
            self.released = threading.Event()
            self.heard = threading.Condition()
            server.expect_request("/quick").respond_with_handler(self.answer)
            server.expect_request("/slow").respond_with_handler(self.wait)
            server.expect_request("/broken").respond_with_data("no", status=500)

        def answer(self, request):
            self.note(request, +1)
            self.note(request, -1)
            return Response(json.dumps({"q": request.args.get("q")}), mimetype="application/json")

        def wait(self, request):
            self.note(request, +1)
            assert self.released.wait(PATIENCE_SECONDS)
            self.note(request, -1)
            return Response(json.dumps({"q": request.args.get("q")}), mimetype="application/json")

        def note(self, request, change):
            with self.heard:
                if change > 0:
                    self.begun.append(request.args.get("q"))
                self.running += change
                self.most_running = max(self.most_running, self.running)
                self.heard.notify_all()

        def wait_for(self, count):
            with self.heard:
                assert self.heard.wait_for(lambda: len(self.begun) >= count, PATIENCE_SECONDS), self.begun

    with Upstream(host="127.0.0.1", threaded=True) as server:
        made = Provider(server)
        yield made
        made.released.set()


@pytest.fixture
def make_house(provider, settings, start_server):
    """Starts a server on which integrations of the provider are registered: `one` and `two`."""

    def make(**changes):
        house = start_server(replace(settings, **changes))
        for plugin_id in ("one", "two"):
            manifest = {
                "integration": {"base_url": provider.url},
                "properties": [{"name": "units"}],
                "endpoints": [
                    {"id": path, "path": f"/{path}", "parameters": [
                        {"name": "q"}, {"name": "units", "from_config": "units"}]}
                    for path in ("quick", "slow", "broken")
                ],
                "blocks": [{"id": path, "endpoint": path} for path in ("quick", "slow", "broken")],
            }  # fmt: skip
            declaration = {"id": plugin_id, "name": "P", "version": "1.0.0", "type": "integration"}
            answer = house.request(
                "POST", "/api/v1/plugins/register", json={**declaration, "manifest": manifest}
            )
            assert answer.status_code == 201, answer.text
        return house

    yield make
    # No server waits for what is never answered.
    provider.released.set()


@pytest.fixture
def house(make_house):
    return make_house()


def block(key, block_type="quick", plugin_id="one", **more):
    return {
        "key": key,
        "integration_id": plugin_id,
        "block_type": block_type,
        "parameters": {"q": key},
        **more,
    }


class Stream:
    """A batch's answer on a socket of its own, read line by line."""

    def __init__(self, house, blocks, query=""):
        self.connection = http.client.HTTPConnection(
            "127.0.0.1", house.settings.port, timeout=PATIENCE_SECONDS
        )
        headers = {"Authorization": f"Bearer {house.token}", "Content-Type": "application/json"}
        self.connection.request(
            "POST", f"/api/v1/render-batch{query}", json.dumps({"blocks": blocks}), headers
        )
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()

    def __enter__(self):
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "application/x-ndjson"
        return self

    def __exit__(self, *_error):
        self.response.close()
        self.connection.close()

    def line(self):
        return json.loads(self.response.readline())

    def lines(self, count):
        return [self.line() for _ in range(count)]

    def reset(self):
        """Ends the connection at once, as a page does that is closed."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.response.close()
        self.connection.close()
        self.socket.close()


def render(house, key, block_type="quick", plugin_id="one"):
    body = {"block_type": block_type, "parameters": {"q": key}}
    return house.request("POST", f"/api/v1/integrations/{plugin_id}/render", json=body)


def test_one_that_hangs_delays_none_of_the_others(house, provider):
    blocks = [block("hangs", "slow"), *(block(f"quick{number}") for number in range(19))]
    with Stream(house, blocks) as stream:
        first = stream.lines(19)
        assert {line["key"] for line in first} == {f"quick{number}" for number in range(19)}
        assert all(line["data"] == {"q": line["key"]} for line in first)
        provider.released.set()
        assert stream.line()["key"] == "hangs"
        assert stream.response.read() == b""


def test_what_is_kept_comes_first(house, provider):
    for key in ("kept1", "kept2"):
        render(house, key)
    with Stream(
        house, [block("cold", "slow"), block("kept1"), block("cold2", "slow"), block("kept2")]
    ) as stream:
        assert [(line["key"], line["cache"]) for line in stream.lines(2)] == [
            ("kept1", "HIT"),
            ("kept2", "HIT"),
        ]
        provider.released.set()
        assert {(line["key"], line["cache"]) for line in stream.lines(2)} == {
            ("cold", "MISS"),
            ("cold2", "MISS"),
        }


def test_a_line_is_the_answer_that_a_render_gives(house):
    with time_machine.travel(1_800_000_000, tick=False):
        rendered = render(house, "same").json()
        with Stream(house, [block("same")]) as stream:
            line = stream.line()
    assert rendered.pop("cached") is False
    head = {"key": "same", "status": 200, "cache": "HIT", "age": 0, "cached": True}
    assert line == {**rendered, **head}


def test_each_failure_is_a_line_of_its_own(house):
    house.request("PUT", "/api/v1/integrations/two/enable", json={"enabled": False})
    blocks = [
        block("absent", plugin_id="nowhere"),
        block("no-block", "nope"),
        block("off", plugin_id="two"),
        {**block("bad-input"), "parameters": {"colour": 1}},
        block("broken", "broken"),
        block("elsewhere", notebook_id=99),
        block("good"),
    ]
    with Stream(house, blocks) as stream:
        lines = {line["key"]: line for line in stream.lines(len(blocks))}
    assert {key: (line["status"], line["success"], line.get("code")) for key, line in lines.items()} == {
        "absent": (404, False, "not_found"),
        "no-block": (404, False, "not_found"),
        "off": (403, False, "plugin_disabled"),
        "bad-input": (422, False, "invalid"),
        "broken": (502, False, "upstream_failed"),
        "elsewhere": (404, False, "not_found"),
        "good": (200, True, None),
    }
    assert all(
        line["cache"] is None and line["error"] == line["detail"]
        for line in lines.values()
        if line["status"] != 200
    )
    assert list(lines["bad-input"]["errors"]) == ["parameters.colour"]
    assert lines["broken"]["upstream_status"] == 500


def test_what_nobody_foresaw_ends_one_line_only(house, monkeypatch, caplog):
    renderer = house.app.extensions["patchbay"].rendering.renderer
    render_block = type(renderer).render_block

    def stumble(self, scope, plugin_id, block_id, parameters, **more):
        if parameters["q"] == "bad":
            raise RuntimeError("K-SECRET-0123456789")
        return render_block(self, scope, plugin_id, block_id, parameters, **more)

    monkeypatch.setattr(type(renderer), "render_block", stumble)
    with caplog.at_level(logging.ERROR), Stream(house, [block("bad"), block("good")]) as stream:
        lines = {line["key"]: line for line in stream.lines(2)}
    assert (lines["bad"]["status"], lines["bad"]["code"], lines["good"]["status"]) == (500, "internal", 200)
    assert lines["bad"]["incident"] in caplog.text
    assert "K-SECRET" not in json.dumps(lines) + caplog.text


def test_a_hanging_integration_leaves_room_for_another(make_house):
    house = make_house(upstream_calls=3)
    slow = [block(f"slow{number}", "slow") for number in range(8)]
    with Stream(house, [*slow, block("other", plugin_id="two"), block("other2", plugin_id="two")]) as stream:
        assert {line["key"] for line in stream.lines(2)} == {"other", "other2"}


def test_no_more_calls_run_at_once_than_are_allowed(make_house, provider):
    house = make_house(upstream_calls=3)
    blocks = [
        block(f"{plugin_id}{number}", "slow", plugin_id)
        for plugin_id in ("one", "two")
        for number in range(4)
    ]
    with Stream(house, blocks) as stream:
        provider.wait_for(3)
        provider.released.set()
        assert len(stream.lines(8)) == 8
    assert provider.most_running == 3


def test_a_block_may_be_of_another_notebook(house, provider):
    first = house.request("GET", "/api/v1/workspaces/1/notebooks").json()[0]["id"]
    second = house.request("POST", "/api/v1/workspaces/1/notebooks", json={"name": "B"}).json()["id"]
    for notebook, units in ((first, "metric"), (second, "imperial")):
        house.request(
            "PUT",
            f"/api/v1/integrations/one/config?notebook_id={notebook}",
            json={"config": {"units": units}},
        )
    render_url = f"/api/v1/integrations/one/render?notebook_id={second}"
    house.request("POST", render_url, json={"block_type": "quick", "parameters": {"q": "x"}})
    blocks = [
        {**block("a"), "parameters": {"q": "x"}},
        {**block("b", notebook_id=second), "parameters": {"q": "x"}},
    ]
    with Stream(house, blocks, f"?notebook_id={first}") as stream:
        lines = {line["key"]: line["cache"] for line in stream.lines(2)}
    assert lines == {"a": "MISS", "b": "HIT"}


def test_use_cache_false_fetches_now(house):
    render(house, "again")
    with Stream(house, [block("again", use_cache=False)]) as stream:
        assert (line := stream.line())["cache"] == "BYPASS"
        assert line["cached"] is False


def test_the_same_block_twice_is_one_call(house, provider):
    blocks = [{**block(key, "slow"), "parameters": {"q": "same"}} for key in ("a", "b", "c")]
    with Stream(house, blocks) as stream:
        provider.wait_for(1)
        provider.released.set()
        assert len(stream.lines(3)) == 3
    assert provider.begun == ["same"]


def test_calls_are_logged_as_a_batch_s(house):
    with Stream(house, [block("a")]) as stream:
        stream.line()
    services = house.app.extensions["patchbay"]
    services.usage.call_log.flush()
    with services.database.reading() as session:
        assert list(session.scalars(select(PluginApiLog.cause))) == ["batch"]


@pytest.mark.parametrize(
    ("blocks", "field"),
    [
        ([], "blocks"),
        ([block(str(number)) for number in range(201)], "blocks"),
        ([block("a"), block("b"), block("a")], "blocks[2].key"),
        ([{**block("a"), "key": ""}], "blocks[0].key"),
        ([{"key": "a", "block_type": "quick"}], "blocks[0].integration_id"),
        ([block("a", colour="red")], "blocks[0].colour"),
        ([block("a", notebook_id=0)], "blocks[0].notebook_id"),
    ],
)
def test_a_batch_that_makes_no_sense_is_refused_by_field(client, blocks, field):
    answer = client.post("/render-batch", {"blocks": blocks})
    assert (answer.status_code, list(answer.json["errors"])) == (422, [field])


def test_an_unknown_workspace_is_told_before_anything_begins(client):
    answer = client.post("/render-batch?workspace_id=99", {"blocks": [block("a")]})
    assert (answer.status_code, "99" in answer.json["detail"]) == (404, True)


class TestLeaving:
    @pytest.fixture
    def pool(self):
        pool = FairThreadPool(1, "test")
        yield pool
        pool.close()

    @staticmethod
    def wanted(key):
        return BatchItem(key, "one", "slow", {"q": key}, use_cache=True, notebook_id=None)

    def test_what_has_not_begun_never_begins(self, house, provider, pool):
        renderer = house.app.extensions["patchbay"].rendering.renderer
        answers = Batches(renderer, pool, silence_seconds=0.01).answer(
            [self.wanted(key) for key in "abc"], lambda _block: Scope(1)
        )
        assert next(answers) is None
        provider.wait_for(1)
        answers.close()
        assert pool.waiting() == 0
        provider.released.set()
        pool.close()
        assert provider.begun == ["a"]

    def test_a_page_that_is_closed_is_noticed_while_its_provider_hangs(
        self, make_house, provider, monkeypatch
    ):
        house = make_house(upstream_calls=1)
        monkeypatch.setattr(house.app.extensions["patchbay"].rendering.batches, "_silence_seconds", 0.01)
        pool = house.app.extensions["patchbay"].rendering.batches._pool
        stream = Stream(house, [block(key, "slow") for key in "abc"])
        provider.wait_for(1)
        stream.reset()
        noticed = threading.Event()
        # The last future of the pool's queue tells when it is cancelled.
        [_, (last, _)] = pool._queue.waiting()
        last.add_done_callback(lambda _future: noticed.set())
        assert noticed.wait(PATIENCE_SECONDS)
        provider.released.set()
        assert (last.cancelled(), provider.begun) == (True, ["a"])
