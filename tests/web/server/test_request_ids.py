"""Request ids: in the response, the problem, the log, and the calls that the request caused."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest
import time_machine
from flask import Flask

from integrations.concurrency.current_request import carried, current_request_id, serving
from integrations.concurrency.fair_thread_pool import FairThreadPool
from tests.conftest import TOKEN, Client
from tests.upstreams import Upstream
from web.server.log_formats import TextFormatter
from web.server.request_ids import HEADER, given_id, request_id_of

TRACE = "0af7651916cd43dd8448eb211c80319c"
RENDER = "/integrations/svc/render"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        ({"X_REQUEST_ID": "4b1c7d2e-9f1a-4c3b-8d5e-6f7a8b9c0d1e"}, "4b1c7d2e-9f1a-4c3b-8d5e-6f7a8b9c0d1e"),
        ({"X_REQUEST_ID": "a" * 128}, "a" * 128),
        ({"X_REQUEST_ID": "a" * 129}, None),
        ({"X_REQUEST_ID": ""}, None),
        ({"X_REQUEST_ID": "two words"}, None),
        ({"X_REQUEST_ID": "one\r\nSet-Cookie: a=b"}, None),
        ({"X_REQUEST_ID": "one\n"}, None),
        ({"X_REQUEST_ID": "<b>"}, None),
        ({"X_REQUEST_ID": "a,b"}, None),
        ({"X_REQUEST_ID": "\u0661"}, None),
        ({"TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
        ({"TRACEPARENT": f"cc-{TRACE}-b7ad6b7169203331-01-what-comes-later"}, TRACE),
        ({"TRACEPARENT": f"ff-{TRACE}-b7ad6b7169203331-01"}, None),
        ({"TRACEPARENT": f"00-{'0' * 32}-b7ad6b7169203331-01"}, None),
        ({"TRACEPARENT": f"00-{TRACE}-{'0' * 16}-01"}, None),
        ({"TRACEPARENT": f"00-{TRACE.upper()}-b7ad6b7169203331-01"}, None),
        ({"TRACEPARENT": TRACE}, None),
        ({"X_REQUEST_ID": "mine", "TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01"}, "mine"),
        ({"X_REQUEST_ID": "not mine", "TRACEPARENT": f"00-{TRACE}-b7ad6b7169203331-01"}, TRACE),
    ],
)
def test_an_id_is_taken_if_it_is_well_formed(headers: dict[str, str], expected: str | None):
    environ: Any = {f"HTTP_{name}": value for name, value in headers.items()}
    assert given_id(environ) == expected
    made = request_id_of(environ)
    assert made == (expected or made)
    assert request_id_of(environ) == made


def test_work_for_a_request_is_done_under_its_id_on_other_threads():
    pool = FairThreadPool(1, "test")
    with serving("r1"):
        first = pool.submit("lane", current_request_id)
    assert (first.result(), pool.submit("lane", current_request_id).result()) == ("r1", None)
    pool.close()
    assert (carried(current_request_id)(), current_request_id()) == (None, None)


class Story:
    """An app with one integration, whose provider fails at `/down`."""

    def __init__(self, app: Flask, upstream: Upstream) -> None:
        self.client = Client(app)
        self.upstream = upstream
        upstream.expect_request("/up").respond_with_json({"a": 1})
        upstream.expect_request("/down").respond_with_data("no", status=500)
        manifest = {
            "integration": {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "none"},
            "endpoints": [{"id": "up", "path": "/up"}, {"id": "down", "path": "/down"}],
            "blocks": [
                {"id": "up", "endpoint": "up", "cache_ttl": 60, "stale_while_revalidate": 600},
                {"id": "down", "endpoint": "down"},
            ],
        }
        plugin = {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}
        assert self.client.post("/plugins/register", plugin).status_code == 201
        assert self.client.put("/integrations/svc/enable", {"enabled": True}).status_code == 200

    def render(self, block: str, request_id: str | None = None) -> Any:
        headers = {} if request_id is None else {HEADER: request_id}
        return self.client.post(RENDER, {"block_type": block, "parameters": {}}, headers=headers)

    def calls(self, query: str = "") -> list[tuple[str, str | None]]:
        return [(call["cause"], call["request_id"]) for call in self.client.get(f"/calls{query}").json]


@pytest.fixture
def story(app: Flask, httpserver: Upstream) -> Story:
    return Story(app, httpserver)


def test_a_failure_is_found_in_the_log_and_among_the_calls_by_the_id_of_its_request(
    story: Story, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    lines: list[str] = []
    # All tests share the handler.
    monkeypatch.setattr(
        caplog.handler,
        "format",
        lambda record: lines.append(TextFormatter(lambda: TOKEN).format(record)) or "",
    )
    with caplog.at_level(logging.INFO):
        answer = story.render("down", "mine-1")
    assert (answer.status_code, answer.headers[HEADER]) == (502, "mine-1")
    assert answer.json["request_id"] == "mine-1"
    assert [line for line in lines if "A call of svc failed" in line and line.endswith(" request_id=mine-1")]
    story.render("up")
    assert story.calls("?request_id=mine-1") == [("live", "mine-1")]
    assert story.calls("?request_id=another") == []


def test_every_response_has_one(story: Story):
    answers = [story.client.get("/plugins"), story.client.get("/nowhere"), story.client.open("/healthz")]
    ids = [answer.headers.getlist(HEADER) for answer in answers]
    assert [len(given) for given in ids] == [1, 1, 1]
    assert len({given[0] for given in ids}) == 3
    assert answers[1].json["request_id"] == ids[1][0]


def test_a_hit_repeats_the_id_that_it_was_asked_with_and_never_another_requests(story: Story):
    for number in range(3):
        assert story.render("up", f"mine-{number}").headers.getlist(HEADER) == [f"mine-{number}"]
    assert story.render("up").headers["X-Cache"] == "HIT"
    assert story.render("up").headers.get(HEADER) is None
    assert story.render("up", "forged\x7f").headers.get(HEADER) is None


def test_a_refresh_behind_the_answer_is_a_call_of_the_request_that_caused_it(story: Story, app: Flask):
    with time_machine.travel(1_800_000_000.0, tick=False) as clock:
        story.render("up", "first")
        clock.shift(90)
        assert story.render("up", "second").headers["X-Cache"] == "STALE"
        app.extensions["patchbay"].rendering.renderer.wait_for_refreshes()
        assert story.calls() == [("revalidate", "second"), ("live", "first")]


def test_the_lines_of_a_batch_are_rendered_for_its_request(story: Story):
    blocks = [
        {"key": name, "integration_id": "svc", "block_type": name, "parameters": {}}
        for name in ("up", "down")
    ]
    answer = story.client.post("/render-batch", {"blocks": blocks}, headers={HEADER: "mine-1"})
    failed = [line for line in map(orjson.loads, answer.data.splitlines()) if line["status"] != 200]
    assert [line["request_id"] for line in failed] == ["mine-1"]
    assert story.calls() == [("batch", "mine-1")] * 2
