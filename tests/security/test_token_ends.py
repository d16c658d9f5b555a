"""What was already under way when a token was narrowed or revoked: nothing of it outlives the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import request
from pytest_httpserver import HTTPServer

from settings import Settings
from tests.conftest import Client
from tests.security.token_app import TokenApp, declaration

RENDER = "/integrations/mine/render"
BODY = {"block_type": "item", "parameters": {}}


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
