"""The fast path ahead of Flask and Flask itself give the same answer in every state."""

from __future__ import annotations

import gc
import re
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
import time_machine
from flask import Flask, request_started
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response
from werkzeug.test import TestResponse

from settings import Settings
from tests.conftest import API, TOKEN, Client
from tests.databases import TestDatabases
from tests.faults.server_process import ServerProcess

RENDER = "/integrations/svc/render"
BODY = {"block_type": "item", "parameters": {"q": "Berlin"}}
# A header that the layer leaves to Flask, and that Flask makes nothing of.
PAST_THE_LAYER = {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}


def manifest(upstream: HTTPServer, **changed: Any) -> dict[str, Any]:
    return {
        "integration": {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "api_key"},
        "properties": [{"name": "api_key", "secure": True}, {"name": "units", "default": "metric"}],
        "endpoints": [{"id": "get", "path": "/get", "parameters": [{"name": "q"}, {"name": "units", "from_config": "units"}]}],
        "blocks": [
            {"id": "item", "endpoint": "get", "cache_ttl": 60, "stale_while_revalidate": 30, "stale_if_error": 600}
        ],
    } | changed  # fmt: skip


def declaration(manifest: dict[str, Any]) -> dict[str, Any]:
    return {"id": "svc", "name": "S", "version": "1.0.0", "type": "integration", "manifest": manifest}


class Page:
    """A frontend that asks one question, by the layer and past it."""

    def __init__(self, app: Flask, upstream: HTTPServer, token: str = TOKEN) -> None:
        self.app = app
        self.client = Client(app, token)
        self.upstream = upstream
        self.asked_of_flask = 0
        self.answers = 0
        request_started.connect(self._count, app)
        upstream.expect_request("/get").respond_with_handler(self._answer)
        assert self.client.post("/plugins/register", declaration(manifest(upstream))).status_code == 201
        assert self.client.put("/integrations/svc/config", {"config": {"api_key": "K"}}).status_code == 200

    def _count(self, _app: Flask, **_more: Any) -> None:
        self.asked_of_flask += 1

    def _answer(self, request: Request) -> Response:
        self.answers += 1
        return Response(f'{{"answer": {self.answers}}}', mimetype="application/json")

    def ask(self, path: str = RENDER, **options: Any) -> TestResponse:
        return self.client.post(path, BODY, **options)

    def is_known(self, **options: Any) -> bool:
        """Whether the question is answered without Flask."""
        before = self.asked_of_flask
        self.ask(**options)
        return self.asked_of_flask == before

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Returns when the page's process knows of what another one changes meanwhile.

        On SQLite that is at once, and on PostgreSQL when the notification has arrived.
        """
        database = self.app.extensions["patchbay"].database
        before = database.commits()
        yield
        while database.commits() == before:
            pass

    def settle(self, path: str = RENDER) -> None:
        """Returns when the layer answers: the first asks a provider, the second Flask, the third nobody."""
        for _ in range(3):
            self.ask(path)
        assert self.is_known(path=path)


@pytest.fixture
def page(app: Flask, upstream: HTTPServer) -> Page:
    return Page(app, upstream)


@pytest.fixture
def other(settings: Settings, page: Page, server_databases: TestDatabases | None) -> Iterator[ServerProcess]:
    """Another process on the same store."""
    where = {"PATCHBAY_DATABASE_URL": server_databases.url_of(settings.instance)} if server_databases else {}
    with ServerProcess(settings.instance, PATCHBAY_PREFETCH="off", **where) as process:
        yield process


def essence(response: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    # Each request has an id of its own, and a hit that was asked without one has none.
    headers = sorted((name, value) for name, value in response.headers if name not in {"Age", "X-Request-Id"})
    return response.status_code, re.sub(rb'"request_id":"[^"]*",?', b"", response.data), headers


def assert_both_ways_agree(page: Page, path: str = RENDER) -> None:
    by_layer, past_it = page.ask(path), page.ask(path, headers=PAST_THE_LAYER)
    assert essence(by_layer) == essence(past_it)


def test_a_known_answer_is_flasks_to_the_byte(page: Page):
    page.settle()
    assert_both_ways_agree(page)
    assert page.is_known()
    assert not page.is_known(headers=PAST_THE_LAYER)
    assert page.ask().headers["X-Cache"] == "HIT"
    assert page.answers == 1


CHANGES: dict[str, tuple[Callable[[ServerProcess, HTTPServer], Any], int, str | None]] = {
    "switched off": (lambda other, _: other.ask("PUT", "/integrations/svc/enable", {"enabled": False}), 403, None),
    "another setting": (lambda other, _: other.ask("PUT", "/integrations/svc/config", {"config": {"units": "imperial"}}), 200, "MISS"),
    "another secret": (lambda other, _: other.ask("PUT", "/integrations/svc/secrets/api_key", {"value": "L"}), 200, "MISS"),
    "purged": (lambda other, _: other.ask("DELETE", "/plugins/svc/artifacts"), 200, "MISS"),
    "fetched again": (lambda other, _: other.ask("POST", RENDER, {**BODY, "use_cache": False}), 200, "HIT"),
    "another manifest": (lambda other, upstream: other.ask("POST", "/plugins/register", declaration(
        manifest(upstream, blocks=[{"id": "item", "endpoint": "get", "select": "answer", "cache_ttl": 60}]))), 200, "MISS"),
    "no such block": (lambda other, upstream: other.ask("POST", "/plugins/register", declaration(
        manifest(upstream, blocks=[]))), 404, None),
    "locked": (lambda other, upstream: other.ask("POST", "/plugins/register", declaration(
        manifest(upstream, integration={"base_url": "http://127.0.0.2:9", "auth_method": "api_key"}))), 409, None),
    "forgotten": (lambda other, _: other.ask("DELETE", "/plugins/svc"), 404, None),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_what_another_process_changes_shows_at_once_and_both_ways(
    page: Page, other: ServerProcess, upstream: HTTPServer, name: str
):
    change, status, cache = CHANGES[name]
    page.settle()
    with page.hearing():
        assert change(other, upstream).status_code in (200, 204)
    first = page.ask()
    assert (first.status_code, first.headers.get("X-Cache")) == (status, cache)
    page.ask()
    assert_both_ways_agree(page)


@pytest.mark.parametrize("name", CHANGES)
def test_what_this_process_changes_shows_at_once_and_both_ways(page: Page, upstream: HTTPServer, name: str):
    class Same:
        def ask(self, method: str, path: str, body: Any = None) -> TestResponse:
            return page.client.open(API + path, method, json=body)

    change, status, cache = CHANGES[name]
    page.settle()
    assert change(Same(), upstream).status_code in (200, 204)  # type: ignore[arg-type]
    first = page.ask()
    assert (first.status_code, first.headers.get("X-Cache")) == (status, cache)
    page.ask()
    assert_both_ways_agree(page)


def test_a_notebooks_own_word_counts_for_that_notebook(page: Page):
    path = f"{RENDER}?notebook_id=1"
    page.settle()
    page.settle(path)
    page.client.put("/notebooks/1/plugins/svc", {"enabled": False})
    assert (page.ask().status_code, page.ask(path).status_code) == (200, 403)
    assert_both_ways_agree(page, path)


def test_an_answer_about_today_is_not_given_tomorrow(page: Page, upstream: HTTPServer):
    midnight = 1_800_057_600
    assert page.client.patch("/workspaces/1", {"time_zone": "UTC"}).status_code == 200
    of_today = manifest(
        upstream,
        endpoints=[{"id": "get", "path": "/get?day={today}", "parameters": [{"name": "q"}]}],
        blocks=[{"id": "item", "endpoint": "get", "cache_ttl": 86_400}],
    )
    with time_machine.travel(midnight - 60, tick=False) as clock:
        assert page.client.post("/plugins/register", declaration(of_today)).status_code == 200
        page.settle()
        clock.shift(59)
        assert page.is_known()
        clock.shift(1)
        assert not page.is_known()
        assert [request.query_string for request, _ in upstream.log] == [
            b"day=2027-01-15&q=Berlin",
            b"day=2027-01-16&q=Berlin",
        ]
        page.settle()
        assert_both_ways_agree(page)


def test_an_answer_grows_old_both_ways(page: Page):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        page.client.delete("/plugins/svc/artifacts")
        page.settle()
        clock.shift(59)
        assert page.is_known()
        assert page.ask().headers["Age"] == page.ask(headers=PAST_THE_LAYER).headers["Age"] == "59"
        clock.shift(1)
        assert not page.is_known()
        assert page.ask().headers["X-Cache"] in ("STALE", "HIT")


def test_a_stale_answer_with_its_cause_is_never_taken_for_a_fresh_one(page: Page):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        page.client.delete("/plugins/svc/artifacts")
        page.settle()
        page.upstream.clear()
        clock.shift(300)
        for _ in range(3):
            answer = page.ask()
            assert (answer.json["stale"], answer.headers["X-Cache"]) == (True, "STALE")
            assert not page.is_known()


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": "", "Cookie": "patchbay_8765=wrong"},
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
    ],
)
def test_who_may_not_come_in_learns_nothing_from_what_is_known(page: Page, headers: dict[str, str]):
    page.settle()
    headers = {**headers, "X-Request-Id": "mine"}
    refused = page.ask(headers=headers)
    assert refused.status_code in (400, 401, 403, 415)
    assert essence(refused) == essence(page.ask(headers={**headers, **PAST_THE_LAYER}))


def test_a_page_of_an_allowed_origin_gets_its_grant_and_no_other_page_does(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream: HTTPServer
):
    page = Page(make_app(replace(settings, allowed_origins=("http://localhost:5173",))), upstream)
    page.settle()
    friend = {"Origin": "http://localhost:5173"}
    assert "Access-Control-Allow-Origin" not in page.ask().headers
    for _ in range(2):
        assert page.ask(headers=friend).headers["Access-Control-Allow-Origin"] == friend["Origin"]
    assert page.is_known(headers=friend)
    assert "Access-Control-Allow-Origin" not in page.ask().headers


def test_a_browser_comes_in_by_its_cookie(page: Page, app: Flask):
    name = app.extensions["patchbay_gate"].cookie_name
    cookie = app.extensions["patchbay_gate"].sessions.begin(None)
    headers = {"Cookie": f"other=1; {name}={cookie}"}
    browser = Client(app, token=None)
    page.settle()
    assert browser.post(RENDER, BODY, headers=headers).status_code == 200
    before = page.asked_of_flask
    answer = browser.post(RENDER, BODY, headers=headers)
    assert (answer.status_code, page.asked_of_flask) == (200, before)
    assert browser.post(RENDER, BODY, headers={"Cookie": f"{name}=x"}).status_code == 401


def test_a_rotated_token_is_out_at_once(
    settings: Settings, make_app: Callable[[Settings], Flask], upstream: HTTPServer
):
    unset = replace(settings, token=None)
    app = make_app(unset)
    page = Page(app, upstream, app.extensions["patchbay_gate"].token)
    page.settle()
    with page.hearing():
        new = make_app(unset).test_cli_runner().invoke(args=["token", "rotate"]).output.split()[0]
    assert page.ask().status_code == page.ask(headers=PAST_THE_LAYER).status_code == 401
    assert page.ask(headers={"Authorization": f"Bearer {new}"}).status_code == 200


def test_a_get_answers_304_both_ways_while_the_client_is_right(page: Page):
    page.settle()
    path = f'{RENDER}?block_type=item&parameters={{"q":"Berlin"}}'
    etag = page.client.get(path).headers["ETag"]
    for _ in range(2):
        unchanged = page.client.get(path, headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.data) == (304, b"")
    before = page.asked_of_flask
    known = page.client.get(path, headers={"If-None-Match": etag})
    assert (known.status_code, page.asked_of_flask) == (304, before)
    past_it = page.client.get(path, headers={"If-None-Match": etag, "Range": "bytes=0-1"})
    assert essence(known) == essence(past_it)
    page.client.delete("/plugins/svc/artifacts")
    assert page.client.get(path, headers={"If-None-Match": etag}).status_code == 200


def test_known_answers_are_counted_as_hits(page: Page):
    page.settle()
    before = page.client.get("/usage").json
    for _ in range(5):
        assert page.is_known()
    after = page.client.get("/usage").json
    assert _hits(after) == _hits(before) + 5


@pytest.mark.sqlite
def test_a_known_answer_writes_nothing(page: Page, settings: Settings):
    page.settle()
    services = page.app.extensions["patchbay"]
    services.usage.counter.flush()
    services.usage.call_log.flush()
    with closing(sqlite3.connect(settings.instance / "patchbay.db")) as onlooker:
        before = onlooker.execute("PRAGMA data_version").fetchall()
        for _ in range(20):
            assert page.is_known()
        assert onlooker.execute("PRAGMA data_version").fetchall() == before
        services.usage.counter.flush()
        assert onlooker.execute("PRAGMA data_version").fetchall() != before


def _hits(usage: Any) -> int:
    return sum(item["hits"] for item in usage["integrations"])


def test_what_the_layer_remembers_takes_no_more_memory_than_it_counts(page: Page):
    questions = [{"block_type": "item", "parameters": {"q": f"place {number}"}} for number in range(400)]
    for request_key in questions:
        page.client.post(RENDER, request_key)
    known, warming = page.app.extensions["patchbay"].response_cache, questions[:20]
    for request_key in warming:
        page.client.post(RENDER, request_key)
    page.app.extensions["patchbay"].usage.call_log.flush()
    counted_before = known.size_bytes
    gc.collect()
    tracemalloc.start()
    try:
        for request_key in questions[20:]:
            assert page.client.post(RENDER, request_key).headers["X-Cache"] == "HIT"
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    counted = known.size_bytes - counted_before
    assert 0.5 * counted < taken < counted
