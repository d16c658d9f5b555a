"""A frontend asks for a token and a user decides: what a page of any origin can and cannot get that way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine

from settings import Settings
from tests.conftest import API, Client, Person
from tests.databases import contents_of
from tests.faults.server_process import ServerProcess
from tests.security.token_app import TokenApp, token_app
from web.gate.connect_requests import (
    CODE_LETTERS,
    MAX_BY_ADDRESS,
    MAX_BY_ORIGIN,
    MAX_IN_ALL,
    make_user_code,
    read_user_code,
)

DASH, EVIL = "https://dash.example", "https://dash.examp1e"
WISH = {"name": "Dashboard", "scopes": ["declare", "render"]}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[TokenApp]:
    with token_app(tmp_path / "instance") as made:
        yield made


class Page:
    """A page without a token."""

    def __init__(self, house: TokenApp, origin: str | None = DASH, address: str = "127.0.0.1") -> None:
        self.client = Client(house.app, token=None)
        self.headers = {} if origin is None else {"Origin": origin, "Sec-Fetch-Site": "cross-site"}
        self.environ = {"REMOTE_ADDR": address}

    def post(self, path: str, body: Any, **headers: str) -> Any:
        options = {"headers": {**self.headers, **headers}, "environ_base": self.environ}
        return self.client.post(path, body, **options)

    def ask(self, **wish: Any) -> Any:
        return self.post("/connect", {**WISH, **wish})

    def poll(self, asked: Any) -> Any:
        return self.post("/connect/token", {"device_code": asked["device_code"]})


def accept(house: TokenApp, asked: Any, **terms: Any) -> Any:
    return house.owner.post(f"/connect/requests/{asked['user_code']}/accept", terms)


def test_a_page_of_any_origin_asks_and_gets_its_token_once(house: TokenApp):
    page = Page(house)
    before = Page(house).client.open(
        f"{API}/connect",
        "OPTIONS",
        headers={"Origin": DASH, "Access-Control-Request-Method": "POST"},
    )
    asked = page.ask()
    for response in (before, asked):
        assert response.headers["Access-Control-Allow-Origin"] == DASH
        assert "Access-Control-Allow-Credentials" not in response.headers
    told = asked.json
    assert (told["expires_in"], told["interval"]) == (600, 5)
    assert told["verification_uri_complete"] == f"{told['verification_uri']}?user_code={told['user_code']}"
    assert told["verification_uri"].endswith("/console/connect")
    assert page.poll(told).json["code"] == "authorization_pending"
    (waiting,) = house.owner.get("/connect/requests").json
    assert (waiting["origin"], waiting["name"], waiting["user_code"]) == (
        DASH,
        "Dashboard",
        told["user_code"],
    )
    assert "device_code" not in waiting
    assert accept(house, told).status_code == 204
    fetched = page.poll(told)
    assert fetched.status_code == 200 and fetched.headers["Cache-Control"] == "no-store"
    token = fetched.json
    assert (token["origins"], token["scopes"], token["name"]) == ([DASH], ["declare", "render"], "Dashboard")
    assert page.poll(told).json["code"] == "expired_token"
    client = Client(house.app, token["token"])
    assert client.get("/plugins", headers={"Origin": DASH}).status_code == 200
    assert client.get("/plugins", headers={"Origin": EVIL}).status_code == 403
    assert house.owner.get("/connect/requests").json == []


def test_a_user_narrows_a_request_and_never_widens_it(house: TokenApp):
    page = Page(house)
    asked = page.ask(integrations=["mine"], workspaces=[1]).json
    wider: list[dict[str, Any]] = [
        {"scopes": ["declare", "render", "configure"]},
        {"integrations": None},
        {"integrations": ["mine", "other"]},
        {"workspaces": None},
        {"workspaces": [house.elsewhere]},
    ]
    for terms in wider:
        assert accept(house, asked, **terms).status_code == 409, terms
    terms = {"scopes": ["render"], "notebooks": [house.notebook], "expires_at": "2099-01-01T00:00:00Z"}
    assert accept(house, asked, **terms).status_code == 204
    token = page.poll(asked).json
    assert (token["scopes"], token["integrations"], token["notebooks"]) == (
        ["render"],
        ["mine"],
        [house.notebook],
    )
    assert token["expires_at"] == "2099-01-01T00:00:00.000Z"


def test_admin_cannot_be_asked_for(house: TokenApp):
    answer = Page(house).ask(scopes=["render", "admin"])
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["scopes"])
    for member in ("origins", "notebooks", "expires_at"):
        assert Page(house).ask(**{member: None}).status_code == 422


def test_a_denied_request_gets_nothing(house: TokenApp):
    page = Page(house)
    asked = page.ask().json
    assert house.owner.post(f"/connect/requests/{asked['user_code']}/deny").status_code == 204
    assert page.poll(asked).json["code"] == "access_denied"
    assert accept(house, asked).status_code == 404
    assert house.owner.get("/tokens").json == []


def test_a_device_code_is_of_no_use_to_another_page(house: TokenApp):
    page = Page(house)
    asked = page.ask().json
    assert accept(house, asked).status_code == 204
    for origin in (EVIL, None, "http://dash.example"):
        assert Page(house, origin).poll(asked).json["code"] == "expired_token"
    assert Page(house, "null").poll(asked).status_code == 403
    assert page.poll({"device_code": asked["user_code"]}).json["code"] == "expired_token"
    assert page.poll(asked).status_code == 200


@pytest.mark.parametrize("origin", ["null", "https://a.example/x", "file://", "", "https://A.example", "*"])
def test_what_is_no_origin_asks_for_no_token(house: TokenApp, origin: str):
    answer = Page(house, origin).ask()
    assert (answer.status_code, answer.json["code"]) == (403, "foreign_origin")


def test_a_page_that_hides_its_origin_asks_for_no_token(house: TokenApp):
    assert Page(house, None).ask().status_code == 200
    headers = {"Sec-Fetch-Site": "cross-site"}
    assert Page(house, None).client.post("/connect", WISH, headers=headers).status_code == 403


def test_a_form_cannot_ask(house: TokenApp):
    client = Client(house.app, token=None)
    for content_type in ("text/plain", "application/x-www-form-urlencoded"):
        headers = {"Origin": EVIL, "Content-Type": content_type}
        answer = client.open(f"{API}/connect", "POST", data=b"{}", headers=headers)
        assert answer.status_code == 415


def test_a_flood_is_refused_and_hides_nobody_who_asked_before(house: TokenApp):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        first = Page(house, DASH, "192.0.2.1").ask()
        assert first.status_code == 200
        statuses = [Page(house, EVIL).ask().status_code for _ in range(MAX_BY_ORIGIN + 2)]
        assert statuses == [200] * MAX_BY_ORIGIN + [429] * 2
        origins = [f"https://{number}.evil.example" for number in range(MAX_BY_ADDRESS)]
        statuses = [Page(house, origin).ask().status_code for origin in origins]
        assert statuses.count(200) == MAX_BY_ADDRESS - MAX_BY_ORIGIN
        addresses = [f"198.51.100.{number}" for number in range(MAX_IN_ALL)]
        answers = [Page(house, DASH, address).ask() for address in addresses]
        assert [answer.status_code for answer in answers].count(200) == MAX_IN_ALL - MAX_BY_ADDRESS - 1
        refused = answers[-1]
        assert (refused.json["code"], refused.headers["Retry-After"]) == ("too_many_connects", "600")
        waiting = house.owner.get("/connect/requests").json
        assert len(waiting) == MAX_IN_ALL and waiting[0]["user_code"] == first.json["user_code"]
        for row in waiting[1:]:
            house.owner.post(f"/connect/requests/{row['user_code']}/deny")
        assert Page(house, EVIL).ask().status_code == 429
        clock.shift(600)
        assert house.owner.get("/connect/requests").json == []
        assert Page(house, DASH, "192.0.2.1").poll(first.json).json["code"] == "expired_token"
        assert Page(house, EVIL).ask().status_code == 200


def test_who_polls_too_quickly_is_slowed_down(house: TokenApp):
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        page = Page(house)
        asked = page.ask().json
        assert page.poll(asked).json["code"] == "authorization_pending"
        clock.shift(4)
        slowed = page.poll(asked)
        assert (slowed.json["code"], slowed.json["interval"], slowed.headers["Retry-After"]) == (
            "slow_down",
            10,
            "10",
        )
        clock.shift(6)
        assert page.poll(asked).json["code"] == "authorization_pending"
        for _ in range(20):
            last = page.poll(asked)
        assert last.json["interval"] == 60


def test_only_the_owner_decides(house: TokenApp):
    asked = Page(house).ask().json
    paths = [f"/connect/requests/{asked['user_code']}/{word}" for word in ("accept", "deny")]
    token = house.client("declare", "configure", "render", "operate", "admin")
    assert [token.post(path, {}).status_code for path in paths] == [403, 403]
    assert token.get("/connect/requests").status_code == 403
    stranger = Client(house.app, token=None)
    assert [stranger.post(path, {}).status_code for path in paths] == [401, 401]
    assert stranger.get("/connect/requests").status_code == 401


def test_a_page_of_another_origin_accepts_nothing_with_the_session(
    settings: Settings, make_app: Callable[..., Any]
):
    friend = "http://localhost:5173"
    from dataclasses import replace

    house = TokenApp(make_app(replace(settings, allowed_origins=(friend,))))
    asked = Page(house).ask().json
    path, person = f"/connect/requests/{asked['user_code']}/accept", Person(house.app)
    for origin, site in ((DASH, "cross-site"), (friend, "same-site"), ("null", "cross-site")):
        answer = person.post(path, {}, headers={"Origin": origin, "Sec-Fetch-Site": site})
        assert (answer.status_code, answer.json["code"]) in {(403, "foreign_origin"), (403, "person_needed")}
    assert person.post(path, {}).status_code == 204
    page = person.open("/console/connect")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]


def test_cookies_and_tokens_make_no_difference_to_a_request(house: TokenApp):
    person = Person(house.app)
    headers = {"Origin": EVIL, "Sec-Fetch-Site": "same-site"}
    asked = person.post("/connect", WISH, headers=headers)
    assert (asked.status_code, "Access-Control-Allow-Credentials" in asked.headers) == (200, False)
    assert [row["origin"] for row in house.owner.get("/connect/requests").json] == [EVIL]


def test_codes_are_stored_as_digests_and_made_of_unambiguous_letters(house: TokenApp):
    asked = Page(house).ask().json
    assert len(asked["device_code"]) >= 43
    letters = asked["user_code"].replace("-", "")
    assert len(letters) == 8 and set(letters) <= set(CODE_LETTERS)
    assert read_user_code(asked["user_code"].lower().replace("-", " ")) == asked["user_code"]
    assert len({make_user_code() for _ in range(1000)}) == 1000
    for content in contents_of(house.app.extensions["patchbay"].settings.instance).values():
        assert asked["device_code"].encode() not in content


def test_another_process_answers_the_poll(settings: Settings, make_app: Callable[..., Any]):
    house = TokenApp(make_app(settings))
    asked = Page(house, None).ask().json
    assert accept(house, asked).status_code == 204
    with ServerProcess(settings.instance, PATCHBAY_PREFETCH="off") as other:
        token = other.ask("POST", "/connect/token", {"device_code": asked["device_code"]}).json()["token"]
        assert Page(house, None).poll(asked).json["code"] == "expired_token"
        assert Client(house.app, token).get("/plugins").status_code == 200
        assert Page(house, None).ask().status_code == 200


def test_a_deleted_workspace_is_named_where_a_request_for_it_is_accepted(house: TokenApp):
    asked = Page(house).ask(workspaces=[99_999])
    assert asked.status_code == 200
    answer = accept(house, asked.json)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["workspaces"])
