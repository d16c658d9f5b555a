"""From which pages a named token may be used, and that its end and every change of it hold at once, for hits too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from flask import request_started
from pytest_httpserver import HTTPServer

from settings import Settings
from tests.conftest import API, TOKEN, Client, Person
from tests.faults.server_process import ServerProcess
from tests.security.token_app import TokenApp, declaration

DASH, OTHER, FRIEND = "https://dash.example", "https://dash.example.evil.com", "http://localhost:5173"
RENDER = "/integrations/mine/render"
BODY = {"block_type": "item", "parameters": {}}
LOOK_ALIKES = [
    "http://dash.example", "https://dash.example:8443", "https://DASH.example", "https://dash.example.", OTHER,
    "https://xdash.example", "https://dash.examp1e", "null", "https://dash.example/", "", "*",
]  # fmt: skip


@pytest.fixture
def house(settings: Settings, make_app: Callable[[Settings], Any], upstream: HTTPServer) -> TokenApp:
    upstream.expect_request("/get").respond_with_json({"ok": True})
    house = TokenApp(make_app(settings))
    section = {"base_url": upstream.url_for("").rstrip("/"), "auth_method": "none"}
    house.owner.post("/plugins/register", declaration("mine", integration=section))
    return house


class Counted:
    """Counts the requests that reach Flask."""

    def __init__(self, house: TokenApp) -> None:
        self.asked = 0
        self._count: Callable[..., Any] = lambda *_args, **_more: setattr(self, "asked", self.asked + 1)
        request_started.connect(self._count, house.app)

    def settle(self, client: Client, **options: Any) -> None:
        """Returns when the render is answered ahead of Flask."""
        for _ in range(5):
            before = self.asked
            assert client.post(RENDER, BODY, **options).status_code == 200
            if self.asked == before:
                return
        raise AssertionError("the render is never answered ahead of Flask")


def preflight(house: TokenApp, origin: str, path: str = RENDER) -> Any:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return Client(house.app, token=None).open(f"{API}{path}", "OPTIONS", headers=headers)


def test_cors_follows_the_tokens_without_a_restart(house: TokenApp):
    assert preflight(house, DASH).status_code == 403
    token = house.issue("render", origins=[DASH])
    client, page = Client(house.app, token["token"]), {"Origin": DASH, "Sec-Fetch-Site": "cross-site"}
    allowed = preflight(house, DASH)
    assert (allowed.status_code, allowed.headers["Access-Control-Allow-Origin"]) == (204, DASH)
    answer = client.post(RENDER, BODY, headers=page)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, DASH)
    for response in (allowed, answer):
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" in response.headers["Vary"]
    changed = house.owner.patch(f"/tokens/{token['id']}", {"origins": [FRIEND]})
    assert changed.status_code == 200
    assert [preflight(house, origin).status_code for origin in (DASH, FRIEND)] == [403, 204]
    assert client.post(RENDER, BODY, headers=page).status_code == 403
    house.owner.delete(f"/tokens/{token['id']}")
    assert preflight(house, FRIEND).status_code == 403


def test_an_expired_token_allows_no_origin_any_more(house: TokenApp):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        house.issue("render", origins=[DASH], expires_at="2027-01-16T00:00:00Z")
        assert preflight(house, DASH).status_code == 204
        clock.shift(86_400 * 2)
        assert preflight(house, DASH).status_code == 403


def test_a_token_is_refused_from_a_page_that_it_is_not_for(house: TokenApp):
    client = house.client("render", origins=[DASH])
    house.issue("render", origins=[FRIEND])
    answer = client.post(RENDER, BODY, headers={"Origin": FRIEND})
    assert (answer.status_code, answer.json["code"]) == (403, "foreign_origin")
    assert (answer.json["origin"], answer.json["token_origins"]) == (FRIEND, [DASH])
    assert DASH in answer.json["detail"] and FRIEND in answer.json["detail"]
    for origin in LOOK_ALIKES:
        for method, path in (("POST", RENDER), ("GET", f"{RENDER}?block_type=item")):
            options = {"json": BODY} if method == "POST" else {}
            answer = client.open(f"{API}{path}", method, headers={"Origin": origin}, **options)
            assert answer.status_code == 403, (origin, method)
            assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_that_hides_its_origin_is_refused(house: TokenApp, site: str):
    client = house.client("render", origins=[DASH])
    assert client.get("/plugins", headers={"Sec-Fetch-Site": site}).status_code == 403
    assert client.get("/plugins", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200


def test_a_token_without_origins_is_for_programs_and_our_own_pages(house: TokenApp):
    client = house.client("render")
    own = f"http://127.0.0.1:{house.app.extensions['patchbay'].settings.port}"
    assert client.post(RENDER, BODY).status_code == 200
    assert client.post(RENDER, BODY, headers={"Origin": own}).status_code == 200
    assert client.post(RENDER, BODY, headers={"Origin": DASH}).status_code == 403


def test_the_origin_of_a_token_is_not_for_sessions_nor_for_the_owners_token(house: TokenApp):
    house.issue("render", origins=[DASH])
    page = {"Origin": DASH, "Sec-Fetch-Site": "cross-site"}
    person = Person(house.app)
    for method, path in (("GET", "/plugins"), ("POST", RENDER), ("DELETE", "/artifacts")):
        options = {"json": BODY} if method == "POST" else {}
        answer = person.open(f"{API}{path}", method, headers=page, **options)
        assert (answer.status_code, answer.json["code"]) == (403, "foreign_origin")
    assert house.owner.post(RENDER, BODY, headers=page).status_code == 403


class TestHits:
    """What is answered ahead of Flask."""

    def test_another_token_gets_no_answer_that_was_made_for_one(self, house: TokenApp):
        counted = Counted(house)
        counted.settle(house.owner)
        allowed = house.client("render", integrations=["mine"])
        counted.settle(allowed)
        others = {
            "no scope": house.client("configure"),
            "other integration": house.client("render", integrations=["other"]),
            "other workspace": house.client("render", workspaces=[house.elsewhere]),
            "notebook": house.client("render", notebooks=[house.notebook]),
            "unknown": Client(house.app, "pb_" + "x" * 43),
            "none": Client(house.app, token=None),
        }
        counted.settle(allowed)
        counted.settle(house.owner)
        statuses = {name: client.post(RENDER, BODY).status_code for name, client in others.items()}
        # Another workspace is asked for its own answer.
        assert statuses.pop("other workspace") == 200
        assert statuses == {
            "no scope": 403, "other integration": 404, "notebook": 403, "unknown": 401, "none": 401
        }  # fmt: skip

    def test_the_page_counts_for_hits_too(self, house: TokenApp):
        counted = Counted(house)
        one, two = house.client("render", origins=[DASH]), house.client("render", origins=[FRIEND])
        counted.settle(one, headers={"Origin": DASH})
        assert two.post(RENDER, BODY, headers={"Origin": DASH}).status_code == 403
        assert one.post(RENDER, BODY, headers={"Origin": FRIEND}).status_code == 403
        assert house.owner.post(RENDER, BODY, headers={"Origin": DASH}).status_code == 403

    def test_a_token_that_expires_gets_no_more_hits(self, house: TokenApp):
        with time_machine.travel(1_800_000_000, tick=False) as clock:
            client, counted = house.client("render", expires_at="2027-01-15T08:05:00Z"), Counted(house)
            counted.settle(client)
            clock.shift(299)
            assert client.post(RENDER, BODY).status_code == 200
            clock.shift(1)
            assert client.post(RENDER, BODY).status_code == 401

    @pytest.fixture
    def process(self, settings: Settings, house: TokenApp) -> Any:
        with ServerProcess(settings.instance, PATCHBAY_PREFETCH="off") as process:
            yield process

    def test_what_another_process_changes_holds_at_once(self, house: TokenApp, process: ServerProcess):
        changes: list[tuple[dict[str, Any] | None, int]] = [
            ({"scopes": ["configure"]}, 403),
            ({"integrations": ["other"]}, 404),
            ({"notebooks": [house.notebook]}, 403),
            ({"expires_at": "2099-01-01T00:00:00Z"}, 200),
            (None, 401),
        ]
        for change, status in changes:
            token = house.issue("render")
            client, counted = Client(house.app, token["token"]), Counted(house)
            counted.settle(client)
            path = f"/tokens/{token['id']}"
            answer = process.ask("PATCH", path, change) if change else process.ask("DELETE", path)
            assert answer.status_code in {200, 204}
            assert client.post(RENDER, BODY).status_code == status, change


def test_a_use_is_noted_and_not_each_one(house: TokenApp):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        token = house.issue("render")
        client = Client(house.app, token["token"])

        def shown() -> Any:
            return house.owner.get(f"/tokens/{token['id']}").json["last_used_at"]

        assert shown() is None
        client.get("/plugins")
        first = shown()
        clock.shift(1800)
        client.get("/plugins")
        assert first == shown() == "2027-01-15T08:00:00.000Z"
        clock.shift(1800)
        client.get("/plugins")
        assert shown() == "2027-01-15T09:00:00.000Z"


def test_the_log_names_who_changed_something(house: TokenApp, caplog: pytest.LogCaptureFixture):
    token = house.issue("configure")
    caplog.set_level("INFO")
    Client(house.app, token["token"]).put("/integrations/mine/enable", {"enabled": True})
    assert [line for line in caplog.messages if line.endswith(f"by token {token['id']} (A frontend)")]
    assert token["token"] not in caplog.text and TOKEN not in caplog.text
