"""What was already under way when a token was narrowed or revoked: nothing of it outlives the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import request
from pytest_httpserver import HTTPServer

from plugin_store.engine.database import Database
from settings import Settings
from tests.conftest import Client, Person
from tests.security.test_connect import Page, accept
from tests.security.token_app import TokenApp, declaration

RENDER = "/integrations/mine/render"
BODY = {"block_type": "item", "parameters": {}}
HARMLESS = {"name": "Another", "scopes": ["render"]}


@pytest.fixture
def house(settings: Settings, make_app: Callable[[Settings], Any], upstream: HTTPServer) -> TokenApp:
    upstream.expect_request("/get").respond_with_json({"ok": True})
    house = TokenApp(make_app(settings))
    section = {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "none"}
    house.owner.post("/plugins/register", declaration("mine", integration=section))
    return house


def elsewhere(change: Callable[[], Any]) -> None:
    """Makes a change on another thread, as another client does."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(change).result()


@contextmanager
def once_let_in(house: TokenApp, path: str, change: Callable[[], Any]) -> Iterator[None]:
    """Makes a change while the next request of a path is between the gate and its route."""
    left = [change]

    def make_change() -> None:
        if request.path.endswith(path) and left:
            elsewhere(left.pop())

    steps = house.app.before_request_funcs[None]
    steps.append(make_change)
    yield
    steps.remove(make_change)
    assert not left


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"integrations": ["other"]}, 404),
        ({"scopes": ["configure"]}, 403),
        ({"origins": ["https://dash.example"]}, 200),
    ],
)
def test_an_answer_under_way_is_not_kept_for_a_token_that_was_narrowed(
    house: TokenApp, change: dict[str, Any], status: int
):
    token = house.issue("render")
    client = Client(house.app, token["token"])
    assert client.post(RENDER, BODY).status_code == 200
    narrow = lambda: house.owner.patch(f"/tokens/{token['id']}", change)  # noqa: E731
    with once_let_in(house, RENDER, narrow):
        assert client.post(RENDER, BODY).status_code == 200
    assert [client.post(RENDER, BODY).status_code for _ in range(4)] == [status] * 4


class TestManagers:
    """A token with `admin`, whose request is under way while it ends, makes no token that stays."""

    @pytest.mark.parametrize("way", ["revoked", "all revoked", "narrowed"])
    def test_a_token_that_ends_makes_no_other_one(self, house: TokenApp, way: str):
        admin = house.issue("admin", "render")
        path = f"/tokens/{admin['id']}"
        ways: dict[str, Callable[[], Any]] = {
            "revoked": lambda: house.owner.delete(path),
            "all revoked": lambda: house.app.test_cli_runner().invoke(args=["tokens", "revoke", "--all"]),
            "narrowed": lambda: house.owner.patch(path, {"scopes": ["render"]}),
        }
        with once_let_in(house, "/tokens", ways[way]):
            answer = Client(house.app, admin["token"]).post("/tokens", HARMLESS)
        assert answer.status_code == (403 if way == "narrowed" else 401)
        assert "Another" not in house.owner.get("/tokens").get_data(as_text=True)

    def test_neither_does_one_that_ends_while_it_waits_to_write(
        self, house: TokenApp, monkeypatch: pytest.MonkeyPatch
    ):
        engine = type(house.app.extensions["patchbay"].database)
        admin, writing = house.issue("admin", "render"), engine.writing
        left = [lambda: house.owner.delete(f"/tokens/{admin['id']}")]

        def writing_later(database: Database) -> Any:
            if left and request and request.path.endswith("/tokens"):
                elsewhere(left.pop())
            return writing(database)

        client = Client(house.app, admin["token"])
        assert client.get("/tokens/current").status_code == 200
        monkeypatch.setattr(engine, "writing", writing_later)
        assert client.post("/tokens", HARMLESS).status_code == 401
        assert left == [] and house.owner.get("/tokens").json == []

    def test_nor_changes_one(self, house: TokenApp):
        admin, other = house.issue("admin", "render"), house.issue("render", integrations=["mine"])
        path = f"/tokens/{other['id']}"
        with once_let_in(house, path, lambda: house.owner.delete(f"/tokens/{admin['id']}")):
            answer = Client(house.app, admin["token"]).patch(path, {"integrations": None})
        assert answer.status_code == 401
        assert (house.owner.get(path).json or {})["integrations"] == ["mine"]

    def test_a_session_that_ends_neither_makes_nor_accepts_one(self, house: TokenApp):
        person, page = Person(house.app), Page(house)
        asked = page.ask().json
        end = lambda: house.owner.delete("/sessions")  # noqa: E731
        with once_let_in(house, "/tokens", end):
            assert person.open("/api/v1/tokens", "POST", json=HARMLESS).status_code == 401
        person = Person(house.app)
        path = f"/connect/requests/{asked['user_code']}/accept"
        with once_let_in(house, path, end):
            assert person.open(f"/api/v1{path}", "POST", json={}).status_code == 401
        assert page.poll(asked).json["code"] == "authorization_pending"
        assert house.owner.get("/tokens").json == []


class TestAccepted:
    """A request that was accepted, and whose frontend takes its time to fetch the token."""

    def test_revoking_all_tokens_ends_it_too(self, house: TokenApp):
        page = Page(house)
        asked, waiting = page.ask().json, page.ask(name="Waiting").json
        assert accept(house, asked).status_code == 204
        output = house.app.test_cli_runner().invoke(args=["tokens", "revoke", "--all"]).output
        assert output == "Revoked: 0.\nAccepted, and not fetched yet: 1.\n"
        assert page.poll(asked).json["code"] == "access_denied"
        assert page.poll(waiting).json["code"] == "authorization_pending"
        assert house.owner.get("/tokens").json == []

    def test_it_can_still_be_denied(self, house: TokenApp):
        page = Page(house)
        asked = page.ask().json
        path = f"/connect/requests/{asked['user_code']}/deny"
        assert accept(house, asked).status_code == 204
        assert accept(house, asked).status_code == 404
        assert [house.owner.post(path).status_code for _ in range(2)] == [204, 404]
        assert page.poll(asked).json["code"] == "access_denied"

    def test_what_was_fetched_is_denied_no_more(self, house: TokenApp):
        page = Page(house)
        asked = page.ask().json
        assert accept(house, asked).status_code == 204
        assert page.poll(asked).status_code == 200
        assert house.owner.post(f"/connect/requests/{asked['user_code']}/deny").status_code == 404
